"""Pictures of a study, which MLflow's own charts cannot draw: generations, the budget, effects. Pure functions.

Standalone SVG with its colours in it: MLflow shows it in the study's note and among artifacts.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
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
from orgopt.study.wording import SEED_DOCUMENT, interval, plain, signed
from orgopt.tracking.entry import Point
from orgopt.tracking.names import TEST_BUDGET, TEST_SECONDS
from orgopt.tracking.study_note import main_claims

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 300, 46, 16, 36, 38
INK, PALE, LINE = "#1b1b1b", "#666", "#e4e4e4"
BLUE, RED, GREEN = "#0072b2", "#d55e00", "#009e73"
OTHERS = ("#8a8a8a", "#cc79a7", "#e69f00", "#56b4e9", "#b0a030", "#5a5a5a", "#9a6fb0", "#70a070", "#332288", "#aa4455")
"""Okabe and Ito's, which everyone can tell apart, and greys."""
_LINKED = {"→": "yes", "↔": "mutual"}
DASHED = 'stroke-dasharray="4 3"'
_LINE = 'stroke-dasharray="none"'
MOST_EFFECTS = 12
_Z = 1.96  # of a 95 % interval


class Key(NamedTuple):
    """An entry of a legend: a dot, or a line with some strokes."""

    words: str
    colour: str
    line: str = ""


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
    y = scale([*drawn, *(value for _, value, _ in tests)], HEIGHT - BOTTOM, TOP)
    steps = "".join(f"H{x(number - 0.5):.1f}V{y(value):.1f}" for number, value in zip(numbers, so_far, strict=True))
    parts = [
        *_grid(y, LEFT, WIDTH - room),
        *(_text(x(number), HEIGHT - 22, f"g{number:02d}", PALE) for number in _few(numbers)),
        *(_dot(x(one.record.generation + _aside(one, shown)), y(one.value or 0.0)) for one in shown),
        f'<path d="M{LEFT} {y(so_far[0]):.1f}{steps}H{WIDTH - room}" fill="none" stroke="{BLUE}" {DASHED}/>',
        _line([(x(number), y(value)) for number, value in zip(numbers, middles, strict=True)], PALE, 1.5),
        *(_bar(x(number), y(low), y(high), BLUE) for number, (low, high) in ends.items()),
        _line([(x(number), y(one.value or 0.0)) for number, one in best.items()], BLUE, 2.5),
        *(_dot(x(number), y(one.value or 0.0), 4, BLUE) for number, one in best.items()),
        *_chosen(view, shown, x, y),
        *_test_marks(tests, y),
    ]
    keys = (
        Key("best, 95 % interval", BLUE, _LINE),
        Key("median", PALE, _LINE),
        Key("best so far", BLUE, DASHED),
        Key("a candidate", "#b5b5b5"),
    )
    title, under = _finding([best[number].value or 0.0 for number in numbers], tests)
    return _svg(title, parts, keys, under=under)


