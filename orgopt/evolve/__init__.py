"""Evolution: studies of documents on tasks, and contests between documents.

Nothing is imported here: a worker needs `trials` alone, and the search would take it a second to load.
"""
