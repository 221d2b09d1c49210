"""Experiments on a Ray cluster: a lab whose slots are actors, each with a local lab of one slot on its node."""
