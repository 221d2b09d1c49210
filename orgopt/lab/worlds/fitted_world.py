"""Recorded worlds: experiments answered by a small ensemble of networks that was fitted to real runs.

Needs numpy alone; fitting is `worlds.fit`. A world lies beside its recording as `world.npz` (the ensemble) and
`world.json` (its quality), and is fitted again when the recording is another.
"""

import math
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from orgopt.errors import TaskError
from orgopt.lab.base import Status, reporting
from orgopt.lab.worlds.noise import add_noise
from orgopt.lab.worlds.world import WorldAnswer
from orgopt.tasks.knob import settled
from orgopt.tasks.task import Knob, Settings, Task, Value

METRIC, HELDOUT, SECONDS, CURVE = 0, 1, 2, 3
"""Columns of what is predicted; the points of the learning curve are the last."""
SCHEMA_VERSION = 1
_MASK = 2**64 - 1
_MAX_TABLE = 4096  # whole numbers of a knob that are looked up instead of computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was fitted: arrays alone. M members with H hidden units, F inputs, C columns, S statuses, R residuals.

    Attributes:
        w1, b1: First layers side by side, (F, M·H) and (M·H,).
        w2, b2: Second layers, (M, H, H) and (M, 1, H).
        w3, b3: Last layers divided by M and below each other, (M·H, C + S) and (C + S,), whose product is the mean.
        floor, center, spread: Column values are floor + exp(center + spread · prediction), (C,) each.
        levels: Predicted metric at which each residual was seen, ascending, (R,).
        residuals: Of real runs, in units of the predictions: no noise leads below a column's floor, (R, C).
        failure_inputs, failure_status, failure_seconds, failure_curves: Runs that failed; rows of curves end with NaN.
    """

    w1: np.ndarray
    b1: np.ndarray
    w2: np.ndarray
    b2: np.ndarray
    w3: np.ndarray
    b3: np.ndarray
    floor: np.ndarray
    center: np.ndarray
    spread: np.ndarray
    levels: np.ndarray
    residuals: np.ndarray
    failure_inputs: np.ndarray
    failure_status: np.ndarray
    failure_seconds: np.ndarray
    failure_curves: np.ndarray


class Encoder:
    """Settings as inputs of the networks: ordered knobs from -1 to 1, one input for each choice of the others."""

    def __init__(self, knobs: Sequence[Knob]) -> None:
        self.knobs = tuple(knobs)
        self._parts = [(knob.name, _table(knob), knob.log, *_line(knob)) for knob in knobs]

    def row(self, settings: Settings) -> list[float]:
        """The inputs of one setting that names every knob.

        Raises:
            KeyError, ValueError: A value is not allowed.
        """
        row: list[float] = []
        for name, table, log, scale, shift in self._parts:
            value: Any = settings[name]
            if table is not None:
                row += table[value]
            else:
                row.append((math.log(value) if log else value) * scale + shift)
        if min(row) < -1.0000001 or max(row) > 1.0000001:
            raise ValueError("out of range")
        return row

    def rows(self, units: np.ndarray) -> np.ndarray:
        """The inputs of many settings from their positions, (n, n_knobs) to (n, F)."""
        columns: list[np.ndarray] = []
        for knob, unit in zip(self.knobs, units.T, strict=True):
            if knob.ordered:
                columns.append(2 * unit - 1)
            else:
                chosen = np.minimum((unit * len(knob.choices)).astype(int), len(knob.choices) - 1)
                columns += list(np.eye(len(knob.choices))[chosen].T)
        return np.stack(columns, 1).astype(np.float32)


class Recorded:
    """A world fitted to the recording of a task: a Source for the replay lab."""

    def __init__(self, task: Task, fitted: Fitted, meta: Mapping[str, Any]) -> None:
        self.task, self.fitted, self.meta = task, fitted, meta
        self.statuses = [Status(name) for name in meta["statuses"]]
        self._encoder = Encoder(task.knobs)
        self._defaults = task.complete({})
        self._levels: list[float] = fitted.levels.tolist()
        self._columns = len(fitted.floor)

    @property
    def stamp(self) -> dict[str, str]:
        return {"recording": str(self.meta["recording"])[:12], **reporting(self.task)}

    @property
    def data_digest(self) -> str:
        return str(self.meta["data_digest"])

    def answer(self, settings: Settings, seed: int) -> WorldAnswer:
        x = self._inputs(settings)
        out = self.predict(x)
        # The draws depend on seed and setting alone, so that the order of experiments does not matter.
        state = (seed * 0x9E3779B97F4A7C15 + zlib.crc32(x.tobytes())) & _MASK
        status = self._status(out[self._columns :], _mix(state) / 2**64)
        if status is not Status.OK:
            return self._failure(x, status)
        residuals, level = self.fitted.residuals, float(out[METRIC])
        noisy = add_noise(out[: self._columns], residuals, self._levels, level, _mix(state + 1))
        values: list[float] = self.values(noisy).tolist()
        seconds, curve = values[SECONDS], tuple(values[CURVE:])
        step_s = seconds / max(1, len(curve))
        metric, heldout = values[METRIC], values[HELDOUT]
        return WorldAnswer(
            status=Status.OK, seconds=seconds, step_s=step_s, curve=curve, metric=metric, heldout=heldout
        )

    def truth(self, settings: Settings) -> float:
        return self._column(settings, HELDOUT)

    def validation(self, settings: Settings) -> float:
        return self._column(settings, METRIC)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The mean of the members for one row of inputs: predictions of the columns, then a logit for each status."""
        fitted = self.fitted
        hidden = np.tanh(x @ fitted.w1 + fitted.b1).reshape(fitted.b2.shape)
        hidden = np.tanh(hidden @ fitted.w2 + fitted.b2).reshape(-1)
        return hidden @ fitted.w3 + fitted.b3

    def values(self, predictions: np.ndarray) -> np.ndarray:
        """Predictions of the columns in the units of the recording."""
        fitted = self.fitted
        return fitted.floor + np.exp(fitted.center + fitted.spread * predictions)

    def _column(self, settings: Settings, column: int) -> float:
        out = self.predict(self._inputs(settings))
        return float(self.values(out[: self._columns])[column])

    def _inputs(self, settings: Settings) -> np.ndarray:
        full = {**self._defaults, **settings}
        try:
            if len(full) == len(self._defaults):
                return np.array(self._encoder.row(settled(self.task.knobs, full)), dtype=np.float32)
        except (KeyError, ValueError, TypeError):
            pass
        self.task.complete(settings)  # says what is wrong
        raise TaskError(f"{self.task.name}: {settings} cannot be replayed")

    def _status(self, logits: np.ndarray, draw: float) -> Status:
        if len(self.statuses) == 1:
            return self.statuses[0]
        given: list[float] = logits.tolist()
        top = max(given)
        weights = [math.exp(logit - top) for logit in given]
        left = draw * sum(weights)
        for status, weight in zip(self.statuses, weights, strict=True):
            left -= weight
            if left < 0:
                return status
        return self.statuses[0]

    def _failure(self, x: np.ndarray, status: Status) -> WorldAnswer:
        """What the most similar of the recorded runs that failed so did."""
        fitted = self.fitted
        distance = np.square(fitted.failure_inputs - x).sum(1)
        nearest = int(np.argmin(np.where(fitted.failure_status == status.value, distance, np.inf)))
        curve = fitted.failure_curves[nearest]
        seconds = float(fitted.failure_seconds[nearest])
        points = tuple(float(value) for value in curve[np.isfinite(curve)])
        error = f"replayed from a recorded run that ended so: {status.value}"
        return WorldAnswer(
            status=status, seconds=seconds, step_s=seconds / (len(points) + 1), curve=points, error=error
        )


