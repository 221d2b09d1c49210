"""The timeline of a run: what each agent and each slot did when, stand-ups across, improvements marked."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orgopt.ledger import BASELINE, Event
from orgopt.report.generations import NARROW, WIDE
from orgopt.report.markup import Markup, h
from orgopt.report.scale import Scale
from orgopt.study.wording import count, duration, metric

MOST_AGENTS = 24
"""Agents that have a row."""
_ROW, _GAP, _TOP, _BOTTOM = 16, 5, 26, 40
_COLOURS = 6
_LETTER = 6.6  # pixels of a name


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An experiment, on the row of its agent or of its slot."""

    id: int
    agent: str
    asked: float
    started: float
    ended: float
    status: str
    words: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened when in a run, as far as its ledger has it; all times are lab seconds."""

    budget_s: float
    now: float
    agents: tuple[str, ...]
    slots: tuple[tuple[Bar, ...], ...]
    bars: tuple[Bar, ...]
    waiting: tuple[tuple[str, float], ...]
    thoughts: tuple[tuple[str, float, float], ...]
    meetings: tuple[tuple[float, float, tuple[str, ...]], ...]
    gains: tuple[tuple[float, int, float], ...]


def course(events: Sequence[Event]) -> Course | None:
    """The course of a run; None before it began."""
    if not events or events[0].kind != "start":
        return None
    start, now = events[0].data, events[-1].t
    proposals = {event.data["id"]: event for event in events if event.kind == "proposal"}
    kept = {event.data["id"] for event in events if event.kind == "submission"}
    bars = [_bar(event.data, proposals, kept) for event in events if event.kind == "outcome"]
    ended = {bar.id for bar in bars}
    return Course(
        budget_s=start["budget_s"],
        now=now,
        agents=tuple(start["agents"]),
        slots=_slots(bars, start["slots"]),
        bars=tuple(bars),
        waiting=tuple((event.data["agent"], event.t) for number, event in proposals.items() if number not in ended),
        thoughts=tuple(_thoughts(events, now)),
        meetings=tuple(
            (event.t, event.t + event.data["seconds"], tuple(event.data["agents"]))
            for event in events
            if event.kind == "meeting"
        ),
        gains=tuple(
            (event.t, event.data["id"], event.data["metric"])
            for event in events
            if event.kind == "submission" and event.data["id"] != BASELINE
        ),
    )


def timeline(events: Sequence[Event], title: str = "") -> Markup | None:
    """The figure in both widths, with its legend; None where nothing was asked for yet."""
    found = course(events)
    if found is None or not (found.bars or found.waiting):
        return None
    hidden = len(found.agents) - MOST_AGENTS
    more = f" {count(hidden, 'more agent')} have no row." if hidden > 0 else ""
    return h(
        "figure",
        h("figcaption", title, cls="title") if title else None,
        [_chart(found, width) for width in (WIDE, NARROW)],
        h("p", _legend(), more, cls="legend keys"),
    )


def _legend() -> list[Markup]:
    words = {
        "g-run": "experiment",
        "g-failed": "failed, stopped or cut",
        "g-think": "thinks",
        "g-wait": "waits for a slot",
        "g-meet": "stand-up",
        "g-gain": "the team's submission improves",
    }
    return [h("span", h("i", cls=f"key {look}"), said, " ") for look, said in words.items()]


def _bar(data: Mapping[str, Any], proposals: Mapping[int, Event], kept: set[int]) -> Bar:
    proposal = proposals.get(data["id"])
    note = proposal.data["note"] if proposal else ""
    ok = data["status"] == "ok"
    value = f", {metric(data['metric'])}" if ok and data["metric"] is not None else f", {data['status']}"
    return Bar(
        id=data["id"],
        agent=data["agent"],
        asked=proposal.t if proposal else data["started"],
        started=data["started"],
        ended=data["ended"],
        status=data["status"],
        words=f"#{data['id']} {data['agent']}: {note}{value}",
        kept=data["id"] in kept,
    )


def _slots(bars: Sequence[Bar], number: int) -> tuple[tuple[Bar, ...], ...]:
    """Experiments by slot: a ledger says when each ran, and each takes the slot that is free for longest."""
    free = [(0.0, slot) for slot in range(number)]
    rows: list[list[Bar]] = [[] for _ in range(number)]
    for bar in sorted(bars, key=lambda bar: (bar.started, bar.ended)):
        _, slot = heapq.heappop(free)
        rows[slot].append(bar)
        heapq.heappush(free, (bar.ended, slot))
    return tuple(map(tuple, rows))


def _thoughts(events: Sequence[Event], now: float) -> Iterator[tuple[str, float, float]]:
    """When each agent thought: from what it last heard of its own to what it asked for then."""
    since: dict[str, float] = dict.fromkeys(events[0].data["agents"], 0.0)
    for event in events:
        if event.kind == "proposal":
            agent = event.data["agent"]
            if agent in since:
                yield agent, since.pop(agent), event.t
        elif event.kind == "outcome" and event.data["status"] != "unfinished":
            since[event.data["agent"]] = event.t
    for agent, began in since.items():
        yield agent, began, now


def _chart(found: Course, width: int) -> Markup:
    agents, wide = found.agents[:MOST_AGENTS], width == WIDE
    longest = max(len(name) for name in (*agents, "slot 10"))
    left = min(longest, 18 if wide else 10) * _LETTER + 8
    x = Scale(0.0, found.budget_s, left, width - 12)
    rows = {name: _TOP + i * (_ROW + _GAP) for i, name in enumerate(agents)}
    below = _TOP + len(agents) * (_ROW + _GAP) + 22
    lanes = [below + i * (_ROW + _GAP) for i in range(len(found.slots))]
    height = below + len(lanes) * (_ROW + _GAP) + _BOTTOM
    colours = _colours(found.agents)
    return h(
        "svg",
        _axis(found, x, height),
        [_name(name, y, left, colours[name], 18 if wide else 10) for name, y in rows.items()],
        [_name(f"slot {i + 1}", y, left, None, 10) for i, y in enumerate(lanes)],
        _meetings(found, rows, x),
        [_span(x, began, ended, rows[who], "g-think") for who, began, ended in found.thoughts if who in rows],
        [_span(x, bar.asked, bar.started, rows[bar.agent], "g-wait") for bar in found.bars if bar.agent in rows],
        [_span(x, asked, found.now, rows[who], "g-wait") for who, asked in found.waiting if who in rows],
        [_experiment(bar, x, rows[bar.agent], colours, wide) for bar in found.bars if bar.agent in rows],
        [_experiment(bar, x, y, colours, wide) for y, row in zip(lanes, found.slots, strict=True) for bar in row],
        _gains(found, x),
        viewBox=f"0 0 {width} {height}",
        cls=f"chart gantt {'wide' if wide else 'narrow'}",
        role="img",
        aria_label=f"{count(len(found.agents), 'agent')} and {count(len(found.slots), 'slot')} over "
        f"{duration(found.budget_s)}: {count(len(found.bars), 'experiment')}, {count(len(found.meetings), 'stand-up')}",
    )


def _colours(agents: Sequence[str]) -> dict[str, int]:
    """A colour for each role: agents of one role have names with its number behind, `explorer-2`."""
    roles = list(dict.fromkeys(name.rpartition("-")[0] or name for name in agents))
    return {name: roles.index(name.rpartition("-")[0] or name) % _COLOURS for name in agents}


def _axis(found: Course, x: Scale, height: float) -> Iterator[Markup]:
    for i in range(5):
        at = found.budget_s * i / 4
        anchor = "start" if not i else "end" if i == 4 else "middle"
        yield h("line", x1=x(at), x2=x(at), y1=_TOP - 4, y2=height - _BOTTOM + 6, cls="grid")
        yield h("text", duration(at) if at else "0", x=x(at), y=height - 18, text_anchor=anchor)
    if found.now < found.budget_s:
        yield h("line", x1=x(found.now), x2=x(found.now), y1=_TOP - 8, y2=height - _BOTTOM + 6, cls="now")
    yield h("text", "lab time", x=(x.start + x.end) / 2, y=height - 3, text_anchor="middle", cls="words")


def _name(name: str, y: float, left: float, colour: int | None, room: int) -> Markup:
    shown = name if len(name) <= room else f"{name[: room - 1]}…"
    look = "who" if colour is None else f"who role-{colour}"
    return h("text", shown, x=left - 8, y=y + _ROW - 4, text_anchor="end", cls=look)


def _span(x: Scale, began: float, ended: float, y: float, look: str) -> Markup | None:
    if ended <= began:
        return None
    return h("rect", x=x(began), y=y + _ROW / 2 - 2, width=x(ended) - x(began), height="4", cls=look)


def _experiment(bar: Bar, x: Scale, y: float, colours: Mapping[str, int], named: bool) -> Markup:
    look = f"run role-{colours.get(bar.agent, 0)}{'' if bar.status == 'ok' else ' lost'}{' kept' if bar.kept else ''}"
    width = max(1.0, x(bar.ended) - x(bar.started) - 0.6)
    title = h("title", bar.words) if named else None  # where no pointer could show it
    return h("rect", title, x=x(bar.started), y=y, width=width, height=_ROW, cls=look)


def _meetings(found: Course, rows: Mapping[str, float], x: Scale) -> Iterator[Markup]:
    for began, ended, who in found.meetings:
        words = f"stand-up at {duration(began)}: {', '.join(who)}"
        for name in (name for name in who if name in rows):
            width = max(2.0, x(ended) - x(began))
            place = {"x": x(began), "y": rows[name] - _GAP / 2, "width": width, "height": _ROW + _GAP}
            yield h("rect", h("title", words), **place, cls="meet")


def _gains(found: Course, x: Scale) -> Iterator[Markup]:
    for t, experiment, value in found.gains:
        words = f"submission at {duration(t)}: #{experiment}, {metric(value)}"
        yield h("path", h("title", words), d=f"M{x(t):.1f} {_TOP - 18}l5 6l-5 6l-5-6z", cls="gain")
