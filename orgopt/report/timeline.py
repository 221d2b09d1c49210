"""The timeline of a run: slots in use, what each agent and each slot did when, stand-ups and improvements above.

Places across are shares of the width, so that one drawing serves every screen and can be stretched to look closer.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from orgopt.basics.markup import Markup, h, percent
from orgopt.ledger import Event
from orgopt.report.run_course import Bar, Course, Span, agent_time, course, role_of, slot_time
from orgopt.study.wording import count, duration, metric

_ACROSS = 1000.0
"""Units of a drawing's width."""
_ZOOMS = (1, 4, 16)
_TICKS = 16
_DETAILED = 500
"""Bars up to which each says what it was, where the pointer is; of more, only those that were submitted do."""
_BINS = 240
_COLOURS = 6
_AREA = 64.0
_GAP = 14.0
_MOST_SLOTS = 24
"""Of more, the area of slots in use tells more than rows of a few pixels."""


class _Lane(NamedTuple):
    """A row: its top and height."""

    y: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


class _Plan(NamedTuple):
    """Where everything is, from top to bottom."""

    agents: Mapping[str, _Lane]
    slots: Sequence[_Lane]
    area: _Lane
    bottom: float


def timeline(events: Sequence[Event], title: str = "") -> Markup | None:
    """The figure with its legend; None where nothing was asked for yet."""
    told = course(events)
    if told is None or not (told.bars or told.waiting):
        return None
    roles = list(dict.fromkeys(map(role_of, told.agents)))
    plan, colours = _plan(told), {role: i % _COLOURS for i, role in enumerate(roles)}
    zooms = [
        h(
            "button",
            "Whole run" if by == 1 else f"× {by}",
            type="button",
            data_zoom=by,
            aria_pressed=str(by == 1).lower(),
        )
        for by in _ZOOMS
    ]
    names = h("svg", _names(told, plan, colours), height=plan.bottom, cls="names", aria_hidden="true")
    drawing = h(
        "svg", _drawing(told, plan, colours), height=plan.bottom, role="img", aria_label=_said(told), cls="plane"
    )
    where = f"Timeline{f' of {title}' if title else ''}, scrolls when it is enlarged"
    return h(
        "figure",
        h("figcaption", title, cls="title") if title else None,
        h("p", _finding(told), cls="about"),
        h("p", _legend(told, roles, colours), cls="legend keys"),
        h("div", zooms, cls="zooms", role="group", aria_label="Look closer"),
        h("div", names, h("div", drawing, cls="across", tabindex="0", role="region", aria_label=where), cls="lanes"),
        cls="gantt",
        data_key=title or "run",
        data_zoom="1",
    )


def _plan(told: Course) -> _Plan:
    """Rows are as high as there is room: all agents have one, and slots as long as they can be told apart."""
    area = _Lane(44.0, _AREA)
    agents, y = _rows(len(told.agents), area.y + area.height + _GAP)
    slots, y = _rows(told.slots, y + _GAP) if told.slots <= _MOST_SLOTS else ([], y)
    return _Plan(dict(zip(told.agents, agents, strict=True)), slots, area, y + 34)


def _rows(number: int, top: float) -> tuple[list[_Lane], float]:
    height, gap = (14.0, 4.0) if number <= 12 else (9.0, 2.0) if number <= 24 else (4.0, 1.0)
    return [_Lane(top + i * (height + gap), height) for i in range(number)], top + number * (height + gap)


def _said(told: Course) -> str:
    parts = (
        count(len(told.bars), "experiment"),
        count(len(told.meetings), "stand-up"),
        count(len(told.gains), "improvement"),
    )
    who = f"{count(len(told.agents), 'agent')} and {count(told.slots, 'slot')} over {duration(told.budget_s)}"
    return f"{who}: {', '.join(parts)}"


