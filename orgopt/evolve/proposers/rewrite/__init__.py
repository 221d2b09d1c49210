"""Rewriters: proposers that ask a language model, by a program of ours or by one of DSPy's optimizers."""
