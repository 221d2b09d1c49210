"""Runs as MLflow's traces."""
