"""A slot on a node: what runs in a Ray actor, a local lab with one slot and the sandbox of that machine.

The actor has two threads: one waits for what the experiment tells, the other takes notes of what is to be ended.
"""

import platform
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orgopt.errors import LabError
from orgopt.lab.base import Checkpoint, Experiment, Outcome
from orgopt.lab.local import LocalLab
from orgopt.lab.ray.parcel import Parcel, unpack
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.tasks.task import Task
from orgopt.version import __version__

_SLICE_S = 0.05  # after so long a kill is noticed; an outcome waits for nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """What a slot says of itself when it can begin.

    Attributes:
        node: The name of its machine.
        data_digest: SHA-256 of the task's data there.
        version: Of orgopt there.
    """

    node: str
    data_digest: str
    version: str


class Slot:
    """A local lab of one slot, made by `open`: an actor that fails while it is made says less."""

    def __init__(self) -> None:
        self._lab: LocalLab | None = None
        self._to_kill: deque[int] = deque()

    def open(self, task: Task, parcel: Parcel, sandbox: str) -> Ready:
        """Start the warm process of a task.

        Raises:
            SandboxError: This machine has no such sandbox.
            LabError: The task does not load here.
        """
        here = replace(task, folder=unpack(parcel))
        self._lab = LocalLab(here, 1, Sandbox(sandbox))
        return Ready(node=platform.node(), data_digest=self._lab.data_digest, version=__version__)

    def begin(self, experiment: Experiment) -> Sequence[Outcome | Checkpoint]:
        """Run an experiment; returns the first that it tells."""
        lab = self._opened()
        lab.reset()
        lab.submit(experiment)
        return self.more()

    def more(self) -> Sequence[Outcome | Checkpoint]:
        """What the experiment tells next."""
        lab = self._opened()
        while True:
            while self._to_kill:
                lab.kill(self._to_kill.popleft())
            if events := lab.wait(lab.now() + _SLICE_S):
                return events

    def kill(self, experiment: int) -> None:
        """End an experiment, from the other thread; `more` tells its outcome."""
        self._to_kill.append(experiment)

    def _opened(self) -> LocalLab:
        if self._lab is None:
            raise LabError("the slot has no task yet")
        return self._lab


def share(task: Task) -> dict[str, float]:
    """What a slot of a task takes of a node: a core for its one thread, and the accelerators that it asks for."""
    gpus = task.limits.gpus
    return {"num_cpus": 1.0} | ({"num_gpus": float(gpus)} if gpus else {})
