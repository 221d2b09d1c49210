"""Resuming: a lab that answers from a ledger until it is exhausted, then goes on at its clock.

What was in flight at the end of the ledger is started again at the time at which it had started: the inner lab's
clock is set back to the oldest of these. So nothing is charged twice, and the experiments end when they would have.
Real ones may take less time than before; what ends before the ledger does is told at its end, since until then it ran.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orgopt.lab.base import Checkpoint, Experiment, Lab, Lost, Outcome, Status, validation
from orgopt.ledger import Ledger
from orgopt.tasks.task import Settings


class Resumed:
    """A Lab for a run that goes on; see `Lab` for what its methods give.

    Args:
        lab: Where the run goes on.
        ledger: What was recorded; the team repeats it while this lab answers from it.
        meets_by_time: Whether meetings begin at times of their own, and not after some number of experiments.
    """

    def __init__(self, lab: Lab, ledger: Ledger, *, meets_by_time: bool) -> None:
        self._lab, self._ledger = lab, ledger
        # A stand-up with reports, which are thoughts, ends at a time of its own.
        at_times = meets_by_time or any(event.kind == "thinking" for event in ledger.ahead())
        self._timed = {"proposal", "approval", "thinking", "thought", "end", *(("meeting",) if at_times else ())}
        self._submitted: dict[int, tuple[float, Experiment]] = {}
        self._finished: dict[int, float] = {}
        self._killed: list[int] = []
        self._early: list[Outcome | Checkpoint] = []
        self._time = 0.0
        self._behind: float | None = None  # how far the inner clock is behind; None until it goes on

    @property
    def slots(self) -> int:
        return self._lab.slots

    @property
    def data_digest(self) -> str:
        return self._lab.data_digest

    @property
    def stamp(self) -> Mapping[str, str]:
        return self._lab.stamp

    @property
    def virtual(self) -> bool:
        return self._lab.virtual

    @property
    def takes_scripts(self) -> bool:
        return self._lab.takes_scripts

    def truth(self, settings: Settings) -> float | None:
        return self._lab.truth(settings)

    def validation(self, settings: Settings) -> float | None:
        return validation(self._lab, settings)

    def reset(self) -> None:
        self._time = 0.0

    def now(self) -> float:
        if self._behind is None:
            return self._time
        return max(self._time, self._lab.now() + self._behind)

    def submit(self, experiment: Experiment) -> None:
        if self._behind is None:
            self._submitted[experiment.id] = (self._time, experiment)
        else:
            self._lab.submit(experiment)

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        if self._behind is None:
            found, more = self._recorded()
            if found or more:
                times = [event.ended if isinstance(event, Outcome) else event.t for event in found]
                self._time = max([self._time, *(times or [until])])
                return found
            self._go_on()
        if self._early:
            return [self._early.pop(0)]
        found = [_later(event, self._behind or 0.0) for event in self._lab.wait(until - (self._behind or 0.0))]
        if not found:
            self._time = max(self._time, until)  # what the sum of the clocks may have been rounded below
        return found

    def kill(self, experiment: int) -> None:
        if self._behind is None:
            self._killed.append(experiment)
        else:
            self._lab.kill(experiment)

    def stop(self) -> list[Outcome]:
        if self._behind is not None:
            return [_moved(outcome, self._behind) for outcome in self._lab.stop()]
        recorded = [_outcome(event.data) for event in self._ledger.ahead() if event.kind == "outcome"]
        if recorded and not any(event.kind == "end" for event in self._ledger.ahead()):
            known, ended = {outcome.id for outcome in recorded}, recorded[-1].ended
            recorded += [
                Outcome(id=experiment.id, status=Status.UNFINISHED, started=started, ended=ended)
                for started, experiment in self._in_flight()
                if started is not None and experiment.id not in known
            ]
        return recorded

    def close(self) -> None:
        self._lab.close()

    def _recorded(self) -> tuple[list[Outcome | Checkpoint], bool]:
        """What the lab told next, up to the next act of the team, and whether anything is recorded after it."""
        found: list[Outcome | Checkpoint] = []
        for event in self._ledger.ahead():
            if event.kind in self._timed or event.data.get("status") == Status.UNFINISHED:
                return found, True
            if event.kind == "stop":
                data = event.data
                found.append(Checkpoint(id=data["id"], t=event.t, step=data["step"], value=data["value"]))
            elif event.kind == "outcome":
                outcome = _outcome(event.data)
                self._submitted.pop(outcome.id)
                self._finished[outcome.id] = outcome.ended
                found.append(outcome)
        return found, False

    def _go_on(self) -> None:
        """Start again what was in flight, each at its time, and bring the inner clock to the ledger's end."""
        in_flight = self._in_flight()
        started = [(start, experiment) for start, experiment in in_flight if start is not None]
        # The inner clock begins at the oldest start in flight, so that each can be started at its own time.
        self._behind = behind = min([self._time, *(start for start, _ in started)])
        self._lab.reset()
        for start, experiment in started:
            self._advance(start - behind)
            self._lab.submit(experiment)
        self._advance(self._time - behind)
        for start, experiment in in_flight:
            if start is None:
                self._lab.submit(experiment)
        for number in self._killed:
            self._lab.kill(number)

    def _advance(self, to: float) -> None:
        while self._lab.now() < to:
            for event in (_later(event, self._behind or 0.0) for event in self._lab.wait(to)):
                if isinstance(event, Outcome):
                    self._early.append(replace(event, ended=max(event.ended, self._time)))
                elif event.t >= self._time:  # the team has seen the earlier ones, and did nothing
                    self._early.append(event)

    def _in_flight(self) -> list[tuple[float | None, Experiment]]:
        """What had not ended, in the order of its start, with its start; None for what waits for a slot."""
        found = [
            (_start(self.slots, number, submit, self._finished, [*self._submitted], self._time), experiment)
            for number, (submit, experiment) in self._submitted.items()
        ]
        return sorted(found, key=lambda one: (one[0] is None, one[0] or 0.0))


