"""Surrogates: models that predict the research output of documents that were not run yet."""
