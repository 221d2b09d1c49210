"""Headings as evidence: sections that stand side by side, each of which may be a role."""

import re
from collections import Counter

from orgopt.basics.slug import slug
from orgopt.document.grammar.arrows import split_names
from orgopt.document.grammar.key_table import LINK_KEYS
from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, count, is_known, mind, parses, told_apart
from orgopt.document.reading.evidence.section_labels import told
from orgopt.document.reading.evidence.signs import (
    ENOUGH,
    STEP,
    Group,
    group_title,
    never,
    part_of,
    people,
    person,
    share,
    short,
    team,
)
from orgopt.document.reading.evidence.traits import defines, hands_on, has_traits, is_somebody, keys, plays
from orgopt.document.reading.names import FILE, NUMBERED, read_name
from orgopt.document.reading.remembered import of_section
from orgopt.document.reading.written_fields import fields
from orgopt.document.text.program import Program, Section, Span

_HEADING = re.compile(r"\ufeff? {0,3}#{1,6}[ \t]+(?P<text>.*)$")
_CLOSING = re.compile(r"(?<=[ \t])#+$")
_SERIES_OF_PEOPLE = 3  # numbered sections, at least
_NUMBER = re.compile(r"\W*(\d{1,2})[.)、]\s*\D")
_NUMBER_OF = re.compile(r"\W*(\d{1,2})[a-z]?[.)、]\s*\D")
_ONE_SERIES = 1.5  # what numbers that go on say
_TITLED = re.compile(r"\S\s+[—–-]{1,2}\s+\S")
_SMALL_WORD = re.compile(r"\s(?!(?:de|da|di|do|du|del|van|von|la|le|el|al|bin|ibn|y|e)\b)[^\W\d_A-Z][^\W\d_]{2,}")
_OF_USERS = re.compile(r"\W*(?:user )?persona\b", re.IGNORECASE)  # of a product, in its requirements
_HANDLE = re.compile(r"[(（]@[\w-]+[)）]")
_VARIANT = re.compile(r"(.{3,}?)\s*[#nN°º-]*\s*(?:\d{1,2}|[A-Z])$")  # `Option B`, `Recommendation #2`
_SAME_KEYS = 2  # keys that a section shares with roles beside it
_SHORT = 3  # letters of a word within a name, as in `Ada van Dam`
_SERIES = 2  # numbered names that make a roster, whatever the heading says


@of_section
def section_entry(program: Program, section: Section) -> Entry:
    """A role that is a section."""
    whole = section.heading.span  # below front matter, it begins with the blank lines above it
    start = next((line.start for line in program.lines(whole) if program.slice(line).strip()), whole.start)
    line = program.first_line(Span(start, whole.end))
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
        title = section.children[0]  # the file's own, below which chapters may say who works with whom
        every += fields(program, title)
        every += [f for part in title.children for f in fields(program, part) if f.key in LINK_KEYS]
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
        told=told(program, section),
    )


def sisters(program: Program, sections: list[Section], above: float, inside: dict[int, bool]) -> Group | None:
    """The group that some sections below one heading are.

    Args:
        program: The document.
        sections: Them.
        above: How much the headings above speak of a team; below 0 where they say otherwise.
        inside: By where a section starts, if there are roles in it: whether a heading in it says so.
    """
    other, above = above < 0, max(above, 0.0)
    found, left_out, groups = _candidates(program, sections, inside)
    found = _no_variants(found)
    if groups:  # beside groups of roles stand other things
        found = [entry for entry in found if is_somebody(entry) and not group_title(entry.name.text)]
    found = _of_one_form([entry for entry in found if not (team(entry.name.raw) and not has_traits(entry))])
    if share(is_somebody(entry) or has_traits(entry) for entry in found) < 0.3:  # chapters, unless called as people
        called = [entry for entry in found if not _is_phrase(entry.name.text)]
        found = called if len(called) > len(found) / 2 else []
    if not found:
        return None
    led = {slug(name) for entry in found for f in entry.fields if hands_on(f) for name in split_names(f.value)}
    certain = [entry for entry in found if defines(entry) or entry.name.id in led]
    players = [entry for entry in found if plays(entry)]
    if len(players) > 1:
        certain = [entry for entry in found if entry in certain or entry in players]
    numbered = [entry for entry in found if NUMBERED.search(entry.name.raw)]
    score = above
    if 2 * len(numbered) >= len(found):
        found = [entry for entry in found if entry in numbered or entry in certain]
        score, left_out = score + (2.0 if len(numbered) < _SERIES else 3.0), 0
    score += people(found)
    score += 1.5 if share(map(has_traits, found)) >= 0.6 else 0.0
    score += 2.0 * (above > 0 and share(bool(_HANDLE.search(entry.name.raw)) for entry in found) >= 0.6)
    score += 1.0 * (above > 0 and share(bool(FILE.fullmatch(entry.name.path)) for entry in found) >= 0.6)
    score += 2.0 * (bool(certain) and above > 0) + 1.5 * any(entry.name.digits for entry in found)
    score -= 1.5 * (left_out > len(found)) + 0.5 * (len(found) == 1)
    score -= 2.0 * (other and len(numbered) < _SERIES)
    if certain and score < ENOUGH:  # those are roles, whatever the others are
        return _group(certain, ENOUGH)
    return _group(found, score)


def _is_unit(section: Section) -> bool:
    """Whether a section is a numbered unit of several, as in `Tier 2: Execution Agents (12)`."""
    name = read_name(section.title, 0)
    numbered = name.text[-1:].isdecimal() and says("unit", name.text) and not person(name.text)
    return numbered and (name.digits is not None or not person(name.title))


