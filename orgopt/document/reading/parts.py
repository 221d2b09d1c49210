"""The parts of a document: which sections are read as Roles, Links and Rhythm."""

import re
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

from orgopt.document.findings import Fix, Notes
from orgopt.document.grammar.arrows import LINK_ARROW
from orgopt.document.grammar.key_table import RHYTHM_KEYS
from orgopt.document.reading.evidence.headings import section_entry
from orgopt.document.reading.evidence.signs import PARTS, part_of
from orgopt.document.reading.evidence.traits import defines
from orgopt.document.reading.evidence.weigh import Roster, roster
from orgopt.document.reading.written_fields import bullets, fields
from orgopt.document.text.program import Program, Section, Span

_PAGE = re.compile(r"\]\(|https?://|\]\[|\[\[[^\]]*[|/.#][^\]]*\]\]")
_ALIKE = 0.9  # a title that is this close to a part's is one, whatever stands below it


def _name_parts(
    program: Program, notes: Notes, named: dict[str, list[Section]], section: Section, *, is_role: bool = False
) -> None:
    """Note the sections that may be Roles, Links and Rhythm; one below a role is part of its charter."""
    part = part_of(section.title)
    if part:
        named[part].append(section)
    elif is_role:
        return
    elif meant := _meant(program, section):
        span = program.first_line(section.heading.span)
        at = span.start + max(0, program.slice(span).find(section.title))
        fix = Fix(Span(at, at + len(section.title)), meant.title(), safe=False)
        message = f"section '{section.title}' is not read"
        notes.add("ORG009", "warning", message, span, f"did you mean '{meant.title()}'?", fix)
    for child in section.children:
        _name_parts(program, notes, named, child, is_role=part == "roles")


def _meant(program: Program, section: Section) -> str:
    """The part whose title a section's is near, if it holds what that part does: `## Rules` is no slip of the pen."""
    part = _near(section.title)
    fits = bool(part) and SequenceMatcher(None, section.title.lower(), part).ratio() >= _ALIKE
    if part == "links":
        fits = fits or any(LINK_ARROW.search(bullet.text) for bullet in bullets(program, section))
    elif part == "rhythm":
        fits = fits or any(field.key in RHYTHM_KEYS for field in fields(program, section))
    elif part:
        fits = fits or any(defines(section_entry(program, child)) for child in section.children)
    return part if fits else ""


def _of_pages(program: Program, section: Section) -> bool:
    """Whether a section `Links` leads to pages, and nobody to anybody."""
    listed = bullets(program, section)
    return bool(listed) and all(_PAGE.search(bullet.text) and not LINK_ARROW.search(bullet.text) for bullet in listed)


@lru_cache(maxsize=1024)
def _near(title: str) -> str:
    close = get_close_matches(title.lower(), PARTS, n=1, cutoff=0.75)
    return close[0] if close else ""


def choose_parts(program: Program, notes: Notes) -> tuple[dict[str, Section], Roster]:
    """The sections that are read as Roles, Links and Rhythm, and where roles stand.

    Of several sections, those that are named plainly come first.
    """
    named: dict[str, list[Section]] = {part: [] for part in PARTS}
    parts: dict[str, Section] = {}
    for section in program.sections:
        if section.level:
            _name_parts(program, notes, named, section)
    named["links"] = [section for section in named["links"] if not _of_pages(program, section)]
    for part in ("links", "rhythm", "roles"):
        plain = [section for section in named[part] if section.title.lower() == part]
        for extra in plain[1:]:
            message = f"a second section '{extra.title}' is not read"
            span = program.first_line(extra.heading.span)
            notes.add("ORG008", "warning", message, span, "move it into the first")
        if part != "roles" and (found := plain or named[part]):
            _take(program, notes, parts, part, found[0])
    taken = tuple(section.span for section in parts.values())
    declared = next((s for s in named["roles"] if s.title.lower() == "roles" and not _is_title(program, s)), None)
    found = roster(program, declared, taken)
    if declared:
        parts["roles"] = declared
    elif home := _home(named["roles"], found):
        _take(program, notes, parts, "roles", home)
    return parts, found


def _is_title(program: Program, section: Section) -> bool:
    """Whether a section is the whole document: chapters stand in it beside roles."""
    return section.level == 1 and bool(section.children) and len(program.sections) == 1


def _home(sections: list[Section], found: Roster) -> Section | None:
    """The innermost section named for a team that holds roles as subsections, bullets or rows of its own."""
    starts = {entry.span.start for entry in found.entries}
    for section in reversed(sections):
        own = {child.span.start for child in section.children}
        if own & starts or any(section.body.start <= at < section.body.end for at in starts):
            return section
    return None


def _take(program: Program, notes: Notes, parts: dict[str, Section], part: str, section: Section) -> None:
    parts[part] = section
    if section.title.lower() != part:
        span = program.first_line(section.heading.span)
        notes.add("ORG021", "info", f"section '{section.title}' is read as {part.title()}", span)
