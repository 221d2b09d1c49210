"""The metric over the budget of a run: each experiment where it ended, and what the team would submit as a line."""

from collections.abc import Mapping, Sequence

from orgopt.basics.markup import Markup, h, number
from orgopt.ledger import Event, shown_sign
from orgopt.report.generations import NARROW, WIDE
from orgopt.report.run_course import role_of
from orgopt.report.scale import Scale, scale, ticks
from orgopt.study.wording import count, duration, metric

_LEFT, _BOTTOM, _TOP, _HEIGHT = 58, 40, 26, 320
_SMALL_WIDTH, _SMALL_HEIGHT = 304, 120
_COLOURS = 6


def metric_course(events: Sequence[Event]) -> Markup | None:
    """The chart in both widths with its legend; None where nothing is measured yet."""
    if not events or not any(event.kind == "outcome" and event.data["status"] == "ok" for event in events):
        return None
    roles = list(dict.fromkeys(map(role_of, events[0].data["agents"])))
    colours = {role: i % _COLOURS for i, role in enumerate(roles)}
    sign = shown_sign(events[0].data)
    better = "Lower" if sign > 0 else "Higher"
    text = (
        f"{better} is better. Each point is an experiment that succeeded, where it ended; the line is what the team "
        "would submit."
    )
    keys = [h("span", h("i", cls=f"key k-tried role-{at}"), f"{role}'s experiments ") for role, at in colours.items()]
    keys.append(h("span", h("i", cls="key k-best"), "submission"))
    above = _above(events)
    where = "above" if sign > 0 else "below"
    told = f"{count(above, 'experiment')} {where} the scale: as bad again as the untouched script, or worse."
    beyond = told if above else ""
    drawn = h("figure", [_chart(events, colours, width) for width in (WIDE, NARROW)], h("p", keys, cls="legend keys"))
    return h("div", h("p", text), drawn, h("p", beyond, cls="legend") if beyond else None)


def small_course(events: Sequence[Event]) -> Markup | None:
    """What the team would submit over the time so far, to be read at a glance; None before it has changed."""
    line = _submitted(events)
    if len(line) < 2:
        return None
    sign, budget_s = shown_sign(events[0].data), events[0].data["budget_s"]
    y = scale([sign * value for _, value in line], _SMALL_HEIGHT - 22, 20)
    x = Scale(0.0, budget_s, 2, _SMALL_WIDTH - 2)
    points = _steps([(t, sign * value) for t, value in line], events[-1].t, x, y)
    better = "lower" if sign > 0 else "higher"
    foot = _SMALL_HEIGHT - 6
    drawn = h(
        "svg",
        h("line", x1=x(0.0), x2=x(budget_s), y1=_SMALL_HEIGHT - 20, y2=_SMALL_HEIGHT - 20, cls="grid"),
        h("polyline", points=points, cls="course"),
        h("text", metric(sign * line[0][1]), x=x(0.0), y=y(sign * line[0][1]) - 5),
        h("text", metric(sign * line[-1][1]), x=x(budget_s), y=y(sign * line[-1][1]) - 5, text_anchor="end"),
        h("text", "0", x=x(0.0), y=foot),
        h("text", f"{duration(budget_s)} of budget", x=x(budget_s), y=foot, text_anchor="end"),
        viewBox=f"0 0 {_SMALL_WIDTH} {_SMALL_HEIGHT}",
        cls="chart",
        role="img",
        aria_label=f"The submission over the budget, from {metric(sign * line[0][1])} to {metric(sign * line[-1][1])}",
    )
    said = f"The submission as the team sees it: {metric(sign * line[0][1])} → {metric(sign * line[-1][1])}"
    why = "It goes by this metric; what counts is measured on held-out data, which no team sees."
    return h("figure", h("figcaption", f"{said}, {better} is better", cls="title"), drawn, h("figcaption", why))


def _steps(line: Sequence[tuple[float, float]], end: float, x: Scale, y: Scale) -> str:
    """The points of a stepped line through values at times, as long as it goes on."""
    points: list[tuple[float, float]] = []
    for t, value in [*line, (end, line[-1][1])]:
        points += [(x(t), points[-1][1])] if points else []
        points.append((x(t), y(value)))
    return " ".join(f"{number(a)},{number(b)}" for a, b in points)


def _submitted(events: Sequence[Event]) -> list[tuple[float, float]]:
    return [(event.t, event.data["metric"]) for event in events if event.kind == "submission"]


def _room(events: Sequence[Event]) -> tuple[float, float]:
    """The metrics that are shown: as far above the worst submission as the best is below it."""
    line = [value for _, value in _submitted(events)]
    room = max(max(line) - min(line), 0.05 * abs(line[0]), 1e-9)
    return min(line) - room, max(line) + room


def _tried(events: Sequence[Event]) -> list[tuple[float, float, str]]:
    return [
        (event.t, event.data["metric"], event.data["agent"])
        for event in events
        if event.kind == "outcome" and event.data["status"] == "ok" and event.data["metric"] is not None
    ]


def _above(events: Sequence[Event]) -> int:
    _, high = _room(events)
    return sum(value > high for _, value, _ in _tried(events))


def _chart(events: Sequence[Event], colours: Mapping[str, int], width: int) -> Markup:
    budget_s, (low, high) = events[0].data["budget_s"], _room(events)
    sign = shown_sign(events[0].data)
    line = [(t, sign * value) for t, value in _submitted(events)]
    shown = [(t, sign * value, agent) for t, value, agent in _tried(events) if low <= value <= high]
    y = scale([*(value for _, value in line), *(value for _, value, _ in shown)], _HEIGHT - _BOTTOM, _TOP)
    x = Scale(0.0, budget_s, _LEFT, width - 30)
    dots: dict[int, str] = {}
    for t, value, agent in shown:  # a path for all of a colour: runs have thousands of points
        colour = colours[role_of(agent)]
        dots[colour] = f"{dots.get(colour, '')}M{number(x(t))} {number(y(value))}h0"
    return h(
        "svg",
        _axes(x, y, width, budget_s),
        [h("path", d=d, cls=f"tried role-{colour}") for colour, d in dots.items()],
        h("polyline", points=_steps(line, events[-1].t, x, y), cls="course"),
        viewBox=f"0 0 {width} {_HEIGHT}",
        cls=f"chart {'wide' if width == WIDE else 'narrow'}",
        role="img",
        aria_label=f"The metric over the budget, from {metric(line[0][1])} to {metric(line[-1][1])}",
    )


def _axes(x: Scale, y: Scale, width: int, budget_s: float) -> list[Markup]:
    found: list[Markup] = []
    for value in ticks(y, 6):
        found.append(h("line", x1=_LEFT, x2=width - 30, y1=y(value), y2=y(value), cls="grid"))
        found.append(h("text", f"{value:.4g}", x=_LEFT - 6, y=y(value) + 4, text_anchor="end"))
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        words = duration(budget_s * share) if share else "0"
        found.append(h("text", words, x=x(budget_s * share), y=_HEIGHT - 20, text_anchor="middle"))
    found.append(h("text", "lab time", x=(x.start + x.end) / 2, y=_HEIGHT - 4, text_anchor="middle", cls="words"))
    found.append(h("text", "metric as the team sees it", x=_LEFT, y=_TOP - 12, cls="words"))
    return found
