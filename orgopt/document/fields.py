"""Fields: the key-value forms that stand in sections, tables and front matter, with their spans.

Read are bullets (`- **Key:** v`, `- **Key**: v`, `- Key: v`), bare lines (`Key: v`), rows of a table under a header
of keys, and front matter (`key: v`). Forms without bold letters are prose unless their key is known (see `keys`).
"""

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from orgopt.document.keys import canonical
from orgopt.document.program import Block, Program, Section, Span

Form = Literal["bold", "plain", "front matter", "cell", "heading"]

_LEAD = r"(?:[-*+]|\d{1,3}[.)])[ \t]+"
_BULLET = re.compile(rf"(?P<indent>[ \t]*)(?P<lead>{_LEAD})(?P<value>.*)$")
_BOLD = re.compile(r"(\*\*|__)(?P<key>[^*_\r\n]{1,40}?)(?::[ \t]*\1|\1[ \t]*:)[ \t]*(?P<value>.*)$")
_PLAIN = re.compile(r"(?P<key>[A-Za-z][A-Za-z /_-]{1,30}?)[ \t]*:(?:[ \t]+(?P<value>.*)|(?P<none>))$")
_YAML = re.compile(r"(?P<key>[A-Za-z][\w -]{0,40}?)[ \t]*:(?:[ \t]+(?P<value>.*)|(?P<none>))$")
_CELL = re.compile(r"(?:\\.|[^|\\]|\\)*")


class Field(NamedTuple):
    """A key with its value.

    Attributes:
        key: In lower case, by its canonical name where it is known.
        value: As written, without the marks around it.
        line: The whole line, or the cell of a table.
        form: How it is written. Only bold and heading forms are claims that must be understood.
    """

    key: str
    value: str
    key_span: Span
    value_span: Span
    line: Span
    form: Form = "bold"


class Bullet(NamedTuple):
    """A bullet line: its text, the span of that text and of the line, and those nested below it."""

    text: str
    text_span: Span
    line: Span
    nested: tuple["Bullet", ...] = ()

    @property
    def span(self) -> Span:
        """The line with those nested below it."""
        return Span(self.line.start, self.nested[-1].line.end if self.nested else self.line.end)


class Cell(NamedTuple):
    """A cell of a table, without the blanks around it."""

    text: str
    span: Span


class Row(NamedTuple):
    """A row of a table and its line."""

    cells: tuple[Cell, ...]
    line: Span


def bullets(program: Program, section: Section) -> list[Bullet]:
    """The unindented bullets of a section's own lists."""
    return [bullet for block in section.blocks if block.kind == "list" for bullet in _bullets(program, block)]


def fields(program: Program, section: Section) -> list[Field]:
    """The fields of a section: its own bullets, bare lines and, of a file, its front matter."""
    found: list[Field] = []
    for block in section.blocks:
        if block.kind == "list":
            found += [field for bullet in _bullets(program, block) if (field := bullet_field(bullet))]
        elif block.kind == "paragraph":
            for line in program.lines(block.span):
                text = program.slice(line).rstrip()
                if field := _match(text, line.start, line):
                    found.append(field)
        elif block.kind == "front_matter":
            found += front_matter(program, block)
    return found


def bullet_field(bullet: Bullet) -> Field | None:
    """The field that a bullet writes, or None."""
    return _match(bullet.text, bullet.text_span.start, bullet.line)


def front_matter(program: Program, block: Block) -> list[Field]:
    """The fields of front matter, line by line: nothing in it can be expanded, and nested values are left alone."""
    found: list[Field] = []
    for line in list(program.lines(block.span))[1:]:
        text = program.slice(line).rstrip()
        if text in {"---", "..."}:
            break
        if match := _YAML.match(text):
            value, at = (
                match["value"] or "",
                line.start + (match.end() if match["value"] is None else match.start("value")),
            )
            if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
                value, at = value[1:-1], at + 1
            key = Span(line.start + match.start("key"), line.start + match.end("key"))
            found.append(Field(canonical(match["key"]), value, key, Span(at, at + len(value)), line, "front matter"))
    return found


def rows(program: Program, block: Block) -> tuple[Row, list[Row]]:
    """The header and the rows of a table."""
    lines = [line for line in program.lines(block.span) if program.slice(line).strip()]
    head, *body = [Row(_cells(program, line), line) for line in lines[:1] + lines[2:]]
    return head, body


def cell_fields(header: Row, row: Row) -> Iterator[Field]:
    """The fields of a row, under a header of keys; empty cells are none."""
    for name, cell in zip(header.cells, row.cells, strict=False):
        if cell.text.strip("-–— "):
            yield Field(canonical(_unmarked(name.text)), cell.text, name.span, cell.span, cell.span, "cell")


def _unmarked(text: str) -> str:
    return text.strip("*_` ")


def _match(text: str, at: int, line: Span) -> Field | None:
    match = _BOLD.match(text)
    form: Form = "bold"
    if not match:
        match, form = _PLAIN.match(text), "plain"
        if not match or not canonical(match["key"], known=True):
            return None
    none = match["value"] is None
    start = match.end() if none else match.start("value")
    return Field(
        canonical(match["key"]),
        "" if none else match["value"],
        Span(at + match.start("key"), at + match.end("key")),
        Span(at + start, at + match.end()),
        line,
        form,
    )


def _bullets(program: Program, block: Block) -> list[Bullet]:
    """The unindented bullets of a list, each with the first level of those indented below it."""
    found: list[tuple[Bullet, list[Bullet]]] = []
    for line in program.lines(block.span):
        match = _BULLET.match(program.slice(line).rstrip())
        if not match:
            continue
        at = line.start + match.start("value")
        bullet = Bullet(match["value"], Span(at, at + len(match["value"])), line)
        if not match["indent"]:
            found.append((bullet, []))
        elif found:
            found[-1][1].append(bullet)
    return [bullet._replace(nested=tuple(nested)) for bullet, nested in found]


def _cells(program: Program, line: Span) -> tuple[Cell, ...]:
    text = program.slice(line).rstrip()
    at = len(text) - len(text.lstrip())
    at += text[at : at + 1] == "|"
    cells: list[Cell] = []
    while at < len(text):
        match = _CELL.match(text, at)
        raw = match[0] if match else ""
        start = line.start + at + len(raw) - len(raw.lstrip())
        cells.append(Cell(raw.strip(), Span(start, start + len(raw.strip()))))
        at += len(raw) + 1
    return tuple(cells)


def named(fields_: Iterable[Field], key: str) -> Field | None:
    """The last field of a key, or None."""
    return next((field for field in reversed(list(fields_)) if field.key == key), None)
