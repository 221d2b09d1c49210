"""Findings: remarks about a document, with a place and perhaps a fix; each is worded where it is found.

Findings of whole organizations and texts are worded in `linting.findings_of_*`, those of what is read in `reading`,
of bad values in `grammar`, of files in `files`, of what keeps one from running in `org_problems`: search for the rule's
code.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from orgopt.document.text.program import Span

Severity = Literal["error", "warning", "info"]


class Fix(NamedTuple):
    """A replacement of a span that removes a finding; a safe one leaves the organization as it is read."""

    span: Span
    text: str
    safe: bool


class Finding(NamedTuple):
    """One remark about a document: an error forbids running it, an info says what was inferred."""

    code: str
    severity: Severity
    message: str
    span: Span
    help: str = ""
    fix: Fix | None = None


def errors(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that forbid running the document."""
    return (finding for finding in findings if finding.severity == "error")


class Notes:
    """The findings of reading a document, as they are made."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(
        self, code: str, severity: Severity, message: str, span: Span, help_: str = "", fix: Fix | None = None
    ) -> None:
        """Make a finding."""
        self.found.append(Finding(code, severity, message, span, help_, fix))
