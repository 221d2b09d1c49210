"""Budget curves: the quality of what would be submitted over the budget, on test seeds, mean over seeds."""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from statistics import fmean
from typing import NamedTuple

from orgopt.basics.markup import Markup, h, number
from orgopt.report.generations import NARROW
from orgopt.report.scale import Scale, scale, tick_digits, ticks
from orgopt.scoring.score import Score
from orgopt.study.records.names import TEST
from orgopt.study.view import StudyView
from orgopt.study.wording import count, duration, entrant_name, plain

POINTS = 48
"""Times at which curves are drawn."""

SMALL = 500
"""Pixels of width up to which a chart has short names."""

_LETTER = 6.9  # pixels of a label


class Curve(NamedTuple):
    """A line of the chart: mean over seeds at each time, and its 95 % half-width where there are seeds enough."""

    entrant: str
    name: str
    mean: tuple[float, ...]
    half: tuple[float, ...]
    seeds: int = 0


_DRAWN = re.compile(r"^(random|shuffled) \d+$")
"""What tells apart the random documents, and those with shuffled links, that take turns over the seeds."""


def curves(study: StudyView, tasks: Sequence[str]) -> list[Curve]:
    """A curve for every entrant of the tests that ran on all of some tasks; the best at the end first."""
    budgets = [study.head.identity.budget_of(task) for task in tasks]
    entrants: dict[str, list[str]] = {}
    for entrant in dict.fromkeys(entrant for phase, entrant, _ in study.runs if phase == TEST):
        entrants.setdefault(_DRAWN.sub(r"\1", entrant), []).append(entrant)
    seed, champion = (c.name if c else "" for c in (study.seed, study.best))
    found: list[Curve] = []
    for entrant, turns in entrants.items():
        groups = [[run for turn in turns for run in study.runs.get((TEST, turn, task), ())] for task in tasks]
        if not all(groups):
            continue
        simplest = study.final.simplest if study.final else ""
        name = "evolved" if entrant == champion else entrant_name(entrant, seed, champion)
        name = "simplest" if entrant == simplest and name == entrant else name
        scores = [[run.score for run in runs] for runs in groups]
        found.append(curve(entrant, name, scores, budgets))
    return _marked(sorted(found, key=lambda curve: -curve.mean[-1]))


def curve(entrant: str, name: str, scores: Sequence[Sequence[Score]], budgets: Sequence[float]) -> Curve:
    """The curve of an entrant: `scores` has its runs by task, `budgets` the seconds of each task."""
    sampled = [
        [[_of_curve(score.curve, t) for t in times(budget)] for score in runs]
        for budget, runs in zip(budgets, scores, strict=True)
    ]
    by_time = list(zip(*(zip(*runs, strict=True) for runs in sampled), strict=True))
    mean = tuple(fmean(map(fmean, columns)) for columns in by_time)
    half = tuple(1.96 * math.sqrt(sum(map(_variance, columns))) / len(columns) for columns in by_time)
    return Curve(entrant, name, mean, half, min(map(len, scores)))


def _marked(found: Sequence[Curve]) -> list[Curve]:
    """Curves whose names say on how many seeds they are, where not all are on as many."""
    most = max((curve.seeds for curve in found), default=0)
    few = [f"{curve.name}, {count(curve.seeds, 'seed')}" if curve.seeds < most else curve.name for curve in found]
    return [curve._replace(name=name) for curve, name in zip(found, few, strict=True)]


def mean_curve(runs: Sequence[Sequence[tuple[float, float]]], at: Sequence[float]) -> list[float]:
    """The mean over runs of q at some times; each run is the times at which it changed, and its value from then on."""
    return [fmean(_of_curve(run, t) for run in runs) for t in at]


def times(budget: float) -> list[float]:
    """The times at which curves are drawn."""
    return [budget * i / (POINTS - 1) for i in range(POINTS)]


def chart(found: Sequence[Curve], budget: float, looks: Mapping[str, str], size: tuple[int, int], shown: str) -> Markup:
    """Curves with their names at the right ends; `looks` has the classes of entrants (`study_looks`)."""
    width, height = size
    found = [curve._replace(name=f"{_name(curve, width)} {plain(curve.mean[-1])}") for curve in found]
    names = max((len(curve.name) for curve in found), default=0)
    left, top, right, bottom = 36, 16, width - 12 - names * _LETTER, height - 36
    banded = [c for c in found if looks[c.entrant] in {"champion", "seed"}]
    values = [q for c in found for q in c.mean] + [c.mean[-1] + c.half[-1] for c in banded]
    y, x = scale(values, bottom, top, margin=0.03), Scale(0.0, budget, left, right)
    return h(
        "svg",
        _axes(x, y, budget),
        [_band(c, x, y, budget, looks[c.entrant]) for c in banded],
        [_line(c, x, y, budget, looks[c.entrant]) for c in reversed(found)],
        _names(found, looks, y, right + 8),
        viewBox=f"0 0 {width} {height}",
        cls=f"chart curves {shown}",
        role="img",
        aria_label=f"Quality over the budget, at its end: {', '.join(c.name for c in found)}",
    )


