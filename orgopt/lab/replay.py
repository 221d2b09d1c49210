"""The replay lab: a Lab in virtual time, whose experiments are answered by a world."""

import heapq
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Self

from orgopt.lab.base import Checkpoint, Experiment, Outcome, Status
from orgopt.lab.worlds.world import AnswerSource, WorldAnswer
from orgopt.tasks.task import Settings, Task


@dataclass(frozen=True, slots=True)
class _Running:
    experiment: Experiment
    started: float
    answer: WorldAnswer


class ReplayLab:
    """A Lab whose clock jumps to the next event; nothing trains and nobody waits.

    Args:
        task: What the experiments train.
        source: What answers them.
        slots: How many run at once.

    Example:
        task = load_task("nk")
        with ReplayLab(task, open_world(task), slots=4) as lab:
            lab.submit(Experiment(id=1, settings={}, seed=7))
            outcomes = lab.wait(until=60)
    """

    def __init__(self, task: Task, source: AnswerSource, slots: int) -> None:
        self.task, self.source = task, source
        self._slots = slots
        self.reset()

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def data_digest(self) -> str:
        return self.source.data_digest

    @property
    def stamp(self) -> Mapping[str, str]:
        return {"lab": "replay", **self.source.stamp}

    @property
    def virtual(self) -> bool:
        return True

    @property
    def takes_scripts(self) -> bool:
        return False

    def truth(self, settings: Settings) -> float | None:
        return self.source.truth(settings)

    def validation(self, settings: Settings) -> float | None:
        return self.source.validation(settings)

    def reset(self) -> None:
        self._time = 0.0
        self._queue: deque[Experiment] = deque()
        self._running: dict[int, _Running] = {}
        self._stopped: list[Outcome] = []
        # Time, whether it is an end (the last point comes before it), order of entry, experiment, point of its curve.
        self._events: list[tuple[float, bool, int, int, int]] = []
        self._order = count()

    def now(self) -> float:
        return self._time

    def submit(self, experiment: Experiment) -> None:
        self._queue.append(experiment)
        self._start_queued()

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        # Killed now, and so before anything that is still to come.
        if self._stopped:
            outcomes, self._stopped = self._stopped, []
            return [*outcomes]
        while self._events and self._events[0][0] <= until:
            t, end, _, number, step = heapq.heappop(self._events)
            run = self._running.get(number)
            # Its events stay in the heap: taking them out of the middle would cost more than skipping them here.
            if run is None:  # it was killed
                continue
            self._time = max(self._time, t)
            if not end:
                self._push_checkpoint(run, step + 1)
                return [Checkpoint(id=number, t=t, step=step, value=run.answer.curve[step])]
            del self._running[number]
            # Who waits for a slot gets it before anybody hears of this end, and proposes at the same moment.
            self._start_queued()
            # One event at a time: what the team does at this one may end or move the next.
            return [_outcome(run)]
        self._time = max(self._time, until)
        return []

    def kill(self, experiment: int) -> None:
        run = self._running.pop(experiment, None)
        if run:
            self._stopped.append(self._ended(run, Status.STOPPED))
            self._start_queued()
        elif any(queued.id == experiment for queued in self._queue):
            self._queue = deque(queued for queued in self._queue if queued.id != experiment)
            self._stopped.append(Outcome(id=experiment, status=Status.STOPPED, started=self._time, ended=self._time))

    def stop(self) -> list[Outcome]:
        self._queue.clear()
        left = [*self._stopped, *(self._ended(run, Status.UNFINISHED) for run in self._running.values())]
        self._running, self._events, self._stopped = {}, [], []
        return left

    def close(self) -> None:
        """Forget what runs; there is nothing to give back."""
        self.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start_queued(self) -> None:
        while self._queue and len(self._running) < self._slots:
            experiment = self._queue.popleft()
            answer = self.source.answer(experiment.settings, experiment.seed)
            if answer.seconds > self.task.limit_s:
                answer = _overdue(answer, self.task.limit_s)
            run = self._running[experiment.id] = _Running(experiment, self._time, answer)
            # Points of a curve that nobody watches would be most of the events of a replay.
            if experiment.watched:
                self._push_checkpoint(run, 0)
            end = (self._time + answer.seconds, True, next(self._order), experiment.id, 0)
            heapq.heappush(self._events, end)

    def _push_checkpoint(self, run: _Running, step: int) -> None:
        if step < len(run.answer.curve):
            t = run.started + min(_moment(run.answer, step), run.answer.seconds)
            heapq.heappush(self._events, (t, False, next(self._order), run.experiment.id, step))

    def _ended(self, run: _Running, status: Status) -> Outcome:
        """The outcome of an experiment that ends now."""
        curve = _until(run.answer, self._time - run.started)
        return Outcome(id=run.experiment.id, status=status, started=run.started, ended=self._time, curve=curve)


def _moment(answer: WorldAnswer, step: int) -> float:
    """Seconds after its start at which a run reports a point of its curve."""
    return answer.step_s * (step + 1)


def _until(answer: WorldAnswer, seconds: float) -> tuple[float, ...]:
    """The points of a curve that a run has reported after some time, up to the rounding of clocks."""
    return tuple(value for step, value in enumerate(answer.curve) if _moment(answer, step) <= seconds + 1e-9)


def _overdue(answer: WorldAnswer, limit_s: float) -> WorldAnswer:
    """What is left of a run that is killed at the limit."""
    curve = _until(answer, limit_s)
    return WorldAnswer(status=Status.TIMEOUT, seconds=limit_s, step_s=answer.step_s, curve=curve)


def _outcome(run: _Running) -> Outcome:
    answer = run.answer
    return Outcome(
        id=run.experiment.id,
        status=answer.status,
        started=run.started,
        ended=run.started + answer.seconds,
        metric=answer.metric,
        heldout=answer.heldout,
        curve=answer.curve,
        cpu_s=0.0 if answer.status is Status.TIMEOUT else answer.seconds,
        error=answer.error,
    )
