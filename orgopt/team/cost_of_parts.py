"""What each role, link and the stand-ups of a run cost and brought, as data: of the organization and its ledger.

It says whether agents or slots were the bottleneck, and what came of each role, each link and the stand-ups.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from orgopt.agents.thinking.failures import UNFINISHED
from orgopt.ledger import BASELINE, Event, Ledger
from orgopt.org import Org
from orgopt.storage.json_values import json_values
from orgopt.team.links import members

STANDUP = "stand-up"
_Origin = tuple[str, str, str]  # sending role, hearing role, kind of link
_MET: _Origin = ("", "", STANDUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one part of an organization cost and brought.

    Attributes:
        name: A role's name, a link as it is written, or `stand-up`.
        proposals: Experiments that a role asked for; of a link or a stand-up, those that start from what it brought.
        replicates: How many of them ran a known setting again.
        gains: How often the team's submission improved by one of them.
        gained: By how much of the metric, in all.
        slot_s: Slot-seconds of these experiments.
        agent_s: Agent-seconds: of a role, from each outcome to the next proposal; of a stand-up, of all attendees.
        messages: Messages sent, one a hearer; of stand-ups, how many were held.
    """

    name: str
    proposals: int = 0
    replicates: int = 0
    gains: int = 0
    gained: float = 0.0
    slot_s: float = 0.0
    agent_s: float = 0.0
    messages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What held a run back, and what each part of its organization did for it.

    Attributes:
        bound: What there was too little of: agents when slots stood idle for longer than agents waited for one.
        slots_idle: Share of the slots' time in which nothing ran.
        agents_waiting: Share of the agents' time spent waiting for a slot.
        think_s: Mean time from an agent's outcome to its next proposal, stand-ups and thoughts that failed or were cut
            included.
        queue_s: Mean time from a proposal to its start.
        run_s: Mean time that an experiment ran.
        headcount: How many agents there were.
        full_headcount: How many would keep the slots full: slots × (1 + think_s / run_s).
        roles, links: What each did, in document order.
        standup: What the stand-ups did; None where none was held.
    """

    bound: Literal["agents", "slots"]
    slots_idle: float
    agents_waiting: float
    think_s: float
    queue_s: float
    run_s: float
    headcount: int
    full_headcount: float
    roles: tuple[Share, ...]
    links: tuple[Share, ...]
    standup: Share | None

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return json_values(self)


class _Gain(NamedTuple):
    experiment: int
    gained: float


def report(org: Org, ledger: Ledger) -> Report:
    """The report of a finished run."""
    start, budget_s = ledger.of("start")[0].data, ledger.of("end")[0].t
    book = _Book(
        {event.data["id"]: event for event in ledger.of("proposal")},
        {event.data["id"]: event.data for event in ledger.of("outcome")},
        _gains(ledger.of("submission")),
    )
    headcount, thinking = len(start["agents"]), _thinking(ledger.events)
    outcomes = book.outcomes.values()
    queued = [data["started"] - book.proposals[data["id"]].t for data in outcomes]
    # What never got a slot waited until the end.
    queued += [budget_s - event.t for number, event in book.proposals.items() if number not in book.outcomes]
    busy = sum(min(data["ended"], budget_s) - data["started"] for data in outcomes)
    idle, waiting = max(0.0, 1 - busy / (start["slots"] * budget_s)), sum(queued) / (headcount * budget_s)
    think_s = _mean([seconds for spent in thinking.values() for seconds in spent])
    run_s = _mean([data["ended"] - data["started"] for data in outcomes if data["status"] != "unfinished"])
    origins = _origins(ledger.events, org)
    return Report(
        bound="agents" if idle > waiting else "slots",
        slots_idle=idle,
        agents_waiting=waiting,
        think_s=think_s,
        queue_s=_mean(queued),
        run_s=run_s,
        headcount=headcount,
        full_headcount=start["slots"] * (1 + think_s / run_s) if run_s else float(start["slots"]),
        roles=_of_roles(org, ledger, book, thinking),
        links=_of_links(org, ledger, book, origins),
        standup=_of_standups(ledger, book, origins.get(_MET, set())),
    )


class _Book(NamedTuple):
    """A ledger by experiment."""

    proposals: Mapping[int, Event]
    outcomes: Mapping[int, Mapping[str, Any]]
    gains: list[_Gain]

    def share(self, name: str, mine: set[int], *, agent_s: float = 0.0, messages: int = 0) -> Share:
        own = [gain for gain in self.gains if gain.experiment in mine]
        ended = [self.outcomes[number] for number in mine if number in self.outcomes]
        return Share(
            name=name,
            proposals=len(mine),
            replicates=sum(_repeats(self.proposals, number) for number in mine),
            gains=len(own),
            gained=sum(gain.gained for gain in own),
            slot_s=sum(data["ended"] - data["started"] for data in ended),
            agent_s=agent_s,
            messages=messages,
        )


def _roles(org: Org) -> dict[str, str]:
    return {member.id: member.role.id for member in members(org)}


def _of_roles(org: Org, ledger: Ledger, book: _Book, thinking: Mapping[str, list[float]]) -> tuple[Share, ...]:
    role_of, shares = _roles(org), list[Share]()
    for role in (role for role in org.roles if role.headcount):
        mine = {number for number, event in book.proposals.items() if role_of[event.data["agent"]] == role.id}
        agent_s = sum(sum(spent) for agent, spent in thinking.items() if role_of[agent] == role.id)
        sent = sum(len(event.data["to"]) for event in ledger.of("message") if role_of[event.data["sender"]] == role.id)
        shares.append(book.share(role.name, mine, agent_s=agent_s, messages=sent))
    return tuple(shares)


def _of_links(org: Org, ledger: Ledger, book: _Book, origins: Mapping[_Origin, set[int]]) -> tuple[Share, ...]:
    role_of, sent = _roles(org), dict[_Origin, int]()
    for event in ledger.of("message"):
        for hearer in event.data["to"]:
            key = _link(org, role_of[event.data["sender"]], role_of[hearer], event.data["link"])
            sent[key] = sent.get(key, 0) + 1
    return tuple(
        book.share(f"{org.name(key[0])} → {org.name(key[1])}: {key[2]}", origins.get(key, set()), messages=number)
        for key, number in sorted(sent.items())
    )


def _of_standups(ledger: Ledger, book: _Book, mine: set[int]) -> Share | None:
    held = ledger.of("meeting")
    agent_s = sum(event.data["seconds"] * len(event.data["agents"]) for event in held)
    return book.share(STANDUP, mine, agent_s=agent_s, messages=len(held)) if held else None


def _link(org: Org, sender: str, hearer: str, kind: str) -> _Origin:
    """A message's link as it is written: what a reviewer reads flows against the arrow of `reviews`."""
    against = any((link.source, link.target, link.kind) == (hearer, sender, kind) for link in org.links)
    return (hearer, sender, kind) if kind == "reviews" and against else (sender, hearer, kind)


