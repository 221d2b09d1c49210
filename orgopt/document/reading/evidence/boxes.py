"""Boxes drawn with lines as evidence: in each a name and what it does, those below reporting to the one above."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, count
from orgopt.document.reading.evidence.signs import Arrow, Group, never, person, share, short, somebody
from orgopt.document.reading.names import read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.text.program import Block, Program, Span

_TOP = re.compile(r"[┌╭╔+](?:[─━═┬┴┼╤╧╦╩▼▽]{3,}|-{3,})[┐╮╗+┬]?")
_BOTTOM = re.compile(r"[└╰╚+](?:[─━═┬┴┼╤╧╦╩]{2,}|-{3,})[┘╯╝+]?")
_SIDE = re.compile(r"[│┃║|｜├┤]")
_LINES = frozenset("─━═│┃║|┬┴┼├┤┌┐└┘╭╮╰╯╤╧╦╩+-▼▲↓↑v")
_ACROSS = frozenset("─━═┬┴┼├┤┌┐└┘╭╮╰╯╤╧╦╩+-")
_DOWN = frozenset("│┃║|┬┴┼├┤┌┐└┘╭╮╰╯╤╧╦╩+▼▲↓↑v")
_DRAWN = re.compile(r"[─━═┌┐└┘├┤┬┴│]")
_SLACK = 3  # columns by which a side may miss its corner, as in charts with letters of two columns
_MOST = 200  # lines
_FEWEST = 3
_ALMOST_ALL, _LED = 0.9, 2  # boxes of people, and those below one of them, that are a chart without a heading


class _Box(NamedTuple):
    """A box: its first and last line, its first and last column, and the texts in it with where they stand."""

    top: int
    bottom: int
    left: int
    right: int
    texts: tuple[tuple[str, int], ...]


class _Grid:
    """The lines of a chart by columns of a terminal, where some letters have two."""

    def __init__(self, program: Program, span: Span) -> None:
        self.rows: list[str] = []
        self.at: list[list[int]] = []  # of each column of each line, where it stands in the text
        for line in list(program.lines(span))[:_MOST]:
            text = program.slice(line).rstrip("\r\n").expandtabs(4) if "\t" not in program.slice(line) else ""
            row, at = list[str](), list[int]()
            for offset, char in enumerate(text):
                wide = unicodedata.east_asian_width(char) in "WF" and char != "｜"
                row += [char, ""] if wide else [char]
                at += [line.start + offset] * (1 + wide)
            self.rows.append("".join(char or "\0" for char in row))
            self.at.append(at)

    def cell(self, row: int, column: int) -> str:
        """What stands at a place; a blank where nothing does."""
        return self.rows[row][column] if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]) else " "

    def boxes(self) -> Iterator[_Box]:
        """The boxes, from the top; those whose upper edges stand in one line are read together."""
        for top, row in enumerate(self.rows):
            if edges := [(m.start(), m.end() - 1) for m in _TOP.finditer(row)]:
                yield from self._side_by_side(top, edges)

    def _side_by_side(self, top: int, edges: list[tuple[int, int]]) -> Iterator[_Box]:
        """The boxes below some upper edges, by the order of their sides, or by columns where these are not two each."""
        sides = [m.start() for m in _SIDE.finditer(self.rows[top + 1])] if top + 1 < len(self.rows) else []
        if len(sides) % 2 == 0 and len(sides) > 2 * len(edges):  # an upper edge is lost
            edges = [(sides[i], sides[i + 1]) for i in range(0, len(sides), 2)]
        texts: list[list[tuple[str, int]]] = [[] for _ in edges]
        for row in range(top + 1, len(self.rows)):
            ends = [m.start() for m in _BOTTOM.finditer(self.rows[row])]
            if ends and len(ends) >= len(edges) - 1:
                for (left, right), inside in zip(edges, texts, strict=True):
                    if inside:
                        yield _Box(top, row, left, right, tuple(inside))
                return
            if ends or not _SIDE.search(self.rows[row]):
                return
            for inside, (start, end) in zip(texts, self._insides(row, edges), strict=True):
                words = self.rows[row][start:end]
                if text := words.replace("\0", "").strip():
                    inside.append((text, self.at[row][start + len(words) - len(words.lstrip())]))

    def _insides(self, row: int, edges: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """From where to where a line is inside of each of some boxes."""
        sides = [m.start() for m in _SIDE.finditer(self.rows[row])]
        if len(sides) == 2 * len(edges):
            return [(sides[i] + 1, sides[i + 1]) for i in range(0, len(sides), 2)]
        found: list[tuple[int, int]] = []
        for left, right in edges:
            start = min((s for s in sides if abs(s - left) <= _SLACK), key=lambda s: abs(s - left), default=left)
            end = next((s for s in sides if s > start and s >= right - 2 * _SLACK), len(self.rows[row]))
            found.append((start + 1, end))
        return found

    def below(self, box: _Box, boxes: list[_Box]) -> set[int]:
        """The rows and columns of the lines that go on from the lower edge of a box, as one number each."""
        inside = {(r, c) for b in boxes for r in range(b.top, b.bottom + 1) for c in range(b.left, b.right + 1)}
        todo = [(box.bottom + 1, c) for c in range(box.left, box.right + 1)]
        todo = [place for place in todo if self.cell(*place) in _DOWN]
        found: set[tuple[int, int]] = set()
        while todo:
            place = todo.pop()
            if place in found or place in inside or self.cell(*place) not in _LINES:
                continue
            found.add(place)
            row, column = place
            if self.cell(row, column) in _DOWN:
                todo += [(r, column) for r in (row - 1, row + 1) if self.cell(r, column) in _DOWN]
            if self.cell(row, column) in _ACROSS:
                todo += [(row, c) for c in (column - 1, column + 1) if self.cell(row, c) in _ACROSS]
        return {i for i, b in enumerate(boxes) if any((b.top - 1, c) in found for c in range(b.left, b.right + 1))}


@of_block
def box_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of a chart of boxes."""
    if not _TOP.search(program.text, block.span.start, block.span.end):
        return None
    grid = _Grid(program, block.span)
    boxes = list(grid.boxes())
    if any(_DRAWN.search(text) for box in boxes for text, _ in box.texts):  # boxes in boxes, trees in them
        return None
    agents = [box for box in boxes if len(box.texts) > 1 and is_word("agent", box.texts[1][0])]
    if 2 * len(agents) > len(boxes):  # `Writer` above `Agent`; beside them may be a memory
        boxes = agents
    named = [(box, entry) for box in boxes if (entry := _entry(box))]
    if len(named) < _FEWEST or 4 * len(named) < 3 * len(boxes):
        return None
    found = [entry for _, entry in named]
    some = share(map(somebody, found))
    score = max(0.0, min(above, 2.0)) + 2.0 * (some >= 0.6) + 1.0 * (0.3 <= some < 0.6)
    links = tuple(_arrows(grid, named))
    led = Counter(arrow.target for arrow in links)
    score += 1.0 * (above <= 0 and some >= _ALMOST_ALL and max(led.values(), default=0) >= _LED)
    score += 1.0 * (above > 0 and bool(links)) - 3.0 * (len({entry.name.id for entry in found}) < len(found))
    return Group(entries=tuple(found), score=score, span=block.span, what="boxes", links=links)


