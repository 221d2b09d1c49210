"""Worlds: what answers an experiment in place of real training.

A world of one's own is any Python callable that gives a `World`; `open_world` loads it for the replay lab. Recorded
worlds, fitted to real runs, are in `orgopt.lab.worlds.fitted_world`.
"""

import importlib
import importlib.util
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, runtime_checkable

from orgopt.document import Program
from orgopt.errors import TaskError
from orgopt.lab.base import Status
from orgopt.ledger import Ledger
from orgopt.tasks.task import Settings, Task


class World(Protocol):
    """What a task's own world must do.

    Example:
        class Parabola:
            def curve(self, knobs, seed):
                noise = np.random.default_rng(seed).normal(0, 0.01)
                return 1.0, [(knobs["X"] - 0.7) ** 2 + noise]
    """

    def curve(self, knobs: Settings, seed: int) -> tuple[float, Sequence[float]]:
        """The lab seconds that a run takes, and its learning curve at equal parts of them.

        The last value is the metric that steers the search, lower is better. `knobs` names every knob.
        An exception is a crashed experiment, a last value that is not finite an invalid metric.
        """
        ...


@runtime_checkable
class WorldWithTruth(World, Protocol):
    """A world that also knows the metric that counts."""

    def truth(self, knobs: Settings) -> float:
        """The held-out metric of a setting, without noise."""
        ...


@runtime_checkable
class WorldWithValidation(World, Protocol):
    """A world that also knows the metric that steers the search without noise."""

    def validation(self, knobs: Settings) -> float:
        """What `curve` ends with, without noise."""
        ...


