"""Fitness by generation, and the tree of who comes from whom: each candidate a place that can be chosen."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from orgopt.basics.markup import Child, Markup, h, number
from orgopt.report.scale import Scale, scale, tick_digits, ticks
from orgopt.study.records.names import TEST
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import SEED_DOCUMENT, count, digits_of, plain

WIDE, NARROW = 960, 360
CHAMPION = "champion"
BINS = 6
"""Shades of the values in the tree."""


def fitness(study: StudyView, width: int) -> Markup:
    """Values over generations, with the best so far, the median of each, and the test beside the search."""
    shown = [c for c in study.candidates if c.value is not None]
    tests = _tests(study)
    height, top, bottom = (380 if width == WIDE else 300), 14, 40
    left, right = 40, (110 if width == WIDE else 62) if tests else 16
    ends = [end for c in shown for end in _range(c)] + [mean for _, mean, _ in tests]
    y, kinds = scale(ends, height - bottom, top), Kinds.of(study)
    across = _Columns(shown, left, width - right)
    return h(
        "svg",
        _grid(y, left, width - right, "research output"),
        [h("text", g, x=across.middle(g), y=height - 20, text_anchor="middle") for g in across.marked(26)],
        h("text", "generation", x=(left + width - right) / 2, y=height - 4, text_anchor="middle", cls="words"),
        _trends(shown, across, y, width - right),
        [_dot(kinds, c, across.place(c), y) for c in shown],
        _test_marks(tests, y, width - right, height),
        viewBox=f"0 0 {width} {height}",
        cls=f"chart {'wide' if width == WIDE else 'narrow'}",
        role="group",
        aria_label="Research output of every candidate by generation",
    )


def tree(study: StudyView, width: int) -> Markup:
    """Candidates in columns of generations, joined to their parents, the champion's descent heavy."""
    columns = _ranks(study.candidates)
    gap = 22 if width == WIDE else 19
    tallest = max(map(len, columns.values()), default=1)
    height, left, right = max(120, gap * tallest + 56), 40, 72
    numbers = sorted(columns)
    step = (width - left - right) / max(1, len(numbers) - 1)
    order = {column: i for i, column in enumerate(numbers)}
    places = {
        c.record.index: (left + step * order[column], 22 + (height - 66) * (row + 0.5) / len(found))
        for column, found in columns.items()
        for row, c in enumerate(found)
    }
    line, kinds = set(descent(study)), Kinds.of(study)
    values = [c.value for c in study.candidates if c.value is not None]
    ends = (min(values, default=0.0), max(values, default=0.0))
    heavy = {c.record.index for c in study.candidates if c.record.index in line and c.record.parent in line}
    ordered = sorted((c.record for c in study.candidates), key=lambda one: one.index in heavy)
    every = range(0, len(numbers), max(1, round(34 / step)))
    return h(
        "svg",
        [
            _edge(places[one.parent], places[one.index], (step, gap / 2), one.index in heavy)
            for one in ordered
            if one.parent is not None
        ],
        [_node(kinds, c, places[c.record.index], ends, c.record.index in line) for c in study.candidates],
        [
            h("text", "seed" if numbers[i] < 0 else numbers[i], x=left + step * i, y=height - 20, text_anchor="middle")
            for i in every
        ],
        h("text", "generation", x=left + (width - left - right) / 2, y=height - 4, text_anchor="middle", cls="words"),
        viewBox=f"0 0 {width} {height}",
        cls=f"chart tree {'wide' if width == WIDE else 'narrow'}",
        role="group",
        aria_label="Parents and children across generations",
    )


def descent(study: StudyView) -> list[int]:
    """The champion's index and those of its ancestors, back to the seed document."""
    line: list[int] = []
    at = study.ahead
    while at is not None:
        line.append(at.record.index)
        at = study.parent(at)
    return line


def leader(study: StudyView) -> str:
    """What the best is called: it is no champion before the race."""
    return CHAMPION if study.final else "ahead so far"


def shades(study: StudyView) -> Markup | None:
    """What the shades of the tree stand for."""
    values = [c.value for c in study.candidates if c.value is not None]
    if not values:
        return None
    swatches = [h("span", cls=f"shade shade-{i}") for i in range(BINS)]
    digits = digits_of(*values)
    return h("span", plain(min(values), digits), " ", swatches, " ", plain(max(values), digits), cls="shades")


def words(study: StudyView, candidate: CandidateView) -> str:
    """A candidate in a line: `g03-c07, .61 ± .03, dropped early`."""
    return Kinds.of(study).words(candidate)


