"""What is told of a part that ended: a status, a line of its output, the metric that it printed."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from .collect import collect, place
from .part import Part
from .printed import Reading, read_metric

METRIC = "metric"
METRIC_BYTES = 1 << 24  # of a file that a metric is taken from
ERROR_LENGTH = 300
_OUT_OF_MEMORY = ("MemoryError", "can't allocate memory", "Cannot allocate memory", "bad_alloc")
_DISK_FULL, _FILE_LIMIT = "No space left on device", "File too large"


def tell(reports: int, message: dict[str, Any]) -> None:
    """Write one message, which must be shorter than PIPE_BUF."""
    os.write(reports, (json.dumps(message) + "\n").encode())


def status_of(
    part: Part, work: Path, code: int, cpu_s: float, verdict: str, output: bytes, *, namespaces: bool
) -> tuple[str, str]:
    """How a part ended, as a status and the last line of its output.

    Args:
        part: What ran.
        work: The folder that it worked in.
        code: Its exit code; negative for a signal.
        cpu_s: CPU seconds of its first process.
        verdict: Why it was killed; empty where it ended by itself.
        output: The end of what it printed.
        namespaces: Whether it had namespaces of its own.
    """
    error = last_line(output)
    if verdict:
        return verdict, error if verdict != "timeout" else ""
    if code == 0:
        return "ok", ""
    if code in (-signal.SIGXCPU, -signal.SIGKILL) and cpu_s >= int(part.limits["wall_s"]):
        return "timeout", ""
    if code == -signal.SIGKILL and namespaces:  # nobody inside can kill the first process of a namespace
        return "infra", "it was killed from outside"
    if any(sign in error for sign in _OUT_OF_MEMORY):
        return "oom", error
    if _DISK_FULL in error or (namespaces and _is_full(work)):
        return "disk", error
    if _FILE_LIMIT in error:
        return "output_limit", error
    return "crashed", error or (f"ended by signal {-code}" if code < 0 else f"exit code {code}")


def _is_full(work: Path) -> bool:
    free = os.statvfs(work)
    return free.f_bfree == 0 or free.f_ffree == 0


def last_line(output: bytes) -> str:
    """The last line of some output, without control characters."""
    lines = output.decode("utf-8", "replace").strip().splitlines()
    return "".join(char for char in lines[-1] if char.isprintable())[-ERROR_LENGTH:] if lines else ""


def report_of(status: str, error: str) -> dict[str, Any]:
    """What is told of a part that ended, of one that never ran."""
    error = "".join(char for char in error if char.isprintable())[:ERROR_LENGTH]
    return {"status": status, "error": error, "memory_gb": 0.0, "metrics": {}, "cpu_s": 0.0, "wall_s": 0.0}


def metric_of(part: Part, work: Path, kept: int, output: bytes) -> float:
    """The metric of an experiment that ended well.

    Raises:
        ValueError: It left none.
    """
    reading = Reading(**part.reads)
    if not reading.file:
        return read_metric(output, part.prints, reading)
    if error := collect(work, place(work, reading.file), kept, METRIC_BYTES, target=METRIC):
        raise ValueError(error)
    with os.fdopen(os.open(METRIC, os.O_RDONLY, dir_fd=kept), "rb") as file:
        return read_metric(file.read(), part.prints, reading)
