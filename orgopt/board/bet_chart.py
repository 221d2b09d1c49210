"""The charts of a claim's test: what each round gained, and the wealth of who bets on the claim."""

import math
from collections.abc import Iterator, Sequence

from orgopt.basics.markup import Markup, h, number
from orgopt.board.records import Terms
from orgopt.board.sequential_test import BATCH, log_evidence
from orgopt.report.scale import Scale, scale, ticks

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 470, 250, 62, 12, 26, 40


def rounds(terms: Terms, gains: Sequence[float]) -> Markup:
    """A point a round: by how much the claim was ahead of the best before it, with their mean."""
    x = Scale(0.0, len(gains) + 1.0, _LEFT, _WIDTH - _RIGHT)
    y = scale([*gains, 0.0], _HEIGHT - _BOTTOM, _TOP)
    across = {"x1": _LEFT, "x2": _WIDTH - _RIGHT}
    mean, ahead = math.fsum(gains) / len(gains), sum(gain > 0 for gain in gains)
    marks = [
        h(
            "circle",
            h("title", f"round {i}: {gain:+.4g}"),
            cx=x(i),
            cy=y(gain),
            r=4,
            cls="ahead" if gain > 0 else "behind",
        )
        for i, gain in enumerate(gains, 1)
    ]
    unit = f" ({terms.unit})" if terms.unit and not terms.by_ratio else " (logarithm of the ratio)" * terms.by_ratio
    return h(
        "svg",
        _axes(x, y, [(value, f"{value:+.3g}" if value else "0") for value in ticks(y, 4)], len(gains)),
        h("text", f"ahead by{unit}; above 0 the claim is better", x=_LEFT, y="14", cls="words"),
        h("line", **across, y1=y(0.0), y2=y(0.0), cls="zero"),
        h(
            "line",
            h("title", f"mean {mean:+.4g}"),
            x1=_LEFT,
            x2=_WIDTH - _RIGHT,
            y1=y(mean),
            y2=y(mean),
            cls="mean" if mean > 0 else "mean behind",
        ),
        marks,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        cls="test-chart",
        role="img",
        aria_label=f"Ahead in {ahead} of {len(gains)} rounds, by {mean:+.4g} on average",
    )


def wealth(terms: Terms, gains: Sequence[float], alpha: float) -> Markup:
    """What somebody has after each round who began with 1 and bets on the claim, against what is needed."""
    needed = -math.log(alpha)
    path = [log_evidence(gains[:i], terms.scale) if i else 0.0 for i in range(len(gains) + 1)]
    x = Scale(0.0, len(gains) + 1.0, _LEFT, _WIDTH - _RIGHT)
    y = scale([*path, needed, 0.0], _HEIGHT - _BOTTOM, _TOP)
    points = " ".join(f"{number(x(i))},{number(y(value))}" for i, value in enumerate(path))
    looks = [i for i in range(len(path)) if i and (i % BATCH == 0 or i == len(gains))]
    marks = [
        h("circle", h("title", f"after round {i}: {_odds(path[i])}"), cx=x(i), cy=y(path[i]), r=4, cls="look")
        for i in looks
    ]
    return h(
        "svg",
        _axes(x, y, list(_powers(y)), len(gains)),
        h("text", "wealth of who bets on it; grows tenfold a line", x=_LEFT, y="14", cls="words"),
        h("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y(needed), y2=y(needed), cls="needed"),
        h(
            "text",
            f"needed: {_odds(needed)}",
            x=_LEFT + 6,
            y=y(needed) - 6,
            cls="needed-words",
        ),
        h("polyline", points=points, cls="wealth"),
        marks,
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        cls="test-chart",
        role="img",
        aria_label=f"From 1 to {_odds(path[-1])} in {len(gains)} rounds, where {_odds(needed)} is needed",
    )


def _odds(logarithm: float) -> str:
    return f"{math.exp(min(logarithm, 99)):,.0f}" if logarithm > 2 else f"{math.exp(logarithm):.2g}"


def _powers(y: Scale) -> Iterator[tuple[float, str]]:
    """Powers of ten on a scale of natural logarithms, at most six."""
    low, high = math.ceil(y.low / math.log(10)), math.floor(y.high / math.log(10))
    for power in range(low, high + 1, max(1, -(-(high - low + 1) // 6))):
        yield power * math.log(10), f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"


def _axes(x: Scale, y: Scale, marks: Sequence[tuple[float, str]], last: int) -> Iterator[Markup]:
    for value, words in marks:
        yield h("line", x1=x.start, x2=x.end, y1=y(value), y2=y(value), cls="grid")
        yield h("text", words, x=x.start - 7, y=y(value) + 4, text_anchor="end")
    step = max(1, -(-last // 6))
    for i in dict.fromkeys([*range(step, last - step // 2, step), last]):
        yield h("text", i, x=x(i), y=_HEIGHT - 22, text_anchor="middle")
    yield h("text", "round", x=(x.start + x.end) / 2, y=_HEIGHT - 5, text_anchor="middle", cls="words")
