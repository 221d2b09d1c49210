"""The roster: where the roles of a document stand, in each of the forms that people write.

Roles are the subsections of a section Roles (or Team, Agents …), the bullets of its list, the rows of a roster
table, the files of a folder, or sections anywhere that have a role's fields. What stands twice in different forms
is one role.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from orgopt.document.grammar.keys import DUTY_KEYS, KEYS, LINK_KEYS, NAME_KEYS, ROLE_KEYS, TEXT_KEYS, canonical
from orgopt.document.grammar.values import is_agent
from orgopt.document.reading.field import Field
from orgopt.document.reading.fields import Bullet, Cell, Row, bullet_field, bullets, cell_fields, fields, rows
from orgopt.document.reading.front_matter import front_matter, unindented
from orgopt.document.reading.names import FILE, Name, read_name
from orgopt.document.text.program import Block, Program, Section, Span, apart
from orgopt.org import slug

PARTS = {
    "roles": (
        "roles", "team", "the team", "our team", "team members", "agents", "the agents", "roster", "team roster",
        "agent roster", "members", "crew", "the crew", "team of agents", "agent team", "personas", "people",
        "roles and responsibilities",
    ),
    "links": ("links", "relations", "relationships", "reporting lines", "communication"),
    "rhythm": ("rhythm", "cadence", "meetings", "rituals", "ceremonies"),
}  # fmt: skip
"""The sections that are read, by the names under which they go; the first is the canonical one."""

_NOUNS = {"manager", "supervisor", "boss", "reviewer"}  # keys that are names of roles too

# What only a role has; a Model or a Focus may stand in any text.
_DEFINING = {"headcount", "risk tolerance", "reports to", "manager", "hands off to", "delegates to", "copy rule"}

_CLAIM = 3  # words of a value that a bold key or a cell claims to be one; more are prose

# The name of a bullet: bold or a link with what counts it, or all before a dash or a colon.
_ITEM = re.compile(
    r"(?P<head>(?:(?:\*\*|__).+?(?:\*\*|__)|\[[^\]]*\]\([^)]*\)|`[^`]+`)(?:\s*\([^)]*\)|\s*[×x]\s*\d+)?|.+?(?=(?<!\s)\s+[—–-]\s|:\s))"
    r"\s*(?:[—–:-]\s*)?(?P<rest>.*)$"
)

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(?P<text>.*)$")
_CLOSING = re.compile(r"(?<=[ \t])#+$")

EntryKind = Literal["section", "item", "row", "file", "plain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One place where a role is written.

    Attributes:
        name: Its name there.
        span: All of it.
        fields: Its known fields, the count beside its name included.
        unknown: Fields whose key is unknown; they are prose.
        misread: Lines that look like fields of known keys and have no value of theirs; they are prose.
        prose: The spans of its charter.
        section: The section that it is, of the kinds section and file.
    """

    kind: EntryKind
    name: Name
    span: Span
    fields: tuple[Field, ...] = ()
    unknown: tuple[Field, ...] = ()
    misread: tuple[Field, ...] = ()
    prose: tuple[Span, ...] = ()
    section: Section | None = None


def part_of(title: str) -> str:
    """Which of `PARTS` a section's title names, or nothing."""
    name = read_name(title, 0)
    word = "" if name.path else " ".join(name.text.lower().split())  # `# AGENTS.md` is the name of a file
    return next((part for part, names in PARTS.items() if word in names), "")


def entries(program: Program, roles: Section | None, taken: tuple[Span, ...]) -> Iterator[Entry]:
    """Every place of a role, in document order within each form.

    Args:
        program: The document.
        roles: Its section Roles.
        taken: Spans that hold no roles: the sections Links and Rhythm.
    """
    found: list[Entry] = []
    if roles:
        sections = [child for child in roles.children if not part_of(child.title)]
        found += [section_entry(program, child) for child in sections]
        found += _table_entries(program, roles.blocks)
        found += _items(program, bullets(program, roles), alone=not found)
    files = [section for section in program.sections if section.level == 0]
    found += [_file_entry(program, section) for section in files]
    inside = (*taken, *(section.span for section in files), *((roles.span,) if roles else ()))
    found += _table_entries(program, tuple(apart(program.blocks, inside)))
    if not found:
        found += [section_entry(program, section) for section in program.walk() if _is_role(program, section)]
    yield from found


