"""What the metrics of an evaluation are worth: whether they are numbers, and whether they can be honest."""

import math
from typing import Any, NamedTuple, cast

from orgopt.lab.base import Status
from orgopt.tasks.task import Task

MARGIN = 3.0
"""How much faster than the best measured matrix product training may seem: clocks, caches and other work vary."""


LARGEST = 1e100
"""No metric is larger, or further below zero: means and squares of more are no numbers any longer."""


class Weighed(NamedTuple):
    """What an evaluation came to: a status, what is wrong, and the two metrics if nothing is."""

    status: Status
    error: str
    metrics: tuple[float, float] | None


def weigh(task: Task, metrics: Any, train_s: float, flops_per_s: float) -> Weighed:
    """What the evaluation of an experiment returned, judged; see `implausible` for the times."""
    named = (task.metric, task.heldout)
    given = [cast("dict[str, Any]", metrics).get(name) for name in named] if isinstance(metrics, dict) else []
    values = [float(one) for one in given if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(values) < len(named) or not all(map(math.isfinite, values)):
        text = f"prepare.py returned {metrics}, task.toml names {task.metric} and {task.heldout}"
        return Weighed(Status.INVALID_METRIC, text[:300], None)
    if max(map(abs, values)) > LARGEST:
        large = next(name for name, value in zip(named, values, strict=True) if abs(value) > LARGEST)
        text = (
            f"{large} is {max(values, key=abs):.3g}, beyond the {LARGEST:g} that a metric can be: its training diverged"
        )
        return Weighed(Status.INVALID_METRIC, text, None)
    metric, heldout = values
    reason = implausible(task, metric, heldout, train_s=train_s, flops_per_s=flops_per_s)
    return Weighed(Status.TAMPERED, reason, None) if reason else Weighed(Status.OK, "", (metric, heldout))


def implausible(task: Task, metric: float, heldout: float, *, train_s: float, flops_per_s: float) -> str:
    """Why the metrics of an experiment cannot be honest; empty where they can.

    Training that ended early is no fraud by itself: only a result that beats the baseline needs the arithmetic.

    Args:
        task: Gives the bound and the arithmetic of an experiment.
        metric: What the evaluation gave.
        heldout: Likewise.
        train_s: Seconds of training, the larger of CPU and wall seconds.
        flops_per_s: What one thread of this machine reaches; 0 where it is not known.
    """
    bound = task.limits.best
    if bound is not None and min(metric, heldout) < bound:
        return f"{min(metric, heldout):g} is better than {bound:g}, which no honest {task.name} reaches"
    if flops_per_s and task.limits.flops and metric < task.baseline.metric:
        least_s = task.limits.flops / (MARGIN * flops_per_s)
        if train_s < least_s:
            return f"it beats the baseline after {train_s:.2f} s; its arithmetic takes more than {least_s:.2f} s"
    return ""
