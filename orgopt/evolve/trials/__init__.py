"""Trials: runs of documents on tasks under seeds, one after the other or over worker processes."""
