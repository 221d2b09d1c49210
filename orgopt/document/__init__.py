"""Documents: text to spans and back, reading them as organizations, editing and checking them."""

from orgopt.document.editing.base import Edit, apply, describe
from orgopt.document.editing.diff import changes, diff, effects
from orgopt.document.editing.edits_of_roles import AddRole
from orgopt.document.files import load
from orgopt.document.linting.lint import format_finding, lint, require_org
from orgopt.document.reading.reader import Finding, read
from orgopt.document.saving import save
from orgopt.document.text.parser import parse
from orgopt.document.text.program import Program, render

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
