"""Whether a document is one for a task: teams propose experiments, and searches documents."""

from typing import TYPE_CHECKING

from orgopt.errors import UsageError
from orgopt.org import Org

if TYPE_CHECKING:  # what only reads documents does without what tasks need
    from orgopt.tasks.task import Task

DEPTH = 1
"""Levels of studies that may lie below a run."""


def require_fit(org: Org, task: "Task") -> None:
    """Refuse a team where documents are proposed, and a search where experiments are.

    Raises:
        UsageError: It says which.
    """
    if org.proposes != task.proposes:
        who = "a search, whose agents propose documents" if org.searches else "a team, whose agents propose experiments"
        what = f"{task.name} is a task for searches" if task.proposes == "documents" else f"{task.name} is for teams"
        raise UsageError(f"{org.title or 'this document'} is {who}, and {what}")
