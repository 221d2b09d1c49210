"""What an agent that thinks in words knows when it begins, and what it is told of the budget."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orgopt.agents.base import Thought, View
from orgopt.org import Org, Role
from orgopt.tasks.task import Task


class Left(NamedTuple):
    """What is left of the budget; None where there is no limit."""

    seconds: float
    tokens: int | None = None
    usd: float | None = None


@dataclass(slots=True, kw_only=True)
class Allowance:
    """What the agents of one run may use, and what the thoughts of theirs that have ended used of it.

    Attributes:
        max_tokens, max_usd: The limits that they are told of; None is no limit.
        tokens, usd: What was used.
    """

    max_tokens: int | None
    max_usd: float | None
    tokens: int = 0
    usd: float = 0.0

    def take(self, thought: Thought) -> None:
        """Count a thought that has ended."""
        self.tokens += thought.input_tokens + thought.output_tokens
        self.usd += thought.usd

    def left(self, seconds: float) -> Left:
        """What is left, beside some seconds."""
        tokens = None if self.max_tokens is None else max(0, self.max_tokens - self.tokens)
        usd = None if self.max_usd is None else max(0.0, self.max_usd - self.usd)
        return Left(max(0.0, seconds), tokens, usd)


class Attempt(NamedTuple):
    """What is noted of an experiment besides its results, for those who may know of it.

    Attributes:
        agent: Who asked for it.
        parent: What it started from, 0 for the baseline.
        seconds: How long it ran; None while it does, or waits for a slot.
        curve: The learning curve, as far as it came.
    """

    agent: str
    parent: int
    seconds: float | None = None
    curve: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where the agents of a run work: what is the same for all, and goes on while they think.

    Attributes:
        org, task: Where they work, on what.
        script: The text of the editable file, or of a world's knobs, by experiment; 0 is the task's own.
        edits: Whether they may rewrite the file, besides turning knobs.
        notes: What was said of experiments, by number.
        errors: How experiments failed, by number.
        attempts: What else is noted of experiments, by number.
        running: The numbers of those that run or wait for a slot, in their order.
        slots: How many run at once.
        virtual: Whether the lab's clock jumps, so that no thought takes the time of this machine.
    """

    org: Org
    task: Task
    script: Mapping[int, str]
    edits: bool
    notes: Mapping[int, str]
    errors: Mapping[int, str]
    attempts: Mapping[int, Attempt]
    running: Collection[int]
    slots: int
    virtual: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """An agent's place in the team.

    Attributes:
        name: Its name, `explorer-2`.
        role: Its role.
        risk: Its risk tolerance, 0 to 1.
        assigns: To whom it gives an assignment.
        hears: Whose results or incumbents reach it.
        work: Where it works.
    """

    name: str
    role: Role
    risk: float
    assigns: Sequence[str]
    hears: Collection[str]
    work: Workplace


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What an agent knows when it begins to think.

    Attributes:
        seat: Its place in the team.
        view: Its results and what it may start from.
        inbox: What others told it since it last thought, oldest first.
        left: What is left of the budget.
        memory: Its own notes.
        failed: Why its last thoughts came to nothing, since the last that did not.
    """

    seat: Seat
    view: View
    inbox: Sequence[str]
    left: Left
    memory: str = ""
    failed: Sequence[str] = ()

    @property
    def work(self) -> Workplace:
        """Where it works."""
        return self.seat.work
