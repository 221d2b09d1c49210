"""Agents with a language model."""