class Kinds(NamedTuple):
    """Which candidates of a study are special, and what that is called."""

    ahead: CandidateView | None
    seed: CandidateView | None
    leader: str
    digits: int

    @classmethod
    def of(cls, study: StudyView) -> "Kinds":
        """Those of a study, which are looked for once."""
        return cls(study.ahead, study.seed, leader(study), digits_of(*(one.value for one in study.candidates)))

    def words(self, candidate: CandidateView) -> str:
        """A candidate in a line."""
        error = f" ± {plain(candidate.error, self.digits)}" if candidate.error is not None else ""
        value = f"{plain(candidate.value, self.digits)}{error}" if candidate.value is not None else "not evaluated yet"
        parts = [candidate.name, value]
        parts += ["seed document"] if candidate is self.seed else [count(len(candidate.record.changes), "change")]
        if candidate is self.ahead:
            known = candidate.standing if self.leader != CHAMPION else None
            parts.append(f"{self.leader} (estimate {plain(known.estimate, self.digits)})" if known else self.leader)
        parts += ["dropped early"] if candidate.dropped else []
        return ", ".join(parts)

    def choice(self, candidate: CandidateView) -> dict[str, str | int]:
        """What makes a place in a chart one that can be chosen."""
        kinds = {"champion": candidate is self.ahead, "seed": candidate is self.seed, "dropped": candidate.dropped}
        return {
            "cls": " ".join(["pick", *(name for name, holds in kinds.items() if holds)]),
            "data_i": candidate.record.index,
            "role": "button",
            "tabindex": "-1",
            "aria_label": self.words(candidate),
        }


class _Columns:
    """Places of generations between two ends, and of candidates within theirs."""

    def __init__(self, shown: Sequence[CandidateView], left: float, right: float) -> None:
        numbers = sorted({c.record.generation for c in shown})
        self.left, self.width = left, (right - left) / max(1, len(numbers))
        self.order = {number: i for i, number in enumerate(numbers)}
        mates: dict[int, list[int]] = {}
        for c in shown:
            mates.setdefault(c.record.generation, []).append(c.record.index)
        self.share = {index: (i + 0.5) / len(row) for row in mates.values() for i, index in enumerate(row)}

    def middle(self, generation: int) -> float:
        return self.left + self.width * (self.order[generation] + 0.5)

    def place(self, candidate: CandidateView) -> float:
        share = self.share[candidate.record.index]
        return self.left + self.width * (self.order[candidate.record.generation] + 0.1 + 0.8 * share)

    def marked(self, room: float) -> list[int]:
        """The generations that are named, so that their names have room."""
        return list(self.order)[:: max(1, round(room / self.width))]


def _range(candidate: CandidateView) -> tuple[float, ...]:
    value, error = candidate.value or 0.0, candidate.error or 0.0
    return (value - error, value + error)


def _tests(study: StudyView) -> list[tuple[str, float, str]]:
    """What the champion and the seed document got on test seeds: class, mean, words."""
    every = study.final.claims if study.final else ()
    claims = [claim for claim in every if (claim.phase, claim.entrant) == (TEST, SEED_DOCUMENT)]
    claim = next((claim for claim in claims if claim.task == "all"), claims[0] if len(claims) == 1 else None)
    if claim is None:
        return []
    found = [("champion", claim.champion_mean, "champion"), ("seed", claim.mean, "seed doc.")]
    return found if study.best is not study.seed else found[1:]


def _grid(y: Scale, left: float, right: float, title: str) -> Iterator[Markup]:
    values = ticks(y, 7)
    for value in values:
        yield h("line", x1=left, x2=right, y1=y(value), y2=y(value), cls="grid")
        yield h("text", plain(value, tick_digits(values)), x=left - 6, y=y(value) + 4, text_anchor="end")
    yield h("text", title, x=left + 4, y=y.end + 2, cls="words")


def _trends(shown: Sequence[CandidateView], across: _Columns, y: Scale, end: float) -> Iterator[Markup]:
    """The median of each generation, and the best estimate so far, by which candidates are ranked."""
    by: dict[int, list[float]] = {}
    best: list[tuple[float, float]] = []
    for candidate in shown:
        by.setdefault(candidate.record.generation, []).append(candidate.value or 0.0)
        at = y(candidate.standing.estimate) if candidate.standing else y.start
        if not best or at < best[-1][1]:
            x = across.place(candidate)
            best += [(x, best[-1][1])] if best else []
            best.append((x, at))
    best += [(end, best[-1][1])] if best else []
    middles = [(across.middle(generation), y(median(values))) for generation, values in sorted(by.items())]
    for name, points in (("median", middles), ("best", best)):
        if len(points) > 1:
            yield h("polyline", points=" ".join(f"{number(a)},{number(b)}" for a, b in points), cls=f"trend {name}")


