"""The suite: the shipped tasks that organizations are compared on, one of every kind of world.

This is the one place that says which they are. A recording answers for all of them but `nk`, which is a formula.
"""

from pathlib import Path

from orgopt.errors import UsageError
from orgopt.tasks.source import find_tasks, shipped

SUITE = "suite"
"""Stands for all of `TASKS` where a task is named; a workspace's own task of that name goes before."""
TASKS = ("tinygpt", "digits", "speed", "pixels", "biopsy", "swingup", "nk")
"""In the order of tables. What was cited of a version stays comparable only within these."""


def is_suite(asked: object, workspace: Path) -> bool:
    """Whether the suite is meant, and no task of one's own of that name."""
    return asked == SUITE and SUITE not in find_tasks(workspace)


def suite_folders() -> tuple[Path, ...]:
    """The folders of the suite's tasks: the shipped ones, whatever a workspace has of the same names.

    Raises:
        UsageError: One is not there, in an incomplete installation.
    """
    found = {folder.name: folder for root in reversed(shipped("fitness")) for folder in root.glob("*")}
    if missing := [name for name in TASKS if name not in found]:
        raise UsageError(f"the suite's {' and '.join(missing)} are not in this installation: install orgopt again")
    return tuple(found[name] for name in TASKS)
