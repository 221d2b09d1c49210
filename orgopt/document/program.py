"""Program: the exact text of a program.md and the spans of its parts.

Covers text to spans and back. What the parts mean is `read`; how they change is `edit`. The blocks of a
program partition its text, so `render(parse(text)) == text` for any text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from mistune import BlockParser, BlockState, Markdown
from mistune.plugins.table import table

from orgopt.errors import DocumentError

MAX_BYTES = 256 * 1024

BlockKind = Literal["front_matter", "heading", "list", "text"]

_LINE_END = re.compile(r"\r\n|\n|\r")
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*(\r\n|\n|\r)(?:[^\r\n]*(\r\n|\n|\r))*?(---|\.\.\.)[ \t]*(\r\n|\n|\r|\Z)")
_FIELD = re.compile(r"(?P<lead>[-*+][ \t]+)\*\*(?P<key>[^*\n]{1,40}?)(?::\*\*|\*\*:)[ \t]*(?P<value>.*)$")
_BULLET = re.compile(r"[-*+][ \t]+(?P<value>.*)$")


def printable(text: str) -> str:
    """Text without characters that would move a terminal's cursor or end a line."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


class Span(NamedTuple):
    """A half-open range of character offsets in a program's text."""

    start: int
    end: int


class Block(NamedTuple):
    """One top-level block of Markdown with the blank lines that follow it.

    `level` and `title` are those of a heading; other kinds have 0 and an empty string.
    """

    kind: BlockKind
    span: Span
    level: int = 0
    title: str = ""


class Field(NamedTuple):
    """A `- **Key:** value` bullet: the key in lower case, the value, its span and that of its line."""

    key: str
    value: str
    key_span: Span
    value_span: Span
    line: Span


class Bullet(NamedTuple):
    """Any top-level bullet line: its text, the span of that text and of the line."""

    text: str
    text_span: Span
    line: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading with everything up to the next heading of its level or above."""

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
    """The exact text of a document and its blocks, in order; `source` is where it came from, for messages."""

    text: str
    blocks: tuple[Block, ...]
    source: str = "program.md"

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The top-level sections, nested by heading level."""
        return _nest(self.blocks, len(self.text))

    @cached_property
    def newline(self) -> str:
        """The line ending of the first line."""
        match = _LINE_END.search(self.text)
        return match[0] if match else "\n"

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(m.end() for m in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        starts = self._line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

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

    def bullets(self, section: Section) -> list[Bullet]:
        """The unindented bullet lines in a section's own lists."""
        return [bullet for block in section.blocks if block.kind == "list" for bullet in self._bullets(block)]

    def fields(self, section: Section) -> list[Field]:
        """The `- **Key:** value` bullets in a section's own lists."""
        found: list[Field] = []
        for bullet in self.bullets(section):
            line = self.slice(bullet.line).rstrip()
            if match := _FIELD.match(line):
                at = bullet.line.start
                key, value = Span(*match.span("key")), Span(*match.span("value"))
                found.append(
                    Field(
                        match["key"].strip().lower(),
                        match["value"],
                        Span(at + key.start, at + key.end),
                        Span(at + value.start, at + value.end),
                        bullet.line,
                    )
                )
        return found

    def _bullets(self, block: Block) -> Iterator[Bullet]:
        first = bisect_right(self._line_starts, block.span.start) - 1
        for start in self._line_starts[first : bisect_right(self._line_starts, block.span.end - 1)]:
            end = _LINE_END.search(self.text, start)
            line = Span(start, end.end() if end else len(self.text))
            if match := _BULLET.match(self.slice(line).rstrip()):
                text = Span(start + match.start("value"), start + match.end("value"))
                yield Bullet(match["value"], text, line)


def parse(text: str, source: str = "program.md") -> Program:
    """The program of a text; any text is a program."""
    front = _FRONT_MATTER.match(text)
    body_start = front.end() if front else 0
    blocks = [Block("front_matter", Span(0, body_start))] if front else []
    # mistune knows only \n, so positions are found by line and mapped back; a byte-order mark would hide a heading.
    body = text[body_start:]
    normal = _LINE_END.sub("\n", body)
    if normal.startswith("\ufeff"):
        normal = " " + normal[1:]
    line_starts = [body_start, *(body_start + m.end() for m in _LINE_END.finditer(body))]
    normal_starts = [0, *(m.end() for m in re.finditer("\n", normal))]
    # A block quote that a list ends is noted after that list.
    tokens = sorted((t for t in _tokens(normal) if t["type"] != "blank_line"), key=lambda t: t["start"])
    if body and not tokens:
        blocks.append(Block("text", Span(body_start, len(text))))
    starts = [line_starts[bisect_right(normal_starts, token["start"]) - 1] for token in tokens]
    # What leaves no token (blank lines, link definitions) belongs to the block before it, or to the first.
    for token, start, end in zip(tokens, [body_start, *starts[1:]], [*starts[1:], len(text)], strict=False):
        blocks.append(_block(token, Span(start, end)))
    return Program(text, tuple(blocks), source)


def render(program: Program) -> str:
    """The text of a program, joined from its blocks: what was parsed, to the character."""
    return "".join(program.slice(block.span) for block in program.blocks)


def load(path: str | Path) -> Program:
    """Read a document from a file, keeping line ends and a byte-order mark.

    Raises:
        DocumentError: No such file, a folder, larger than 256 KiB, or not UTF-8.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise DocumentError(f"{path} is a folder: name a Markdown file in it")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file") from None
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read ({error.strerror})") from None
    if len(raw) > MAX_BYTES:
        raise DocumentError(f"{path}: larger than 256 KiB, the limit of a program.md")
    try:
        return parse(raw.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{path}:{line}: byte {raw[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        ) from None


class _State(BlockState):
    """A block state that notes where each paragraph starts."""

    def add_paragraph(self, text: str) -> None:
        count = len(self.tokens)
        super().add_paragraph(text)
        for token in self.tokens[count:]:
            token["start"] = self.cursor


class _Parser(BlockParser):
    """A block parser that notes where each other token starts; inner tokens are noted before outer ones."""

    state_cls = _State

    def parse_method(self, m: re.Match[str], state: BlockState) -> int | None:
        count = len(state.tokens)
        end = super().parse_method(m, state)
        for token in state.tokens[max(0, count - 1) :]:  # a block quote may be inserted before the last token
            token.setdefault("start", m.start())
        return end

    def _parse_indent_code_fast(self, state: BlockState) -> int | None:
        # A shortcut of mistune's that bypasses parse_method.
        count, start = len(state.tokens), state.cursor
        end = super()._parse_indent_code_fast(state)
        for token in state.tokens[count:]:
            token["start"] = start
        return end


_markdown = Markdown(renderer=None, block=_Parser(), plugins=[table])


def _tokens(text: str) -> list[dict[str, Any]]:
    state = _State()
    state.process(text)
    _markdown.block.parse(state, _markdown.block.rules)
    return state.tokens


def _block(token: dict[str, Any], span: Span) -> Block:
    if token["type"] == "heading":
        return Block("heading", span, token["attrs"]["level"], printable(token["text"].strip()))
    return Block("list" if token["type"] == "list" else "text", span)


def _nest(blocks: tuple[Block, ...], end: int) -> tuple[Section, ...]:
    """Sections of a run of blocks: split at the headings of the lowest level that comes first."""
    sections: list[Section] = []
    index = 0
    while index < len(blocks):
        heading = blocks[index]
        if heading.kind != "heading":
            index += 1
            continue
        stop = index + 1
        while stop < len(blocks) and not (blocks[stop].kind == "heading" and blocks[stop].level <= heading.level):
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