def reference_settings(task: Task) -> dict[str, Value]:
    """Every knob of the setting whose quality is 1; empty where task.toml does not say it."""
    if task.self_reported or not (task.folder / "task.toml").is_file():
        return {}
    toml = tomllib.loads((task.folder / "task.toml").read_text("utf-8"))
    settings = toml.get("reference", {}).get("settings")
    return {} if settings is None else task.complete(settings)


def knob_ranges(task: Task) -> list[str]:
    """The knobs as a world knows them: it cannot answer for others."""
    return [f"{knob.name}: {knob.range}" for knob in task.knobs]


def _table(knob: Knob) -> dict[Any, list[float]] | None:
    """The inputs of each value of a knob; None for a range that is computed."""
    if knob.choices and not knob.ordered:
        return dict(zip(knob.choices, np.eye(len(knob.choices)).tolist(), strict=True))
    values = knob.choices
    if knob.integer and knob.high - knob.low < _MAX_TABLE:
        values = tuple(range(math.ceil(knob.low), math.floor(knob.high) + 1))
    return {value: [2 * knob.unit(value) - 1] for value in values} if values else None


def _line(knob: Knob) -> tuple[float, float]:
    """Scale and shift that put a range, or its logarithm, on -1 to 1."""
    low, high = (math.log(knob.low), math.log(knob.high)) if knob.log else (knob.low, knob.high)
    scale = 2 / (high - low)
    return scale, -1 - low * scale


def _mix(state: int) -> int:
    """64 random bits decided by a number (the finalizer of splitmix64, Steele et al. 2014)."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
