"""Lint: every finding about a document, its fixes, and how a finding is printed."""

from collections import Counter

from orgopt.document.files import missing_references
from orgopt.document.findings import Finding, Fix, errors
from orgopt.document.linting.checks_of_organization import ALWAYS, ANY, SOUND, Facts, LintedDocument
from orgopt.document.linting.checks_of_search import SEARCH
from orgopt.document.linting.checks_of_text import TEXT
from orgopt.document.linting.rules import RULES
from orgopt.document.reading.reader import read
from orgopt.document.text.parser import parse
from orgopt.document.text.program import Program, printable
from orgopt.errors import DocumentError
from orgopt.org import Org

_MAX_SAME = 100  # findings of one code; more tell no more, and a hostile document has one a character
_MAX_SHOWN = 200  # characters of a line, and twice as many of a message


def lint(program: Program, facts: Facts | None = None) -> list[Finding]:
    """The findings about a program, in document order; an empty list is a clean document.

    Of each code come the first hundred, the last of which says how many more there are.
    """
    found = _lint(program, facts)
    number, shown = Counter(finding.code for finding in found), list[Finding]()
    seen: Counter[str] = Counter()
    for finding in found:
        seen[finding.code] += 1
        more = number[finding.code] - seen[finding.code]
        if seen[finding.code] == _MAX_SAME and more:
            shown.append(finding._replace(message=f"{finding.message}, and {more} more findings of {finding.code}"))
        elif seen[finding.code] <= _MAX_SAME:
            shown.append(finding)
    return shown


def _lint(program: Program, facts: Facts | None) -> list[Finding]:
    document = LintedDocument(program, read(program), facts)
    found = [*document.reading.findings, *missing_references(program)]
    own = SEARCH if document.org.searches else ALWAYS
    found += [finding for check in (*ANY, *own, *TEXT) for finding in check(document)]
    if not document.org.searches and not any(errors(found)):
        found += [finding for check in SOUND for finding in check(document)]
    settled = {finding.span for finding in found if finding.code == "ORG047"}  # which says why it is no key
    found = [finding for finding in found if finding.code != "ORG005" or finding.span not in settled]
    return sorted(set(found), key=lambda finding: (finding.span, finding.code))


def require_org(program: Program) -> Org:
    """The organization of a program without errors.

    Raises:
        DocumentError: The program has such findings; the message lists them.
    """
    found = [finding for finding in lint(program) if finding.severity == "error"]
    if found:
        raise DocumentError("\n".join(format_finding(program, finding) for finding in found))
    return read(program).org


def fix(program: Program, *, unsafe: bool = False, facts: Facts | None = None) -> tuple[Program, int]:
    """The program after its fixes, and how many were made; the unsafe ones may change the organization.

    None makes somebody a role who was none.
    """
    made = 0
    for _ in range(len(RULES)):  # a fix may uncover another finding
        fixes = [f.fix for f in _lint(program, facts) if f.fix and (f.fix.safe or unsafe)]
        fixed, number = _fixed(program, fixes)
        if _invents(program, fixed):  # one of them does: each by itself
            fixes = [one for one in fixes if not _invents(program, _fixed(program, [one])[0])]
            fixed, number = _fixed(program, fixes)
        if not number or _invents(program, fixed):
            break
        program, made = fixed, made + number
    return program, made


def _fixed(program: Program, fixes: list[Fix]) -> tuple[Program, int]:
    """A program after some fixes, from its end on, and how many they are."""
    pieces, end, made = list[str](), len(program.text), 0
    for span, new, _safe in sorted(fixes, key=lambda fix: fix.span, reverse=True):
        if span.end <= end and program.slice(span) != new:
            pieces += [program.text[span.end : end], new]
            end, made = span.start, made + 1
    text = "".join([program.text[:end], *reversed(pieces)])
    return parse(text, program.source, program.root), made


def _invents(before: Program, after: Program) -> bool:
    """Whether somebody is a role after a fix who was none before: only its author can say that."""
    old, new = (0 if one.plain else len(one.roles) for one in (read(before), read(after)))
    return new > old


def format_finding(program: Program, finding: Finding, *, full: bool = True) -> str:
    """A finding as `path:line:column: CODE message`, with the line, a caret and the remedy when full."""
    path, line, column = program.place(finding.span.start)
    mark = " [*]" if finding.fix and finding.fix.safe else ""
    head = f"{printable(path)}:{line}:{column}: {finding.code}{mark} {_short(finding.message)}"
    if not full:
        return head
    number, start = program.position(finding.span.start)
    source = program.line(number)
    cut = max(0, start - _MAX_SHOWN // 2) if len(source) > _MAX_SHOWN else 0
    source, start = printable(source[cut : cut + _MAX_SHOWN].replace("\t", " ")), start - cut
    width = max(1, min(finding.span.end - finding.span.start, len(source) - start + 1))
    gutter = len(str(line))
    parts = [head, f"{line} | {source}", f"{' ' * gutter} | {' ' * (start - 1)}{'^' * width}"]
    if finding.help:
        parts.append(f"{' ' * gutter} = help: {_short(finding.help)}")
    return "\n".join(parts)


def _short(message: str) -> str:
    return printable(message if len(message) <= 2 * _MAX_SHOWN else f"{message[: 2 * _MAX_SHOWN]} …")


__all__ = ["Facts", "fix", "format_finding", "lint", "require_org"]
