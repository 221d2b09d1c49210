"""What of this machine's files an experiment can read, where it lies inside, and what is hidden there."""

import json
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from orgopt.errors import TaskError
from orgopt.foreign import contents_digest, interpreter_folders, own_files
from orgopt.lab.devices.slots import Devices
from orgopt.lab.sandbox.inside import isolate
from orgopt.tasks.task import Task

RECORDINGS = ("records.parquet", "records.parquet.sha256", "records.jsonl.part", "world.json", "world.npz")
_NAMES_BYTES, _NAMES = 48_000, 1_000  # of files beside a script: Linux bounds a word of a command line at 128 KiB


def shared(task: Task) -> dict[str, str]:
    """What the user's settings let a task's experiments read beside its folder, and where it lies inside.

    What is below the home is below another home there, which has nothing else.

    Raises:
        TaskError: Something is not there, is too much, or is not allowed though the task's files name it.
    """
    named = f"[tasks.{task.name}] in {task.settings}"
    for folder in task.data:
        own = _expanded(folder)
        if not any(own.is_relative_to(_expanded(path)) for path in (*task.limits.read, str(task.folder))):
            raise TaskError(
                f"{task.name} keeps data in {folder}, which its experiments may not read: write\n"
                f'[tasks.{json.dumps(task.name)}]\nread = ["{folder}"]\ninto {task.settings}'
            )
    found: dict[str, str] = {}
    for given in task.limits.read:
        path, home = _expanded(given), Path.home()
        if not path.exists():
            raise TaskError(
                f"{named} lets experiments read {given}, and there is none: "
                f"is the data prepared (python prepare.py in {task.folder})?"
            )
        inside = f"{isolate.HOME}/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
        if Path(inside).is_relative_to("/tmp"):
            raise TaskError(f"{named} lets experiments read {given}; /tmp is each experiment's own: put it elsewhere")
        found[os.path.realpath(path)] = inside
    return found


def printed_data_digest(task: Task) -> str:
    """The digest of the data of a script that prints its metric, as far as it is outside of the task's folder."""
    return contents_digest(map(_expanded, task.limits.read))


def _expanded(path: str) -> Path:
    return Path(os.path.normpath(Path(path).expanduser()))


def readable(python: str = "") -> list[str]:
    """The folders of this Python, or of another, that lie outside the system's, none within another."""
    if python:
        return _outermost(interpreter_folders(python))
    paths = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    paths |= {
        path for name, path in sysconfig.get_paths().items() if name in {"stdlib", "platstdlib", "purelib", "platlib"}
    }
    # What else is on the path, such as a checkout, is not for experiments.
    paths |= {str(Path(sys.executable).parent), *_package_folders()}
    return _outermost(paths)


def driver(devices: Devices | None) -> list[str]:
    """What of a driver lies outside of the system's folders: its libraries, and what Linux says of the hardware."""
    return [] if devices is None else _outermost([*devices.libraries, "/sys"])


def _outermost(paths: Iterable[str]) -> list[str]:
    """Folders outside the system's, as they are named and as they are, without those within others."""
    paths = list(paths)
    real = sorted({os.path.realpath(path) for path in paths} | {os.path.normpath(path) for path in paths})
    found: list[str] = []
    for path in real:
        if Path(path).is_dir() and not any(Path(path).is_relative_to(known) for known in ("/usr", *found)):
            found.append(path)
    return found


def hidden(task: Task, *, needed: bool = True) -> list[str]:
    """Where the files lie, inside, that a task hides.

    Raises:
        TaskError: One is nowhere, so that nobody could say that it is hidden, and it is `needed`.
    """
    found: list[str] = []
    for name in task.limits.hide:
        try:
            found += _places(task, name)
        except TaskError:
            if needed:
                raise
    return found


def _places(task: Task, name: str) -> list[str]:
    """Where a hidden file lies inside: in the task's folder, or among the installed packages.

    Raises:
        TaskError: It is nowhere, so that nobody could say that it is hidden.
    """
    if (task.folder / name).exists():
        return [f"{isolate.ROOT}/task/{name}"]
    found = sorted({os.path.realpath(Path(root, name)) for root in _package_folders() if Path(root, name).exists()})
    if not found:
        raise TaskError(f"{task.folder}/task.toml: [sandbox] hide: there is no {name} in the folder or any package")
    return found


def beside(task: Task) -> list[str]:
    """The names of a checkout's files; those of its top alone where all are too many for a command line.

    What an earlier run wrote its metric to is none: an experiment that writes nothing has no metric.
    """
    left = Path(task.metric_file).name
    names = [str(name) for name in own_files(task.folder) if str(name) not in RECORDINGS and name.name != left]
    if len(names) > _NAMES or sum(map(len, names)) + 4 * len(names) > _NAMES_BYTES:
        names = sorted({name.split("/", 1)[0] for name in names})
    return names[:_NAMES]


def covers_tmp(python: str = "") -> bool:
    """Whether /tmp can be covered inside: this Python, or another, does not lie there."""
    return not any(Path(path).is_relative_to("/tmp") for path in readable(python))


def linked_files() -> Iterator[str]:
    """The files that Python's own library links to: Debian's lie in /etc, and tasks may read all of that library."""
    for path in Path(sysconfig.get_path("stdlib")).iterdir():
        if path.is_symlink() and path.is_file():
            yield str(path.resolve())


def _package_folders() -> list[str]:
    """The folders of installed packages; a .pth file may lead to some outside this Python."""
    folders = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    return [*folders, *user_site()]


def user_site(task: Task | None = None) -> list[str]:
    """The user's own packages of this Python; a task with another has those of that."""
    if task is not None and task.python:
        return []
    path = site.getusersitepackages() if site.ENABLE_USER_SITE else ""
    return [path] if path and Path(path).is_dir() else []


def own_package(binds: Iterable[str]) -> list[str]:
    """Hides an installed orgopt, which has the recordings of the shipped tasks."""
    package = Path(__file__).resolve().parents[2]
    return ["--tmpfs", str(package)] if any(package.is_relative_to(path) for path in ("/usr", *binds)) else []
