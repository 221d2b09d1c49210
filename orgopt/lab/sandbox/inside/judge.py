"""The judge: the process that has the data that counts, and computes metrics from what experiments left.

It is forked before the warm process and is no ancestor of any experiment. It forks each judgement from itself, so that
none can disturb another. It runs the task's own code alone: `prepare.evaluate` reads the arrays that an experiment
left, beside the task's script with the experiment's constants. Of a script that an agent rewrote, it sees answers; of
all scripts where `prepare` has no `evaluate`.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from . import isolate, processes
from .outcome import ERROR_LENGTH, last_line, tell
from .part import read_request
from .timing import TamperedError

JUDGE = "judge"
"""The module of a task that asks and grades, where it has one."""


def judge(requests: int, reports: int, limits: Mapping[str, Any], script: str) -> None:
    """Answer requests until they end.

    A request is `{"id", "do": "evaluate" | "ask" | "grade", "folder"}` or `{"kill": id}`. A judgement reports what came
    of it, and the judge that it ended.

    Args:
        requests: Where they are read.
        reports: Takes JSON lines.
        limits: See `isolate.limit`.
        script: Name of the task's editable file.
    """
    prepare = sys.modules["prepare"]
    ready = {"data_digest": prepare.data_digest(), "flops_per_s": measure_ceiling()}
    tell(reports, {"judge": {**ready, "evaluates": hasattr(prepare, "evaluate")}})
    running: dict[int, int] = {}  # process to experiment
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, processes.wake)
    buffer = b""
    while True:
        ready, _, _ = select.select([requests, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
            _reap(running, reports)
        if requests in ready:
            chunk = os.read(requests, 1 << 16)
            if not chunk:
                return
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if "kill" in request:
                    for pid in [pid for pid, experiment in running.items() if experiment == request["kill"]]:
                        os.kill(pid, signal.SIGKILL)
                    continue
                pid = os.fork()
                if pid == 0:
                    _judgement(request, reports, limits, script)
                running[pid] = request["id"]


def _reap(running: dict[int, int], reports: int) -> None:
    for pid in list(running):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            tell(reports, {"id": running.pop(pid), "judged": os.waitstatus_to_exitcode(status)})


def _judgement(request: Mapping[str, Any], reports: int, limits: Mapping[str, Any], script: str) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        isolate.die_with_parent(os.getppid())
        isolate.limit(limits, processes=False)
        folder = Path(request["folder"])
        os.chdir(folder)
        before = time.process_time()
        found: dict[str, Any] = {}
        if request["do"] == "evaluate":
            (folder / script).write_text(read_request(folder)["own"], "utf-8")
            found["metrics"] = sys.modules["prepare"].evaluate(folder)
        elif request["do"] == "ask":
            found["questions"] = sys.modules[JUDGE].ask(folder, read_request(folder)["script"])
        else:
            found["metrics"] = sys.modules[JUDGE].grade(folder)
        message = json.dumps({"id": request["id"], "judgement": {**found, "cpu_s": time.process_time() - before}})
        os.write(reports, (message[:4000] + "\n").encode())
    except TamperedError as error:
        tell(reports, {"id": request["id"], "judgement": {"tampered": str(error)[:ERROR_LENGTH]}})
    except BaseException as error:  # noqa: BLE001  whatever the arrays make it raise is a bad metric
        text = last_line(f"{type(error).__name__}: {error}".encode("utf-8", "replace"))[:ERROR_LENGTH]
        with contextlib.suppress(OSError):
            tell(reports, {"id": request["id"], "judgement": {"error": text}})
        os._exit(1)
    os._exit(0)


def measure_ceiling() -> float:
    """The floating-point operations a second that one thread reaches in a matrix product; 0 without numpy."""
    if "numpy" not in sys.modules:
        return 0.0
    numpy = importlib.import_module("numpy")
    size, best = 256, float("inf")
    a = numpy.ones((size, size), dtype=numpy.float32)
    for _ in range(60):
        began = time.perf_counter()
        numpy.matmul(a, a)
        best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best