def _is_phrase(name: str) -> bool:
    """Whether a title is words, as in `Two enforced limits`, and no name."""
    return any(word[0].islower() and len(word) > _SHORT for word in name.split()[1:])


def _candidates(program: Program, sections: list[Section], inside: dict[int, bool]) -> tuple[list[Entry], int, int]:
    """The sections that may be roles, how many others there are, and how many hold roles."""
    found: list[Entry] = []
    others: list[Section] = []
    groups = 0
    series = _series_of_people(program, sections)
    for section in sections:
        if not section.level or part_of(section.title):
            groups += part_of(section.title) == "roles"
            continue
        named = None if section.span.start in series else inside.get(section.span.start)
        told_by = [block for block in section.blocks if program.slice(block.span).strip("-*_ \r\n\t")]  # and no rules
        only = section.blocks and all(block.kind == "table" for block in told_by)
        only = only and not person(read_name(section.title, 0).title)  # `Ada — Tester`, with a table of her duties
        if not told_by and not section.children and group_title(section.title):  # of those in the sections after it
            continue
        if named is not None and (_holds(section, named=named) or not section.blocks or only):
            groups += 1
        elif (
            _is_unit(section)
            or never(section.title)
            or _OF_USERS.match(section.title)
            or not short(read_name(section.title, 0).text)
        ):
            others.append(section)
        else:  # a role above roles ends where they begin
            found.append(section_entry(program, _body(section) if named else section))
    alike = _alike(program, others, found) if len(found) >= _SERIES else []
    found = sorted([*found, *alike], key=lambda entry: entry.span.start)
    return found, len(others) - len(alike), groups


def _alike(program: Program, others: list[Section], found: list[Entry]) -> list[Entry]:
    """The sections that are written as roles beside them are, with their keys, whatever their titles speak of."""
    common = Counter(key for entry in found if has_traits(entry) for key in keys(entry))
    told = Counter(key for entry in found for key in entry.told)
    all_say = {key for key, often in told.items() if 5 * often >= 4 * len(found)}
    kept: list[Entry] = []
    for section in others:
        entry = section_entry(program, section)
        own = keys(entry)
        same = sum(common[key] >= _SERIES for key in own)
        alike = (same >= _SAME_KEYS and 3 * same >= 2 * len(own)) or (entry.told & all_say and len(found) > _SERIES)
        if alike and short(entry.name.text) and not STEP.match(section.title):
            kept.append(entry)
    return kept


def _no_variants(found: list[Entry]) -> list[Entry]:
    """Without what is one thing several times, as in `Option 1`, `Option 2`; `Agent 1` and `Agent 2` are two."""
    bases = [slug(base[1]) if (base := _VARIANT.match(entry.name.text)) else "" for entry in found]
    often = Counter(base for base in bases if base and not person(base.replace("-", " ")))
    return [entry for entry, base in zip(found, bases, strict=True) if often[base] < _SERIES or entry.fields]


def _series_of_people(program: Program, sections: list[Section]) -> set[int]:
    """Where the sections of a numbered series start, if it is one of people: what any of them lists is a part of it."""
    numbers = {section.span.start: int(m[1]) for section in sections if (m := _NUMBER.match(section.title))}
    in_order = list(numbers.values()) == list(range(1, len(numbers) + 1)) and len(numbers) >= _SERIES_OF_PEOPLE
    series = [section for section in sections if in_order and section.span.start in numbers]
    if share(person(read_name(section.title, 0).text) for section in series) < 0.5:
        entries = [section_entry(program, section) for section in series]
        return {entry.span.start for entry in entries if _says_role(entry)} if all(map(_says_role, entries)) else set()
    return {section.span.start for section in series if person(section.title) or not group_title(section.title)}


def _says_role(entry: Entry) -> bool:
    """Whether a section has a line `**Role**: …`, whatever that is."""
    return any(is_word("role", key) for key in keys(entry))


def _of_one_form(found: list[Entry]) -> list[Entry]:
    """Without chapters beside people that are written with what they do, as in `Ada - Lead`; names have capitals."""
    titled = [entry for entry in found if _TITLED.search(entry.name.raw) and person(entry.name.title)]
    if len(titled) < 2 or 3 * len(titled) < 2 * len(found):
        return found
    return [entry for entry in found if entry in titled or not _SMALL_WORD.search(entry.name.text)]


def cousins(program: Program, sections: list[Section], above: float, inside: dict[int, bool]) -> list[Entry]:
    """The roles among the subsections of several sections, if these are of one kind as a whole; else nothing.

    Taken are those that say of themselves what people do, have the keys that most have, or go by what somebody is; a
    title that comes back below each heading is that of a part of each.
    """
    series = _goes_on(sections)
    group = sisters(program, sections, above + _ONE_SERIES * series, inside)
    if not group or group.score < ENOUGH:
        return []
    often = Counter(entry.name.id for entry in group.entries)
    common = {key for key, n in Counter(k for e in group.entries for k in keys(e)).items() if _in_most(n, group)}
    found = [
        e
        for e in group.entries
        if is_somebody(e)
        or (has_traits(e) and not common)
        or common & keys(e)
        or (series and _NUMBER_OF.match(e.name.raw))
    ]
    found = [entry for entry in found if often[entry.name.id] == 1]
    return found if 2 * len(found) > len(group.entries) else []


def _goes_on(sections: list[Section]) -> bool:
    """Whether the numbers of subsections go on from one heading to the next: they are of one kind."""
    numbers = [int(match[1]) for section in sections if (match := _NUMBER_OF.match(section.title))]
    return len(numbers) >= _SERIES_OF_PEOPLE and numbers == sorted(numbers) and len(numbers) >= 0.8 * len(sections)


def _in_most(number: int, group: Group) -> bool:
    return number >= max(3, 0.6 * len(group.entries))


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