def _finding(told: Course) -> str:
    """Where the time went so far, in a sentence: of the slots, and of the agents."""
    idle = sum(part.seconds for part in slot_time(told) if part.look == "idle") / (told.slots * told.now or 1.0)
    spent = [(part.words, part.seconds / (len(told.agents) * told.now or 1.0)) for part in agent_time(told)]
    said = [f"{share:.0%} {words}" for words, share in spent if round(share, 2)]
    return f"Slots were idle {idle:.0%} of the time. Of the agents' time: {'; '.join(said) or 'nothing yet'}."


def _names(told: Course, plan: _Plan, colours: Mapping[str, int]) -> Iterator[Markup]:
    yield _name("improvements", 12)
    yield _name("stand-ups", 32)
    yield _name(told.slots, plan.area.y + 10)
    yield _name("slots in use", plan.area.middle + 4)
    yield _name("0", plan.area.y + plan.area.height + 2)
    if len(told.agents) <= 24:
        for name, lane in plan.agents.items():
            yield _name(name, lane.middle + 4, f"role-{colours[role_of(name)]}", small=lane.height < 12)
    else:
        for role, number in colours.items():
            mine = [lane for name, lane in plan.agents.items() if role_of(name) == role]
            words = f"{role} × {len(mine)}" if len(mine) > 1 else role
            yield _name(words, (mine[0].y + mine[-1].y + mine[-1].height) / 2 + 4, f"role-{number}")
    for i, lane in enumerate(plan.slots):
        yield _name(f"slot {i + 1}", lane.middle + 4, small=lane.height < 12)
    yield _name("lab time", plan.bottom - 16)


def _name(words: str | int, y: float, look: str = "", *, small: bool = False) -> Markup:
    shown = f"{words[:17]}…" if isinstance(words, str) and len(words) > 18 else words
    return h("text", shown, x="100%", y=y, dx="-8", text_anchor="end", cls=f"who {look}{' small' if small else ''}")


def _drawing(told: Course, plan: _Plan, colours: Mapping[str, int]) -> Iterator[Markup]:
    yield from _ticks(told, plan)
    bars = list(_bars(told, plan, colours))
    stretched = [
        _area(told, plan.area, colours),
        [_strokes(told, spans, plan.agents, look) for look, spans in (("met", told.met), ("think", told.thoughts))],
        _strokes(told, [Span(bar.agent, bar.asked, bar.started) for bar in told.bars], plan.agents, "wait"),
        _strokes(told, told.waiting, plan.agents, "wait"),
        bars,
        _path("".join(f"M{_x(told, one.t)} 24v9" for one in told.meetings), "tick"),
    ]
    box = f"0 0 {_ACROSS:g} {plan.bottom:g}"
    yield h("svg", stretched, viewBox=box, preserveAspectRatio="none", width="100%", height=plan.bottom)
    for gain in told.gains:
        words = f"submission at {duration(gain.t)}: #{gain.id}, {metric(gain.metric)}"
        yield h(
            "text", "◆", h("title", words), x=percent(gain.t / told.budget_s), y="13", text_anchor="middle", cls="gain"
        )
    if told.now < told.budget_s:
        x = percent(told.now / told.budget_s)
        yield h("line", x1=x, x2=x, y1="0", y2=plan.bottom - 26, cls="now")


