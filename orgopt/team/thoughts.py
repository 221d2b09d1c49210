"""The thoughts of a team that take their time, at the same time as each other and as experiments.

A thought begins when its agent is free, with what the agent knows then. What it took is agent time: the thought ends
that much later, and its proposal is made then. In a lab whose clock jumps, pending thoughts are waited for before the
clock goes on; in real time the loop looks at them while experiments run. A ledger that is repeated says when each
thought ended, and the record of answers what came of it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial
from math import floor
from threading import Thread
from typing import Any, NamedTuple

from orgopt.agents.base import Purpose, Thinking, Thought
from orgopt.agents.thinking.failures import UNFINISHED
from orgopt.ledger import Ledger
from orgopt.team.desk import Desk

POLL_S = 0.01  # how often a loop in real time looks at its thoughts
_MAX_TOLD = 12_000  # characters of what an agent was told that a ledger keeps of each field
_MOMENT_S = 0.1
_NEVER = float("inf")
_TICKS = 10_000  # a second, in a ledger's times


class _Recorded(NamedTuple):
    """The end of a thought that a ledger tells of."""

    t: float
    failure: str
    calls: int


@dataclass(slots=True, eq=False)
class Pending:
    """A thought that has begun.

    Attributes:
        began: Lab seconds.
        future: What comes of it; None for one that never ended.
        ends: When it ends; None until that is known.
        delay: What meetings add before it is, in seconds.
        fixed: Whether a ledger says when it ends, which meetings no longer change.
        patience_s: Seconds on the wall after which a replay waits no longer for it.
    """

    desk: Desk
    purpose: Purpose
    began: float
    future: Future[Thought] | None
    ends: float | None
    delay: float = 0.0
    fixed: bool = False
    patience_s: float = _NEVER

    def outcome(self) -> Thought:
        """What came of it, once it has ended."""
        return self.future.result() if self.future else Thought(failure=UNFINISHED)


@dataclass(slots=True)
class Meeting:
    """A stand-up that goes on: its reports are being written."""

    agents: tuple[str, ...]
    reports: list[Pending]
    ended: bool = False


class Thoughts:
    """The thoughts of a team that have begun and not ended.

    Args:
        ledger: The run's; what is to be repeated of it says when thoughts ended.
        virtual: Whether the lab's clock jumps, so that thoughts are waited for.
        add: Writes an event into the ledger: `thinking` when a thought begins, `thought` when it ends.
    """

    def __init__(self, ledger: Ledger, *, virtual: bool, add: Callable[..., object]) -> None:
        self.ledger, self._virtual, self._add = ledger, virtual, add
        self._recorded: defaultdict[tuple[str, str], deque[_Recorded]] = defaultdict(deque)
        for event in ledger.ahead():
            if event.kind == "thought":
                data = event.data
                self._recorded[data["agent"], data["purpose"]].append(
                    _Recorded(event.t, data["failure"], data["calls"])
                )
        self._pending: dict[str, Pending] = {}
        self._unready: list[Pending] = []
        self._meeting: Meeting | None = None

    @property
    def meets(self) -> bool:
        """Whether the reports of a stand-up are being written."""
        return self._meeting is not None

    def pending(self, desk: Desk) -> bool:
        """Whether an agent has a thought that waits to be concluded."""
        return desk.member.id in self._pending

    def begin(self, desk: Desk, thinking: Thinking, t: float) -> None:
        """Start an agent's next thought."""
        self._pending[desk.member.id] = self._start(desk, "propose", thinking, t)

    def meet(self, t: float, attendees: Sequence[Desk], left_s: float) -> bool:
        """Let the agents of a stand-up write their reports.

        Returns:
            Whether it goes on: False where nobody has something to say; of two at a time the later one is dropped.
        """
        if self._meeting:
            return True
        reports: list[Pending] = []
        for desk in attendees:
            thinking = None if desk.out else desk.agent.report(partial(desk.view, left_s))
            if thinking is not None:
                reports.append(self._start(desk, "report", thinking, t))
        if reports:
            self._meeting = Meeting(tuple(desk.member.id for desk in attendees), reports)
        return bool(reports)

    def ready(self, now: float) -> Iterable[tuple[Desk | None, float]]:
        """The agents whose thoughts end at a time that is known now, with the time; None is the stand-up."""
        return self._ready(now) if self._unready else ()

    def _ready(self, now: float) -> Iterator[tuple[Desk | None, float]]:
        self._await()
        for one in list(self._unready):
            if (ends := self._end_of(one, now)) is not None:
                self._unready.remove(one)
                one.ends = ends
                if one.purpose == "propose":
                    yield one.desk, ends
        meeting = self._meeting
        if meeting and not meeting.ended and all(one.ends is not None for one in meeting.reports):
            meeting.ended = True
            yield None, max(one.ends or 0.0 for one in meeting.reports)

    def look_again(self, now: float) -> float:
        """Until when a loop in real time may wait without a look at its thoughts."""
        return now + POLL_S if self._unready and not self._virtual and not self.ledger.repeating else _NEVER

    def delay(self, desk: Desk, seconds: float) -> bool:
        """Let an agent's thought end later; False where it has one whose end is known and may be moved, or none."""
        one = self._pending.get(desk.member.id)
        if one and one.ends is None:
            one.delay += seconds
        return one is not None and (one.fixed or one.ends is None)

    def conclude(self, desk: Desk, t: float) -> Thought:
        """What came of an agent's thought, which ends now."""
        one = self._pending.pop(desk.member.id)
        thought = one.outcome()
        desk.take(thought)
        self._record(one, thought, t)
        return thought

    def reports(self, t: float) -> tuple[tuple[str, ...], dict[str, str]]:
        """End the stand-up: who was there, and what they reported."""
        meeting, self._meeting = self._meeting, None
        if meeting is None:
            return (), {}
        texts: dict[str, str] = {}
        for one in meeting.reports:
            thought = self._end(one, one.outcome(), t)
            if not thought.failure:
                texts[one.desk.member.id] = thought.text
        return meeting.agents, texts

    def close(self, desks: Sequence[Desk], budget_s: float) -> None:
        """End all thoughts, and let roles with lasting memory write what they remember."""
        for desk in desks:
            desk.agent.stop()
        wait([one.future for one in self._pending.values() if one.future], _MOMENT_S)  # whom that ended, has something
        for one in [*self._pending.values(), *(self._meeting.reports if self._meeting else ())]:
            self._end(one, self._unfinished(one, budget_s), budget_s)
        self._pending, self._unready, self._meeting = {}, [], None
        asked: set[str] = set()
        for desk in desks:
            role = desk.member.role.id
            # One agent writes for its role: a memory is a role's, and the next run may have other agents.
            if desk.out or role in asked:
                continue
            if (thinking := desk.agent.remember(partial(desk.view, 0.0))) is not None:
                asked.add(role)
                one = self._start(desk, "remember", thinking, budget_s)
                self._end(one, one.outcome(), budget_s)

    def _unfinished(self, one: Pending, budget_s: float) -> Thought:
        """What is known of a thought that the end of the budget cuts: an answer that came too late has cost, too."""
        found = Thought(failure=UNFINISHED, seconds=round(budget_s - one.began, 4))
        future = one.future
        if future is None or not (one.fixed or future.done()):
            return found
        if future.done() and future.exception():
            return found
        late = future.result()
        cost = {"calls": late.calls, "usd": late.usd, "facts": late.facts}
        return found._replace(input_tokens=late.input_tokens, output_tokens=late.output_tokens, **cost)

    def _start(self, desk: Desk, purpose: Purpose, thinking: Thinking, t: float) -> Pending:
        name = desk.member.id
        queue = self._recorded[name, purpose]
        recorded = queue.popleft() if queue else None
        told = self._as_recorded(thinking.told)
        # The mission stands in the first event, the script is that of the experiment it starts from.
        kept = {key: _cut(text) for key, text in told.items() if key not in {"mission", "script"}}
        self._add("thinking", t, agent=name, purpose=purpose, told=kept)
        future = None
        if recorded is None or recorded.failure != UNFINISHED or recorded.calls:
            future = _future(f"{name} {purpose}", thinking, told, recorded_only=recorded is not None)
        # In virtual time the end follows from the recorded answers, in real time nothing else tells it.
        fixed = recorded is not None and (future is None or not self._virtual)
        one = Pending(desk, purpose, t, future, recorded.t if recorded and fixed else None, fixed=fixed)
        one.patience_s = _NEVER if recorded else thinking.patience_s
        self._unready.append(one)
        return one

    def _as_recorded(self, told: Mapping[str, str]) -> Mapping[str, str]:
        """What an agent is told, with what was left of the budget when it was told so: limits may be raised since."""
        event = next(self.ledger.ahead(), None)
        if event is None or event.kind != "thinking" or "left" not in told:
            return told
        return {**told, "left": event.data["told"].get("left", told["left"])}

    def _await(self) -> None:
        """In virtual time, wait for all thoughts that can end within the budget: the clock must not pass them."""
        for one in self._unready:
            if self._virtual and one.future and wait([one.future], _timeout(one.patience_s)).not_done:
                one.future = None  # it is unfinished at the end

    def _end_of(self, one: Pending, now: float) -> float | None:
        if one.ends is not None:
            return one.ends
        if one.future is None or not one.future.done() or (self.ledger.repeating and not self._virtual):
            return None
        others = self._meeting.reports if self._meeting and one.purpose == "report" else ()
        known = [other.ends for other in others if other.fixed and other.future and other.ends is not None]
        if known:  # the reports of a stand-up end together
            return known[0]
        ends = one.began + max(one.future.result().seconds, 0.0) + one.delay
        # In real time, later than all that was done: a ledger that is repeated would put equal times in another order.
        return ends if self._virtual else max(ends, (floor(now * _TICKS) + 1) / _TICKS)

    def _end(self, one: Pending, thought: Thought, t: float) -> Thought:
        """Let an agent take in a thought that ends, and write that into the ledger."""
        one.desk.agent.take(one.purpose, thought)
        self._record(one, thought, t)
        return thought

    def _record(self, one: Pending, thought: Thought, t: float) -> None:
        """Write the end of a thought into the ledger."""
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


def _timeout(seconds: float) -> float | None:
    return None if seconds == _NEVER else seconds


def _future(name: str, thinking: Thinking, told: Mapping[str, str], *, recorded_only: bool) -> Future[Thought]:
    """What comes of a thought; one that takes its time has a thread, which does not keep the process from ending."""
    future: Future[Thought] = Future()
    thought, reasoning = thinking.thought, thinking.reasoning
    if reasoning is None:
        future.set_result(thought or Thought(failure=UNFINISHED))
        return future

    def think() -> None:
        try:
            future.set_result(reasoning(told, recorded_only=recorded_only))
        except BaseException as error:  # noqa: BLE001  raised where the result is asked for
            future.set_exception(error)

    Thread(target=think, name=name, daemon=True).start()
    return future


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TOLD else f"{text[:_MAX_TOLD]}… ({len(text)} characters)"
