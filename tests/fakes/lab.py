"""A Lab in virtual time: outcomes are a function of settings and seed, nothing runs."""

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

import numpy as np

from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.task import Settings, Task

Metric = Callable[[Settings, int], tuple[float | None, float | None]]


def parabola(settings: Settings, seed: int) -> tuple[float, float]:
    """The toy task's metrics, as its real files compute them."""
    loss = (float(settings.get("X", 0.0)) - 0.7) ** 2 + (float(settings.get("Y", 0.3)) - 0.2) ** 2
    return loss + float(np.random.default_rng(seed).normal(0, 0.01)), loss


class FakeLab:
    def __init__(self, task: Task, slots: int = 2, seconds: float = 1.0, metric: Metric = parabola) -> None:
        self.task, self.slots, self.seconds, self.metric = task, slots, seconds, metric
        self.data_digest = task.data_digest
        self.submitted: list[Experiment] = []
        self.stamp = {"lab": "fake"}
        self.reset()

    def truth(self, settings: Settings) -> float | None:
        return None

    def reset(self) -> None:
        self.time = 0.0
        self.queue: deque[Experiment] = deque()
        self.running: list[tuple[float, int, float, Experiment]] = []
        self.order = count()

    def now(self) -> float:
        return self.time

    def submit(self, experiment: Experiment) -> None:
        self.submitted.append(experiment)
        self.queue.append(experiment)
        self._start()

    def wait(self, until: float) -> list[Outcome]:
        if not self.running or self.running[0][0] > until:
            self.time = max(self.time, until)
            return []
        ended, _, started, experiment = heapq.heappop(self.running)
        self.time = max(self.time, ended)
        self._start()
        metric, heldout = self.metric(experiment.settings, experiment.seed)
        status = Status.CRASHED if metric is None else Status.OK
        times = {"started": started, "ended": ended}
        return [Outcome(id=experiment.id, status=status, metric=metric, heldout=heldout, **times)]

    def stop(self) -> list[Outcome]:
        self.queue.clear()
        left = [
            Outcome(id=e.id, status=Status.UNFINISHED, started=started, ended=self.time)
            for _, _, started, e in self.running
        ]
        self.running = []
        return left

    def close(self) -> None:
        self.stop()

    def _start(self) -> None:
        while self.queue and len(self.running) < self.slots:
            experiment = self.queue.popleft()
            heapq.heappush(self.running, (self.time + self.seconds, next(self.order), self.time, experiment))
