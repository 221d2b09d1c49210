"""A study's record, and what it says: settings, the append-only log, views of it, statistics."""
