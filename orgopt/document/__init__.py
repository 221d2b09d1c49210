"""Documents: text to spans and back, reading them as organizations, editing and checking them."""

from orgopt.document.edit import Edit, apply, describe, diff
from orgopt.document.lint import format_finding, lint, require_org
from orgopt.document.program import Program, load, parse, render
from orgopt.document.read import Finding, read

__all__ = [
    "Edit",
    "Finding",
    "Program",
    "apply",
    "describe",
    "diff",
    "format_finding",
    "lint",
    "load",
    "parse",
    "read",
    "render",
    "require_org",
]
