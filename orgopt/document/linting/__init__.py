"""Lint: what is doubtful in a document, why it matters, and how it is mended."""
