"""The supervisor: one process for each part of an experiment, which isolates, bounds and ends it.

It takes nothing from the experiment but its exit, the end of its output, its learning curve, and one file of data; in
place of that file, the metric that it printed, where its task says so.
"""

import contextlib
import errno
import json
import os
import resource
import select
import shutil
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from . import isolate, processes
from .collect import collect, place
from .curve import read_curve
from .memory import Gauge
from .part import OUTPUT, Part
from .printed import Reading, read_metric

TAIL_BYTES = 8192  # of the output, which are kept until the last line is taken from them
PRINTED_BYTES = 1 << 18  # as many where the metric is taken from them: much may be printed after it
METRIC = "metric"
METRIC_BYTES = 1 << 24  # of a file that a metric is taken from
ERROR_LENGTH = 300
_POLL_S = 0.05  # between two looks at memory and curve
_MOMENT_S = 0.01  # longer than the start of a program takes
_END_LIMIT_S = 2.0
STOP_LIMIT_S = 4.0
"""How long a part may take to end by itself once it is asked to."""
_POINTS_AT_ONCE = 64  # a message fits a pipe's buffer, so that messages do not mix
_OUT_OF_MEMORY = ("MemoryError", "can't allocate memory", "Cannot allocate memory", "bad_alloc")
_DISK_FULL, _FILE_LIMIT = "No space left on device", "File too large"


@dataclass(slots=True)
class _Watch:
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


def supervise(part: Part, reports: int, *, namespaces: bool) -> NoReturn:
    """Run a part to its end and report; never returns.

    Args:
        part: What to run.
        reports: Takes JSON lines.
        namespaces: Whether it gets namespaces of its own; else a session of its own has to do.
    """
    began = time.monotonic()
    try:
        os.setsid()
        isolate.adopt()
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, processes.wake)  # wakes the loop, which then kills the experiment
        signal.signal(signal.SIGCHLD, processes.wake)
        kept = os.open(part.folder, os.O_RDONLY | os.O_DIRECTORY)
        if namespaces:
            isolate.enter(part.limits, part.hidden)
            work = Path(isolate.WORK)
        else:
            work = part.folder / "work"
            work.mkdir()
        if part.before:
            part.before()
        report = _run(part, work, kept, wake, reports, began, namespaces=namespaces)
        if not namespaces:
            shutil.rmtree(work, ignore_errors=True)
        tell(reports, {"id": part.id, "part": report})
    except BaseException:  # noqa: BLE001  a forked child must never return into its parent's loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def refuse(number: int, error: str, reports: int) -> NoReturn:
    """Report that an experiment cannot be begun, for a reason of its own; never returns."""
    tell(reports, {"id": number, "part": _report("crashed", error)})
    os._exit(0)


def tell(reports: int, message: dict[str, Any]) -> None:
    """Write one message, which must be shorter than PIPE_BUF."""
    os.write(reports, (json.dumps(message) + "\n").encode())


def _run(
    part: Part, work: Path, kept: int, wake: int, reports: int, began: float, *, namespaces: bool
) -> dict[str, Any]:
    try:
        for name, content in part.files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _report("disk", f"its files cannot be written: {error.strerror}")
    most = PRINTED_BYTES if part.prints else TAIL_BYTES
    watch = _Watch(Gauge(work, part.limits, namespaces=namespaces), kept=most, folder=kept)
    output, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(part, work, writes, namespaces=namespaces)
    os.close(writes)
    os.set_blocking(output, False)
    code, usage = _watch_over(part, work, pid, watch, (output, wake, reports), began, namespaces=namespaces)
    if not namespaces and not processes.end_descendants(_END_LIMIT_S):
        watch.verdict = watch.verdict or "crashed"
    _drain(output, watch)
    cpu_s = usage.ru_utime + usage.ru_stime
    status, error = _status(part, work, code, cpu_s, watch, namespaces=namespaces)
    metrics: dict[str, float] = {}
    if status == "ok" and part.prints:
        try:
            metrics[part.prints] = _metric(part, work, kept, watch)
        except ValueError as wrong:
            status, error = "invalid_metric", str(wrong)
    elif status == "ok":
        error = collect(work, part.leaves, kept, part.limits["file_bytes"])
        status = "invalid_metric" if error else "ok"
    # Code that answers sees what it is judged by, and could print it for later experiments to know.
    if part.keeps or (status != "ok" and not part.limits.get("silent")):
        with contextlib.suppress(OSError):  # of a disk that is full
            _keep(kept, watch.tail)
    _tell_curve(part, work, watch, reports)
    kilobyte = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS
    report = _report(status, error)
    report |= {"memory_gb": max(usage.ru_maxrss * kilobyte, watch.memory) / 1e9, "metrics": metrics}
    return {**report, "cpu_s": cpu_s, "wall_s": time.monotonic() - began}


