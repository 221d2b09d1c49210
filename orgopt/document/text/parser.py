"""Text to the blocks of a program, chapter by chapter, so that an edit has one chapter read anew."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from orgopt.document.text.markdown import tokens
from orgopt.document.text.program import FILE_MARK, LINE_END, Block, BlockKind, Program, Span, printable

# Line ends are atomic: as two, each \r\n of an unclosed block would double the ways to try.
_FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*(?>\r\n|\n|\r)(?:[^\r\n]*(?>\r\n|\n|\r))*?(?:---|\.\.\.)[ \t]*(?>\r\n|\n|\r|\Z)"
)
# Lines of dashes that hold headings or fences are rules of a text, not the bounds of its front matter.
_BETWEEN_RULES = re.compile(r"^(?:#{2,6}[ \t]+\S|```|~~~)", re.MULTILINE)
# Where what stands before may be read by itself: at a heading, and at a paragraph below a blank line.
_CHAPTER = re.compile(r"^(?:#{1,6}(?=[ \t\r\n])|(?:(?<=\n\n)|(?<=\n\r\n))(?:\*\*|[^\W\d_]))", re.MULTILINE)
_BLANKS = re.compile(r"(?<=\S)[^\S\n]{100,}")
CHART = re.compile(
    r"\ufeff?(?:[ \t]*(?:%%[^\r\n]*)?(?>\r\n|\n|\r))*+"
    r"[ \t]*(?:graph|flowchart)[ \t]+(?:TB|TD|BT|RL|LR)[ \t]*;?[ \t]*(?>\r\n|\n|\r|\Z)"
)
"""The beginning of a chart of Mermaid, which may be a whole file."""

_KINDS: dict[str, BlockKind] = {"heading": "heading", "list": "list", "table": "table", "paragraph": "paragraph"}


@lru_cache(maxsize=32)  # edits come to the same texts again, as a diff that is tried and then applied does
def parse(text: str, source: str = "program.md", root: str = "") -> Program:
    """The program of a text; any text is a program."""
    return _parsed(text, source, root)


def alone(text: str, kind: BlockKind | None = None) -> Program:
    """The program of a part of another, such as a section, or a block of a kind."""
    return Program(text, (Block(kind, Span(0, len(text))),)) if kind else _parsed(text)


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


def _file_blocks(text: str, start: int, end: int) -> list[Block]:
    """The blocks of one file, which stands at a range of the text."""
    blocks: list[Block] = []
    # Some tools leave nested copies.
    while (front := _FRONT_MATTER.match(text, start, end)) and not _BETWEEN_RULES.search(text, start, front.end()):
        blocks.append(Block("front_matter", Span(start, front.end())))
        start = front.end()
    if CHART.match(text, start, end) and not _BETWEEN_RULES.search(text, start, end):
        return [*blocks, Block("other", Span(start, end))]
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
