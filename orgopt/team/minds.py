"""Agents that think in words: their thoughts run at the same time as each other and as experiments.

A thought begins when its agent is free, with what the agent knows then. What it took is agent time: the thought ends
that much later, and its proposal is made then. In a lab whose clock jumps, pending thoughts are waited for before the
clock goes on; in real time the loop looks at them while experiments run. A ledger that is repeated says when each
thought ended, and the record of answers what came of it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from math import floor
from threading import Thread
from typing import Any, NamedTuple

from orgopt.agents.session import Language, Thinker
from orgopt.agents.thinking.thought import Case, Left, Purpose, Situation, Thought, Verdict
from orgopt.lab.base import Lab
from orgopt.ledger import Ledger
from orgopt.org import Org
from orgopt.task import Task
from orgopt.team.desk import Desk
from orgopt.team.scripts import Scripts

POLL_S = 0.01  # how often a loop in real time looks at its thoughts
UNFINISHED = "unfinished"
"""The failure of a thought that the end of the budget cut."""

MAX_FAILED = 5  # thoughts in a row; then an agent has given up
_CASES = 3
_MAX_TOLD = 12_000  # characters of what an agent was told that a ledger keeps of each field
_LASTING = ("refused", "over_budget")  # failures that asking again does not mend
_TICKS = 10_000  # a second, in a ledger's times
_LEAST_PAUSE_S = 0.01


class _Recorded(NamedTuple):
    """The end of a thought that a ledger tells of."""

    t: float
    failure: str


@dataclass(slots=True, eq=False)
class Pending:
    """A thought that has begun.

    Attributes:
        began: Lab seconds.
        future: What comes of it; None for one that never ended.
        ends: When it ends; None until that is known.
        delay: What meetings add before it is, in seconds.
        fixed: Whether a ledger says when it ends, which meetings no longer change.
    """

    desk: Desk
    purpose: Purpose
    began: float
    future: Future[Thought] | None
    ends: float | None
    delay: float = 0.0
    fixed: bool = False


@dataclass(slots=True)
class _Mind:
    """What a language agent has besides its desk."""

    thinker: Thinker
    inbox: list[str] = field(default_factory=list[str])
    memory: str = ""
    failed: int = 0
    out: bool = False
    assigned: str = ""


@dataclass(slots=True)
class Meeting:
    """A stand-up that goes on: its reports are being written."""

    agents: tuple[str, ...]
    reports: list[Pending]
    ended: bool = False


class Minds:
    """The thoughts of a team.

    Args:
        org: The organization.
        task: What it researches.
        desks: Its agents' places, by name.
        language: What its language agents think with.
        ledger: The run's; what is to be repeated of it says when thoughts ended.
        lab: Whose clock decides whether thoughts are waited for.
        scripts: The scripts of all experiments.
        add: Writes an event into the ledger: `thinking` when a thought begins, `thought` when it ends.
    """

    def __init__(
        self,
        org: Org,
        task: Task,
        desks: Mapping[str, Desk],
        language: Language,
        ledger: Ledger,
        lab: Lab,
        scripts: Scripts,
        add: Callable[..., object],
    ) -> None:
        self.org, self.task, self.language, self.ledger = org, task, language, ledger
        self._virtual, self._edits = lab.virtual, lab.takes_scripts and bool(task.script)
        self._scripts, self._add = scripts, add
        self._minds: dict[str, _Mind] = {}
        for name, desk in desks.items():
            if desk.agent is None:
                role = desk.member.role
                mind = self._minds[name] = _Mind(language.thinker(name, role, desk.risk))
                mind.memory = language.memory(role)
        self._desks = desks
        self._recorded: defaultdict[tuple[str, str], deque[_Recorded]] = defaultdict(deque)
        for event in ledger.ahead():
            if event.kind == "thought":
                data = event.data
                self._recorded[data["agent"], data["purpose"]].append(_Recorded(event.t, data["failure"]))
        self._pending: dict[str, Pending] = {}
        self._unready: list[Pending] = []
        self._notes: dict[int, str] = {}
        self._errors: dict[int, str] = {}
        self._spent = [0, 0.0]  # tokens and dollars of the thoughts that ended
        self.meeting: Meeting | None = None

    def describe(self, budget_s: float) -> dict[str, Any]:
        """What each role thinks with and is told once and for all."""
        found: dict[str, Any] = {}
        for name, mind in self._minds.items():
            role = self._desks[name].member.role.id
            if role not in found:
                found[role] = dict(mind.thinker.describe(self._situation(self._desks[name], budget_s, [])))
        return found

    def pending(self, desk: Desk) -> bool:
        """Whether an agent has a thought that waits to be concluded."""
        return desk.member.id in self._pending

    def out(self, desk: Desk) -> bool:
        """Whether an agent thinks no more in this run."""
        return self._minds[desk.member.id].out

    def note(self, experiment: int, agent: str, text: str) -> None:
        """Keep why an experiment was asked for."""
        self._notes[experiment] = f"{agent}: {text}"

    def error(self, experiment: int, text: str) -> None:
        """Keep how an experiment failed."""
        self._errors[experiment] = text

    def tell(self, agent: str, text: str) -> None:
        """Put a message into an agent's inbox, where it has one."""
        if agent in self._minds:
            self._minds[agent].inbox.append(text)

    def begin(self, desk: Desk, t: float, budget_s: float) -> None:
        """Start an agent's next thought."""
        mind = self._minds[desk.member.id]
        # Who runs a command reviews by running, as policies do.
        cases = [] if desk.member.role.command else desk.beliefs.to_review(_CASES)
        self._pending[desk.member.id] = self._start(desk, "propose", t, budget_s, cases)
        mind.inbox = []

    def meet(self, t: float, agents: Sequence[str], budget_s: float) -> bool:
        """Let the agents of a stand-up write their reports; False where none of them can, or one goes on already."""
        desks = [self._desks[name] for name in agents if name in self._minds and not self._minds[name].out]
        if not desks or self.meeting:
            return bool(self.meeting)
        reports = [self._start(desk, "report", t, budget_s, []) for desk in desks]
        self.meeting = Meeting(tuple(agents), reports)
        return True

    def ready(self, now: float) -> Iterator[tuple[Desk | None, float]]:
        """The agents whose thoughts end at a time that is known now, with the time; None is the stand-up."""
        self._await()
        for one in list(self._unready):
            if (ends := self._end_of(one, now)) is not None:
                self._unready.remove(one)
                one.ends = ends
                if one.purpose == "propose":
                    yield one.desk, ends
        meeting = self.meeting
        if meeting and not meeting.ended and all(one.ends is not None for one in meeting.reports):
            meeting.ended = True
            yield None, max(one.ends or 0.0 for one in meeting.reports)

    def look_again(self, now: float) -> float:
        """Until when a loop in real time may wait without a look at its thoughts."""
        return now + POLL_S if self._unready and not self._virtual and not self.ledger.repeating else float("inf")

    def delay(self, desk: Desk, seconds: float) -> bool:
        """Let an agent's thought end later; False where it has one whose end is known and may be moved, or none."""
        one = self._pending.get(desk.member.id)
        if one and one.ends is None:
            one.delay += seconds
        return one is not None and (one.fixed or one.ends is None)

    def conclude(self, desk: Desk, t: float) -> Thought:
        """What came of an agent's thought, which ends now."""
        one = self._pending.pop(desk.member.id)
        thought = one.future.result() if one.future else Thought(failure=UNFINISHED)
        mind = self._minds[desk.member.id]
        mind.failed = mind.failed + 1 if thought.failure else 0
        mind.out = thought.failure in _LASTING or mind.failed >= MAX_FAILED
        mind.memory = mind.memory if thought.memory is None else thought.memory
        if thought.assignment:
            mind.assigned = thought.assignment
        self._record(one, thought, t)
        return thought

    def pause_s(self, desk: Desk) -> float:
        """How long an agent rests after a failed thought: longer each time."""
        return max(self.task.think_s, _LEAST_PAUSE_S) * 2 ** (self._minds[desk.member.id].failed - 1)

    def assignment(self, agent: str) -> str:
        """What an agent told those who work for it."""
        return self._minds[agent].assigned if agent in self._minds else ""

    def reports(self, t: float) -> tuple[tuple[str, ...], dict[str, str]]:
        """End the stand-up: who was there, and what they reported."""
        meeting, self.meeting = self.meeting, None
        if meeting is None:
            return (), {}
        texts: dict[str, str] = {}
        for one in meeting.reports:
            thought = one.future.result() if one.future else Thought(failure=UNFINISHED)
            self._record(one, thought, t)
            if not thought.failure:
                texts[one.desk.member.id] = thought.text
        return meeting.agents, texts

    def close(self, budget_s: float) -> None:
        """End all thoughts, and let roles with lasting memory write what they remember."""
        self.language.stop()
        cut = [*self._pending.values(), *(self.meeting.reports if self.meeting else ())]
        for one in cut:
            self._record(one, Thought(failure=UNFINISHED, seconds=round(budget_s - one.began, 4)), budget_s)
        self._pending, self._unready, self.meeting = {}, [], None
        asked: set[str] = set()
        for name, mind in self._minds.items():
            role = self._desks[name].member.role
            if self.language.remembers(role) and not role.command and role.id not in asked and not mind.out:
                asked.add(role.id)
                one = self._start(self._desks[name], "remember", budget_s, budget_s, [])
                thought = one.future.result() if one.future else Thought(failure=UNFINISHED)
                if not thought.failure:
                    self.language.remember(role, thought.text)
                self._record(one, thought, budget_s)

    def _start(
        self, desk: Desk, purpose: Purpose, t: float, budget_s: float, cases: Sequence[tuple[int, str]]
    ) -> Pending:
        name = desk.member.id
        queue = self._recorded[name, purpose]
        recorded = queue.popleft() if queue else None
        # What it is told is put together now: what it knows changes while it thinks.
        now, thinker = self._situation(desk, budget_s - t, cases), self._minds[name].thinker
        told = self._as_recorded(thinker.brief(purpose, now))
        # The mission stands in the first event, the script is that of the experiment it starts from.
        kept = {key: _cut(text) for key, text in told.items() if key not in {"mission", "script"}}
        self._add("thinking", t, agent=name, purpose=purpose, told=kept)
        future = None
        if recorded is None or recorded.failure != UNFINISHED:
            future = _thread(thinker, purpose, now, told, recorded_only=recorded is not None)
        # In virtual time the end follows from the recorded answers, in real time nothing else tells it.
        fixed = recorded is not None and (future is None or not self._virtual)
        one = Pending(desk, purpose, t, future, recorded.t if recorded and fixed else None, fixed=fixed)
        self._unready.append(one)
        return one

    def _as_recorded(self, told: Mapping[str, str]) -> Mapping[str, str]:
        """What an agent is told, with what was left of the budget when it was told so: limits may be raised since."""
        event = next(self.ledger.ahead(), None)
        if event is None or event.kind != "thinking" or "left" not in told:
            return told
        return {**told, "left": event.data["told"].get("left", told["left"])}

    def _await(self) -> None:
        """In virtual time, wait for all thoughts: the clock must not pass them."""
        futures = [one.future for one in self._unready if one.future]
        if futures and self._virtual:
            wait(futures)

    def _end_of(self, one: Pending, now: float) -> float | None:
        if one.ends is not None:
            return one.ends
        if one.future is None or not one.future.done() or (self.ledger.repeating and not self._virtual):
            return None
        others = self.meeting.reports if self.meeting and one.purpose == "report" else ()
        known = [other.ends for other in others if other.fixed and other.future and other.ends is not None]
        if known:  # the reports of a stand-up end together
            return known[0]
        ends = one.began + max(one.future.result().seconds, 0.0) + one.delay
        # In real time, later than all that was done: a ledger that is repeated would put equal times in another order.
        return ends if self._virtual else max(ends, (floor(now * _TICKS) + 1) / _TICKS)

    def _situation(self, desk: Desk, seconds: float, cases: Sequence[tuple[int, str]]) -> Situation:
        mind, settings = self._minds[desk.member.id], self.language.settings
        most_tokens, most_usd = settings.max_tokens, settings.max_usd
        left = Left(
            max(0.0, seconds),
            None if most_tokens is None else max(0, most_tokens - int(self._spent[0])),
            None if most_usd is None else max(0.0, most_usd - self._spent[1]),
        )
        return Situation(
            org=self.org,
            task=self.task,
            agent=desk.member.id,
            role=desk.member.role,
            view=desk.view(),
            script=self._scripts,
            edits=self._edits,
            notes=self._notes,
            errors=self._errors,
            inbox=tuple(mind.inbox),
            cases=[Case(desk.beliefs.known(setting), author) for setting, author in cases],
            assigns=tuple(desk.hands_to),
            left=left,
            memory=mind.memory,
        )

    def _record(self, one: Pending, thought: Thought, t: float) -> None:
        """Write the end of a thought into the ledger."""
        self._spent[0] += thought.input_tokens + thought.output_tokens
        self._spent[1] += thought.usd
        found: dict[str, Any] = {
            "agent": one.desk.member.id,
            "purpose": one.purpose,
            "began": round(one.began, 4),
            "seconds": thought.seconds,
            "calls": thought.calls,
            "tokens": [thought.input_tokens, thought.output_tokens],
            "usd": thought.usd,
            "failure": thought.failure,
            "error": thought.error,
            "said": thought.said,
        }
        found |= thought.facts
        if thought.verdicts:
            found["verdicts"] = [list(verdict) for verdict in thought.verdicts]
        self._add("thought", t, **found)


def rulings(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that say something at once; a run of its own says more than `rerun`."""
    return [verdict for verdict in verdicts if verdict.ruling != "rerun"]


def _thread(
    thinker: Thinker, purpose: Purpose, now: Situation, told: Mapping[str, str], *, recorded_only: bool
) -> Future[Thought]:
    """A thought in a thread of its own, which does not keep the process from ending."""
    future: Future[Thought] = Future()

    def think() -> None:
        try:
            future.set_result(thinker.think(purpose, now, told, recorded_only=recorded_only))
        except BaseException as error:  # noqa: BLE001  raised where the result is asked for
            future.set_exception(error)

    Thread(target=think, name=f"{now.agent} {purpose}", daemon=True).start()
    return future


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TOLD else f"{text[:_MAX_TOLD]}… ({len(text)} characters)"
