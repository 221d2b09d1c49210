"""The course of a run: what each agent and each slot did when, and where the time of both went."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orgopt.lab.base import Status
from orgopt.ledger import BASELINE, Event, as_shown
from orgopt.study.wording import metric

FAILED = frozenset(status.value for status in Status if status.failed)
"""Statuses of experiments that failed by themselves, as words: a log may have others than those of today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """An experiment that ended.

    Attributes:
        id: Its number.
        agent: Who asked for it.
        slot: Where it ran, counted from 0.
        asked, started, ended: Lab seconds.
        status: How it ended.
        words: It in a line.
        kept: Whether the team submitted it.
    """

    id: int
    agent: str
    slot: int
    asked: float
    started: float
    ended: float
    status: str
    words: str
    kept: bool

    @property
    def cut(self) -> bool:
        """Whether it neither succeeded nor failed: an agent, the lab or the end of the budget stopped it."""
        return self.status != Status.OK and not self.failed

    @property
    def failed(self) -> bool:
        """Whether it failed by itself."""
        return self.status in FAILED


class Meeting(NamedTuple):
    """A stand-up: when it was called, how long it keeps each who attends, and who that is."""

    t: float
    seconds: float
    agents: tuple[str, ...]


class Gain(NamedTuple):
    """An improvement of what the team submits: when, by which experiment, to which metric."""

    t: float
    id: int
    metric: float


class Span(NamedTuple):
    """An agent's time between two moments."""

    agent: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What happened when in a run, as far as its ledger has it; all times are lab seconds.

    Attributes:
        budget_s: How long it may last.
        now: How far it has come.
        agents: All of them, in the order of the document.
        slots: How many experiments can run at once.
        bars: Experiments that ended, in the order in which they did.
        waiting: Experiments that were asked for and have not ended.
        gaps: When nothing of an agent's ran or waited: it thought, or was in a stand-up.
        thoughts: The gaps without the stand-ups in them.
        met: When each agent was in a stand-up; several that are called at once follow one another.
    """

    budget_s: float
    now: float
    agents: tuple[str, ...]
    slots: int
    bars: tuple[Bar, ...]
    waiting: tuple[Span, ...]
    gaps: tuple[Span, ...]
    thoughts: tuple[Span, ...]
    meetings: tuple[Meeting, ...]
    met: tuple[Span, ...]
    gains: tuple[Gain, ...]


def course(events: Sequence[Event]) -> Course | None:
    """The course of a run; None before it began."""
    if not events or events[0].kind != "start":
        return None
    events = as_shown(events)
    start, now = events[0].data, events[-1].t
    proposals = {event.data["id"]: event for event in events if event.kind == "proposal"}
    ended = {event.data["id"] for event in events if event.kind == "outcome"}
    meetings = [
        Meeting(event.t, event.data["seconds"], tuple(event.data["agents"]))
        for event in events
        if event.kind == "meeting"
    ]
    gaps, met = tuple(_gaps(events, now)), tuple(_met(meetings, now))
    return Course(
        budget_s=start["budget_s"],
        now=now,
        agents=tuple(start["agents"]),
        slots=start["slots"],
        bars=tuple(_bars(events, proposals, start["slots"])),
        waiting=tuple(Span(one.data["agent"], one.t, now) for i, one in proposals.items() if i not in ended),
        gaps=gaps,
        thoughts=tuple(_thoughts(gaps, met)),
        meetings=tuple(meetings),
        met=met,
        gains=tuple(_gains(events)),
    )


def role_of(agent: str) -> str:
    """The role of an agent: those of one role have its number behind, `explorer-2`."""
    return agent.rpartition("-")[0] or agent


class Spent(NamedTuple):
    """Where time went: what it went to, seconds, and how that is drawn."""

    words: str
    seconds: float
    look: str


def slot_time(told: Course) -> list[Spent]:
    """Where the slots' time went, up to now; the parts sum up to slots × time."""
    lost = {"better": 0.0, "ok": 0.0, "failed": 0.0, "cut": 0.0}
    for bar in told.bars:
        kind = "better" if bar.kept else "failed" if bar.failed else "cut" if bar.cut else "ok"
        lost[kind] += min(bar.ended, told.now) - bar.started
    running = _running(told)
    idle = told.slots * told.now - sum(lost.values()) - running
    return [
        Spent("experiments that improved the submission", lost["better"], "better"),
        Spent("experiments that did not", lost["ok"], "plain"),
        Spent("failed", lost["failed"], "failed"),
        Spent("stopped early, or cut by the end of the budget", lost["cut"], "cut"),
        Spent("still running", running, "running"),
        Spent("idle", max(0.0, idle), "idle"),
    ]


