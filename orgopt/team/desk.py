"""One agent at work: what it thinks with, whom it tells, and when its thinking ends."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from orgopt.agents import Agent, Catalogue, Proposal, View, repeat, scatter
from orgopt.agents.base import Case, HeldAssignment, Thought
from orgopt.agents.session import Language, seated
from orgopt.agents.thinking.failures import UNANSWERED, Failure
from orgopt.agents.thinking.situation import Seat, Workplace
from orgopt.ledger import BASELINE
from orgopt.org import CopyRule
from orgopt.seeds import Stream, generator
from orgopt.tasks.task import Knob, Task
from orgopt.team.beliefs import Beliefs
from orgopt.team.copying import heeded, starts
from orgopt.team.early_stopping import Curves, curves_of
from orgopt.team.links import Member, Network, members, submitters
from orgopt.team.trust import HEEDING, trusts

MAX_FAILED = 5  # thoughts in a row; then an agent has given up
_LASTING = frozenset(one for one in Failure if one.lasting)
LEAST_PAUSE_S = 0.01  # where thinking takes no time, an agent that is refused would ask for ever at one moment
_CASES = 3


def gave_up(failure: str, failed: int) -> bool:
    """Whether an agent thinks no more: how its last thought failed, if it did, and how many in a row."""
    return failure in _LASTING or failed >= MAX_FAILED


@dataclass(slots=True)
class Desk:
    """An agent's place in the team.

    Attributes:
        number: Its place in document order.
        agent: Who proposes.
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
        assignment: What it told those to whom it hands its incumbent, in words.
        failed: Its thoughts in a row that came to nothing.
        out: Whether it thinks no more in this run.
        unanswered: Whether nobody answered one of these thoughts.
        holds: The task that it holds, as it sees it.
    """

    number: int
    member: Member
    agent: Agent
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
    handed_on: tuple[int, tuple[str, ...], str] = (0, (), "")
    wake: float | None = None
    busy_until: float = 0.0
    assignment: str = ""
    failed: int = 0
    out: bool = False
    unanswered: bool = False
    holds: HeldAssignment | None = None
    queue: deque[Proposal] = field(default_factory=deque[Proposal])

    def reflex(self, taken: set[int]) -> Proposal | None:
        """An experiment that takes no thought: a random start, a promising result again, or one thought of before.

        Args:
            taken: Settings that somebody of its role is running again already.
        """
        if self.scatters:
            self.scatters = False
            return scatter(self.beliefs.known(BASELINE), self.beliefs.knowledge.knobs, self.rng)
        doubtful = self.beliefs.doubtful(taken, reviews=not self.agent.rules)
        if doubtful is not None:
            return repeat(self.beliefs.known(doubtful), "replicates")
        return self.queue.popleft() if self.queue else None

    def asked(self, left_s: float) -> View:
        """What it sees when it is asked for an experiment."""
        return self.view(left_s, self._cases() if self.agent.rules else ())

    def view(self, left_s: float, cases: Sequence[Case] = ()) -> View:
        """What it sees.

        Args:
            left_s: Lab seconds that are left of the budget.
            cases: What waits for its review.
        """
        beliefs, rule = self.beliefs, self.copy_rule
        neighbours, choice = heeded(rule, self.neighbours, self.rng) if rule in HEEDING else ((), 0.0)
        return View(
            knobs=beliefs.knowledge.knobs,
            free=self.free,
            knowledge=beliefs.knowledge,
            # Who holds a task goes on with its own work in it, whatever others found meanwhile.
            starts=[self.holds.start] if self.holds else starts(beliefs, rule, neighbours, choice),
            own=beliefs.known(beliefs.own),
            risk=self.risk,
            copy_rule=rule,
            rng=self.rng,
            cases=cases,
            left_s=left_s,
            assignment=self.holds,
        )

    def take(self, thought: Thought) -> None:
        """Take in what came of a thought whose purpose was an experiment."""
        self.agent.take("propose", thought)
        self.failed = self.failed + 1 if thought.failure else 0
        self.unanswered = bool(thought.failure) and (self.unanswered or thought.failure in UNANSWERED)
        self.out = gave_up(thought.failure, self.failed)
        self.assignment = thought.assignment or self.assignment

    def pause_s(self, task: Task) -> float:
        """How long it rests after a thought that came to nothing: longer each time."""
        # Doubled each time, so that a model that is down is asked less and less.
        return max(task.think_s, LEAST_PAUSE_S) * 2 ** (self.failed - 1)

    def take_focus(self, focus: tuple[str, ...]) -> None:
        """Work on the focus of who delegates, unless its role has one of its own."""
        if focus and not self.member.role.focus:
            self.focus, self.free = focus, free_knobs(self.beliefs.knowledge.knobs, focus)

    def _cases(self) -> list[Case]:
        """Results that wait for its review."""
        return [Case(self.beliefs.known(setting), author) for setting, author in self.beliefs.to_review(_CASES)]


def desks(
    work: Workplace, network: Network, catalogue: Catalogue, *, seed: int, language: Language | None
) -> dict[str, Desk]:
    """The place of every agent, before anything is known.

    Args:
        work: The organization, and what it researches.
        network: Who is linked to whom.
        catalogue: The numbers of all settings of the team.
        seed: Decides every choice of the agents.
        language: What agents think with that think in words; None where there are none.

    Raises:
        UsageError: Agents would have to think, and have nothing to do it with.
    """
    org, task = work.org, work.task
    trust, submits = trusts(org, network), frozenset(submitters(org))
    defaults = task.complete({})
    found: dict[str, Desk] = {}
    for number, member in enumerate(members(org)):
        role = member.role
        risk, hands_to = org.risk_of(role), network.delegates.get(member.id, [])
        hears = frozenset(network.sources(member.id)) if role.thinks else frozenset[str]()
        seat = Seat(name=member.id, role=role, risk=risk, assigns=tuple(hands_to), hears=hears, work=work)
        copy_rule, agent = org.copy_rule_of(role), seated(seat, language)
        found[member.id] = Desk(
            number=number,
            member=member,
            agent=agent,
            beliefs=Beliefs(task.knobs, defaults, task.baseline, trust[member.id], catalogue=catalogue),
            risk=risk,
            copy_rule=copy_rule,
            rng=generator(Stream.AGENT, seed, number),
            neighbours=network.sources(member.id) if copy_rule in HEEDING else (),
            tells=network.hearers[member.id],
            hands_to=hands_to,
            submits=member.id in submits,
            focus=role.focus,
            free=free_knobs(task.knobs, role.focus),
            curves=curves_of(
                org.stop_early_of(role),
                freezes=agent.freezes and role.stop_early is None and org.stop_early == "off",
            ),
            scatters=task.random_start,
        )
    return found


def free_knobs(knobs: Sequence[Knob], focus: Iterable[str]) -> tuple[Knob, ...]:
    """The knobs of some groups, whose names are compared without case; all where no such group exists."""
    groups = {name.strip().lower() for name in focus}
    return tuple(knob for knob in knobs if knob.group.lower() in groups) or tuple(knobs)


def described(desks: Iterable[Desk], left_s: float) -> dict[str, Mapping[str, Any]]:
    """What each role that has words thinks with and is told once and for all."""
    found: dict[str, Mapping[str, Any]] = {}
    for one in desks:
        role = one.member.role.id
        if role not in found and (said := one.agent.describe(partial(one.view, left_s))):
            found[role] = said
    return found
