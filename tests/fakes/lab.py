"""A Lab in virtual time: outcomes are a function of settings and seed, nothing runs."""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

import numpy as np

from orgopt.lab.base import Checkpoint, Experiment, Outcome, Status
from orgopt.tasks.task import Settings, Task

POINTS = 5
Metric = Callable[[Settings, int], tuple[float | None, float | None]]


def parabola(settings: Settings, seed: int) -> tuple[float, float]:
    """The toy task's metrics, as its real files compute them."""
    loss = bottom(settings)
    return loss + float(np.random.default_rng(seed).normal(0, 0.01)), loss


def bottom(settings: Settings) -> float:
    """The toy task's loss without its noise."""
    return (float(settings.get("X", 0.0)) - 0.7) ** 2 + (float(settings.get("Y", 0.3)) - 0.2) ** 2


def curve(settings: Settings) -> tuple[float, ...]:
    """The toy task's learning curve, as its script reports it."""
    loss = bottom(settings)
    return tuple(loss + 1 / (step + 1) for step in range(POINTS))


class FakeLab:
    def __init__(
        self, task: Task, slots: int = 2, seconds: float | Callable[[int], float] = 1.0, metric: Metric = parabola
    ) -> None:
        self.task, self.slots, self.seconds, self.metric = task, slots, seconds, metric
        self.data_digest = task.data_digest
        self.submitted: list[Experiment] = []
        self.stamp = {"lab": "fake"}
        self.virtual, self.takes_scripts = True, False
        self.reset()

    def truth(self, settings: Settings) -> float | None:
        return None

    def reset(self) -> None:
        self.time = 0.0
        self.queue: deque[Experiment] = deque()
        self.running: dict[int, tuple[float, Experiment]] = {}
        self.events: list[tuple[float, int, Experiment, int]] = []  # step POINTS is the end
        self.stopped: list[Outcome] = []
        self.order = count()

    def now(self) -> float:
        return self.time

    def submit(self, experiment: Experiment) -> None:
        self.submitted.append(experiment)
        self.queue.append(experiment)
        self._start()

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        if self.stopped:
            stopped, self.stopped = self.stopped, []
            return [*stopped]
        if not self.events or self.events[0][0] > until:
            self.time = max(self.time, until)
            return []
        t, _, experiment, step = heapq.heappop(self.events)
        self.time = max(self.time, t)
        if step < POINTS:
            return [Checkpoint(id=experiment.id, t=self.time, step=step, value=curve(experiment.settings)[step])]
        started, _ = self.running.pop(experiment.id)
        self._start()
        metric, heldout = self.metric(experiment.settings, experiment.seed)
        status = Status.CRASHED if metric is None else Status.OK
        times = {"started": started, "ended": self.time, "cpu_s": self.time - started}
        points = curve(experiment.settings) if metric is not None else ()
        return [Outcome(id=experiment.id, status=status, metric=metric, heldout=heldout, curve=points, **times)]

    def kill(self, experiment: int) -> None:
        times = {"started": self.time, "ended": self.time}
        for queued in [one for one in self.queue if one.id == experiment]:
            self.queue.remove(queued)
            self.stopped.append(Outcome(id=experiment, status=Status.STOPPED, **times))
        if experiment in self.running:
            self.stopped.append(self._cut(experiment, Status.STOPPED))
            self._start()

    def stop(self) -> list[Outcome]:
        self.queue.clear()
        left = [*self.stopped, *(self._cut(number, Status.UNFINISHED) for number in list(self.running))]
        self.stopped = []
        return left

    def close(self) -> None:
        self.stop()

    def _seconds(self, experiment: Experiment) -> float:
        """How long it takes: the same for all, or what its seed says."""
        return self.seconds(experiment.seed) if callable(self.seconds) else self.seconds

    def _cut(self, experiment: int, status: Status) -> Outcome:
        started, cut = self.running.pop(experiment)
        self.events = [event for event in self.events if event[2] is not cut]
        heapq.heapify(self.events)
        reached = int((self.time - started) / self._seconds(cut) * POINTS + 1e-9)
        return Outcome(
            id=experiment, status=status, started=started, ended=self.time, curve=curve(cut.settings)[:reached]
        )

    def _start(self) -> None:
        while self.queue and len(self.running) < self.slots:
            experiment = self.queue.popleft()
            self.running[experiment.id] = (self.time, experiment)
            for step in range(POINTS if experiment.watched else 0):
                t = self.time + self._seconds(experiment) * (step + 1) / POINTS
                heapq.heappush(self.events, (t, next(self.order), experiment, step))
            end = (self.time + self._seconds(experiment), next(self.order), experiment, POINTS)
            heapq.heappush(self.events, end)
