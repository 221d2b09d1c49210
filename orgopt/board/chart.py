"""The chart of a board: how the best came to be as good as it is, a step an accepted claim."""

from orgopt.basics.markup import Markup, h, number
from orgopt.board.frame import gain_words, name_of
from orgopt.board.public_view import BoardView
from orgopt.report.scale import Scale, ticks

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 900.0, 240.0, 60.0, 16.0, 26.0, 34.0
_MOST_NAMES, _MOST_TICKS = 8, 12


def progress(told: BoardView) -> Markup | None:
    """The gain over the untouched script by the number of the claim; nothing where fewer than two were accepted."""
    steps = [
        (one, gain, one.result.get("over_error") or 0.0)
        for one in told.accepted[::-1]
        if (gain := one.result.get("over_baseline")) is not None
    ]
    if len(steps) < 2:
        return None
    last = max(told.newest[0].id if told.newest else 0, steps[-1][0].id)
    ends = [0.0, *(end for _, gain, error in steps for end in (gain - error, gain + error))]
    x, y = Scale(0, last, _LEFT, _WIDTH - _RIGHT), Scale(min(ends), max(ends), _HEIGHT - _BOTTOM, _TOP)
    path = f"M{number(x(0))},{number(y(0))}"
    for one, gain, _ in steps:
        path += f"H{number(x(one.id))}V{number(y(gain))}"
    named = steps[-_MOST_NAMES:]
    unit = "share of the time saved, as its logarithm" if told.terms.by_ratio else told.terms.unit or told.terms.metric
    parts = [
        [_level(value, x, y) for value in ticks(y, 4)],
        [
            h("text", claim, x=x(claim), y=_HEIGHT - 18, text_anchor="middle")
            for claim in range(0, last + 1, 1 + last // _MOST_TICKS)
        ],
        h("text", "claims sent", x=(x.start + x.end) / 2, y=_HEIGHT - 3, text_anchor="middle"),
        h("path", d=path + f"H{number(x(last))}", cls="line"),
        [_mark(x(one.id), y(gain), y(gain - error), y(gain + error), one.id) for one, gain, error in steps],
        [
            h(
                "text",
                f"{name_of(one)}, {gain_words(told.terms, gain)}",
                x=x(one.id) - 8,
                y=y(gain) - 6,
                text_anchor="end",
                cls="name",
            )
            for one, gain, _ in named
        ],
    ]
    said = f"The best so far over {last} claims, in {len(steps)} steps; the last gain is {steps[-1][1]:.3g}."
    box = f"0 0 {number(_WIDTH)} {number(_HEIGHT)}"
    drawn = h("svg", parts, viewBox=box, cls="progress", role="img", aria_label=said)
    title = f"The best so far after each claim: gain over the untouched script, {unit}; bars are standard errors"
    return h("figure", h("figcaption", title), drawn)


def _level(value: float, x: Scale, y: Scale) -> list[Markup]:
    line = h("line", x1=x.start, x2=x.end, y1=y(value), y2=y(value), cls="base")
    return [line, h("text", f"{value:.3g}", x=x.start - 6, y=y(value) + 4, text_anchor="end")]


def _mark(x: float, y: float, low: float, high: float, claim: int) -> Markup:
    bar = h("line", x1=x, x2=x, y1=low, y2=high, cls="error")
    return h("a", bar, h("circle", h("title", f"claim {claim}"), cx=x, cy=y, r=4, cls="at"), href=f"/claims/{claim}")
