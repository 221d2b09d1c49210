"""The Agent protocol: who thinks. An agent is asked with its View, and answers with a Thinking.

A thought is there at once, or runs beside experiments and ends when it ends; the team cannot tell whose it is. That of
a policy comes after the lab seconds that its task gives to thinking, and decides on what is known then; one in words is
told what is known when it begins, and says itself how long it took. What agents think with is in `knowledge`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol, Self, final

import numpy as np

from orgopt.agents.knowledge import Knowledge, Known
from orgopt.org import CopyRule
from orgopt.tasks.task import Knob, Task, Value

Purpose = Literal["propose", "report", "remember"]
Ruling = Literal["pass", "rerun", "reject"]

STARTS = 5
"""How many settings an agent chooses its start from, the incumbent among them."""


class Case(NamedTuple):
    """A result that waits for a review, with who found it."""

    known: Known
    author: str


class Verdict(NamedTuple):
    """What a reviewer says of a result; `rerun` asks for a run of its own before it says more."""

    experiment: int
    ruling: Ruling
    reason: str


class HeldAssignment(NamedTuple):
    """A task that an agent holds: its number, what it is in words, where it goes on, and what came before in it."""

    id: int
    text: str
    steps: tuple[str, ...]
    start: Known
    trail: tuple[Known, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an agent knows when it is asked.

    Attributes:
        knobs: Every knob of the task.
        free: Those that the agent may turn.
        knowledge: Every setting that it knows, the baseline first.
        starts: What it may start from by its copy rule, its incumbent first; never empty.
        own: The best believed setting that it ran itself, or the baseline.
        risk: Its risk tolerance, 0 to 1.
        copy_rule: How `starts` were chosen.
        rng: The source of its random choices.
        cases: What waits for its review, where it reviews in words.
        left_s: Lab seconds that are left of the budget.
        assignment: What it was assigned, from whose results alone it then starts.
    """

    knobs: Sequence[Knob]
    free: Sequence[Knob]
    knowledge: Knowledge
    starts: Sequence[Known]
    own: Known
    risk: float
    copy_rule: CopyRule
    rng: np.random.Generator
    cases: Sequence[Case] = ()
    left_s: float = math.inf
    assignment: HeldAssignment | None = None

    @classmethod
    def of(cls, knobs: Sequence[Knob], known: Sequence[Known], risk: float, rng: np.random.Generator) -> Self:
        """The view of an agent that works alone, on all knobs."""
        knowledge = Knowledge(knobs, known)
        starts = knowledge.best(STARTS)
        return cls(
            knobs=knobs,
            free=knobs,
            knowledge=knowledge,
            starts=starts,
            own=next(one for one in starts if one.mine),
            risk=risk,
            copy_rule="best",
            rng=rng,
        )

    def draw(self, n: int) -> int:
        """A whole number below n."""
        return int(self.rng.random() * n)  # a tenth of the time of rng.integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An experiment that an agent asks for.

    Attributes:
        settings: The value of every knob.
        parent: The known experiment that it starts from, 0 for the baseline.
        note: What differs, or why, in a line.
        script: The whole text of the editable file where the agent rewrote it; None keeps its parent's, with the knobs.
    """

    settings: Mapping[str, Value]
    parent: int
    note: str
    script: str | None = None


class Thought(NamedTuple):
    """What came of thinking; a tuple, because a team makes many of them.

    Attributes:
        proposal: The next experiment; None where a review or a failure came instead.
        more: Experiments that come after it, one after the other.
        verdicts: What it says of results that it reviews.
        assignment: What it tells those to whom it delegates; empty leaves what it told before.
        text: The report or the memory, where that was the purpose.
        memory: What it wants to remember; None leaves it.
        seconds: Lab seconds that it took from its begin; they are agent time.
        calls: How often a model was asked.
        input_tokens, output_tokens, usd: What that cost.
        failure: Why nothing came of it, one of `Failure`; empty when something did.
        error: What that was, in a line.
        said: What it answered, the last time.
        facts: What else a ledger keeps of it, as JSON values.
    """

    proposal: Proposal | None = None
    more: Sequence[Proposal] = ()
    verdicts: Sequence[Verdict] = ()
    assignment: str = ""
    text: str = ""
    memory: str | None = None
    seconds: float = 0.0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    failure: str = ""
    error: str = ""
    said: str = ""
    facts: Mapping[str, Any] = MappingProxyType({})


class Reasoning(Protocol):
    """What leads to a thought, however long that takes; called in a thread."""

    def __call__(self, told: Mapping[str, str], *, recorded_only: bool) -> Thought:
        """The thought of an agent that was told some texts; `recorded_only` asks nobody for it.

        Raises:
            StoreError: There is no recorded answer, and only one would do.
        """
        ...


class Thinking(NamedTuple):
    """A thought that begins: one that is there at once, or one that takes its time.

    Attributes:
        thought: What came of it, where it is there at once; a ledger has its proposal alone.
        told: What the agent is told, by name; a ledger keeps it.
        reasoning: What leads to it where it takes its time, beside experiments and other thoughts.
        patience_s: Seconds on the wall after which it cannot end within the budget, so that a replay waits no longer.
    """

    thought: Thought | None = None
    told: Mapping[str, str] = MappingProxyType({})
    reasoning: Reasoning | None = None
    patience_s: float = math.inf


Look = Callable[[], View]
"""Gives what an agent sees now; it may draw from the agent's random choices, and is called only when needed."""


