"""Fields: the key-value forms that stand in sections, tables and front matter, with their spans.

Read are bullets (`- **Key:** v`, `- **Key**: v`, `- Key: v`), bare lines (`Key: v`), rows of a table under a header
of keys, and front matter (`key: v`). Forms without bold letters are prose unless their key is known (see `keys`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from orgopt.document.grammar.key_table import KEYS, canonical
from orgopt.document.grammar.words import is_word
from orgopt.document.reading.field import Field, Form
from orgopt.document.reading.front_matter import front_matter
from orgopt.document.text.program import Block, Program, Section, Span

_LEAD = r"(?:[-*+]|\d{1,3}[.)])[ \t]+"
_BULLET = re.compile(rf"(?P<indent>[ \t]*)(?P<lead>{_LEAD})(?P<value>.*)$")
_BOLD = re.compile(r"(\*\*|__)(?P<key>[^*_\r\n]{1,40}?)(?:[:：][ \t]*\1|\1[ \t]*[:：])[ \t]*(?P<value>.*)$")
_PLAIN = re.compile(
    r"(?P<key>[^\W\d_][\w /_-]{1,30}?)[ \t]*(?::(?:[ \t]+(?P<value>.*)|(?P<none>))|：[ \t]*(?P<wide>.*))$"
)
_MARKED = re.compile(r"(?P<mark>`{1,2}|\*{1,2}|_{1,2})(?P<value>[^`*]+)(?P=mark)$")
_MARKS = "*_` "
_KEYS_OF_FIELDS = 2  # known keys in a first column that make one of fields, whatever its title
_SHORT, _LONG = 500, 20_000  # characters of a line, and of a list, that is remembered
_CELL = re.compile(r"(?:\\.|[^|\\]|\\)*")


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
    return [bullet for block in section.blocks if block.kind == "list" for bullet in block_bullets(program, block)]


def fields(program: Program, section: Section) -> list[Field]:
    """The fields of a section: its own bullets, bare lines and, of a file, its front matter."""
    return block_fields(program, section.blocks)


def block_fields(program: Program, blocks: Iterable[Block]) -> list[Field]:
    """The fields of some blocks."""
    found: list[Field] = []
    for block in blocks:
        if block.kind == "list":
            found += [field for bullet in block_bullets(program, block) if (field := bullet_field(bullet))]
        elif block.kind == "paragraph":
            for line in program.lines(block.span):
                text = program.slice(line).rstrip()
                if field := _match(text, line.start, line):
                    found.append(field)
        elif block.kind == "front_matter":
            found += front_matter(program, block)
        elif block.kind == "table":
            found += _paired(program, block)
    return found


def _paired(program: Program, block: Block) -> Iterator[Field]:
    """The fields of a table of two columns whose rows are fields, as below `| Attribute | Value |`."""
    header, body = rows(program, block)
    if len(header.cells) != 2:
        return
    title = unmarked(header.cells[0].text)
    known = sum(bool(row.cells and canonical(unmarked(row.cells[0].text), known=True)) for row in body)
    if not is_word("value", title) and known < (_KEYS_OF_FIELDS if title else 1):
        return
    for row in body:
        if len(row.cells) == 2 and row.cells[1].text.strip("-–— "):
            key, value = row.cells
            yield _without_marks(
                Field(canonical(unmarked(key.text)), value.text, key.span, value.span, row.line, "cell")
            )


def bullet_field(bullet: Bullet) -> Field | None:
    """The field that a bullet writes, or None."""
    return _match(bullet.text, bullet.text_span.start, bullet.line)


def rows(program: Program, block: Block) -> tuple[Row, list[Row]]:
    """The header and the rows of a table."""
    lines = [line for line in program.lines(block.span) if program.slice(line).strip()]
    head, *body = [Row(_cells(program, line), line) for line in lines[:1] + lines[2:]]
    return head, body


def cell_fields(header: Row, row: Row) -> Iterator[Field]:
    """The fields of a row, under a header of keys; empty cells are none."""
    for name, cell in zip(header.cells, row.cells, strict=False):
        if cell.text.strip("-–— "):
            field = Field(canonical(unmarked(name.text)), cell.text, name.span, cell.span, cell.span, "cell")
            yield _without_marks(field)


def unmarked(text: str) -> str:
    """A title of a column, or a key, without marks and emoji around it."""
    if text.isascii():
        return text.strip(_MARKS)
    start, end = 0, len(text)
    while start < end and _is_mark(text[start]):
        start += 1
    while end > start and _is_mark(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_mark(char: str) -> bool:
    return char in _MARKS or (char > "\u2000" and unicodedata.category(char) in {"So", "Sk", "Mn", "Cf"})


def _match(text: str, at: int, line: Span) -> Field | None:
    found = _written(text) if len(text) <= _SHORT else _written.__wrapped__(text)
    if found is None:
        return None
    return Field(found.key, found.value, found.key_span.moved(at), found.value_span.moved(at), line, found.form)


@lru_cache(maxsize=4096)  # most lines are none, and each edit leaves all but one as they were
def _written(text: str) -> Field | None:
    """The field that a line writes, as if it stood alone."""
    match = _BOLD.match(text)
    form: Form = "bold"
    if not match:
        match, form = _PLAIN.match(text), "plain"
        if not match or not canonical(match["key"], known=True):
            return None
    group = "wide" if match.groupdict().get("wide") is not None else "value"
    none = match[group] is None
    start = match.end() if none else match.start(group)
    key_span = Span(match.start("key"), match.end("key"))
    value, value_span = match[group] or "", Span(start, match.end())
    return _without_marks(Field(canonical(match["key"]), value, key_span, value_span, Span(0, len(text)), form))


def _without_marks(field: Field) -> Field:
    """A field whose value stands in marks, as in `- **Headcount:** **3**`, without them; text keeps its own."""
    match = _MARKED.match(field.value) if field.key in KEYS and field.key != "persona" else None
    if not match:
        return field
    start = field.value_span.start + match.start("value")
    return field._replace(value=match["value"], value_span=Span(start, start + len(match["value"])))


def block_bullets(program: Program, block: Block) -> list[Bullet]:
    """The unindented bullets of a list, each with the first level of those indented below it."""
    start = block.span.start
    found: list[tuple[Bullet, list[Bullet]]] = []
    for indented, text, at, first, last in _listed_in(program.slice(block.span)):
        span = Span(start + at, start + at + len(text))
        bullet = Bullet(text, span, Span(start + first, start + last))
        if not indented:
            found.append((bullet, []))
        elif found:
            found[-1][1].append(bullet)
    return [bullet._replace(nested=tuple(nested)) if nested else bullet for bullet, nested in found]


def _listed_in(text: str) -> tuple[tuple[bool, str, int, int, int], ...]:
    """The bullets of a list: whether it is indented, its text, where that starts, and its line's start and end."""
    return _listed(text) if len(text) <= _LONG else _listed.__wrapped__(text)


