"""How much of real documents is read as a person reads them (`python -m tests.bench.documents FOLDER`)."""
