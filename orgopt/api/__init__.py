"""The front door: what the command line does, as functions of paths or objects; `orgopt` offers their names."""
