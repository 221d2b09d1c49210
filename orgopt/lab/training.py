"""What labs share that really train: the clock on the wall, the line of experiments, and what is told of them when."""

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from typing import Self

from orgopt.lab.base import Checkpoint, Experiment, Outcome, Status
from orgopt.lab.running import Running
from orgopt.tasks.task import Settings, Task


class TrainingLab(ABC):
    """A Lab whose slots are elsewhere: processes of this machine, or of others.

    Args:
        task: What the experiments train.
        slots: How many run at once.
    """

    def __init__(self, task: Task, slots: int) -> None:
        self.task = task
        self._slots = slots
        self._queue: deque[Experiment] = deque()
        self._events: list[Outcome | Checkpoint] = []
        self._epoch = time.monotonic()
        self._faults = 0

    @property
    def slots(self) -> int:
        return self._slots

    @property
    @abstractmethod
    def data_digest(self) -> str:
        """SHA-256 of the task's data where it trains; waits until that is known."""

    @property
    def virtual(self) -> bool:
        return False

    @property
    def takes_scripts(self) -> bool:
        return True

    def truth(self, settings: Settings) -> float | None:  # noqa: ARG002 training alone tells
        return None

    def now(self) -> float:
        return time.monotonic() - self._epoch

    def submit(self, experiment: Experiment) -> None:
        _ = self.data_digest  # waits until there is something that can train
        self._queue.append(experiment)
        self._start_queued()

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        _ = self.data_digest
        while True:
            self._end_overdue()
            if not self._events:
                self._collect(min([until, *self._moments()]) - self.now())
            if self._events or self.now() >= until:
                events, self._events = self._events, []
                return events

    def kill(self, experiment: int) -> None:
        now = self.now()
        for run in list(self._charged()):
            if run.experiment.id == experiment and not run.told:
                self._events.append(run.cut(Status.STOPPED, now))
                self._kill(run)
        for queued in [one for one in self._queue if one.id == experiment]:
            self._queue.remove(queued)
            self._events.append(Outcome(id=experiment, status=Status.STOPPED, started=now, ended=now))

    def stop(self) -> list[Outcome]:
        self._queue.clear()
        now, charged = self.now(), list(self._charged())
        cut = [run.cut(Status.UNFINISHED, now) for run in charged if not run.told]
        known = [event for event in self._events if isinstance(event, Outcome)]  # since the last `wait`
        unfinished, self._events = [*known, *cut], []
        for run in charged:
            self._kill(run)
        self._await_end()
        return unfinished

    @abstractmethod
    def close(self) -> None:
        """Give the hardware back. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @abstractmethod
    def _charged(self) -> Iterable[Running]:
        """What has a slot."""

    @abstractmethod
    def _start_queued(self) -> None:
        """Begin experiments as far as slots are free."""

    @abstractmethod
    def _collect(self, timeout: float) -> None:
        """Note what is told within a time."""

    @abstractmethod
    def _moments(self) -> list[float]:
        """When experiments have to be ended, should nobody have done it."""

    @abstractmethod
    def _end_overdue(self) -> None:
        """End what has run for too long."""

    @abstractmethod
    def _kill(self, run: Running) -> None:
        """End an experiment; its slot falls free when that is heard."""

    @abstractmethod
    def _await_end(self) -> None:
        """Wait until nothing runs any more.

        Raises:
            LabError: It does not end.
        """
