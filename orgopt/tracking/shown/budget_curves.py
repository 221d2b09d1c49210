"""Curves over the budget: as points of metrics, and as a picture of all seeds. Pure functions."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from orgopt.ledger import shown_sign
from orgopt.scoring.score import Score
from orgopt.study.wording import count
from orgopt.tracking.backend.entry import Point
from orgopt.tracking.names import BUDGET_BEST, BUDGET_Q

Event = Mapping[str, Any]
"""An event of a ledger."""
Steps = Sequence[Sequence[float]]
"""Times and the values from then on, the first at 0."""

POINTS = 20
"""Points of a curve in MLflow: each costs time, and a curve in a chart of runs shows no more."""
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 380, 250, 38, 14, 32, 52
COLOURS = ("#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
"""Okabe and Ito's, which everyone can tell apart."""
OTHER = "#d55e00"
"""The seed document's, as everywhere."""


def grid(budget_s: float) -> list[int]:
    """Whole seconds over a budget."""
    last = max(1, round(budget_s))
    return sorted({round(last * k / POINTS) for k in range(POINTS + 1)})


def quality(task: str, scores: Sequence[Score], budget_s: float) -> list[Point]:
    """The held-out q of what the team would submit, the mean of all seeds, as `budget/q.TASK`."""
    values = [[_value(score.curve, t) for score in scores] for t in grid(budget_s)]
    return [
        BUDGET_Q.at(sum(row) / len(row), t, task=task) for t, row in zip(grid(budget_s), values, strict=True) if row
    ]


def best(task: str, events: Sequence[Event], budget_s: float) -> list[Point]:
    """The best metric that the team of a ledger has seen so far, as its script prints it, as `budget/best.TASK`."""
    steps: list[tuple[float, float]] = []
    for event in events:
        value = event["metric"] if event["kind"] == "outcome" else event.get("baseline")
        if value is not None and (not steps or value < steps[-1][1]):
            steps.append((event["t"], value))
    sign = shown_sign(events[0]) if events else 1.0
    return [BUDGET_BEST.at(sign * _value(steps, t), t, task=task) for t in grid(budget_s)] if steps else []


class Bundle(NamedTuple):
    """Curves that are drawn in one colour: a bold line for their mean, and a thin one a seed where these are shown."""

    label: str
    colour: str
    curves: Sequence[Steps]
    seeds: bool = True


def bundles(by_task: Mapping[str, Sequence[Steps]], seed_document: Mapping[str, Sequence[Steps]]) -> list[Bundle]:
    """A candidate's curves by task, a colour each, and the seed document's means on the same seeds beside them."""
    found: list[Bundle] = []
    for at, (task, curves) in enumerate(by_task.items()):
        found.append(Bundle(f"{task} ({count(len(curves), 'seed')})", COLOURS[at % len(COLOURS)], curves))
    for task, curves in seed_document.items():
        same = curves[: len(by_task.get(task, ()))]
        found.append(Bundle(f"seed document on the same{f', {task}' * (len(by_task) > 1)}", OTHER, same, seeds=False))
    return [one for one in found if one.curves]


def picture(title: str, shown: Sequence[Bundle], budget_s: float) -> str:
    """Held-out q over the budget as SVG.

    Args:
        title: What it is of.
        shown: The curves.
        budget_s: The right end, in seconds.
    """
    values = [value for one in shown for curve in one.curves for _, value in curve]
    low, high = min([0.0, *values]), max([0.1, *values])
    pad = 0.06 * (high - low)
    frame = _Frame(budget_s, low - pad, high + pad)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="13" font-weight="600" fill="#1b1b1b">{escape(title)}</text>',
        *frame.axes(),
    ]
    for one in shown:
        thin = one.curves if one.seeds else ()
        parts += [f'<path d="{frame.path(each)}" fill="none" stroke="{one.colour}" opacity="0.25"/>' for each in thin]
    for at, (label, colour, curves, _) in enumerate(shown):
        times = sorted({t for each in curves for t, _ in each})
        mean = [(t, sum(_value(each, t) for each in curves) / len(curves)) for t in times]
        parts.append(f'<path d="{frame.path(mean)}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        y = TOP + 14 + 15 * at
        halo = 'stroke="#fff" stroke-width="3" paint-order="stroke"'
        parts.append(f'<text x="{LEFT + 10}" y="{y}" fill="{colour}" font-weight="600" {halo}>{escape(label)}</text>')
    return "\n".join([*parts, "</svg>", ""])


class _Frame:
    """The axes of a picture: time to the right, q upwards."""

    def __init__(self, budget_s: float, low: float, high: float) -> None:
        self.budget_s, self.low, self.high = budget_s, low, high

    def x(self, t: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(t, self.budget_s) / self.budget_s

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - self.low) / (self.high - self.low)

    def path(self, steps: Steps) -> str:
        """Steps as a staircase to the end of the budget."""
        first, *rest = steps
        moves = "".join(f"H{self.x(t):.1f}V{self.y(value):.1f}" for t, value in rest)
        return f"M{self.x(first[0]):.1f} {self.y(first[1]):.1f}{moves}H{self.x(self.budget_s):.1f}"

    def axes(self) -> list[str]:
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
        step = next(step for step in (0.1, 0.2, 0.5, 1, 2, 5, 10, 50, 1e9) if (self.high - self.low) / step <= 7)
        ticks = [step * k for k in range(round(self.low / step), round(self.high / step) + 1)]
        parts: list[str] = []
        for tick in ticks:
            if not self.low <= tick <= self.high:
                continue
            y, heavy = self.y(tick), abs(tick) < 1e-9
            line = f'x1="{LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"'
            parts.append(f'<line {line} stroke="{"#888" if heavy else "#e4e4e4"}"/>')
            parts.append(f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{tick:.2g}</text>')
        for share in (0, 0.25, 0.5, 0.75, 1):
            x, t = self.x(share * self.budget_s), f"{share * self.budget_s:.3g}"
            parts.append(f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="#555">{t}</text>')
        words = (
            "across: seconds of the budget; up: quality, higher is better",
            "0 untouched, 1 best known; a score is half the end, half the mean",
        )
        for row, line in enumerate(words):
            parts.append(f'<text x="{LEFT}" y="{HEIGHT - 21 + 14 * row}" fill="#555">{line}</text>')
        return parts


def _value(steps: Steps, t: float) -> float:
    """The value of steps at a time."""
    return steps[max(0, bisect_right([at for at, _ in steps], t) - 1)][1]