def plain_entry(program: Program, prose: tuple[Span, ...]) -> Entry:
    """The one Researcher of a document without roles; front matter may name it otherwise."""
    front = [
        field for block in program.blocks if block.kind == "front_matter" for field in front_matter(program, block)
    ]
    named = next((field for field in front if field.key == "name" and slug(field.value)), None)
    name = read_name(named.value, named.value_span.start) if named else Name("Researcher", Span(0, 0), raw="Researcher")
    known = tuple(field for field in front if field.key in ROLE_KEYS)
    return Entry(kind="plain", name=name, span=Span(0, len(program.text)), fields=known, prose=prose)


def section_entry(program: Program, section: Section) -> Entry:
    """A role that is a section."""
    line = program.first_line(section.heading.span)
    match = _HEADING.match(program.slice(line))
    raw = _CLOSING.sub("", match["text"].rstrip(" \t")).rstrip(" \t") if match else program.slice(line).rstrip()
    name = read_name(raw, line.start + (match.start("text") if match else 0))
    return _split(program, Entry(kind="section", name=name, span=section.span, section=section))


def _file_entry(program: Program, section: Section) -> Entry:
    """A role that is a file: `name` and other keys in front matter, the body its charter."""
    front = [f for block in section.blocks if block.kind == "front_matter" for f in front_matter(program, block)]
    named = next((field for field in front if field.key == "name" and slug(field.value)), None)
    heading = section.children[0] if section.children and section.children[0].level == 1 else None
    mark = section.heading.span
    mark = Span(mark.start + (program.text[mark.start] == "\n"), mark.end)
    if named:
        name = read_name(named.value, named.value_span.start)
    elif heading:
        name = section_entry(program, heading).name
    else:
        stem = PurePosixPath(section.title).stem.replace("-", " ").replace("_", " ")
        name = Name(stem[:1].upper() + stem[1:], program.first_line(mark), raw=stem)
    entry = _split(
        program, Entry(kind="file", name=name._replace(path=section.title), span=section.span, section=section)
    )
    description = next((field for field in front if field.key == "description"), None)
    if description and not any(program.slice(span).strip() for span in entry.prose):
        entry = replace(entry, prose=tuple(unindented(program, description.value_span)))
    return entry


def _split(program: Program, entry: Entry) -> Entry:
    """The entry of a section with its fields and its charter told apart."""
    section = entry.section
    if section is None:
        return entry
    every = [*fields(program, section)]
    if entry.kind == "file" and section.children and section.children[0].level == 1:
        every += fields(program, section.children[0])  # below the file's own title
    known, misread = _told_apart(every)
    unknown = [field for field in every if not _known(field) and (field.form == "bold" or _parses(field))]
    start, prose = section.heading.span.end, list[Span]()
    skip = [field.line for field in known if field.form != "front matter"]
    skip += [block.span for block in section.blocks if block.kind == "front_matter"]
    for line in sorted(skip):
        prose.append(Span(start, line.start))
        start = line.end
    prose.append(Span(start, section.span.end))
    return replace(
        entry, fields=(*_count(entry.name), *known), unknown=tuple(unknown), misread=tuple(misread), prose=tuple(prose)
    )


def _told_apart(every: Iterable[Field]) -> tuple[list[Field], list[Field]]:
    """The fields of known keys, and the lines that only look like some, such as `Agent: you are …`: they are prose."""
    known, misread = list[Field](), list[Field]()
    for field in every:
        # A word or two is a claim that must be understood, if it is bold or a cell.
        prose = field.form == "plain" or (field.form in {"bold", "cell"} and len(field.value.split()) > _CLAIM)
        if _known(field):
            (misread if prose and field.key in KEYS and not _parses(field) else known).append(field)
    return known, misread


def _parses(field: Field) -> bool:
    """Whether the value of a field is one that its key may have."""
    if field.key not in KEYS:
        return False
    try:
        KEYS[field.key].parse(field.value)
    except ValueError:
        return False
    return True


def _count(name: Name) -> tuple[Field, ...]:
    """The count beside a name as a field."""
    if not name.digits:
        return ()
    digits, span = name.digits
    return (Field("headcount", digits, span, span, span, "heading"),)