class Agent(ABC):
    """Decides what to try next.

    Only `think` is asked of every agent; the rest is for those that have words, and does nothing for others.
    """

    rules: bool = False
    """Whether it passes and rejects results in words; others review by running a setting again."""

    assigns: bool = False
    """Whether it says in words what those are to do to whom it delegates."""
    freezes: bool = False
    """Whether its runs are ended that will hardly be the best, where its role says nothing of stopping."""

    @abstractmethod
    def think(self, view: View) -> Thinking:
        """Begin a thought whose outcome is the next experiment, from what the view shows and nothing else."""

    def lead_s(self, task: Task) -> float:  # noqa: ARG002  for who overrides it
        """Lab seconds from its last result until it is asked: what it takes to think where no thought says so."""
        return 0.0

    def report(self, look: Look) -> Thinking | None:  # noqa: ARG002
        """Begin what it says at a stand-up; None where it says nothing."""
        return None

    def remember(self, look: Look) -> Thinking | None:  # noqa: ARG002
        """Begin what its role is to remember of the run, at its end; None for nothing."""
        return None

    def take(self, purpose: Purpose, thought: Thought) -> None:  # noqa: B027
        """Take in what came of a thought of its own that has ended."""

    def hear(self, text: str) -> None:  # noqa: B027
        """Be told something by another agent."""

    def describe(self, look: Look) -> Mapping[str, Any]:  # noqa: ARG002
        """What it is told once and for all, and what it thinks with, for the ledger; empty for nothing."""
        return {}

    def stop(self) -> None:  # noqa: B027
        """End the thought that goes on, where that would go on by itself."""


class Policy(Agent):
    """An agent without words, whose thoughts are there at once: a strategy over a task's knobs.

    Example:
        class Again(Policy):
            def act(self, view: View) -> Proposal:
                return repeat(view.starts[0], "tries")
    """

    @abstractmethod
    def act(self, view: View) -> Proposal:
        """The next experiment, from what the view shows and nothing else."""

    @final
    def think(self, view: View) -> Thinking:
        proposal = self.act(view)
        # orgopt's own are tested. What another proposes is looked at here: later nobody would know whose it was.
        if not type(self).__module__.startswith("orgopt.") and (problem := _illegal(proposal, view)):
            raise ValueError(problem)
        return Thinking(Thought(proposal))

    @final
    def lead_s(self, task: Task) -> float:
        return task.think_s


def _illegal(proposal: object, view: View) -> str:
    """Why something cannot be run; empty where it can."""
    if not isinstance(proposal, Proposal):
        return f"act gave {proposal!r} where it has to give a Proposal"
    given, knobs = proposal.settings, {knob.name: knob for knob in view.knobs}
    if wrong := sorted({*given} ^ {*knobs}):
        return f"act gave settings that are not those of the task's knobs: {', '.join(map(str, wrong))}"
    for name, value in given.items():
        if not knobs[name].allows(value):
            return f"act gave {name} = {value!r}, which is not in {knobs[name].range}"
    if all(one.id != proposal.parent for one in view.knowledge.all):
        return f"act gave the parent {proposal.parent!r}, an experiment that the agent does not know"
    return ""


def propose(start: Known, changes: Mapping[str, Value]) -> Proposal:
    """A proposal that changes some knobs of a known setting; its note lists what differs."""
    settings = {**start.settings, **changes}
    moved = [
        f"{name} {start.settings[name]} → {value}" for name, value in changes.items() if start.settings[name] != value
    ]
    return Proposal(settings=settings, parent=start.id, note=", ".join(moved) or "the same again")


def scatter(baseline: Known, knobs: Sequence[Knob], rng: np.random.Generator) -> Proposal:
    """A proposal that draws every knob anew, uniformly on its scale."""
    settings = {knob.name: knob.at(rng.random()) for knob in knobs}
    return Proposal(settings=settings, parent=baseline.id, note="starts at random")


def repeat(known: Known, why: str) -> Proposal:
    """A proposal to run a known setting with a new seed."""
    return Proposal(settings=known.settings, parent=known.id, note=f"{why} {known.id or 'the baseline'}")
