"""Contests between documents."""
