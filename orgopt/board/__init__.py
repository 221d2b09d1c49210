"""A board: improvements of one task that people claim whom nobody trusts, verified here before they count."""
