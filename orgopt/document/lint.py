"""Lint: every finding about a document, its fixes, and how a finding is printed."""

from orgopt.document.checks import ALWAYS, SOUND, Document, Facts
from orgopt.document.files import missing_references
from orgopt.document.findings import Finding, errors
from orgopt.document.program import Program, parse, printable
from orgopt.document.read import read
from orgopt.document.rules import RULES
from orgopt.errors import DocumentError
from orgopt.org import Org


def lint(program: Program, facts: Facts | None = None) -> list[Finding]:
    """Every finding about a program, in document order; an empty list is a clean document."""
    document = Document(program, read(program), facts)
    found = [*document.reading.findings, *missing_references(program)]
    found += [finding for check in ALWAYS for finding in check(document)]
    if not any(errors(found)):
        found += [finding for check in SOUND for finding in check(document)]
    return sorted(set(found), key=lambda finding: (finding.span, finding.code))


def require_org(program: Program) -> Org:
    """The organization of a program that may be run.

    Raises:
        DocumentError: The program has findings that are errors, or needs what this version cannot run.
    """
    found = [finding for finding in lint(program) if finding.severity == "error" or finding.code == "ORG018"]
    if found:
        raise DocumentError("\n".join(format_finding(program, finding) for finding in found))
    return read(program).org


def fix(program: Program, *, unsafe: bool = False, facts: Facts | None = None) -> tuple[Program, int]:
    """The program after its fixes, and how many were made; the unsafe ones may change the organization."""
    made = 0
    for _ in range(len(RULES)):  # a fix may uncover another finding
        fixes = [f.fix for f in lint(program, facts) if f.fix and (f.fix.safe or unsafe)]
        text, end = program.text, len(program.text) + 1
        for span, new, _safe in sorted(fixes, key=lambda fix: fix.span, reverse=True):
            if span.end <= end and text[span.start : span.end] != new:
                text, end, made = text[: span.start] + new + text[span.end :], span.start, made + 1
        if text == program.text:
            break
        program = parse(text, program.source, program.root)
    return program, made


def format_finding(program: Program, finding: Finding, *, full: bool = True) -> str:
    """A finding as `path:line:column: CODE message`, with the line, a caret and the remedy when full."""
    path, line, column = program.place(finding.span.start)
    mark = " [*]" if finding.fix and finding.fix.safe else ""
    head = f"{path}:{line}:{column}: {finding.code}{mark} {printable(finding.message)}"
    if not full:
        return head
    source = printable(program.line(program.position(finding.span.start)[0]).replace("\t", " "))
    start = program.position(finding.span.start)[1]
    width = max(1, min(finding.span.end - finding.span.start, len(source) - start + 1))
    gutter = len(str(line))
    parts = [head, f"{line} | {source}", f"{' ' * gutter} | {' ' * (start - 1)}{'^' * width}"]
    if finding.help:
        parts.append(f"{' ' * gutter} = help: {printable(finding.help)}")
    return "\n".join(parts)


__all__ = ["Facts", "fix", "format_finding", "lint", "require_org"]