def _start(
    slots: int, number: int, submit: float, finished: Mapping[int, float], unfinished: Sequence[int], until: float
) -> float | None:
    """When an experiment started that has not ended; None where it waits for a slot.

    Experiments start in the order of their numbers: it did when fewer of those before it than there are slots had not
    ended. Recorded starts of others say nothing of that: real ones start some milliseconds after they are asked for.
    """
    before = [ended for other, ended in finished.items() if other < number and ended <= until]
    running = sum(other < number for other in unfinished)
    for t in sorted({submit, *(ended for ended in before if ended > submit)}):
        if running + sum(ended > t for ended in before) < slots:
            return t
    return None


def _outcome(data: Mapping[str, Any]) -> Outcome:
    names = ("id", "started", "ended", "metric", "heldout", "memory_gb", "error")
    given: dict[str, Any] = {name: data[name] for name in names}
    given |= {name: data[name] for name in ("gpu_memory_gb", "gpu_share", "output") if name in data}
    lost = tuple(Lost(*attempt) for attempt in data.get("lost", ()))
    return Outcome(status=Status(data["status"]), curve=tuple(data.get("curve", ())), lost=lost, **given)


def _later(told: Outcome | Checkpoint, seconds: float) -> Outcome | Checkpoint:
    """What the inner lab told, in the time of the run."""
    return replace(told, t=told.t + seconds) if isinstance(told, Checkpoint) else _moved(told, seconds)


def _moved(outcome: Outcome, seconds: float) -> Outcome:
    lost = tuple(Lost(one.started + seconds, one.ended + seconds, one.reason) for one in outcome.lost)
    return replace(outcome, started=outcome.started + seconds, ended=outcome.ended + seconds, lost=lost)
