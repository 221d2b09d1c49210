"""Program: the exact text of a program.md and the spans of its parts.

Covers text to blocks and sections and back. What stands in them is `reading.fields`; what they mean is
`reading.reader`; how they change is `document.editing`. The blocks of a program partition its text, so
`render(parse(text)) == text` for any text.

A program of several files is one text: the main file, then each other file below a line
`<!-- file: roles/explorer.md -->` (see `files`).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from orgopt.document.text.markdown import tokens

BlockKind = Literal["file", "front_matter", "heading", "list", "table", "paragraph", "other"]

LINE_END = re.compile(r"\r\n|\n|\r")
# The line end before it belongs to the marker, so that a file may end without one; an empty file has none.
FILE_MARK = re.compile(r"(?:\A|(?<=-->\n)|\n)<!-- file: (?P<path>[^\r\n<>]{1,200}) -->(?:\n|\Z)")
# Line ends are atomic: as two, each \r\n of an unclosed block would double the ways to try.
_FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*(?>\r\n|\n|\r)(?:[^\r\n]*(?>\r\n|\n|\r))*?(?:---|\.\.\.)[ \t]*(?>\r\n|\n|\r|\Z)"
)
# Lines of dashes that hold headings or fences are rules of a text, not the bounds of its front matter.
_BETWEEN_RULES = re.compile(r"^(?:#{2,6}[ \t]+\S|```|~~~)", re.MULTILINE)
# Where what stands before may be read by itself: at a heading, and at a paragraph below a blank line.
_CHAPTER = re.compile(r"^(?:#{1,6}(?=[ \t\r\n])|(?:(?<=\n\n)|(?<=\n\r\n))(?:\*\*|[^\W\d_]))", re.MULTILINE)
_BLANKS = re.compile(r"(?<=\S)[^\S\n]{100,}")
_KINDS: dict[str, BlockKind] = {"heading": "heading", "list": "list", "table": "table", "paragraph": "paragraph"}


def printable(text: str) -> str:
    """Text without characters that would move a terminal's cursor or end a line."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


class Span(NamedTuple):
    """A half-open range of character offsets in a program's text."""

    start: int
    end: int

    def moved(self, by: int) -> "Span":
        """The span of what stands so many characters further on."""
        return Span(self.start + by, self.end + by)


