"""The processes of an experiment as /proc shows them: who they are, what memory they hold, and ending them all."""

import contextlib
import os
import resource
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_PAGE = resource.getpagesize()


def descendants(pid: int) -> list[int]:
    """All processes below one, those of other sessions too; empty where /proc does not tell."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for children in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                new = [int(number) for number in children.read_text().split()]
                found += new
                waiting += new
    return found


def inhabitants() -> Iterator[int]:
    """All processes of the process namespace that /proc is of."""
    return (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())


def resident(pid: int | str) -> int:
    """Bytes of memory that a process holds; 0 when it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


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
