"""Headings as evidence: sections that stand side by side, each of which may be a role."""

import re

from orgopt.document.grammar.keys import LINK_KEYS
from orgopt.document.grammar.values import split_names
from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, count, is_known, mind, parses, told_apart
from orgopt.document.reading.evidence.signs import (
    ENOUGH,
    Group,
    group_title,
    never,
    part_of,
    people,
    person,
    share,
    short,
    somebody,
    team,
)
from orgopt.document.reading.field import Field
from orgopt.document.reading.fields import fields
from orgopt.document.reading.names import NUMBERED, read_name
from orgopt.document.reading.remembered import of_section
from orgopt.document.text.program import Program, Section, Span
from orgopt.org import slug

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<text>.*)$")
_CLOSING = re.compile(r"(?<=[ \t])#+$")
# What only a role has; a Model or a Focus may stand in any text.
_DEFINING = {"headcount", "risk tolerance", "copy rule"}
_SERIES = 2  # numbered names that make a roster, whatever the heading says
_MOST_NAMES = 8  # words of a field that names others; more are prose
_TRAITS = ("duty", "role", "agent", "name")


@of_section
def section_entry(program: Program, section: Section) -> Entry:
    """A role that is a section."""
    line = program.first_line(section.heading.span)
    match = _HEADING.match(program.slice(line))
    raw = _CLOSING.sub("", match["text"].rstrip(" \t")).rstrip(" \t") if match else program.slice(line).rstrip()
    name = read_name(raw, line.start + (match.start("text") if match else 0))
    return with_fields(program, Entry(kind="section", name=name, span=section.span, section=section))


def with_fields(program: Program, entry: Entry) -> Entry:
    """The entry of a section, or of a file, with its fields and its charter told apart."""
    section = entry.section
    if section is None:
        return entry
    every = [*fields(program, section)]
    if entry.kind == "file" and section.children and section.children[0].level == 1:
        every += fields(program, section.children[0])  # below the file's own title
    front = {field.key for field in every if field.form == "front matter"}  # the body may say it again, as prose
    every = [field for field in every if field.form == "front matter" or field.key not in front]
    known, misread = told_apart(every)
    unknown = [field for field in every if not is_known(field) and (field.form == "bold" or parses(field))]
    start, prose = section.heading.span.end, list[Span]()
    skip = [field.line for field in known if field.form != "front matter"]
    skip += [block.span for block in section.blocks if block.kind == "front_matter"]
    for line in sorted(skip):
        prose.append(Span(start, line.start))
        start = line.end
    prose.append(Span(start, entry.span.end))
    return Entry(
        kind=entry.kind,
        name=entry.name,
        span=entry.span,
        fields=(*count(entry.name), *known),
        unknown=tuple(unknown),
        misread=tuple(misread),
        prose=tuple(prose),
        section=section,
        mind=mind(every),
    )


def defines(entry: Entry) -> bool:
    """Whether a section has what only a role has: a headcount, somebody it reports to."""
    return any(_leads(f) or (f.key in _DEFINING and f.form != "heading" and parses(f)) for f in entry.fields)


def _leads(field: Field) -> bool:
    """Whether a field says to whom somebody reports, or hands work."""
    kind, way = LINK_KEYS.get(field.key, ("", ""))
    return kind in {"reports to", "delegates to"} and way == "→" and len(field.value.split()) <= _MOST_NAMES


def sisters(program: Program, sections: list[Section], above: float, inside: dict[int, bool]) -> Group | None:
    """The group that some sections below one heading are.

    Args:
        program: The document.
        sections: Them.
        above: How much the headings above speak of a team; below 0 where they say otherwise.
        inside: By where a section starts, if there are roles in it: whether a heading in it says so.
    """
    other, above = above < 0, max(above, 0.0)
    found: list[Entry] = []
    left_out = groups = 0
    for section in sections:
        if not section.level or part_of(section.title):
            continue
        named = inside.get(section.span.start)
        if named is not None and (_holds(section, named=named) or not section.blocks):
            groups += 1
        elif never(section.title) or not short(read_name(section.title, 0).text):
            left_out += 1
        else:  # a role above roles ends where they begin
            found.append(section_entry(program, _body(section) if inside.get(section.span.start) else section))
    if groups:  # beside groups of roles stand other things
        found = [entry for entry in found if _is_somebody(entry)]
    found = [entry for entry in found if not (team(entry.name.raw) and not _has_traits(entry))]
    if not found:
        return None
    led = {slug(name) for entry in found for f in entry.fields if _leads(f) for name in split_names(f.value)}
    certain = [entry for entry in found if defines(entry) or entry.name.id in led]
    players = [entry for entry in found if _plays(entry)]
    if len(players) > 1:
        certain = [entry for entry in found if entry in certain or entry in players]
    numbered = [entry for entry in found if NUMBERED.search(entry.name.raw)]
    score = above
    if 2 * len(numbered) >= len(found):
        found = [entry for entry in found if entry in numbered or entry in certain]
        score, left_out = score + (2.0 if len(numbered) < _SERIES else 3.0), 0
    score += people(found)
    score += 1.5 if share(map(_has_traits, found)) >= 0.6 else 0.0
    score += 2.0 * (bool(certain) and above > 0) + 1.5 * any(entry.name.digits for entry in found)
    score -= 1.5 * (left_out > len(found)) + 0.5 * (len(found) == 1)
    score -= 2.0 * (other and len(numbered) < _SERIES)
    if certain and score < ENOUGH:  # those are roles, whatever the others are
        return _group(certain, ENOUGH)
    return _group(found, score)


def _group(entries: list[Entry], score: float) -> Group:
    span = Span(entries[0].span.start, entries[-1].span.end)
    return Group(entries=tuple(entries), score=score, span=span, what="sections")


def _holds(section: Section, *, named: bool) -> bool:
    """Whether a section with roles in it is the heading of them, and no role itself.

    Args:
        section: It.
        named: Whether a heading inside it says that roles stand there.
    """
    speaks = says("team", section.title) and not NUMBERED.search(section.title)
    return group_title(section.title) or (speaks and not named)


def _is_somebody(entry: Entry) -> bool:
    return somebody(entry) or defines(entry) or bool(entry.name.digits)


def _has_traits(entry: Entry) -> bool:
    """Whether a section says of itself what people do: its role, its focus, its responsibilities."""
    own: tuple[Field, ...] = (*entry.unknown, *entry.fields, *entry.misread)
    return any(is_known(field) or any(is_word(kind, field.key) for kind in _TRAITS) for field in own)


def _plays(entry: Entry) -> bool:
    """Whether a section says which role somebody has: `- **Role**: Tester`."""
    given = [field.value for field in (*entry.unknown, *entry.misread) if is_word("role", field.key)]
    return bool(given) and (somebody(entry) or any(person(value) for value in given))


def _body(section: Section) -> Section:
    """A section without its subsections."""
    return Section(
        title=section.title,
        level=section.level,
        heading=section.heading,
        blocks=section.blocks,
        children=(),
        span=Span(section.span.start, section.body.end),
    )
