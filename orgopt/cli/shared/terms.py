"""What commands that run many teams share: their tasks, baselines that hold here, and budgets that are none."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from orgopt.cli.lint import run_seconds
from orgopt.cli.shared.base import out
from orgopt.cli.shared.lab import calibrated
from orgopt.errors import UsageError
from orgopt.evolve import Arena
from orgopt.task import Task, load_task

_ASKED: dict[str, float] = {}
"""Lab seconds of experiments in worlds, by the digest of their task: some worlds take a while to open."""


def named_tasks(names: Iterable[str], workspace: Path) -> dict[str, Task]:
    """Tasks by their own names.

    Raises:
        UsageError: There is no such task, or one is named twice.
    """
    tasks: dict[str, Task] = {}
    for name in names:
        task = load_task(name, workspace)
        if task.name in tasks:
            raise UsageError(f"task {task.name} is named twice")
        tasks[task.name] = task
    return tasks


def say_printed(tasks: Mapping[str, Task]) -> None:
    """Say of which tasks the scores are what their own script prints."""
    for task in tasks.values():
        if task.self_reported:
            text = f"{task.name} is self-reported: its {task.printed} is what its {task.script} prints of itself."
            out.print(text, markup=False)


def calibrate_all(arena: Arena, workspace: Path) -> None:
    """Give the tasks of an arena the baselines that hold on this machine."""
    for name, task in arena.tasks.items():
        arena.tasks[name] = calibrated(task, arena.lab(name), workspace)


def check_budget(budget_s: float, tasks: Mapping[str, Task]) -> None:
    """Refuse a budget in which nothing can happen.

    Raises:
        UsageError: It is too small for one experiment.
    """
    for task in tasks.values():
        least = task.think_s + experiment_s(task)
        if budget_s < least:
            raise UsageError(
                f"a budget of {budget_s:g} s is too small for one experiment on {task.name}, which takes "
                f"about {least:.2g} s with the thinking before it"
            )


def experiment_s(task: Task) -> float:
    """Slot-seconds of a typical experiment: by its recording or its world, or ten times what agents think before it.

    Raises:
        TaskError: The task's world fails.
    """
    if task.world:
        from orgopt.lab.worlds.world import open_world

        if task.digest not in _ASKED:
            _ASKED[task.digest] = open_world(task).answer({}, 0).seconds
        return _ASKED[task.digest]
    return run_seconds(task) or 10 * task.think_s
