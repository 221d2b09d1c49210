"""Agents that are commands of the user's: coding CLIs."""
