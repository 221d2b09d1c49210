"""Calibration: the baseline of a task as it is in a lab, and runs outside of any budget."""

import math
from collections.abc import Sequence

import numpy as np

from orgopt.errors import LabError
from orgopt.lab.base import Experiment, Lab, Outcome, Status
from orgopt.seeds import Stream, derive
from orgopt.tasks.task import Measure, Task

CALIBRATION_SEEDS = 6
UNEDITED_RUNS = 3
"""Runs of the unedited script of a checkout, each of which may take minutes."""


def calibrate(task: Task, lab: Lab, seeds: int = CALIBRATION_SEEDS) -> Measure:
    """The baseline of a task, measured in this lab.

    For data other than the task's figures were measured on (another Python version, say): the baseline
    moves, and the reference keeps its distance to it. The seed noise stays; that of a script that prints its metric
    has no other figure, and is measured too.

    Raises:
        LabError: No baseline run succeeded.
    """
    experiments = [Experiment(id=k + 1, settings={}, seed=derive(Stream.CALIBRATE, k)) for k in range(seeds)]
    outcomes = train_all(lab, experiments, task.limit_s)
    done = [outcome for outcome in outcomes if outcome.status is Status.OK]
    if not done:
        why = f": {outcomes[0].error or outcomes[0].status}" if task.self_reported else ""
        raise LabError(f"the baseline of {task.name} does not train on this machine{why}")
    heldout = [math.nan if outcome.heldout is None else outcome.heldout for outcome in done]
    metric = [math.nan if outcome.metric is None else outcome.metric for outcome in done]
    sd = float(np.std(heldout, ddof=1)) if task.self_reported and len(done) > 1 else task.baseline.sd
    seconds = round(float(np.mean([outcome.ended - outcome.started for outcome in done])), 3)
    return Measure(
        metric=float(np.mean(metric)), heldout=float(np.mean(heldout)), sd=sd, seeds=len(done), seconds=seconds
    )


def measured(task: Task, lab: Lab) -> Task:
    """The task with a baseline: one whose script prints its metric has none before its unedited script has run here.

    Raises:
        LabError: That script does not train on this machine.
    """
    return task if task.measured else task.with_baseline(calibrate(task, lab, UNEDITED_RUNS))


def train_all(lab: Lab, experiments: Sequence[Experiment], limit_s: float) -> list[Outcome]:
    """Run experiments to their end, outside any budget; outcomes in the order of the experiments."""
    lab.reset()
    for experiment in experiments:
        lab.submit(experiment)
    outcomes: dict[int, Outcome] = {}
    while len(outcomes) < len(experiments):
        outcomes |= {event.id: event for event in lab.wait(lab.now() + limit_s) if isinstance(event, Outcome)}
    return [outcomes[experiment.id] for experiment in experiments]
