"""What tests ask of the machine: which processes live, how much memory they have, and which tests need a sandbox."""

import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orgopt.lab.sandbox.inside.processes import arguments, descendants, inhabitants

needs_sandbox = pytest.mark.sandbox
"""Marks a test that runs sandboxed experiments: `tests/conftest.py` leaves it out where none can be run."""


def found(argument: str) -> list[int]:
    """The processes of this machine that have an argument, and are no mere remains of one that ended."""
    return [pid for pid in inhabitants() if argument.encode() in arguments(pid) and not _ended(pid)]


def gone(argument: str, within_s: float = 2.0) -> bool:
    """Whether no process has an argument, a moment given for the kernel to end those that were killed."""
    deadline = time.monotonic() + within_s
    while found(argument) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not found(argument)


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def below(pid: int) -> list[int]:
    """All descendants of a process, those in other namespaces too."""
    return descendants(pid)


def resident_mb() -> float:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


def wait_until(condition: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait for something that real processes do."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {within_s} seconds")
        time.sleep(0.01)