def _entry(box: _Box) -> Entry | None:
    """Who stands in a box: a name, and below it what that does."""
    (text, at), *rest = box.texts
    name = read_name(text, at)
    unit = (never(name.text) or says("unit", name.text)) and not person(name.text)
    if not name.id or not short(name.text) or unit:
        return None
    title = next((words for line, _ in rest if (words := read_name(line, 0).text) and person(words)), "")
    return Entry(
        kind="node",
        name=name._replace(title=name.title or title),
        span=Span(at, at + len(text)),
        fields=count(name),
        prose=tuple(Span(start, start + len(words)) for words, start in rest),
    )


def _arrows(grid: _Grid, named: list[tuple[_Box, Entry]]) -> Iterator[Arrow]:
    """Who reports to whom: to the one box from which lines lead down; of two it is not said to which."""
    boxes = [box for box, _ in named]
    above: dict[int, list[int]] = {}
    for boss, box in enumerate(boxes):
        for at in grid.below(box, boxes):
            above.setdefault(at, []).append(boss)
    for at, bosses in sorted(above.items()):
        if len(bosses) == 1 and boxes[bosses[0]].bottom < boxes[at].top:
            ends = named[at][1], named[bosses[0]][1]
            yield Arrow(
                source=ends[0].name.id, target=ends[1].name.id, kind="reports to", mutual=False, span=ends[0].span
            )