def _origins(events: Iterable[Event], org: Org) -> dict[_Origin, set[int]]:
    """The proposals whose start an agent first learned through a link or a stand-up, by which it was."""
    role_of = _roles(org)
    learned: dict[tuple[str, int], _Origin | None] = {}
    found: dict[_Origin, set[int]] = {}
    for event in events:
        data = event.data
        if event.kind == "proposal":
            origin = learned.get((data["agent"], data["parent"]))
            if origin:
                found.setdefault(origin, set()).add(data["id"])
        for agent, experiments, origin in _told(event, org, role_of):
            for experiment in experiments:
                # Only the first way counts: what was known already is nothing that a later message brought.
                learned.setdefault((agent, experiment), origin)
    return found


def _told(event: Event, org: Org, role_of: Mapping[str, str]) -> Iterator[tuple[str, list[int], _Origin | None]]:
    """Whom an event tells of which experiments, and through what; None for those of its own."""
    data = event.data
    if event.kind == "outcome":
        yield data["agent"], [data["id"]], None
    elif event.kind == "message":
        for hearer in data["to"]:
            origin = _link(org, role_of[data["sender"]], role_of[hearer], data["link"])
            yield hearer, data["experiments"], origin
    elif event.kind == "meeting":
        for agent in data["agents"]:
            yield agent, data["shared"], _MET


def _gains(submissions: list[Event]) -> list[_Gain]:
    """Each improvement of the submission, with the experiment that it is.

    A submission whose mean had risen since may be followed by one with a higher metric: no gain.
    """
    found: list[_Gain] = []
    best = submissions[0].data["metric"]
    for event in submissions[1:]:
        if event.data["metric"] < best:
            found.append(_Gain(event.data["id"], best - event.data["metric"]))
            best = event.data["metric"]
    return found


def _thinking(events: Iterable[Event]) -> dict[str, list[float]]:
    """Seconds from each outcome, or the start, to the next proposal, by agent; or to where the budget cut a thought."""
    since: dict[str, float] = {}
    found: dict[str, list[float]] = {}
    for event in events:
        if event.kind == "outcome":
            since[event.data["agent"]] = event.t
        elif event.kind == "proposal":
            agent = event.data["agent"]
            found.setdefault(agent, []).append(event.t - since.get(agent, 0.0))
        elif event.kind == "thought" and event.data["failure"] == UNFINISHED and event.data["purpose"] == "propose":
            # Else a team whose thoughts are too slow for its budget would be one that hardly thinks.
            found.setdefault(event.data["agent"], []).append(event.t - since.get(event.data["agent"], 0.0))
    return found


def _repeats(proposals: Mapping[int, Event], number: int) -> bool:
    # A replicate has the knobs of what it starts from: of the baseline a ledger names none.
    data = proposals[number].data
    if data["parent"] == BASELINE:
        return not data["knobs"]
    return data["knobs"] == proposals[data["parent"]].data["knobs"]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0
