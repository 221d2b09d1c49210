"""Program: the exact text of a program.md and the spans of its parts.

Covers blocks, sections and the text of both; how text becomes blocks is `parser`'s. What stands in them is
`reading.fields`; what they mean is `reading.reader`; how they change is `document.editing`. The blocks of a program
partition its text, so `render(parse(text)) == text` for any text.

A program of several files is one text: the main file, then each other file below a line
`<!-- file: roles/explorer.md -->` (see `files`).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Literal, NamedTuple

BlockKind = Literal["file", "front_matter", "heading", "list", "table", "paragraph", "other"]

LINE_END = re.compile(r"\r\n|\n|\r")
# The line end before it belongs to the marker, so that a file may end without one; an empty file has none.
FILE_MARK = re.compile(r"(?:\A|(?<=-->\n)|\n)<!-- file: (?P<path>[^\r\n<>]{1,200}) -->(?:\n|\Z)")


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
        if "\r" in self.text:
            return [0, *(m.end() for m in LINE_END.finditer(self.text))]
        return [0, *accumulate(len(line) + 1 for line in self.text.split("\n")[:-1])]

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
        starts = self._line_starts
        first = bisect_right(starts, span.start) - 1
        last = bisect_right(starts, max(span.start, span.end - 1), first)
        for number in range(first, last):
            yield Span(starts[number], starts[number + 1] if number + 1 < len(starts) else len(self.text))

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
    """The blocks, which are in order, that no span of some overlaps."""
    spans = sorted(taken)
    number = reached = 0
    for block in blocks:
        start, end = block.span
        while number < len(spans) and spans[number].start < end:
            reached = max(reached, spans[number].end)
            number += 1
        if reached <= start:
            yield block


def part_of(program: Program, span: Span) -> Program:
    """The program of a span of another, from one block to another."""
    first = bisect_left(program.blocks, span.start, key=lambda block: block.span.start)
    last = bisect_left(program.blocks, span.end, key=lambda block: block.span.start)
    blocks = (block._replace(span=block.span.moved(-span.start)) for block in program.blocks[first:last])
    return Program(program.slice(span), tuple(blocks))


def render(program: Program) -> str:
    """The text of a program, joined from its blocks: what was parsed, to the character."""
    return "".join(program.slice(block.span) for block in program.blocks)


def _nest(blocks: tuple[Block, ...], end: int) -> tuple[Section, ...]:
    """Sections of a run of blocks: each heading has those below it until one that is as high."""
    heads = [index for index, block in enumerate(blocks) if block.kind in ("heading", "file")]
    below: list[Section] = []
    # From the end, so that what is below a heading is known when it comes; its children are the last of a list.
    for number in reversed(range(len(heads))):
        heading, after = blocks[heads[number]], heads[number + 1] if number + 1 < len(heads) else len(blocks)
        count = len(below)
        while count and below[count - 1].level > heading.level:
            count -= 1
        children = tuple(reversed(below[count:]))
        del below[count:]
        below.append(
            Section(
                title=heading.title,
                level=heading.level,
                heading=heading,
                blocks=blocks[heads[number] + 1 : after],
                children=children,
                span=Span(heading.span.start, below[-1].span.start if below else end),
            )
        )
    return tuple(reversed(below))
