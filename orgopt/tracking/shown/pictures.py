"""Pictures of a study, which MLflow's own charts cannot draw: generations, the budget, effects. Pure functions.

Standalone SVG with its colours in it: MLflow shows it in the study's note and among artifacts.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from orgopt.draw.text import clean
from orgopt.report.budget_curves import Curve, curves, times
from orgopt.report.scale import Scale, scale, ticks
from orgopt.study.effects import Effect, effects
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import TEST
from orgopt.study.records.values import Value
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import SEED_DOCUMENT, count, interval, plain, signed
from orgopt.tracking.backend.entry import Point
from orgopt.tracking.names import TEST_BUDGET, TEST_SECONDS
from orgopt.tracking.shown.drawing import (
    BOTTOM,
    DASHED,
    HEIGHT,
    INK,
    LEFT,
    PALE,
    RIGHT,
    SOLID,
    TOP,
    WIDTH,
    Key,
    bar,
    dot,
    grid,
    line,
    svg,
    text,
)
from orgopt.tracking.shown.study_note import main_claims

BLUE, RED, GREEN = "#0072b2", "#d55e00", "#009e73"
OTHERS = ("#8a8a8a", "#cc79a7", "#e69f00", "#56b4e9", "#b0a030", "#5a5a5a", "#9a6fb0", "#70a070", "#332288", "#aa4455")
"""Okabe and Ito's, which everyone can tell apart, and greys."""
_LINKED = {"→": "yes", "↔": "mutual"}
MOST_EFFECTS = 12
_Z = 1.96  # of a 95 % interval


class _Test(NamedTuple):
    """A mean on test seeds; of the seed document with the interval of its distance to the champion's."""

    words: str
    value: float
    colour: str
    ends: tuple[float, float] | None = None


def of_study(view: StudyView) -> dict[str, str]:
    """The pictures that there is something for, by the names of their files."""
    drawn = {"generations.svg": generations(view), "budget.svg": budget(view), "effects.svg": directions(view)}
    return {name: picture for name, picture in drawn.items() if picture}


def generations(view: StudyView) -> str:
    """Best with its 95 % interval, median and best so far by generation, every candidate a dot, and the test."""
    shown = [one for one in view.candidates if one.standing]
    numbers = sorted({one.record.generation for one in shown})
    if not numbers:
        return ""
    tests = _tests(view)
    room = 124 if tests else RIGHT
    x = Scale(numbers[0] - 0.5, numbers[-1] + 0.5, LEFT, WIDTH - room)
    best = {number: _best([one for one in shown if one.record.generation == number]) for number in numbers}
    so_far = [max(one.value or 0.0 for at, one in best.items() if at <= number) for number in numbers]
    middles = [median(one.value or 0.0 for one in shown if one.record.generation == number) for number in numbers]
    ends = {number: _ends(one) for number, one in best.items()}
    drawn = [*(one.value or 0.0 for one in shown), *(end for pair in ends.values() for end in pair)]
    y = scale([*drawn, *(value for one in tests for value in (one.value, *(one.ends or ())))], HEIGHT - BOTTOM, TOP)
    steps = "".join(f"H{x(number - 0.5):.1f}V{y(value):.1f}" for number, value in zip(numbers, so_far, strict=True))
    parts = [
        *grid(y, LEFT, WIDTH - room),
        *(text(x(number), HEIGHT - 22, f"g{number:02d}", PALE) for number in _few(numbers)),
        *(dot(x(one.record.generation + _aside(one, shown)), y(one.value or 0.0)) for one in shown),
        f'<path d="M{LEFT} {y(so_far[0]):.1f}{steps}H{WIDTH - room}" fill="none" stroke="{BLUE}" {DASHED}/>',
        line([(x(number), y(value)) for number, value in zip(numbers, middles, strict=True)], PALE, 1.5),
        *(bar(x(number), y(low), y(high), BLUE) for number, (low, high) in ends.items()),
        line([(x(number), y(one.value or 0.0)) for number, one in best.items()], BLUE, 2.5),
        *(dot(x(number), y(one.value or 0.0), 4, BLUE) for number, one in best.items()),
        *_chosen(view, shown, x, y),
        *_test_marks(tests, y),
    ]
    keys = (
        Key("best, 95 % interval", BLUE, SOLID),
        Key("median", PALE, SOLID),
        Key("best so far", BLUE, DASHED),
        Key("a candidate", "#b5b5b5"),
        *([Key("distance to ★, 95 %", RED, SOLID)] if any(one.ends for one in tests) else []),
    )
    seeds = view.final.estimates.test.n if view.final and view.final.estimates.test else 0
    title, under = _finding([best[number].value or 0.0 for number in numbers], tests, seeds)
    return svg(title, parts, keys, under=under)


