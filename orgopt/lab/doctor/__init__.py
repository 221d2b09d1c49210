"""The doctor: what an experiment could do on this machine, found by attempting it."""
