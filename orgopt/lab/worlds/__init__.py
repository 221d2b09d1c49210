"""Worlds: what answers an experiment in place of real training, and the recordings that they are fitted to."""
