"""The search space: an organization as Optuna distributions, a gene each, and the way back to edits on its document."""