@lru_cache(maxsize=512)  # a list is asked for its bullets several times, and again after each edit
def _listed(text: str) -> tuple[tuple[bool, str, int, int, int], ...]:
    program = Program(text, ())
    found: list[tuple[bool, str, int, int, int]] = []
    for line in program.lines(Span(0, len(text))):
        if match := _BULLET.match(program.slice(line).rstrip()):
            at = line.start + match.start("value")
            found.append((bool(match["indent"]), match["value"], at, line.start, line.end))
    return tuple(found)


def _cells(program: Program, line: Span) -> tuple[Cell, ...]:
    text = program.slice(line).rstrip()
    cut = _cut(text) if len(text) <= _SHORT else _cut.__wrapped__(text)
    return tuple([Cell(bare, Span(line.start + at, line.start + at + len(bare))) for at, bare in cut])


@lru_cache(maxsize=4096)  # a table is asked for its rows several times, and again after each edit
def _cut(text: str) -> tuple[tuple[int, str], ...]:
    """The cells of a line, each with where it starts in it."""
    at = len(text) - len(text.lstrip())
    at += text[at : at + 1] == "|"
    cells: list[tuple[int, str]] = []
    if "\\" not in text:
        for raw in text[at:].removesuffix("|").split("|") if at < len(text) else ():
            cells.append((at + len(raw) - len(raw.lstrip()), raw.strip()))
            at += len(raw) + 1
        return tuple(cells)
    while at < len(text):
        match = _CELL.match(text, at)
        raw = match[0] if match else ""
        cells.append((at + len(raw) - len(raw.lstrip()), raw.strip()))
        at += len(raw) + 1
    return tuple(cells)


def named(fields_: Iterable[Field], key: str) -> Field | None:
    """The last field of a key, or None."""
    return next((field for field in reversed(list(fields_)) if field.key == key), None)