def _metric(part: Part, work: Path, kept: int, watch: _Watch) -> float:
    """The metric of an experiment that ended well.

    Raises:
        ValueError: It left none.
    """
    reading = Reading(**part.reads)
    if not reading.file:
        return read_metric(watch.tail, part.prints, reading)
    if error := collect(work, place(work, reading.file), kept, METRIC_BYTES, target=METRIC):
        raise ValueError(error)
    with os.fdopen(os.open(METRIC, os.O_RDONLY, dir_fd=kept), "rb") as file:
        return read_metric(file.read(), part.prints, reading)


def _keep(kept: int, output: bytes) -> None:
    """Write the end of an output where the lab finds it; the folder is known by its descriptor alone here."""
    with os.fdopen(os.open(OUTPUT, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=kept), "wb") as file:
        file.write(output)


def _report(status: str, error: str) -> dict[str, Any]:
    """What is told of a part that ended, of one that never ran."""
    error = "".join(char for char in error if char.isprintable())[:ERROR_LENGTH]
    return {"status": status, "error": error, "memory_gb": 0.0, "metrics": {}, "cpu_s": 0.0, "wall_s": 0.0}


def _become(part: Part, work: Path, log: int, *, namespaces: bool) -> NoReturn:
    """Turn this child into the experiment; never returns."""
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for given, standard in ((null, 0), (log, 1), (log, 2)):
            os.dup2(given, standard)
        os.closerange(3, min(os.sysconf("SC_OPEN_MAX"), 1 << 16))
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(work)
        if namespaces:
            isolate.seal(part.limits)
        else:
            isolate.seal_memory(part.limits)
            isolate.close_to_others(closed=False)
            isolate.die_with_parent(os.getppid())
        isolate.limit(part.limits, processes=namespaces)
        part.body()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            with contextlib.suppress(Exception):
                sys.stdout.flush()
            sys.stderr.write(end.code + "\n")
    except BaseException:  # noqa: BLE001  whatever the experiment raises is its outcome
        with contextlib.suppress(Exception):
            sys.stdout.flush()  # the last line is then the error, and not what it had printed before
        traceback.print_exc()
    finally:  # whatever it made of its streams: it must never return into the loop that it was forked from
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code & 0xFF)


def _watch_over(
    part: Part, work: Path, pid: int, watch: _Watch, ends: tuple[int, int, int], began: float, *, namespaces: bool
) -> tuple[int, resource.struct_rusage]:
    """Wait until the experiment's first process ends, by itself or by being killed for what it does."""
    output, wake, reports = ends
    listening = [wake, output]
    while True:
        left = began + part.limits["wall_s"] - time.monotonic()
        ready, _, _ = select.select(listening, [], [], max(0.0, min(left, _POLL_S)))
        if output in ready and not _drain(output, watch):
            listening.remove(output)  # it closed its output
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), usage
        stopped = (wake in ready and signal.SIGTERM in os.read(wake, 4096)) or _late(part, pid, watch)
        watch.verdict = "killed" if stopped else _excess(part, watch, left, namespaces=namespaces)
        if watch.verdict:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            return os.waitstatus_to_exitcode(status), usage
        if part.watched:
            _tell_curve(part, work, watch, reports)


def _late(part: Part, pid: int, watch: _Watch) -> bool:
    """Whether a part was asked to end and did not; it is asked once the file is there that says so."""
    if not watch.asked and part.stops and part.stops in os.listdir(watch.folder):  # noqa: PTH208  a descriptor
        watch.asked = time.monotonic()
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    return bool(watch.asked) and time.monotonic() - watch.asked > STOP_LIMIT_S


def _excess(part: Part, watch: _Watch, left: float, *, namespaces: bool) -> str:
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


def _drain(output: int, watch: _Watch) -> bool:
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


def _tell_curve(part: Part, work: Path, watch: _Watch, reports: int) -> None:
    """Report the points of the learning curve that are new."""
    points = read_curve(work)[watch.told :]
    for first in range(0, len(points), _POINTS_AT_ONCE):
        tell(reports, {"id": part.id, "curve": points[first : first + _POINTS_AT_ONCE]})
    watch.told += len(points)


def _status(part: Part, work: Path, code: int, cpu_s: float, watch: _Watch, *, namespaces: bool) -> tuple[str, str]:
    """How it ended, as a status and the last line of its output."""
    error = last_line(watch.tail)
    if watch.verdict:
        return watch.verdict, error if watch.verdict != "timeout" else ""
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
