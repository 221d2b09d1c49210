"""The words of documents: keys and values, each read and written at one place."""