class Block(NamedTuple):
    """One top-level block of Markdown with the blank lines that follow it.

    `title` is that of a heading or the path of a file; `level` that of a heading; others have none.
    """

    kind: BlockKind
    span: Span
    level: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading, or the mark of a file, with everything up to the next of its level or above.

    The mark of a file has level 0, so its section holds the whole file.
    """

    title: str
    level: int
    heading: Block
    blocks: tuple[Block, ...]
    children: tuple["Section", ...]
    span: Span

    @property
    def body(self) -> Span:
        """What stands between the heading and the first subsection."""
        return Span(self.heading.span.end, self.children[0].span.start if self.children else self.span.end)


@dataclass(frozen=True)
class Program:
    """The exact text of a document and its blocks, in order.

    Attributes:
        source: Where it came from, for messages.
        root: The folder of its files, when it was read from several.
    """

    text: str
    blocks: tuple[Block, ...]
    source: str = "program.md"
    root: str = ""

    def __hash__(self) -> int:
        return hash((self.text, self.source, self.root))  # the blocks follow, and are many

    def __repr__(self) -> str:
        return f"Program({self.source!r}, {len(self.text.splitlines())} lines)"

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The top-level sections, nested by heading level."""
        return _nest(self.blocks, len(self.text))

    @cached_property
    def newline(self) -> str:
        """The line ending of the first line."""
        match = LINE_END.search(self.text)
        return match[0] if match else "\n"

    @cached_property
    def _marks(self) -> list[Block]:
        return [block for block in self.blocks if block.kind == "file"]

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(m.end() for m in LINE_END.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def place(self, offset: int) -> tuple[str, int, int]:
        """The file, line and column of an offset: those on disk where the program was read from several files."""
        line, column = self.position(offset)
        number = bisect_right(self._marks, offset, key=lambda mark: mark.span.start)
        if not self.root or not number:
            return self.source, line, column
        mark = self._marks[number - 1]
        return _on_disk(self.root, mark.title), max(1, line - self.position(mark.span.end)[0] + 1), column

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        return self.slice(self.line_span(number)).rstrip("\r\n")

    def line_span(self, number: int) -> Span:
        """The span of a line, counted from 1, with its end."""
        starts = self._line_starts
        return Span(starts[number - 1], starts[number] if number < len(starts) else len(self.text))

    def end_of_line(self, offset: int) -> int:
        """The end of the line of an offset, behind its line end."""
        return self.line_span(self.position(offset)[0]).end

    def lines(self, span: Span) -> Iterator[Span]:
        """The spans of the lines that start within a span."""
        first = bisect_right(self._line_starts, span.start) - 1
        for number in range(first, bisect_right(self._line_starts, max(span.start, span.end - 1))):
            yield self.line_span(number + 1)

    def first_line(self, span: Span) -> Span:
        """The first line of a span, without its end."""
        end = LINE_END.search(self.text, span.start, span.end)
        return Span(span.start, end.start() if end else span.end)

    def slice(self, span: Span) -> str:
        """The text of a span."""
        return self.text[span.start : span.end]

    def walk(self) -> Iterator[Section]:
        """Every section, parents before children."""
        stack = list(reversed(self.sections))
        while stack:
            section = stack.pop()
            yield section
            stack.extend(reversed(section.children))


def _on_disk(root: str, path: str) -> str:
    """The path of a file of a program; one that is given from above its folder has the folder's name first."""
    head, _, name = root.rpartition("/")
    return f"{head}/{path}".removeprefix("/" * (not head)) if name and path.startswith(f"{name}/") else f"{root}/{path}"


def apart(blocks: Iterable[Block], taken: Iterable[Span]) -> Iterator[Block]:
    """The blocks that no span of some overlaps."""
    joined: list[Span] = []
    for span in sorted(taken):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    for block in blocks:
        number = bisect_left(joined, block.span.end, key=lambda span: span.start)
        if not number or joined[number - 1].end <= block.span.start:
            yield block


@lru_cache(maxsize=32)  # edits come to the same texts again, as a diff that is tried and then applied does
def parse(text: str, source: str = "program.md", root: str = "") -> Program:
    """The program of a text; any text is a program."""
    return _parsed(text, source, root)


def alone(text: str, kind: BlockKind | None = None) -> Program:
    """The program of a part of another, such as a section, or a block of a kind."""
    return Program(text, (Block(kind, Span(0, len(text))),)) if kind else _parsed(text)


def part_of(program: Program, span: Span) -> Program:
    """The program of a span of another, from one block to another."""
    first = bisect_left(program.blocks, span.start, key=lambda block: block.span.start)
    last = bisect_left(program.blocks, span.end, key=lambda block: block.span.start)
    blocks = (block._replace(span=block.span.moved(-span.start)) for block in program.blocks[first:last])
    return Program(program.slice(span), tuple(blocks))


def _parsed(text: str, source: str = "program.md", root: str = "") -> Program:
    blocks: list[Block] = []
    marks = list(FILE_MARK.finditer(text))
    starts, ends = [0, *(mark.end() for mark in marks)], [*(mark.start() for mark in marks), len(text)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if number:
            mark = marks[number - 1]
            blocks.append(Block("file", Span(*mark.span()), 0, mark["path"]))
        blocks += _file_blocks(text, start, end)
    return Program(text, tuple(blocks), source, root)


def render(program: Program) -> str:
    """The text of a program, joined from its blocks: what was parsed, to the character."""
    return "".join(program.slice(block.span) for block in program.blocks)


def _file_blocks(text: str, start: int, end: int) -> list[Block]:
    """The blocks of one file, which stands at a range of the text."""
    blocks: list[Block] = []
    # Some tools leave nested copies.
    while (front := _FRONT_MATTER.match(text, start, end)) and not _BETWEEN_RULES.search(text, start, front.end()):
        blocks.append(Block("front_matter", Span(start, front.end())))
        start = front.end()
    found = list(_starts(text, start, end))
    if start < end and not found:
        return [*blocks, Block("other", Span(start, end))]
    starts = [one.start for one in found]
    # What leaves no token (blank lines, link definitions) belongs to the block before it, or to the first.
    for one, first, last in zip(found, [start, *starts[1:]], [*starts[1:], end], strict=False):
        blocks.append(Block(one.kind, Span(first, last), one.level, one.title))
    return blocks


class _Start(NamedTuple):
    """Where a block starts, and what it is."""

    kind: BlockKind
    start: int
    level: int
    title: str


def _starts(text: str, start: int, end: int) -> Iterator[_Start]:
    """Where the blocks in a range start, found chapter by chapter: an edit changes one, and the others are known."""
    bounds = [start, *(m.start() for m in _CHAPTER.finditer(text, start + 1, end))]
    number = 0
    while number < len(bounds):
        first, step, found = bounds[number], 1, None
        while found is None:  # what is not closed, such as a fence, goes on behind the next heading
            number += step
            step *= 2
            last = bounds[number] if number < len(bounds) else end
            line = LINE_END.search(text, last, end)
            found = _chapter(text[first : line.end() if line else end], last - first)
        for kind, at, level, title in found:
            yield _Start(kind, first + at, level, title)


@lru_cache(maxsize=4096)
def _chapter(text: str, length: int) -> tuple[_Start, ...] | None:
    """The starts in the first characters of a text, whose next line begins a block; None where it does not."""
    # mistune knows only \n, so positions are found by line and mapped back; a byte-order mark would hide a heading.
    normal = LINE_END.sub("\n", text)
    # mistune trims a heading in time quadratic in a run of blanks.
    normal = _BLANKS.sub(lambda blanks: blanks[0][:100], normal)
    if normal.startswith("\ufeff"):
        normal = " " + normal[1:]
    line_starts = [0, *(m.end() for m in LINE_END.finditer(text))]
    normal_starts = [0, *(m.end() for m in re.finditer("\n", normal))]
    found = [_start(t, line_starts[bisect_right(normal_starts, t["start"]) - 1]) for t in tokens(normal)]
    if length == len(text):
        return tuple(found)
    return tuple(found[:-1]) if found and found[-1].start == length else None


def _start(token: dict[str, Any], at: int) -> _Start:
    if token["type"] == "heading":
        return _Start("heading", at, token["attrs"]["level"], printable(token["text"].strip()))
    return _Start(_KINDS.get(token["type"], "other"), at, 0, "")


def _nest(blocks: tuple[Block, ...], end: int) -> tuple[Section, ...]:
    """Sections of a run of blocks: split at the headings of the lowest level that comes first."""
    sections: list[Section] = []
    index = 0
    while index < len(blocks):
        heading = blocks[index]
        if heading.kind not in ("heading", "file"):
            index += 1
            continue
        stop = index + 1
        while stop < len(blocks) and not (
            blocks[stop].kind in ("heading", "file") and blocks[stop].level <= heading.level
        ):
            stop += 1
        inner = blocks[index + 1 : stop]
        own = next((i for i, block in enumerate(inner) if block.kind == "heading"), len(inner))
        span_end = blocks[stop].span.start if stop < len(blocks) else end
        sections.append(
            Section(
                title=heading.title,
                level=heading.level,
                heading=heading,
                blocks=inner[:own],
                children=_nest(inner[own:], span_end),
                span=Span(heading.span.start, span_end),
            )
        )
        index = stop
    return tuple(sections)
