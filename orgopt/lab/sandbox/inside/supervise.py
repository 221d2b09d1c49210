"""The supervisor: one process for each part of an experiment, which isolates, bounds and ends it.

It takes nothing from the experiment but its exit, the end of its output, its learning curve, and one file of data; in
place of that file, the metric that it printed, where its task says so.
"""

import contextlib
import errno
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from . import isolate, processes
from .collect import collect
from .memory_gauge import Gauge
from .outcome import metric_of, report_of, status_of, tell
from .part import OUTPUT, Part
from .watch import TAIL_BYTES, Watch, drain, tell_curve, watch_over

PRINTED_BYTES = 1 << 18  # as many where the metric is taken from them: much may be printed after it
_END_LIMIT_S = 2.0


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
        # Opened while it is there: inside, the folder of results is covered.
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
    tell(reports, {"id": number, "part": report_of("crashed", error)})
    os._exit(0)


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
        return report_of("disk", f"its files cannot be written: {error.strerror}")
    most = PRINTED_BYTES if part.prints else TAIL_BYTES
    watch = Watch(Gauge(work, part.limits, namespaces=namespaces), kept=most, folder=kept)
    output, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(part, work, writes, namespaces=namespaces)
    os.close(writes)
    os.set_blocking(output, False)
    code, usage = watch_over(part, work, pid, watch, (output, wake, reports), began, namespaces=namespaces)
    if not namespaces and not processes.end_descendants(_END_LIMIT_S):
        watch.verdict = watch.verdict or "crashed"
    drain(output, watch)
    cpu_s = usage.ru_utime + usage.ru_stime
    status, error = status_of(part, work, code, cpu_s, watch.verdict, watch.tail, namespaces=namespaces)
    metrics: dict[str, float] = {}
    if status == "ok" and part.prints:
        try:
            metrics[part.prints] = metric_of(part, work, kept, watch.tail)
        except ValueError as wrong:
            status, error = "invalid_metric", str(wrong)
    elif status == "ok":
        error = collect(work, part.leaves, kept, part.limits["file_bytes"])
        status = "invalid_metric" if error else "ok"
    # Code that answers sees what it is judged by, and could print it for later experiments to know.
    if part.keeps or (status != "ok" and not part.limits.get("silent")):
        with contextlib.suppress(OSError):  # of a disk that is full
            _keep(kept, watch.tail)
    tell_curve(part, work, watch, reports)
    kilobyte = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS
    report = report_of(status, error)
    report |= {"memory_gb": max(usage.ru_maxrss * kilobyte, watch.memory) / 1e9, "metrics": metrics}
    return {**report, "cpu_s": cpu_s, "wall_s": time.monotonic() - began}


def _keep(kept: int, output: bytes) -> None:
    """Write the end of an output where the lab finds it; the folder is known by its descriptor alone here."""
    with os.fdopen(os.open(OUTPUT, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=kept), "wb") as file:
        file.write(output)


def _become(part: Part, work: Path, log: int, *, namespaces: bool) -> NoReturn:
    """Turn this child into the experiment; never returns."""
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDONLY)
        for given, standard in ((null, 0), (log, 1), (log, 2)):
            os.dup2(given, standard)
        # Reports and orders go over what it would inherit. Some systems allow a billion files: those are not tried.
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
