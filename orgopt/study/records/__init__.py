"""The records of a study and of a contest: what each kind holds, and how logs of them are read and written."""