def agent_time(told: Course) -> list[Spent]:
    """Where the agents' time went, up to now; the parts sum up to agents × time."""
    watched = sum(min(bar.ended, told.now) - bar.started for bar in told.bars)
    queued = sum(bar.started - bar.asked for bar in told.bars)
    running = _running(told)
    queued += max(0.0, sum(one.ended - one.began for one in told.waiting) - running)
    thought = sum(one.ended - one.began for one in told.thoughts)
    met = sum(one.ended - one.began for one in told.gaps) - thought
    rest = len(told.agents) * told.now - watched - running - queued - thought - met
    return [
        Spent("an experiment of their own ran", watched + running, "plain"),
        Spent("thinking", thought, "think"),
        Spent("in stand-ups, with nothing of theirs running", met, "meet"),
        Spent("waiting for a slot", queued, "wait"),
        Spent("nothing to do", max(0.0, rest), "idle"),
    ]


def _running(told: Course) -> float:
    """Slot-seconds of experiments that have not ended: as many as have a slot, the first asked for."""
    free = [0.0] * told.slots
    for bar in told.bars:
        free[bar.slot] = max(free[bar.slot], bar.ended)
    found, starts = 0.0, sorted(free)
    for one, since in zip(sorted(told.waiting, key=lambda one: one.began), starts, strict=False):
        found += max(0.0, told.now - max(one.began, since))
    return found


def _bars(events: Sequence[Event], proposals: Mapping[int, Event], slots: int) -> Iterator[Bar]:
    """Experiments with their slots: a ledger says when each ran, and each takes the slot that is free for longest."""
    kept = {event.data["id"] for event in events if event.kind == "submission"}
    outcomes = [event.data for event in events if event.kind == "outcome"]
    free = [(0.0, slot) for slot in range(slots)]
    place: dict[int, int] = {}
    for data in sorted(outcomes, key=lambda data: (data["started"], data["ended"])):
        _, slot = heapq.heappop(free)
        place[data["id"]] = slot
        heapq.heappush(free, (data["ended"], slot))
    for data in outcomes:
        yield _bar(data, proposals.get(data["id"]), place[data["id"]], kept=data["id"] in kept)


def _bar(data: Mapping[str, Any], proposal: Event | None, slot: int, *, kept: bool) -> Bar:
    status: str = data["status"]
    note = proposal.data["note"] if proposal else ""
    value = metric(data["metric"]) if status == Status.OK and data["metric"] is not None else status
    return Bar(
        id=data["id"],
        agent=data["agent"],
        slot=slot,
        asked=proposal.t if proposal else data["started"],
        started=data["started"],
        ended=data["ended"],
        status=status,
        words=f"#{data['id']} {data['agent']}: {note}{', ' if note else ''}{value}",
        kept=kept,
    )


def _gaps(events: Sequence[Event], now: float) -> Iterator[Span]:
    """From what each agent last heard of its own to what it asked for then."""
    since: dict[str, float] = dict.fromkeys(events[0].data["agents"], 0.0)
    for event in events:
        if event.kind == "proposal":
            agent = event.data["agent"]
            if agent in since:
                yield Span(agent, since.pop(agent), event.t)
        elif event.kind == "outcome" and event.data["status"] != Status.UNFINISHED:
            since[event.data["agent"]] = event.t
    for agent, began in since.items():
        yield Span(agent, began, now)


def _met(meetings: Sequence[Meeting], now: float) -> Iterator[Span]:
    free: dict[str, float] = {}
    for meeting in meetings:
        for agent in meeting.agents:
            began = max(meeting.t, free.get(agent, 0.0))
            free[agent] = began + meeting.seconds
            if began < now:
                yield Span(agent, began, min(now, free[agent]))


def _thoughts(gaps: Sequence[Span], met: Sequence[Span]) -> Iterator[Span]:
    """Gaps without the stand-ups in them; both are in the order of time, for each agent."""
    of: dict[str, list[Span]] = {}
    for one in met:
        of.setdefault(one.agent, []).append(one)
    at = dict.fromkeys(of, 0)
    for gap in gaps:
        began, mine = gap.began, of.get(gap.agent, [])
        i = at.get(gap.agent, 0)
        while i < len(mine) and mine[i].began < gap.ended:
            if mine[i].began > began:
                yield Span(gap.agent, began, mine[i].began)
            began = max(began, mine[i].ended)
            if mine[i].ended > gap.ended:  # it goes on in what follows
                break
            i += 1
        at[gap.agent] = i
        if began < gap.ended:
            yield Span(gap.agent, began, gap.ended)


def _gains(events: Sequence[Event]) -> Iterator[Gain]:
    for event in events:
        if event.kind == "submission" and event.data["id"] != BASELINE:
            yield Gain(event.t, event.data["id"], event.data["metric"])
