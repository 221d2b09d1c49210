"""What is said in the end of a study, a contest or a run: read from its records, worded once."""
