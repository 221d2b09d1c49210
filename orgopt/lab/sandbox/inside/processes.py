"""The processes of an experiment as /proc shows them: who they are, what memory they hold, and ending them all."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


def wake(*_: object) -> None:
    """Nothing: a handler of signals that only end a wait."""


def descendants(pid: int) -> list[int]:
    """All processes below one, those of other sessions too; empty where /proc does not tell."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        new = children(waiting.pop())
        found += new
        waiting += new
    return found


def children(pid: int | str) -> list[int]:
    """The processes that one has started or adopted; empty when it has ended."""
    found: list[int] = []
    # Not `Path.glob`, which raises where a process or thread ends while it looks.
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
    return found


def arguments(pid: int) -> list[bytes]:
    """The command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []


def inhabitants() -> Iterator[int]:
    """All processes of the process namespace that /proc is of."""
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def end_descendants(within_s: float) -> bool:
    """Kill every descendant of this process, which must have adopted them; returns whether none is left.

    A killed process leaves its children to this one, so that a few rounds reach all of them.
    """
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        time.sleep(0.002)
    return False
