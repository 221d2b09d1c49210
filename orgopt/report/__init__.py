"""The report of a study: one HTML page that needs nothing but itself, made from the study's records alone."""

from orgopt.report.page import page
from orgopt.report.records import SCHEMA_VERSION, Record, study

__all__ = ["SCHEMA_VERSION", "Record", "page", "study"]
