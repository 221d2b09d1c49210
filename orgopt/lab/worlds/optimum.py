"""The best setting of a world by one of its metrics: draws, then ever smaller steps from the best of them."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from orgopt.seeds import Stream, generator
from orgopt.tasks.knob import Knob, Settings, Value
from orgopt.tasks.task import Task

_WIDTHS = np.geomspace(0.3, 0.01, 12)
"""Standard deviations of a moved knob's position, one after the other."""
_MOVED = 0.4  # the chance of a knob to be moved


class Optimum(NamedTuple):
    """What was found: a setting with every knob named, and its value, lower is better."""

    settings: Settings
    value: float


def optimum(task: Task, metric: Callable[[Settings], float], *, draws: int, known: Settings | None = None) -> Optimum:
    """The lowest value of a metric over a task's knobs that twice as many draws find; the same again each time.

    Args:
        task: Whose knobs.
        metric: Of a setting; without noise, or the luckiest is found.
        draws: Uniform draws, and as many steps from the best.
        known: A setting that is tried first; None is the baseline.
    """
    rng = generator(Stream.SEEK, draws)
    at = task.complete(known or {})
    best = Optimum(at, metric(at))
    for units in rng.random((draws, len(task.knobs))):
        best = _better(task, metric, best, zip(task.knobs, units, strict=True))
    for width in _WIDTHS:
        for _ in range(draws // len(_WIDTHS)):
            steps = width * rng.standard_normal(len(task.knobs)) * (rng.random(len(task.knobs)) < _MOVED)
            best = _better(task, metric, best, _near(task, best.settings, steps, rng))
    return best


def _near(task: Task, settings: Settings, steps: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[Knob, float]]:
    """Positions beside a setting; a choice without an order is drawn where it is moved at all."""
    for knob, step in zip(task.knobs, steps, strict=True):
        unit = knob.unit(settings[knob.name])
        yield knob, unit + float(step) if knob.ordered or not step else float(rng.random())


def _better(
    task: Task, metric: Callable[[Settings], float], best: Optimum, places: Iterator[tuple[Knob, float]]
) -> Optimum:
    tried: dict[str, Value] = {knob.name: knob.at(float(unit)) for knob, unit in places}
    full = task.complete(tried)
    value = metric(full)
    return Optimum(full, value) if value < best.value else best
