"""Terms: what a new board is about, from its task; what a board cannot be about is refused here."""

import secrets

from orgopt.board.drawn_seeds import new_root, secret
from orgopt.board.records import Terms
from orgopt.board.sequential_test import FAMILY
from orgopt.errors import UsageError
from orgopt.tasks.task import Task


def new_terms(task: Task, *, made: float, name: str = "", family: float = FAMILY, step: float | None = None) -> Terms:
    """The terms of a new board.

    Args:
        task: With its baseline.
        made: When, in seconds since 1970.
        name: What it is called; the task's title if empty.
        family: The chance that any claim is ever accepted that is no better.
        step: Of the ladder, in the unit of the held-out metric, of times as a share; None is the noise of a run.

    Raises:
        UsageError: The task is a world, was not measured here, or has no noise, so that no seed could confirm a gain.
    """
    if not task.script:
        raise UsageError(f"{task.name} is a world without a script: a board is for a task that trains")
    if not task.measured:
        raise UsageError(f"the baseline of {task.name} is not measured on this machine yet: orgopt board serve does it")
    if not task.baseline.sd > 0:
        raise UsageError(f"the results of {task.name} do not vary with the seed: no test could tell a gain from luck")
    noise = task.baseline.sd / (abs(task.baseline.heldout) if task.by_ratio else 1.0)
    root = new_root()
    return Terms(
        id=secrets.token_hex(32),
        name=name or task.title,
        task=task.name,
        digest=task.digest,
        metric=task.metric,
        heldout=task.heldout,
        unit=task.unit,
        baseline=task.baseline.metric,
        noise=task.baseline.sd,
        by_ratio=task.by_ratio,
        family=family,
        step=step or noise,
        root=root,
        commitment=secret(root, 0),
        made=made,
    )