def _items(program: Program, listed: list[Bullet], *, alone: bool) -> list[Entry]:
    """The roles of a list; beside roles in other forms, only if the list has nothing but names."""
    found = [_item_entry(program, bullet, alone=alone) for bullet in listed]
    names = all(
        entry and (len(entry.name.text.split()) <= 3 or bullet.text[0] in "*_[`")
        for entry, bullet in zip(found, listed, strict=True)
    )
    return [entry for entry in found if entry] if alone or names else []


def _item_entry(program: Program, bullet: Bullet, *, alone: bool) -> Entry | None:
    """A role that is a bullet, with its fields nested below; None for other bullets.

    Where roles are bullets alone, `Reviewer: …` is one of them.
    Names are `**Lead** — …`, `**Lead:** …`, `[Lead](lead.md)`, `Explorer ×3`, `Lead: …`, or a few words alone.
    """
    head, rest = _head(bullet)
    name = read_name(program.slice(head), head.start)
    field = bullet_field(bullet)
    if not name.id or len(name.text) > 40 or (field and _known(field) and not (alone and field.key in _NOUNS)):
        return None
    if not name.path and (file := FILE.fullmatch(program.slice(rest).strip())):
        name, rest = name._replace(path=file["path"]), Span(rest.end, rest.end)
    known, misread = _told_apart(field for nested in bullet.nested if (field := bullet_field(nested)))
    lines = {field.line for field in known}
    prose = (rest, *(nested.text_span for nested in bullet.nested if nested.line not in lines))
    fields_ = (*_count(name), *known)
    return Entry(kind="item", name=name, span=bullet.span, fields=fields_, misread=tuple(misread), prose=prose)


def _head(bullet: Bullet) -> tuple[Span, Span]:
    """The span of a bullet's name and that of what it says about it."""
    start, end = bullet.text_span
    if field := bullet_field(bullet):
        return field.key_span, field.value_span
    match = _ITEM.match(bullet.text)
    at = start + (match.end("head") if match else end - start)
    return Span(start, at), Span(start + match.start("rest") if match else end, end)


def _known(field: Field) -> bool:
    return field.key in ROLE_KEYS or field.key in LINK_KEYS


def _table_entries(program: Program, blocks: tuple[Block, ...]) -> list[Entry]:
    found: list[Entry] = []
    for block in blocks:
        if block.kind == "table":
            header, body = rows(program, block)
            column = _name_column(header, body)
            if column is not None:
                found += [entry for row in body if (entry := _row_entry(header, row, column))]
    return found


def _name_column(header: Row, body: list[Row]) -> int | None:
    """The column of names of a roster: a table with names and at least one key."""
    titles = [cell.text.strip("*_` ").lower() for cell in header.cells]
    keys = [canonical(title) for title in titles]
    column = next((i for i, title in enumerate(titles) if title in NAME_KEYS), None)
    if keys[:1] == ["agent"] and not all(is_agent(row.cells[0].text) for row in body if row.cells):
        column = 0
    others = [key for i, key in enumerate(keys) if i != column]
    known = [key for key in others if key in ROLE_KEYS or key in LINK_KEYS or key in DUTY_KEYS]
    return column if column is not None and known else None


def _row_entry(header: Row, row: Row, column: int) -> Entry | None:
    if column >= len(row.cells) or not row.cells[column].text:
        return None
    cell: Cell = row.cells[column]
    name = read_name(cell.text, cell.span.start)
    link = name.path or next((path for other in row.cells if (path := read_name(other.text, 0).path)), "")
    name = name._replace(path=link)
    cells = [field for field in cell_fields(header, row) if field.line != cell.span]
    known, misread = _told_apart(cells)
    prose = tuple(field.value_span for field in cells if field.key in TEXT_KEYS or field in misread)
    return Entry(
        kind="row", name=name, span=row.line, fields=(*_count(name), *known), misread=tuple(misread), prose=prose
    )


def _is_role(program: Program, section: Section) -> bool:
    """Whether a section outside a section Roles has the fields of a role."""
    keys = {field.key for field in fields(program, section)}
    return section.level > 0 and not part_of(section.title) and bool(keys & _DEFINING)
