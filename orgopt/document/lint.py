"""Findings about a document: those of reading it and those of the organization that it describes."""

from orgopt.document.program import Program, Section, Span, printable
from orgopt.document.read import Finding, Reading, errors, read
from orgopt.errors import DocumentError
from orgopt.org import Org


def lint(program: Program) -> list[Finding]:
    """Every finding about a program, in document order; an empty list is a clean document."""
    reading = read(program)
    found = [*reading.findings, *_problems(program, reading)]
    if not any(errors(found)):
        found += _unheard(reading)
    return sorted(found, key=lambda finding: (finding.span, finding.code))


def require_org(program: Program) -> Org:
    """The organization of a program that may be run.

    Raises:
        DocumentError: The program has findings that are errors; the message lists them.
    """
    found = list(errors(lint(program)))
    if found:
        raise DocumentError("\n".join(format_finding(program, finding) for finding in found))
    return read(program).org


def format_finding(program: Program, finding: Finding, *, full: bool = True) -> str:
    """A finding as `path:line:column: CODE message`, with the line, a caret and the remedy when full."""
    line, column = program.position(finding.span.start)
    head = f"{program.source}:{line}:{column}: {finding.code} {printable(finding.message)}"
    if not full:
        return head
    source = printable(program.line(line).replace("\t", " "))
    width = max(1, min(finding.span.end - finding.span.start, len(source) - column + 1))
    gutter = len(str(line))
    parts = [head, f"{line} | {source}", f"{' ' * gutter} | {' ' * (column - 1)}{'^' * width}"]
    if finding.help:
        parts.append(f"{' ' * gutter} = help: {finding.help}")
    return "\n".join(parts)


def _problems(program: Program, reading: Reading) -> list[Finding]:
    found: list[Finding] = []
    for problem in reading.org.problems():
        if isinstance(problem.at, int):
            span = reading.links[problem.at].text_span
        else:
            part = reading.parts.get("roles")
            span = (
                Span(part.span.start, part.span.start + len(part.title) + 3) if part else Span(0, len(program.line(1)))
            )
        found.append(Finding(problem.code, "error", problem.message, span, problem.help))
    return found


def _unheard(reading: Reading) -> list[Finding]:
    """Roles whose results reach nobody who submits, in an organization that has a chain of reports."""
    org = reading.org
    graph = org.reporting()
    if not graph.number_of_edges():
        return []
    shares = {end for link in org.links if link.kind == "shares with" for end in (link.source, link.target)}
    meets = {role.id for role in org.roles} if org.standup and not org.standup.attendees else set[str]()
    heard = shares | meets | set(org.standup.attendees if org.standup else ())
    unheard = [
        role
        for role in org.roles
        if role.headcount and role.id in reading.roles and not graph.degree(role.id) and role.id not in heard
    ]
    return [
        Finding(
            "ORG022",
            "warning",
            f"nobody hears {role.name}: it reports to nobody and shares with nobody",
            _title_span(reading.roles[role.id]),
            f"add '- {role.name} → {org.name(org.submitters()[0])}: reports to'",
        )
        for role in unheard
    ]


def _title_span(section: Section) -> Span:
    """The heading line of a section, marks and title."""
    start = section.heading.span.start
    return Span(start, start + section.level + 1 + len(section.title))
