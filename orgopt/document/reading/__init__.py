"""Reading documents as organizations."""
