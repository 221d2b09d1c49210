"""What lies on the disk: logs of JSON lines, hashes over them, locks, and files that are only files."""
