"""Agents that are commands of the user's: coding CLIs.

A new CLI is a table of orgopt.toml (`toml_agents`) and no code; what tells it where to ask is `relay.variables`.
"""