def _finding(bests: Sequence[float], tests: Sequence[_Test], seeds: int) -> tuple[str, str]:
    """What the generations and the test say, and why the one is higher than the other."""
    first, most = plain(bests[0]), plain(max(bests))
    title = f"Best rose from {first} to {most}" if most != first else f"Best stayed at {first}"
    under = "Score by generation on search seeds, higher is better"
    if tests:
        champion, seed = (one.value for one in tests)
        title += f"; on {count(seeds, 'fresh seed')} seed document {plain(seed)} → ★ champion {plain(champion)}"
        why = ". What is picked for it is flattered by it: fresh seeds count."
        under += why * (champion < max(bests))
    return title, under


def budget(view: StudyView) -> str:
    """What would be submitted over the budget, mean over test seeds: the champion, the seed document and controls."""
    found = curves(view, view.tasks)
    if not found:
        return ""
    known = {view.best.name: BLUE} if view.best else {}
    known = {view.candidates[0].name: RED, **known}
    own = control_colours(view.final) if view.final else {}
    left = iter(OTHERS * (1 + len(found) // len(OTHERS)))
    colours = {one.entrant: known.get(one.entrant) or own.get(one.entrant) or next(left) for one in found}
    height = HEIGHT + 30
    y = scale([0.0, *(value for one in found for value in one.mean)], height - BOTTOM, TOP, margin=0.04)
    x = Scale(0.0, view.head.identity.budget_s, LEFT, WIDTH - 240)
    ordered = sorted(found, key=lambda one: one.entrant in known)
    parts = [
        *grid(y, LEFT, WIDTH - 240),
        *(text(x(t), height - 22, f"{t:.3g} s", PALE) for t in ticks(x, 5)),
        *(_curve(one, x, y, colours[one.entrant], 3 if one.entrant in known else 1.5) for one in ordered),
        *_legend(found, colours),
    ]
    return svg(
        "Quality over the budget, mean of test seeds (0 untouched, 1 best setting known)",
        parts,
        (),
        height,
        "A score is half where its curve ends (the figures at the right), half the mean of the curve: how soon.",
    )


def ran_as(entrant: str, final: FinalRecord) -> str:
    """Under which name a control ran: the simplest did under its own."""
    return final.simplest if entrant == "simplest" else entrant


def control_colours(final: FinalRecord) -> dict[str, str]:
    """The colour of each control wherever it is drawn, by the name that it ran under: the best on test seeds first."""
    means = {one.entrant: one.mean for one in main_claims(final) if one.entrant != SEED_DOCUMENT}
    ranked = sorted(means, key=lambda name: -means[name])
    return {ran_as(name, final): OTHERS[place % len(OTHERS)] for place, name in enumerate(ranked)}


def budget_points(view: StudyView, entrant: str) -> list[Point]:
    """The curve of an entrant of the test as points, a step a second or so; none where it did not run in full."""
    found: dict[int, float] = {}
    for one in curves(view, view.tasks):
        if one.entrant == entrant:
            found |= {round(t): value for t, value in zip(times(view.head.identity.budget_s), one.mean, strict=True)}
    seconds = [TEST_SECONDS.at(float(t), t) for t in found]
    return [*(TEST_BUDGET.at(value, t) for t, value in found.items()), *seconds]


def directions(view: StudyView) -> str:
    """Which way parts went: what a step of each goes with, and its 95 % interval; what is clear first."""
    found = sorted(effects(view), key=lambda one: (not one.sure, -abs(one.change)))[:MOST_EFFECTS]
    if not found:
        return ""
    height = TOP + 24 * len(found) + BOTTOM
    x = scale([0.0, *(end for one in found for end in (one.low, one.high))], 330.0, WIDTH - 150.0)
    zero = f'<line x1="{x(0):.1f}" x2="{x(0):.1f}" y1="{TOP}" y2="{height - BOTTOM}" stroke="#888"/>'
    parts = [*(text(x(value), height - 22, signed(value), PALE) for value in ticks(x, 5)), zero]
    for row, one in enumerate(found):
        parts += _effect(one, x, TOP + 24 * row + 12)
    keys = (Key("goes with more", GREEN), Key("with less", RED), Key("not clear", "#8a8a8a"))
    return svg("Which way it went: score that goes with a step of each part, 95 % interval", parts, keys, height)


def _effect(one: Effect, x: Scale, y: float) -> Iterator[str]:
    colour = (GREEN if one.change > 0 else RED) if one.sure else "#8a8a8a"
    step = f"{_name(one.name)}: {_said(one.first)} → {_said(one.last)}"
    yield text(320, y + 4, step if len(step) <= 50 else f"{step[:49]}…", INK, "end")
    yield f'<line x1="{x(one.low):.1f}" x2="{x(one.high):.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
    yield dot(x(one.change), y, 4, colour)
    yield text(WIDTH - 142, y + 4, f"{signed(one.change)} {interval(one.low, one.high, sign=True)}", colour, "start")


def _name(name: str) -> str:
    """`headcount/explorer` is `explorer: headcount`."""
    part, _, where = clean(name).partition("/")
    if part == "standup" or not where:
        return f"stand-up: {where}" if where else part
    return f"{where.replace('→', ' → ')}: {part}"


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else _LINKED.get(str(value)) or clean(str(value))


def _tests(view: StudyView) -> list[_Test]:
    """What champion and seed document have on test seeds."""
    claims = (
        [one for one in view.final.claims if (one.phase, one.entrant) == (TEST, SEED_DOCUMENT)] if view.final else []
    )
    claim = next((one for one in claims if one.task == "all"), claims[0] if len(claims) == 1 else None)
    if claim is None:
        return []
    ends = None if claim.low is None or claim.high is None else (claim.low, claim.high)
    away = (claim.champion_mean - ends[1], claim.champion_mean - ends[0]) if ends else None
    return [_Test("★ champion", claim.champion_mean, BLUE), _Test("seed doc.", claim.mean, RED, away)]


def _chosen(view: StudyView, shown: Sequence[CandidateView], x: Scale, y: Scale) -> Iterator[str]:
    """A ring around the candidate that became the champion: not always the best of the search, as the race decides."""
    for one in shown:
        if view.final and one.name == view.final.champion:
            at = x(one.record.generation + (0 if one is _best(_mates(one, shown)) else _aside(one, shown)))
            top = y(one.value or 0.0)
            yield f'<circle cx="{at:.1f}" cy="{top:.1f}" r="8" fill="none" stroke="{INK}" stroke-width="1.5"/>'
            yield text(at - 11, top - 8, f"★ {one.name}", INK, "end" if one.record.generation else "start")


def _mates(one: CandidateView, shown: Sequence[CandidateView]) -> list[CandidateView]:
    return [other for other in shown if other.record.generation == one.record.generation]


def _test_marks(tests: Sequence[_Test], y: Scale) -> Iterator[str]:
    if tests:
        yield text(WIDTH - 60, HEIGHT - 22, "on test seeds", PALE)
    apart = 13 if len(tests) > 1 and abs(y(tests[0].value) - y(tests[1].value)) < 26 else 0
    upper = max((one.value for one in tests), default=0.0)
    for words, value, colour, ends in tests:
        at, x = y(value), WIDTH - 114
        if ends:
            yield bar(x, y(ends[0]), y(ends[1]), colour)
        yield f'<path d="M{x} {at - 6:.1f}l6 6l-6 6l-6-6z" fill="{colour}"/>'
        yield text(x + 10, at + 4 + (-apart if value == upper else apart), f"{words} {plain(value)}", colour, "start")


def _best(members: Sequence[CandidateView]) -> CandidateView:
    """The best of those that kept all their seeds."""
    return max([one for one in members if not one.dropped] or members, key=lambda one: one.value or 0.0)


def _ends(one: CandidateView) -> tuple[float, float]:
    value, half = one.value or 0.0, _Z * (one.error or 0.0)
    return value - half, value + half


def _aside(one: CandidateView, shown: Sequence[CandidateView]) -> float:
    """Where in the width of its generation a candidate stands, from −.3 to .3."""
    mates = [other.name for other in _mates(one, shown)]
    return 0.6 * (mates.index(one.name) + 0.5) / len(mates) - 0.3


def _few(numbers: Sequence[int]) -> Sequence[int]:
    return numbers[:: 1 + len(numbers) // 16]


def _curve(one: Curve, x: Scale, y: Scale, colour: str, width: float) -> str:
    return line([(x(t), y(value)) for t, value in zip(times(x.high), one.mean, strict=True)], colour, width)


def _legend(found: Sequence[Curve], colours: Mapping[str, str]) -> Iterator[str]:
    """The curves by where they end, the best first, and that score."""
    for row, one in enumerate(found[:14]):
        name = f"{plain(one.mean[-1])}  {'★ ' * (one.name == 'evolved')}{clean(one.name)}"
        yield text(WIDTH - 228, TOP + 12 + 18 * row, name[:38], colours[one.entrant], "start")
