"""A study's record and what follows from it alone: its log, views of it and statistics."""
