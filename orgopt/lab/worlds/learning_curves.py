"""Learning curves: how well those of a task say, half-way, how an experiment ends."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from orgopt.errors import TaskError
from orgopt.lab.base import Status
from orgopt.lab.worlds.world import open_world
from orgopt.tasks.task import Task

FEWEST = 8
"""With fewer curves no correlation is given: it would be mostly chance."""
DRAWN = 64
"""Experiments that a world of one's own is asked for."""


def predictiveness(task: Task) -> float | None:
    """The rank correlation of experiments' curves at half of their time with their ends, -1 to 1.

    From the task's recording, or from random settings of its own world; None where there is neither, or where curves
    have one point and nothing could be seen half-way.
    """
    try:
        curves = list(_recorded(task) if task.script else _drawn(task))
    except TaskError:
        return None
    pairs = np.array([(curve[(len(curve) - 1) // 2], curve[-1]) for curve in curves if len(curve) > 1]).reshape(-1, 2)
    halves, ends = pairs[np.isfinite(pairs).all(1)].T
    if len(ends) < FEWEST or not np.ptp(halves) or not np.ptp(ends):
        return None
    return round(spearman(halves, ends), 4)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation of two rows; 0 where one of them does not vary."""
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    if np.isnan(a).any() or np.isnan(b).any():
        return math.nan
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value from 1; equal ones share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)  # scipy.stats takes half a second
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _recorded(task: Task) -> Iterator[Sequence[float]]:
    from orgopt.lab.worlds.recording import load_records  # late, with pyarrow
    from orgopt.lab.worlds.recording_files import records_path

    records = load_records(records_path(task), task)
    return (curve.tolist() for curve, status in zip(records.curves, records.status, strict=True) if status == Status.OK)


def _drawn(task: Task) -> Iterator[Sequence[float]]:
    # A constant seed: what is said of a task must be the same in every study.
    rng, world = np.random.default_rng(0), open_world(task)
    for seed in range(DRAWN):
        answer = world.answer({knob.name: knob.at(float(rng.random())) for knob in task.knobs}, seed)
        if answer.status is Status.OK:
            yield answer.curve
