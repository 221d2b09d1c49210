"""The parts of a document: which sections are read as Roles, Links and Rhythm."""

from difflib import get_close_matches

from orgopt.document.findings import Fix, Notes
from orgopt.document.reading.roster import PARTS, Entry, entries, part_of
from orgopt.document.text.program import Program, Section, Span

_MAX_CANDIDATES = 20  # sections that may be Roles: each is read whole, and a real document has one or two


def _name_parts(
    program: Program, notes: Notes, named: dict[str, list[Section]], section: Section, *, is_role: bool = False
) -> None:
    """Note the sections that may be Roles, Links and Rhythm; one below a role is part of its charter."""
    part = part_of(section.title)
    if part:
        named[part].append(section)
    elif is_role:
        return
    elif close := get_close_matches(section.title.lower(), PARTS, n=1, cutoff=0.75):
        span = program.first_line(section.heading.span)
        at = span.start + max(0, program.slice(span).find(section.title))
        fix = Fix(Span(at, at + len(section.title)), close[0].title(), safe=False)
        message = f"section '{section.title}' is not read"
        notes.add("ORG009", "warning", message, span, f"did you mean '{close[0].title()}'?", fix)
    for child in section.children:
        _name_parts(program, notes, named, child, is_role=part == "roles")


def choose_parts(program: Program, notes: Notes) -> tuple[dict[str, Section], list[Entry]]:
    """The sections that are read as Roles, Links and Rhythm, and the places of roles.

    Of several sections, those that are named plainly come first.
    """
    named: dict[str, list[Section]] = {part: [] for part in PARTS}
    parts: dict[str, Section] = {}
    for section in program.sections:
        if section.level:
            _name_parts(program, notes, named, section)
    for part in ("links", "rhythm", "roles"):
        plain = [section for section in named[part] if section.title.lower() == part]
        for extra in plain[1:]:
            message = f"a second section '{extra.title}' is not read"
            span = program.first_line(extra.heading.span)
            notes.add("ORG008", "warning", message, span, "move it into the first")
        if part != "roles" and (found := plain or named[part]):
            _take(program, notes, parts, part, found[0])
    taken = tuple(section.span for section in parts.values())
    # A section such as Agents may only tell about them.
    candidates = named["roles"][:_MAX_CANDIDATES]
    for section in [s for s in named["roles"] if s.title.lower() == "roles"][:1] or _inner_first(candidates):
        found = list(entries(program, section, taken))
        own = {child.span for child in section.children}
        listed = [e for e in found if e.kind in {"item", "row"} or (e.section and e.section.span in own)]
        inside = any(section.span.start <= entry.span.start < section.span.end for entry in listed)
        if inside or section.title.lower() == "roles":
            _take(program, notes, parts, "roles", section)
            return parts, found
    return parts, list(entries(program, None, taken))


def _inner_first(sections: list[Section]) -> list[Section]:
    """Sections, those that others stand in last: `# Crew` may be the title of a document with `## The team`."""

    def holds(section: Section) -> bool:
        return any(section.span.start < other.span.start < section.span.end for other in sections)

    return sorted(sections, key=holds)


def _take(program: Program, notes: Notes, parts: dict[str, Section], part: str, section: Section) -> None:
    parts[part] = section
    if section.title.lower() != part:
        span = program.first_line(section.heading.span)
        notes.add("ORG021", "info", f"section '{section.title}' is read as {part.title()}", span)
