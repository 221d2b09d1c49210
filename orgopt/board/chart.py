"""The chart of a board: how the best came to be as good as it is, a step an accepted claim."""

from orgopt.board.view import View
from orgopt.markup import Markup, h, number

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 900.0, 220.0, 60.0, 16.0, 12.0, 30.0


def progress(told: View) -> Markup | None:
    """The gain over the untouched script by the number of the claim; nothing where fewer than two were accepted."""
    points = [
        (one.id, one.result.get("over_baseline"), one.result.get("over_error") or 0.0) for one in told.accepted[::-1]
    ]
    known = [(at, gain, error) for at, gain, error in points if gain is not None]
    if len(known) < 2:
        return None
    last = max(told.newest[0].id if told.newest else 0, known[-1][0])
    low = min(0.0, *(gain - error for _, gain, error in known))
    high = max(gain + error for _, gain, error in known)

    def x(at: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * at / last

    def y(gain: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - gain) / (high - low)

    path, before = f"M{number(x(0))},{number(y(0))}", 0.0
    for at, gain, _ in known:
        path += f"H{number(x(at))}V{number(y(gain))}"
        before = gain
    path += f"H{number(x(last))}"
    marks = [_mark(x(at), y(gain), y(gain - error), y(gain + error), at) for at, gain, error in known]
    words = [
        h("line", x1=x(0), x2=x(last), y1=y(0), y2=y(0), cls="base"),
        h("text", "0", x=_LEFT - 6, y=y(0) + 4, text_anchor="end"),
        h("text", f"{before:.3g}", x=_LEFT - 6, y=y(before) + 4, text_anchor="end"),
        h("text", "claims", x=x(0), y=_HEIGHT - 6),
        h("text", str(last), x=x(last), y=_HEIGHT - 6, text_anchor="end"),
    ]
    said = f"The best so far over {last} claims, in {len(known)} steps; the last gain is {before:.3g}."
    box = f"0 0 {number(_WIDTH)} {number(_HEIGHT)}"
    line = h("path", d=path, cls="line")
    return h("svg", words, line, marks, viewBox=box, cls="progress", role="img", aria_label=said)


def _mark(x: float, y: float, low: float, high: float, claim: int) -> Markup:
    bar = h("line", x1=x, x2=x, y1=low, y2=high, cls="error")
    return h("a", bar, h("circle", h("title", f"claim {claim}"), cx=x, cy=y, r=4, cls="at"), href=f"/claims/{claim}")
