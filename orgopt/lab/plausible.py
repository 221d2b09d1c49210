"""What a result cannot be: faster than the arithmetic allows, or better than the task's bound."""

from orgopt.task import Task

MARGIN = 3.0
"""How much faster than the best measured matrix product training may seem: clocks, caches and other work vary."""


def implausible(task: Task, metric: float, heldout: float, *, train_s: float, flops_per_s: float) -> str:
    """Why the metrics of an experiment cannot be honest; empty where they can.

    Training that ended early is no fraud by itself: only a result that beats the baseline needs the arithmetic.

    Args:
        task: Gives the bound and the arithmetic of an experiment.
        metric, heldout: What the evaluation gave.
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
