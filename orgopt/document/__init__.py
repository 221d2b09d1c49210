"""Documents: text to spans and back, reading them as organizations, editing and checking them."""

from orgopt.document.diff import changes, diff, effects
from orgopt.document.edit import Edit, apply, describe
from orgopt.document.edit_roles import AddRole
from orgopt.document.files import load, save
from orgopt.document.lint import format_finding, lint, require_org
from orgopt.document.program import Program, parse, render
from orgopt.document.read import Finding, read

__all__ = [
    "AddRole",
    "Edit",
    "Finding",
    "Program",
    "apply",
    "changes",
    "describe",
    "diff",
    "effects",
    "format_finding",
    "lint",
    "load",
    "parse",
    "read",
    "render",
    "require_org",
    "save",
]
