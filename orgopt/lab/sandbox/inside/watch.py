"""Looking at a part while it runs: what it prints, its learning curve, its memory, and whether it must be ended."""

import contextlib
import os
import resource
import select
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from . import processes
from .curve import read_curve
from .memory_gauge import Gauge
from .outcome import tell
from .part import Part

TAIL_BYTES = 8192  # of the output, which are kept until the last line is taken from them
STOP_LIMIT_S = 4.0
"""How long a part may take to end by itself once it is asked to."""
_POLL_S = 0.05  # between two looks at memory and curve
_MOMENT_S = 0.01  # longer than the start of a program takes
_POINTS_AT_ONCE = 64  # a message fits a pipe's buffer, so that messages do not mix


@dataclass(slots=True)
class Watch:
    """What is known of a part that runs."""

    gauge: Gauge
    tail: bytes = b""
    kept: int = TAIL_BYTES
    output: int = 0
    told: int = 0  # points of its curve
    verdict: str = ""  # why it was killed
    memory: int = 0  # most bytes that its processes held
    asked: float = 0.0  # when it was asked to end; 0 where it was not
    folder: int = -1  # where that is said, which is hidden from it


def watch_over(
    part: Part, work: Path, pid: int, watch: Watch, ends: tuple[int, int, int], began: float, *, namespaces: bool
) -> tuple[int, resource.struct_rusage]:
    """Wait until the experiment's first process ends, by itself or by being killed for what it does."""
    output, wake, reports = ends
    listening = [wake, output]
    while True:
        left = began + part.limits["wall_s"] - time.monotonic()
        ready, _, _ = select.select(listening, [], [], max(0.0, min(left, _POLL_S)))
        if output in ready and not drain(output, watch):
            listening.remove(output)  # it closed its output
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage
        # What is read there are the numbers of the signals that came.
        stopped = (wake in ready and signal.SIGTERM in os.read(wake, 4096)) or _late(part, pid, watch)
        watch.verdict = "killed" if stopped else _excess(part, watch, left, namespaces=namespaces)
        if watch.verdict:
            # In namespaces it is the first process, which takes all others with it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            return os.waitstatus_to_exitcode(status), usage
        if part.watched:
            tell_curve(part, work, watch, reports)


def _late(part: Part, pid: int, watch: Watch) -> bool:
    """Whether a part was asked to end and did not; it is asked once the file is there that says so."""
    if not watch.asked and part.stops and part.stops in os.listdir(watch.folder):  # noqa: PTH208  a descriptor
        watch.asked = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    return bool(watch.asked) and time.monotonic() - watch.asked > STOP_LIMIT_S


def _excess(part: Part, watch: Watch, left: float, *, namespaces: bool) -> str:
    """The limit that the experiment is over; empty when it keeps them."""
    if left <= 0:
        return "timeout"
    if watch.output > part.limits["output_bytes"]:
        return "output_limit"
    most = part.limits["memory_bytes"]
    found = watch.gauge.read(_inside(namespaces=namespaces))
    if found > most:
        # A process that starts a program has its parent's memory for a moment, which then seems to be there twice.
        time.sleep(_MOMENT_S)
        found = watch.gauge.read(_inside(namespaces=namespaces), again=True)
    watch.memory = max(watch.memory, found)
    return "oom" if found > most else ""


def _inside(*, namespaces: bool) -> list[int]:
    """The processes of the experiment."""
    if not namespaces:
        return processes.descendants(os.getpid())
    # /proc is the experiment's own as soon as it has mounted it, and then does not show this process.
    return [] if os.path.lexists("/proc/self/stat") else list(processes.inhabitants())


def drain(output: int, watch: Watch) -> bool:
    """Take what was printed, and keep its end; returns whether more may come."""
    for _ in range(64):  # then look at the limits again
        try:
            chunk = os.read(output, 1 << 16)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        watch.output += len(chunk)
        watch.tail = (watch.tail + chunk)[-watch.kept :]
    return True


def tell_curve(part: Part, work: Path, watch: Watch, reports: int) -> None:
    """Report the points of the learning curve that are new."""
    points = read_curve(work)[watch.told :]
    for first in range(0, len(points), _POINTS_AT_ONCE):
        tell(reports, {"id": part.id, "curve": points[first : first + _POINTS_AT_ONCE]})
    watch.told += len(points)