def figure(title: str, found: Sequence[Curve], budget: float, looks: Mapping[str, str], *, large: bool) -> Markup:
    """The chart of curves under its title, in the sizes of wide and narrow screens."""
    sizes = {"wide": (960, 400) if large else (470, 300), "narrow": (NARROW, 300)}
    charts = [chart(found, budget, looks, size, shown) for shown, size in sizes.items()]
    return h("figure", h("figcaption", f"{title}: quality over the budget of a run", cls="title"), charts)


def _name(curve: Curve, width: int) -> str:
    """A curve's name, a shorter one in small charts."""
    if width > SMALL:
        return curve.name
    shorter = (
        ("Optuna ", ""),
        (" document", ""),
        (" agents", ""),
        (" pruning", ""),
        (" links", ""),
    )
    return reduce(lambda text, pair: text.replace(*pair), shorter, curve.name)


def _of_curve(curve: Sequence[tuple[float, float]], t: float) -> float:
    i = bisect_right(curve, t, key=lambda point: point[0])
    return curve[i - 1][1] if i else 0.0


def _variance(column: Sequence[float]) -> float:
    if len(column) < 2:
        return 0.0
    mean = fmean(column)  # statistics.variance is exact, and a hundred times as slow
    return sum((value - mean) ** 2 for value in column) / (len(column) - 1) / len(column)


def study_looks(study: StudyView, found: Sequence[Curve]) -> dict[str, str]:
    """The class of each entrant's line in a study."""
    special = {one.name: look for one, look in ((study.seed, "seed"), (study.best, "champion")) if one}
    return {one.entrant: special.get(one.entrant) or other_look(one.entrant) for one in found}


def other_look(entrant: str) -> str:
    """The class of the line of somebody who is neither champion nor seed document."""
    return "plain-optuna" if entrant.startswith("optuna") else "control"


def _axes(x: Scale, y: Scale, budget: float) -> Iterator[Markup]:
    values = ticks(y, 8)
    for value in values:
        yield h("line", x1=x.start, x2=x.end, y1=y(value), y2=y(value), cls="grid")
        yield h("text", plain(value, tick_digits(values)), x=x.start - 6, y=y(value) + 4, text_anchor="end")
    for share in (0.0, 0.5, 1.0):
        anchor = "start" if not share else "middle" if share < 1 else "end"
        yield h(
            "text", duration(budget * share) if share else "0", x=x(budget * share), y=y.start + 18, text_anchor=anchor
        )
    yield h("text", "quality of the submission", x=x.start + 4, y=y.end - 4, cls="words")


def _line(curve: Curve, x: Scale, y: Scale, budget: float, look: str) -> Markup:
    points = " ".join(f"{number(x(t))},{number(y(q))}" for t, q in zip(times(budget), curve.mean, strict=True))
    return h("polyline", h("title", curve.name), points=points, cls=f"curve {look}")


def _band(curve: Curve, x: Scale, y: Scale, budget: float, look: str) -> Markup:
    at = list(zip(times(budget), curve.mean, curve.half, strict=True))
    ends = [(t, mean + half) for t, mean, half in at] + [(t, mean - half) for t, mean, half in reversed(at)]
    return h(
        "polygon",
        points=" ".join(f"{number(x(t))},{number(y(min(max(q, y.low), y.high)))}" for t, q in ends),
        cls=f"band {look}",
    )


def _names(found: Sequence[Curve], looks: Mapping[str, str], y: Scale, x: float) -> Iterator[Markup]:
    """Names beside the ends of their lines, kept apart."""
    places = [y(curve.mean[-1]) + 4 for curve in found]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + 14)
    over = max(0.0, places[-1] - (y.start + 6)) if places else 0.0
    for i in range(len(places) - 1, -1, -1):  # those that were pushed out at the bottom push the others up
        places[i] = min(
            places[i] - (over if i == len(places) - 1 else 0), places[i + 1] - 14 if i + 1 < len(places) else math.inf
        )
    for curve, place in zip(found, places, strict=True):
        yield h("text", curve.name, x=x, y=place, cls=f"end {looks[curve.entrant]}")
