"""Where tasks are found: in a workspace, among those that orgopt ships (`fitness/`), and in installed packages."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from orgopt.errors import PluginError, UsageError
from orgopt.invocation import own_command
from orgopt.plugins import PluginKind, remedy

TASK_KIND = PluginKind(group="orgopt.tasks", noun="task")
"""The tasks of installed packages."""


class TaskSource(Protocol):
    """Where a task of an installed package is."""

    def folder(self) -> Path:
        """The task's folder on this machine, made if need be; its name is the task's."""
        ...


def find_tasks(workspace: Path) -> dict[str, Path]:
    """Folders of the tasks that can be named: the workspace's own, then the shipped ones."""
    found: dict[str, Path] = {}
    for root in (workspace / "fitness", *shipped("fitness")):
        for folder in sorted(root.glob("*")):
            if is_task(folder):
                found.setdefault(folder.name, folder)
    return found


def is_task(folder: Path) -> bool:
    """Whether a folder is a task: one with a `task.toml`, or a foreign checkout."""
    return (folder / "task.toml").is_file() or all((folder / name).is_file() for name in ("train.py", "prepare.py"))


def shipped(kind: str) -> list[Path]:
    """Where the shipped `orgs` or `fitness` lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    return [root for root in (package / "shipped" / kind, package.parent / kind) if root.is_dir()]


def find_task(name: str, workspace: Path) -> Path:
    """The folder of a task by its name: the workspace's own first, else the shipped or an installed package's.

    Raises:
        UsageError: There is no such task; the message has those that there are.
        PluginError: The package that has it does not work, or a package and orgopt have one of this name.
    """
    own = find_tasks(workspace)
    if name in own:
        if not own[name].is_relative_to(workspace / "fitness"):
            replace(TASK_KIND, own=(name,)).check(name)
        return own[name]
    if name in TASK_KIND.names:
        return packaged(name)
    if Path(name).is_dir():
        raise UsageError(
            f"{name} has no task.toml: it is not a task; nor is it a checkout with train.py and prepare.py, "
            f"whose script prints its metric. A script of your own: {own_command()} init --task {shlex.quote(name)}"
        )
    raise UsageError(f"no task '{name}'{remedy(name, [*own, *TASK_KIND.names])}, or give a task's folder")


def packaged(name: str) -> Path:
    """The folder of an installed package's task.

    Raises:
        PluginError: The package does not work, or has no such folder.
    """
    with TASK_KIND.naming(name):
        folder = Path(TASK_KIND.make(name, TaskSource).folder())
    if not is_task(folder) or folder.name != name:
        package = TASK_KIND.package(name)
        raise PluginError(f"the package {package} has no folder of a task '{name}' where it says: {folder}")
    return folder