def _ticks(told: Course, plan: _Plan) -> Iterator[Markup]:
    for i in range(_TICKS + 1):
        x, look = percent(i / _TICKS), "" if i % (_TICKS // 4) == 0 else " fine"
        at = told.budget_s * i / _TICKS
        anchor = "start" if not i else "end" if i == _TICKS else "middle"
        yield h("line", x1=x, x2=x, y1="20", y2=plan.bottom - 28, cls=f"grid{look}")
        yield h(
            "text", duration(at) if at else "0", x=x, y=plan.bottom - 14, text_anchor=anchor, cls=look.strip() or None
        )
    for y in (plan.area.y, plan.area.y + plan.area.height):
        yield h("line", x1="0", x2="100%", y1=y, y2=y, cls="grid")


def _x(told: Course, t: float) -> str:
    return f"{round(_ACROSS * t / told.budget_s, 2):g}"


def _path(d: str, look: str, words: str = "") -> Markup | None:
    return h("path", h("title", words) if words else None, d=d, cls=look) if d else None


def _strokes(told: Course, spans: Sequence[Span], rows: Mapping[str, _Lane], look: str) -> Markup | None:
    """Spans of agents on their rows, all in one path."""
    drawn = (
        f"M{_x(told, one.began)} {rows[one.agent].middle:g}H{_x(told, one.ended)}"
        for one in spans
        if one.ended > one.began
    )
    return _path("".join(drawn), f"{look} h{_height(rows)}")


def _height(rows: Mapping[str, _Lane]) -> int:
    return round(next(iter(rows.values())).height)


def _bars(told: Course, plan: _Plan, colours: Mapping[str, int]) -> Iterator[Markup | None]:
    """Experiments on the rows of their agents and of their slots: a path each, or one of all that look alike."""
    alike: dict[str, list[str]] = {}
    for bar in told.bars:
        for lane in (plan.agents[bar.agent], *plan.slots[bar.slot : bar.slot + 1]):
            look = f"{_look(bar, colours)} h{lane.height:g}"
            end = max(bar.ended, bar.started + told.budget_s / 4000)
            d = f"M{_x(told, bar.started)} {lane.middle:g}H{_x(told, end)}"
            if len(told.bars) <= _DETAILED or bar.kept:
                yield _path(d, look, bar.words)
            else:
                alike.setdefault(look, []).append(d)
    for look, paths in alike.items():
        yield _path("".join(paths), look)


def _look(bar: Bar, colours: Mapping[str, int]) -> str:
    if bar.failed:
        return "run failed"
    if bar.cut:
        return "run cut"
    return f"run role-{colours[role_of(bar.agent)]}{' kept' if bar.kept else ''}"


def _area(told: Course, lane: _Lane, colours: Mapping[str, int]) -> list[Markup | None]:
    """How many slots ran something, mean over short times: the colours of the roles on top of each other."""
    width = told.budget_s / _BINS
    level = [0.0] * _BINS
    drawn: list[Markup | None] = []
    for role, number in colours.items():
        mine = _used([bar for bar in told.bars if role_of(bar.agent) == role], width)
        above = [low + own for low, own in zip(level, mine, strict=True)]
        drawn.append(_path(_steps(level, above, told.slots, lane), f"used role-{number}"))
        level = above
    return drawn


def _used(bars: Sequence[Bar], width: float) -> list[float]:
    found = [0.0] * _BINS
    for bar in bars:
        for i in range(max(0, int(bar.started / width)), min(_BINS, int(bar.ended / width) + 1)):
            found[i] += max(0.0, min(bar.ended, (i + 1) * width) - max(bar.started, i * width)) / width
    return found


def _steps(low: Sequence[float], high: Sequence[float], slots: int, lane: _Lane) -> str:
    def y(level: float) -> str:
        return f"{lane.y + lane.height * (1 - min(1.0, level / slots)):.1f}"

    step = _ACROSS / _BINS
    there = "".join(f"V{y(level)}h{step:.3f}" for level in high)
    back = "".join(f"V{y(level)}h-{step:.3f}" for level in reversed(low))
    return f"M0 {y(low[0])}{there}{back}z" if any(a > b for a, b in zip(high, low, strict=True)) else ""


def _legend(told: Course, roles: Sequence[str], colours: Mapping[str, int]) -> Iterator[Markup]:
    words = [(f"g-run role-{colours[role]}", f"{role} runs an experiment") for role in roles[:_COLOURS]]
    words.append(("g-kept", "in full colour: it improved the submission"))
    words += [("g-failed", "failed")] if any(bar.failed for bar in told.bars) else []
    words += [("g-cut", "stopped early, or cut at the end")] if any(bar.cut for bar in told.bars) else []
    words += [("g-think", "thinks")]
    words += [("g-wait", "waits for a slot")] if any(bar.started > bar.asked for bar in told.bars) else []
    words += [("g-met", "in a stand-up")] if told.met else []
    for look, said in words:
        yield h("span", h("i", cls=f"key {look}"), said, " ")
