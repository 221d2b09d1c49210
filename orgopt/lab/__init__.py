"""Labs: the fixed hardware that experiments run on."""