def _finding(bests: Sequence[float], tests: Sequence[tuple[str, float, str]]) -> tuple[str, str]:
    """What the generations and the test say, and why the one is higher than the other."""
    first, most = plain(bests[0]), plain(max(bests))
    title = f"Best rose from {first} to {most}" if most != first else f"Best stayed at {first}"
    under = "Research output by generation, on search seeds"
    if tests:
        (_, champion, _), (_, seed, _) = tests
        title += f"; {plain(champion)} on fresh seeds, seed document {plain(seed)}"
        why = ". What is picked for its score on them is flattered by it: fresh seeds count."
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
        *_grid(y, LEFT, WIDTH - 240),
        *(_text(x(t), height - 22, f"{t:.3g} s", PALE) for t in ticks(x, 5)),
        *(_curve(one, x, y, colours[one.entrant], 3 if one.entrant in known else 1.5) for one in ordered),
        *_legend(found, colours),
    ]
    return _svg(
        "Quality of the submission over the budget, on test seeds (0 untouched, 1 best setting known)",
        parts,
        (),
        height,
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
    parts = [*(_text(x(value), height - 22, signed(value), PALE) for value in ticks(x, 5)), zero]
    for row, one in enumerate(found):
        parts += _effect(one, x, TOP + 24 * row + 12)
    keys = (Key("goes with more", GREEN), Key("with less", RED), Key("not clear", "#8a8a8a"))
    return _svg("Which way it went: score that goes with a step of each part, 95 % interval", parts, keys, height)


def _effect(one: Effect, x: Scale, y: float) -> Iterator[str]:
    colour = (GREEN if one.change > 0 else RED) if one.sure else "#8a8a8a"
    step = f"{_name(one.name)}: {_said(one.first)} → {_said(one.last)}"
    yield _text(320, y + 4, step if len(step) <= 50 else f"{step[:49]}…", INK, "end")
    yield f'<line x1="{x(one.low):.1f}" x2="{x(one.high):.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
    yield _dot(x(one.change), y, 4, colour)
    yield _text(WIDTH - 142, y + 4, f"{signed(one.change)} {interval(one.low, one.high, sign=True)}", colour, "start")


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


def _tests(view: StudyView) -> list[tuple[str, float, str]]:
    """What champion and seed document have on test seeds: words, mean, colour."""
    claims = (
        [one for one in view.final.claims if (one.phase, one.entrant) == (TEST, SEED_DOCUMENT)] if view.final else []
    )
    claim = next((one for one in claims if one.task == "all"), claims[0] if len(claims) == 1 else None)
    if claim is None:
        return []
    return [("★ champion", claim.champion_mean, BLUE), ("seed doc.", claim.mean, RED)]


def _chosen(view: StudyView, shown: Sequence[CandidateView], x: Scale, y: Scale) -> Iterator[str]:
    """A ring around the candidate that became the champion: not always the best of the search, as the race decides."""
    for one in shown:
        if view.final and one.name == view.final.champion:
            at = x(one.record.generation + (0 if one is _best(_mates(one, shown)) else _aside(one, shown)))
            top = y(one.value or 0.0)
            yield f'<circle cx="{at:.1f}" cy="{top:.1f}" r="8" fill="none" stroke="{INK}" stroke-width="1.5"/>'
            yield _text(at - 11, top - 8, f"★ {one.name}", INK, "end" if one.record.generation else "start")


def _mates(one: CandidateView, shown: Sequence[CandidateView]) -> list[CandidateView]:
    return [other for other in shown if other.record.generation == one.record.generation]


def _test_marks(tests: Sequence[tuple[str, float, str]], y: Scale) -> Iterator[str]:
    if tests:
        yield _text(WIDTH - 60, HEIGHT - 22, "on test seeds", PALE)
    apart = 13 if len(tests) > 1 and abs(y(tests[0][1]) - y(tests[1][1])) < 26 else 0
    upper = max((value for _, value, _ in tests), default=0.0)
    for words, value, colour in tests:
        at, x = y(value), WIDTH - 114
        yield f'<path d="M{x} {at - 6:.1f}l6 6l-6 6l-6-6z" fill="{colour}"/>'
        yield _text(x + 10, at + 4 + (-apart if value == upper else apart), f"{words} {plain(value)}", colour, "start")


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
    return _line([(x(t), y(value)) for t, value in zip(times(x.high), one.mean, strict=True)], colour, width)


def _legend(found: Sequence[Curve], colours: Mapping[str, str]) -> Iterator[str]:
    """The curves by where they end, the best first, and that score."""
    for row, one in enumerate(found[:14]):
        name = f"{plain(one.mean[-1])}  {'★ ' * (one.name == 'evolved')}{clean(one.name)}"
        yield _text(WIDTH - 228, TOP + 12 + 18 * row, name[:38], colours[one.entrant], "start")


def _grid(y: Scale, left: float, right: float) -> Iterator[str]:
    for value in ticks(y, 6):
        colour = "#999" if abs(value) < 1e-9 else LINE
        yield f'<line x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="{colour}"/>'
        yield _text(left - 6, y(value) + 4, plain(value), PALE, "end")


def _line(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _bar(x: float, low: float, high: float, colour: str) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="{colour}" stroke-width="1.5"/>'


def _dot(x: float, y: float, size: float = 2.5, colour: str = "#b5b5b5") -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, colour: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def _svg(title: str, parts: Sequence[str], keys: Sequence[Key], height: float = HEIGHT, under: str = "") -> str:
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    shown, at = list[str](), float(LEFT)
    for words, colour, line in keys:
        stroke = f'stroke="{colour}" stroke-width="2.5" {line}'
        mark = f'<line x1="{at}" x2="{at + 18}" y1="{height - 8}" y2="{height - 8}" {stroke}/>'
        shown += [
            mark if line else _dot(at + 12, height - 8, 4, colour),
            _text(at + 24, height - 4, words, PALE, "start"),
        ]
        at += 40 + 6.2 * len(words)
    top = 15 if under else 18
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="{top}" font-size="14" font-weight="600" fill="{INK}">{escape(title)}</text>',
        *([_text(LEFT, 31, under, PALE, "start")] if under else []),
    ]
    return "\n".join([*head, *parts, *shown, "</svg>", ""])
