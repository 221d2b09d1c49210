"""One agent at work: what it thinks with, whom it tells, and when its thinking ends."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from orgopt.agents import Agent, Catalogue, Proposal, View, make_agent, repeat, scatter
from orgopt.ledger import BASELINE
from orgopt.org import LANGUAGE_AGENT, CopyRule, Org
from orgopt.seeds import Stream, generator
from orgopt.task import Knob, Task
from orgopt.team import meetings
from orgopt.team.beliefs import HEEDING, Beliefs
from orgopt.team.links import Member, Network, members
from orgopt.team.stopping import Curves


@dataclass(slots=True)
class Desk:
    """An agent's place in the team.

    Attributes:
        number: Its place in document order.
        agent: Who proposes; None for one that thinks in words, which takes its time (see `minds`).
        neighbours: Whose results or incumbents reach it.
        tells: Who hears of its results, by kind of link.
        hands_to: Whom it gives its incumbent.
        handed_on: The setting, the focus and the assignment that it last gave them.
        focus: The knob groups that it works on, its own or handed down; empty is all.
        curves: What it compares a running experiment with; None never stops one.
        queue: Experiments that a thought asked for, after its first, until they are proposed.
        scatters: Whether its next proposal is a random setting, where its task lets agents start so.
        wake: When its thinking ends; None while its experiment runs.
        busy_until: When its last stand-up ends.
    """

    number: int
    member: Member
    agent: Agent | None
    beliefs: Beliefs
    risk: float
    copy_rule: CopyRule
    rng: np.random.Generator
    neighbours: Sequence[str]
    tells: dict[str, list[str]]
    hands_to: list[str]
    submits: bool
    focus: tuple[str, ...]
    free: tuple[Knob, ...]
    curves: Curves | None
    scatters: bool
    wake: float | None
    # What was handed on last is kept, so that an unchanged incumbent is not told again and again.
    handed_on: tuple[int, tuple[str, ...], str] = (0, (), "")
    busy_until: float = 0.0
    queue: deque[Proposal] = field(default_factory=deque[Proposal])

    def reflex(self, taken: set[int]) -> Proposal | None:
        """An experiment that takes no thought: a random start, a promising result again, or one thought of before.

        Args:
            taken: Settings that somebody of its role is running again already.
        """
        if self.scatters:
            self.scatters = False
            return scatter(self.beliefs.known(BASELINE), self.beliefs.knowledge.knobs, self.rng)
        doubtful = self.beliefs.doubtful(taken, reviews=self.member.role.agent != LANGUAGE_AGENT)
        if doubtful is not None:
            return repeat(self.beliefs.known(doubtful), "replicates")
        return self.queue.popleft() if self.queue else None

    def view(self) -> View:
        """What it sees when it acts."""
        return self.beliefs.view(self.copy_rule, self.neighbours, self.free, self.risk, self.rng)

    def take_focus(self, focus: tuple[str, ...]) -> None:
        """Work on the focus of who delegates, unless its role has one of its own."""
        if focus and not self.member.role.focus:
            self.focus, self.free = focus, meetings.free_knobs(self.beliefs.knowledge.knobs, focus)


def desks(org: Org, task: Task, network: Network, catalogue: Catalogue, seed: int) -> dict[str, Desk]:
    """The place of every agent, before anything is known."""
    trust, submits = meetings.trust(org, network), frozenset(meetings.submitters(org))
    defaults = task.complete({})
    found: dict[str, Desk] = {}
    for number, member in enumerate(members(org)):
        role = member.role
        stop_early, copy_rule = org.stop_early_of(role), org.copy_rule_of(role)
        found[member.id] = Desk(
            number=number,
            member=member,
            agent=None if role.thinks else make_agent(role.agent),
            beliefs=Beliefs(task.knobs, defaults, task.baseline, trust[member.id], catalogue=catalogue),
            risk=org.risk_of(role),
            copy_rule=copy_rule,
            rng=generator(Stream.AGENT, seed, number),
            neighbours=network.sources(member.id) if copy_rule in HEEDING else (),
            tells=network.hearers[member.id],
            hands_to=network.delegates.get(member.id, []),
            submits=member.id in submits,
            focus=role.focus,
            free=meetings.free_knobs(task.knobs, role.focus),
            curves=None if stop_early == "off" else Curves(stop_early),
            scatters=task.random_start,
            wake=task.think_s,
        )
    return found
