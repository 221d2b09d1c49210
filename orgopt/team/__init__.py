"""Teams: an organization at work on a task."""
