"""Proposers: who says which documents a generation has. An Optuna sampler, a surrogate model, or a language model."""