@runtime_checkable
class WorldOfDocuments(World, Protocol):
    """A world whose runs are studies: organizations on it are searches, which propose documents.

    Its task says `proposes = "documents"`. `curve` is asked for the baseline alone.
    """

    def study(self, program: Program, *, seed: int, budget_s: float, depth: int, ledger: Ledger) -> Mapping[int, float]:
        """Carry a search out, and write it into a ledger as the run of a team: candidates are its experiments.

        Args:
            program: A search without errors.
            seed: Decides every choice, and which problem it is given.
            budget_s: A lab second is a run of a team.
            depth: How many levels of studies may lie below it.
            ledger: Takes `start`, a `proposal` and an `outcome` for each candidate, a `submission` for each that was
                the best by what was known then, and `end`.

        Returns:
            The held-out metric of each submission.

        Raises:
            UsageError: This search cannot be carried out here.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldAnswer:
    """What an experiment would have given, had nothing stopped it.

    Attributes:
        seconds: How long it runs until it ends or fails.
        step_s: Seconds between points of the learning curve.
        curve: Values of the learning curve, as far as it comes.
        metric, heldout: None unless the status is ok.
    """

    status: Status
    seconds: float
    step_s: float = 0.0
    curve: tuple[float, ...] = ()
    metric: float | None = None
    heldout: float | None = None
    error: str = ""


class AnswerSource(Protocol):
    """Where the replay lab has its answers from."""

    @property
    def stamp(self) -> dict[str, str]:
        """What its results are measured on: names and digests."""
        ...

    @property
    def data_digest(self) -> str:
        """SHA-256 of the data that its figures hold for."""
        ...

    def answer(self, settings: Settings, seed: int) -> WorldAnswer:
        """What an experiment would give; the same again for the same settings and seed."""
        ...

    def truth(self, settings: Settings) -> float | None:
        """The held-out metric of a setting without noise, or None where it must be measured."""
        ...

    def validation(self, settings: Settings) -> float | None:
        """The metric that steers of a setting without noise, or None where it must be measured."""
        ...


class CalledWorld:
    """The answers of a task's own world.

    A call that fails is charged what the baseline takes, as nothing says how long it ran.

    Raises:
        TaskError: It does not even answer the baseline.
    """

    def __init__(self, task: Task, world: World) -> None:
        self.task, self.world = task, world
        self._truth = world.truth if isinstance(world, WorldWithTruth) else None
        self._validation = world.validation if isinstance(world, WorldWithValidation) else None
        self._crash_s = 0.0
        baseline = self.answer({}, 0)
        if baseline.status is not Status.OK:
            raise TaskError(f"the world {task.world} of {task.name} fails on its own baseline: {baseline.error}")
        self._crash_s = baseline.seconds

    @property
    def stamp(self) -> dict[str, str]:
        return {"world": self.task.world, "digest": self.task.digest}

    @property
    def data_digest(self) -> str:
        return self.task.data_digest

    def answer(self, settings: Settings, seed: int) -> WorldAnswer:
        full = self.task.complete(settings)
        try:
            seconds, values = self.world.curve(full, seed)
            return self._checked(full, float(seconds), tuple(float(value) for value in values))
        except (Exception, SystemExit) as error:  # noqa: BLE001 a world is anybody's code, its failure an outcome
            return WorldAnswer(status=Status.CRASHED, seconds=self._crash_s, error=_line(error))

    def truth(self, settings: Settings) -> float | None:
        """See `AnswerSource`.

        Raises:
            TaskError: The world fails to say it, or says no number.
        """
        return self._known("truth", self._truth, settings)

    def validation(self, settings: Settings) -> float | None:
        """See `AnswerSource`.

        Raises:
            TaskError: The world fails to say it, or says no number.
        """
        return self._known("validation", self._validation, settings)

    def _known(self, what: str, ask: Callable[[Settings], float] | None, settings: Settings) -> float | None:
        """What a world knows of a setting; None where it knows nothing of the kind."""
        if ask is None:
            return None
        full = self.task.complete(settings)
        try:
            value = float(ask(full))
        except (Exception, SystemExit) as error:
            raise TaskError(f"the world {self.task.world} of {self.task.name} fails: {_line(error)}") from error
        if not math.isfinite(value):
            raise TaskError(
                f"the world {self.task.world} of {self.task.name} says that the {what} of {full} is {value}"
            )
        return value

    def _checked(self, full: Settings, seconds: float, curve: tuple[float, ...]) -> WorldAnswer:
        if not (math.isfinite(seconds) and seconds > 0):
            return WorldAnswer(
                status=Status.INVALID_METRIC, seconds=self._crash_s, error=f"curve took {seconds} seconds"
            )
        if not curve or not math.isfinite(curve[-1]):
            error = f"curve ends with {curve[-1]}" if curve else "curve is empty"
            return WorldAnswer(status=Status.INVALID_METRIC, seconds=seconds, error=error)
        heldout = float(self._truth(full)) if self._truth else curve[-1]
        if not math.isfinite(heldout):
            return WorldAnswer(status=Status.INVALID_METRIC, seconds=seconds, error=f"truth is {heldout}")
        step_s = seconds / len(curve)
        return WorldAnswer(
            status=Status.OK, seconds=seconds, step_s=step_s, curve=curve, metric=curve[-1], heldout=heldout
        )


_KEPT = 4
_made: dict[tuple[str, Path, str], World] = {}
"""The worlds of files that were opened last: a command opens a lab several times, and some take a second to make."""


def open_world(task: Task) -> CalledWorld:
    """The world that `task.toml` names.

    Raises:
        TaskError: Its module or factory is missing or fails.
    """
    place, _, name = task.world.rpartition(":")
    if not place or not name:
        raise TaskError(f"{task.name}: world = '{task.world}' is not 'file.py:name' or 'package.module:name'")
    key = (task.name, task.folder, task.digest)
    if key not in _made:
        world = _make(task, place, name)
        if not place.endswith(".py"):  # the digest knows nothing of a package
            return CalledWorld(task, world)
        if len(_made) == _KEPT:
            del _made[next(iter(_made))]
        _made[key] = world
    return CalledWorld(task, _made[key])


def _make(task: Task, place: str, name: str) -> World:
    module = _load(task, place)
    factory: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(factory):
        raise TaskError(f"{task.name}: {place} has no '{name}' to call")
    try:
        return factory(**task.parameters)
    except (Exception, SystemExit) as error:
        raise TaskError(f"{task.name}: {task.world} fails: {_line(error)}") from error


def _load(task: Task, place: str) -> ModuleType:
    """The module of a factory: a file in the task's folder, or an importable one."""
    try:
        path = (task.folder / place).resolve()
    except RuntimeError:  # a link that leads to itself
        raise TaskError(f"{task.name}: {task.folder / place} leads to itself") from None
    if place.endswith(".py") and not (path.is_file() and path.is_relative_to(task.folder.resolve())):
        raise TaskError(f"{task.name}: there is no {place} in {task.folder}")
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        name = f"orgopt_world_{task.name}_{path.stem}"  # tasks may have worlds of the same file name
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is not a module")
        module = sys.modules[name] = importlib.util.module_from_spec(spec)  # dataclasses look their module up
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise TaskError(f"{task.name}: {place} cannot be loaded: {_line(error)}") from error
    return module


def _line(error: BaseException) -> str:
    """An error in one printable line."""
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    return "".join(char for char in text if char.isprintable())[:300]
