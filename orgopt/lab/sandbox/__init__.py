"""The sandbox: what real experiments and commands run in, and what they can reach."""
