"""Labs: the fixed hardware that experiments run on, or a world in its place."""

from collections.abc import Callable

from orgopt.errors import UsageError
from orgopt.invocation import argument
from orgopt.lab.base import Lab
from orgopt.plugins import PluginKind
from orgopt.tasks.task import Task

LAB_KIND = PluginKind(group="orgopt.labs", noun="lab", own=("local", "replay", "ray"))


def default_lab(task: Task) -> str:
    """The lab of a task for whom none was named: real training where it has a script."""
    return "local" if task.script else "replay"


def make_lab(task: Task, kind: str, slots: int, note: Callable[[str], None] | None = None) -> Lab:
    """A lab by its name; the caller closes it. `note` is told what takes a while; None is a warning of Python's.

    Raises:
        UsageError: There is no such lab, or the task cannot be trained for real.
        PluginError: The package that has it does not work, or the name is taken twice.
        TaskError: The task has no recording that fits it, or its world fails.
    """
    LAB_KIND.check(kind)
    if kind not in LAB_KIND.own:
        return LAB_KIND.make(kind, Lab, task, slots)
    if kind != "replay":
        if not task.script:
            raise UsageError(f"{task.name} is a world without a script to train: use {argument('lab', 'replay')}")
        if kind == "ray":
            from orgopt.lab.ray.lab import RayLab

            return RayLab(task, slots, note=note)
        from orgopt.lab.local import LocalLab

        return LocalLab(task, slots)
    from orgopt.lab.replay import ReplayLab
    from orgopt.lab.worlds.open import open_recorded
    from orgopt.lab.worlds.world import open_world

    return ReplayLab(task, open_recorded(task, note=note) if task.script else open_world(task), slots)
