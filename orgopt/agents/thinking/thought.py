"""What an agent that thinks in words is told, and what comes of it: pure data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from orgopt.agents.base import Known, Proposal, View
from orgopt.org import Org, Role
from orgopt.task import Task

Purpose = Literal["propose", "report", "remember"]
Ruling = Literal["pass", "rerun", "reject"]


class Left(NamedTuple):
    """What is left of the budget; None where there is no limit."""

    seconds: float
    tokens: int | None = None
    usd: float | None = None


class Case(NamedTuple):
    """A result that waits for a review, with who found it."""

    known: Known
    author: str


class Verdict(NamedTuple):
    """What a reviewer says of a result; `rerun` asks for a run of its own before it says more."""

    experiment: int
    ruling: Ruling
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What an agent knows when it begins to think.

    Attributes:
        org, task: Where it works, on what.
        agent: Its name, `explorer-2`.
        role: Its role.
        view: Its results and what it may start from.
        script: The text of the editable file, or of a world's knobs, by experiment; 0 is the task's own.
        edits: Whether it may rewrite the file, besides turning knobs.
        notes: What was said of experiments that it knows, by number.
        errors: How experiments of its own failed, by number.
        inbox: What others told it since it last thought, oldest first.
        cases: What waits for its review.
        assigns: To whom it gives an assignment.
        left: What is left of the budget.
        memory: Its own notes.
    """

    org: Org
    task: Task
    agent: str
    role: Role
    view: View
    script: Mapping[int, str]
    edits: bool
    notes: Mapping[int, str]
    errors: Mapping[int, str]
    inbox: Sequence[str]
    cases: Sequence[Case]
    assigns: Sequence[str]
    left: Left
    memory: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What came of thinking.

    Attributes:
        proposal: The next experiment; None where a review or a failure came instead.
        more: Experiments that come after it, one after the other.
        verdicts: What it says of results that it reviews.
        assignment: What it tells those to whom it delegates; empty leaves what it told before.
        text: The report or the memory, where that was the purpose.
        memory: What it wants to remember; None leaves it.
        seconds: How long it took, which is agent time.
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
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
