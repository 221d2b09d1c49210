"""The version of orgopt, which records and MLflow name."""

__version__ = "0.2.0"
