"""The Lab protocol: the fixed hardware, the line in which experiments wait for a slot, and time itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, runtime_checkable

from orgopt.tasks.task import Settings, Task


def reporting(task: Task) -> dict[str, str]:
    """What the stamp of a lab says of a metric that the experiments print themselves; nothing where they are judged."""
    return {"metric": "self-reported"} if task.self_reported else {}


class Status(StrEnum):
    """How an experiment ended; only `OK` has a metric."""

    OK = "ok"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    OOM = "oom"
    DISK = "disk"
    OUTPUT_LIMIT = "output_limit"
    INVALID_METRIC = "invalid_metric"
    TAMPERED = "tampered"  # its result cannot be honest: it disqualifies the organization
    INFRA = "infra"  # the lab lost it more often than it tries again
    STOPPED = "stopped"  # by the agent that asked for it: charged to the stop
    UNFINISHED = "unfinished"  # the budget ended first: charged, not counted

    @property
    def failed(self) -> bool:
        """Whether the experiment failed by itself; not by the lab, an agent or the end of the budget."""
        return self not in {Status.OK, Status.INFRA, Status.STOPPED, Status.UNFINISHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One training run to do: settings of the task's knobs and a seed that the harness owns.

    `watched` asks `Lab.wait` for its checkpoints too. `script` is the editable file where an agent rewrote it,
    constants included; None is the task's own with the settings. Only labs that train can run another.
    """

    id: int
    settings: Settings
    seed: int
    watched: bool = False
    script: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A point of the learning curve of an experiment that runs.

    Attributes:
        id: The experiment.
        t: Lab seconds.
        step: Which point of the curve, from 0; curves of a task are comparable step by step.
        value: The training metric there, lower is better.
    """

    id: int
    t: float
    step: int
    value: float


class Lost(NamedTuple):
    """An attempt at an experiment that the lab lost, by a fault of its own: when, in lab seconds, and why."""

    started: float
    ended: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an experiment.

    Attributes:
        metric: The metric that steers the search; None unless the status is ok.
        heldout: The metric that counts, never shown to agents; None unless the status is ok.
        started, ended: Lab seconds; the difference is charged to the slot, lost attempts included.
        curve: Values of the learning curve, as far as it came; empty when the task reports none.
        memory_gb: Peak resident memory of the training process.
        gpu_memory_gb: Peak memory of its GPUs; None where it has none, or nothing is told of them.
        gpu_share: The mean share of time in which they worked, 0 to 1; likewise.
        cpu_s: CPU seconds of training and evaluation, what they take on a core of their own; 0 when it was killed.
        error: The last line of its output when it failed.
        output: The last lines of it, where there were several.
        lost: Attempts at it before this one that ended by a fault of the lab.
    """

    id: int
    status: Status
    started: float
    ended: float
    metric: float | None = None
    heldout: float | None = None
    curve: tuple[float, ...] = ()
    memory_gb: float = 0.0
    gpu_memory_gb: float | None = None
    gpu_share: float | None = None
    cpu_s: float = 0.0
    error: str = ""
    output: str = ""
    lost: tuple[Lost, ...] = ()

    @property
    def t(self) -> float:
        """When it is told: its end."""
        return self.ended

    def cut(self, end: float) -> "Outcome":
        """The outcome where the budget ended before it: charged until then, and not counted."""
        lost = tuple(Lost(min(one.started, end), min(one.ended, end), one.reason) for one in self.lost)
        return Outcome(
            id=self.id, status=Status.UNFINISHED, started=min(self.started, end), ended=end, curve=self.curve, lost=lost
        )

    def to_dict(self) -> dict[str, Any]:
        """The outcome as a ledger keeps it."""
        numbers = {"started": round(self.started, 4), "ended": round(self.ended, 4)}
        scores = {"metric": self.metric, "heldout": self.heldout, "memory_gb": round(self.memory_gb, 3)}
        lost = [[round(one.started, 4), round(one.ended, 4), one.reason] for one in self.lost]
        gpu = {"gpu_memory_gb": self.gpu_memory_gb, "gpu_share": self.gpu_share}
        told = {name: value for name, value in gpu.items() if value is not None}
        data = {"id": self.id, "status": self.status.value, **numbers, **scores, **told, "error": self.error}
        more = {"output": self.output, "lost": lost}
        return {**data, **{name: value for name, value in more.items() if value}}


class Lab(Protocol):
    """Slots of hardware on which experiments run one at a time each.

    Times are lab seconds since `reset`. Submitted experiments start in order as slots fall free.
    """

    @property
    def slots(self) -> int:
        """How many experiments run at once."""
        ...

    @property
    def data_digest(self) -> str:
        """SHA-256 of the task's data on this machine."""
        ...

    @property
    def stamp(self) -> Mapping[str, str]:
        """What results are measured on: `lab`, its name, the digest of its data or recording, and the `sandbox`.

        `metric` is `self-reported` where experiments print their own; nothing is said of one that is judged.
        """
        ...

    @property
    def virtual(self) -> bool:
        """Whether the clock jumps to the next event, so that whoever thinks must be waited for."""
        ...

    @property
    def takes_scripts(self) -> bool:
        """Whether experiments may have a rewritten script."""
        ...

    def truth(self, settings: Settings) -> float | None:
        """The held-out metric of a setting without seed noise; None where only training can tell."""
        ...

    def reset(self) -> None:
        """Start the clock at zero; nothing may be submitted or running."""
        ...

    def now(self) -> float:
        """The lab seconds since `reset`."""
        ...

    def submit(self, experiment: Experiment) -> None:
        """Queue an experiment."""
        ...

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        """Advance to the next outcomes or checkpoints, or to a time; returns them oldest first.

        Checkpoints come of watched experiments alone, each as soon as it is known and before the experiment's outcome.

        Raises:
            LabError: The lab broke.
        """
        ...

    def kill(self, experiment: int) -> None:
        """End an experiment that runs or is queued; does nothing to one that ended.

        Its outcome, with the status `stopped` and charged until now, comes from the next `wait`.
        """
        ...

    def stop(self) -> list[Outcome]:
        """End everything that runs, forget what is queued.

        Returns the unfinished, charged until now, and those that `kill` ended since the last `wait`.
        """
        ...

    def close(self) -> None:
        """Give the hardware back. May be called twice."""
        ...


@runtime_checkable
class KnowsValidation(Protocol):
    """A lab that may know the metric that steers the search without seed noise, too."""

    def validation(self, settings: Settings) -> float | None:
        """That metric of a setting; None where it must be measured."""
        ...


def validation(lab: Lab, settings: Settings) -> float | None:
    """The metric that steers the search without seed noise; None where a lab does not know it."""
    return lab.validation(settings) if isinstance(lab, KnowsValidation) else None
