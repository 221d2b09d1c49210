"""The report of a study: one HTML page that needs nothing but itself, made from the study's records alone."""

from orgopt.report.page import page

__all__ = ["page"]
