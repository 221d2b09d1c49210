"""The event loop of one run: an organization works on a task until its budget ends.

The same loop drives every lab. Thinking and stand-ups take lab time of agents, experiments take lab time of slots.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from orgopt.agents import Agent, Known, Proposal, View, make_agent
from orgopt.lab.base import Experiment, Lab, Outcome, Status, derive_seed
from orgopt.ledger import BASELINE, Event, Ledger
from orgopt.org import Org
from orgopt.task import Task, Value
from orgopt.team import meetings
from orgopt.team.meetings import Member

Watcher = Callable[[Event], None]


@dataclass(slots=True)
class _Desk:
    """An agent at work: what it knows, and when its thinking ends (None while its experiment runs)."""

    member: Member
    agent: Agent
    risk: float
    rng: np.random.Generator
    wake: float | None
    busy_until: float = 0.0
    knows: dict[int, None] = field(default_factory=lambda: {BASELINE: None})


@dataclass(frozen=True, slots=True)
class _Asked:
    """An experiment that somebody asked for."""

    agent: str
    settings: Mapping[str, Value]


class Team:
    """An organization on its way through one budget.

    Args:
        org: The organization.
        task: What it researches.
        lab: Where its experiments run.
        seed: Decides every choice of the agents and the seeds of the experiments.
        ledger: Takes every event.
        watch: Called with every event, for progress displays.
    """

    def __init__(
        self, org: Org, task: Task, lab: Lab, *, seed: int, ledger: Ledger, watch: Watcher | None = None
    ) -> None:
        self.org, self.task, self.lab, self.seed, self.ledger = org, task, lab, seed, ledger
        self._watch = watch
        self._hearers = meetings.hearers(org)
        self._submitters = meetings.submitters(org)
        self._desks: dict[str, _Desk] = {}
        for number, member in enumerate(meetings.members(org)):
            rng = np.random.default_rng([seed, number])
            agent = make_agent(member.role.agent)
            risk = org.risk_of(member.role)
            self._desks[member.id] = _Desk(member, agent, risk, rng, wake=task.think_s)
        self._asked: dict[int, _Asked] = {}
        self._known: dict[int, Known] = {
            BASELINE: Known(id=BASELINE, settings=task.complete({}), metric=task.baseline.metric)
        }
        self._submission = BASELINE
        self._finished = 0
        self._next_standup = org.standup.every if org.standup else float("inf")

    def run(self, budget_s: float) -> None:
        """Work until the budget of lab seconds ends; what is in flight then is charged and not counted."""
        self.lab.reset()
        self._add(
            "start",
            0.0,
            budget_s=budget_s,
            slots=self.lab.slots,
            lab=dict(self.lab.stamp),
            seed=self.seed,
            agents=list(self._desks),
            baseline=self.task.baseline.metric,
            commit=_commit(self.task.source),
        )
        self._add("submission", 0.0, id=BASELINE, metric=self.task.baseline.metric)
        while (now := self.lab.now()) < budget_s:
            for desk in self._desks.values():
                if desk.wake is not None and desk.wake <= now:
                    self._propose(desk)
            wakes = [desk.wake for desk in self._desks.values() if desk.wake is not None]
            for event in self.lab.wait(min([budget_s, *wakes, *self._standup_time()])):
                if isinstance(event, Outcome):
                    self._take(event)
            self._maybe_meet()
        for outcome in self.lab.stop():
            self._add("outcome", self.lab.now(), agent=self._asked[outcome.id].agent, **outcome.to_dict())
        self._add("end", self.lab.now())

    def _add(self, kind: str, t: float, **data: object) -> Event:
        event = self.ledger.add(kind, t, **data)
        if self._watch:
            self._watch(event)
        return event

    def _propose(self, desk: _Desk) -> None:
        known = [self._known[experiment] for experiment in desk.knows]
        proposal = desk.agent.act(View(knobs=self.task.knobs, known=known, risk=desk.risk, rng=desk.rng))
        number = len(self._asked) + 1
        self._asked[number] = _Asked(desk.member.id, proposal.settings)
        desk.wake = None
        self._add("proposal", self.lab.now(), id=number, agent=desk.member.id, **_describe(self.task, proposal))
        self.lab.submit(Experiment(id=number, settings=proposal.settings, seed=derive_seed(self.seed, number)))

    def _take(self, outcome: Outcome) -> None:
        """Record an outcome, tell who hears of it, and let its agent think again."""
        asked = self._asked[outcome.id]
        desk = self._desks[asked.agent]
        event = self._add("outcome", outcome.ended, agent=asked.agent, **outcome.to_dict())
        self._known[outcome.id] = Known(id=outcome.id, settings=asked.settings, metric=outcome.metric)
        self._finished += 1
        self._learn(event)
        for hearer, kind in self._hearers[asked.agent].items():
            message = {"sender": asked.agent, "to": hearer, "link": kind, "experiments": [outcome.id]}
            self._learn(self._add("message", outcome.ended, **message))
        desk.wake = max(self.lab.now(), desk.busy_until) + self.task.think_s
        if outcome.status is Status.OK:
            self._submit()

    def _learn(self, event: Event) -> None:
        for desk in self._desks.values():
            desk.knows.update(dict.fromkeys(meetings.learned(desk.member.id, event)))

    def _submit(self) -> None:
        """Submit what the submitters believe is best, when that has changed."""
        ids = {experiment for agent in self._submitters for experiment in self._desks[agent].knows}
        best, metric = believed_best([self._known[experiment] for experiment in sorted(ids)], self.task)
        if best != self._submission:
            self._submission = best
            self._add("submission", self.lab.now(), id=best, metric=metric)

    def _standup_time(self) -> list[float]:
        standup = self.org.standup
        return [self._next_standup] if standup and standup.unit == "s" else []

    def _maybe_meet(self) -> None:
        standup = self.org.standup
        if standup is None:
            return
        reached = self.lab.now() if standup.unit == "s" else self._finished
        if reached < self._next_standup:
            return
        self._next_standup += standup.every
        agents = meetings.attendees(self.org, standup)
        own: dict[str, list[tuple[float, int]]] = {agent: [] for agent in agents}
        for experiment, asked in self._asked.items():
            known = self._known.get(experiment)
            if asked.agent in own and known and known.metric is not None:
                own[asked.agent].append((known.metric, experiment))
        now, seconds = self.lab.now(), meetings.meeting_seconds(self.task, len(agents))
        for agent in agents:
            desk = self._desks[agent]
            desk.busy_until = max(desk.busy_until, now) + seconds
            if desk.wake is not None:
                desk.wake += seconds
        shared = meetings.shared(own, standup.share)
        self._learn(self._add("meeting", now, agents=list(agents), seconds=seconds, shared=shared))
        self._submit()


def believed_best(known: list[Known], task: Task) -> tuple[int, float]:
    """The setting with the lowest mean metric over its runs: the id of its first run, and that mean.

    The baseline counts with the mean of its many recorded runs.
    """
    runs: dict[str, list[Known]] = defaultdict(list)
    for one in known:
        if one.metric is not None:
            runs[json.dumps(one.settings, sort_keys=True)].append(one)
    baseline = json.dumps(task.complete({}), sort_keys=True)
    means = {
        key: task.baseline.metric if key == baseline else sum(one.metric or 0.0 for one in ones) / len(ones)
        for key, ones in runs.items()
    }
    best = min(means, key=lambda key: (means[key], runs[key][0].id))
    return runs[best][0].id, means[best]


def _describe(task: Task, proposal: Proposal) -> dict[str, object]:
    default = {knob.name: knob.default for knob in task.knobs}
    return {
        "knobs": {name: value for name, value in proposal.settings.items() if default[name] != value},
        "parent": proposal.parent,
        "note": proposal.note,
        "commit": _commit(task.script_with(proposal.settings)),
    }


def _commit(script: str) -> str:
    """Seven hex digits that name the script's content, as a git commit would."""
    return hashlib.sha256(script.encode()).hexdigest()[:7]
