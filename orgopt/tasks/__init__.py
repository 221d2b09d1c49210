"""Tasks: what is researched, how a folder is read as one, its knobs, limits and the scale of its metric."""