def _dot(kinds: Kinds, candidate: CandidateView, x: float, y: Scale) -> Markup:
    low, high = _range(candidate)
    at = y(candidate.value or 0.0)
    champion = candidate is kinds.ahead
    label: Child = h("text", candidate.name, x=x, y=y(high) - 9, text_anchor="middle", cls="name") if champion else None
    return h(
        "g",
        h("line", x1=x, x2=x, y1=y(low), y2=y(high), cls="error") if candidate.error else None,
        h("circle", cx=x, cy=at, r="9", cls="halo"),
        h("circle", cx=x, cy=at, r=6 if champion else 4.5, cls="dot"),
        label,
        **kinds.choice(candidate),
    )


def _test_marks(tests: Sequence[tuple[str, float, str]], y: Scale, x: float, height: float) -> Iterator[Markup]:
    if not tests:
        return
    yield h("line", x1=x + 8, x2=x + 8, y1=y.end, y2=y.start, cls="grid")
    yield h("text", "test", x=x + 24, y=height - 20, text_anchor="middle")
    yield h("text", "seeds", x=x + 24, y=height - 6, text_anchor="middle")
    for name, mean, label in tests:
        at = y(mean)
        yield h("path", d=f"M{number(x + 24)} {number(at - 6)}l6 6l-6 6l-6-6z", cls=f"test {name}")
        yield h("text", plain(mean, digits_of(*(one for _, one, _ in tests))), x=x + 35, y=at + 4, cls="name")
        yield h("text", label, x=x + 35, y=at + 17, cls="wide-only")


def _ranks(candidates: Sequence[CandidateView]) -> dict[int, list[CandidateView]]:
    """Candidates by column, children near the height of their parents; the seed document has its own, -1."""
    columns: dict[int, list[CandidateView]] = {}
    for candidate in candidates:
        columns.setdefault(candidate.record.generation if candidate.record.index else -1, []).append(candidate)
    height: dict[int, float] = {}
    for column in sorted(columns):
        found = columns[column]
        found.sort(key=lambda c: (height.get(-1 if c.record.parent is None else c.record.parent, 0.5), c.record.index))
        height |= {c.record.index: (row + 0.5) / len(found) for row, c in enumerate(found)}
    return columns


def _edge(start: tuple[float, float], end: tuple[float, float], apart: tuple[float, float], heavy: bool) -> Markup:
    """A line to a child; one that skips generations goes between the rows there, so that it meets no other candidate.

    Args:
        start: Where the parent is.
        end: Where the child is.
        apart: From column to column, and half of that from row to row.
        heavy: Whether it is of the champion's descent.
    """
    column, half = apart
    path, last = f"M{number(start[0])} {number(start[1])}", end[0] - column
    if last - start[0] > column / 2:
        lane = end[1] + (half if start[1] > end[1] else -half)
        path += _bend(start, (min(start[0] + column, last), lane)) + f"H{number(last)}"
        start = (last, lane)
    return h("path", d=path + _bend(start, end), cls="descent" if heavy else "edge")


def _bend(start: tuple[float, float], end: tuple[float, float]) -> str:
    middle = (start[0] + end[0]) / 2
    return "C" + " ".join(f"{number(x)} {number(y)}" for x, y in ((middle, start[1]), (middle, end[1]), end))


def _node(
    kinds: Kinds, candidate: CandidateView, place: tuple[float, float], ends: tuple[float, float], heavy: bool
) -> Markup:
    x, y = place
    name: Child = None
    if candidate is kinds.ahead:
        name = h("text", candidate.name, x=x + 13, y=y + 4, cls="name")
    shade = "none" if candidate.value is None else bin_of(candidate.value, *ends)
    return h(
        "g",
        h("circle", cx=x, cy=y, r="10", cls="halo"),
        h("circle", cx=x, cy=y, r="6.5", cls=f"node shade-{shade}{' line' if heavy else ''}"),
        name,
        **kinds.choice(candidate),
    )


def bin_of(value: float, low: float, high: float) -> int:
    """The shade of a value, from 0 for the least of all to the last for the greatest."""
    return min(BINS - 1, int(BINS * (value - low) / (high - low))) if high > low else BINS - 1
