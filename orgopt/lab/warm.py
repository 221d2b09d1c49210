"""The warm process: has a task's imports loaded and forks each experiment from itself.

Started by `local.py` as `python -m orgopt.lab.warm TASK_FOLDER LIMITS_JSON`; talks JSON lines: requests on standard
input, answers on standard output. Each experiment is a supervisor in its own session that runs two
children after each other: the training script, which leaves its weights as data, and the task's
evaluation, which computes the metrics. When standard input ends, everything ends.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import runpy
import select
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

LOG = "log"
_PR_SET_PDEATHSIG = 1


def serve(task_folder: str, limits: dict[str, Any]) -> None:
    """Answer requests until standard input ends."""
    answers = os.dup(1)
    os.dup2(2, 1)  # nothing that a library prints may reach the protocol
    sys.path.insert(0, task_folder)
    for module in limits["preload"]:
        importlib.import_module(module)
    prepare = importlib.import_module("prepare")
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the pages that forks share
    send(answers, {"ready": True, "data_digest": prepare.data_digest()})

    warm = os.getpid()
    running: dict[int, int] = {}  # supervisor pid to experiment id
    ended, child_ended = os.pipe()
    os.set_blocking(child_ended, False)  # a full pipe wakes the loop all the same
    # Written by the C handler: one in Python would not run before a select that the signal just missed.
    signal.set_wakeup_fd(child_ended, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    requests = b""
    while True:
        ready, _, _ = select.select([0, ended], [], [])
        if ended in ready:
            os.read(ended, 4096)
            reap(running, answers)
        if 0 in ready:
            chunk = os.read(0, 65536)
            if not chunk:
                break
            *lines, requests = (requests + chunk).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if "kill" in request:
                    kill([pid for pid, experiment in running.items() if experiment == request["kill"]])
                else:
                    pid = os.fork()
                    if pid == 0:
                        supervise(request, limits, answers, warm)
                    running[pid] = request["id"]
    kill(list(running))
    shutil.rmtree(limits["scratch"], ignore_errors=True)  # the lab may have been killed before it could


def kill(pids: list[int]) -> None:
    """Kill the process groups of supervisors that were not reaped yet, with their children."""
    for pid in pids:
        try:
            os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)  # it was forked a moment ago and has no group of its own yet


def reap(running: dict[int, int], answers: int) -> None:
    """Report the supervisors that ended, and end what they left behind."""
    for pid in list(running):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
            send(answers, {"id": running.pop(pid), "exit": os.waitstatus_to_exitcode(status)})


def send(answers: int, message: dict[str, Any]) -> None:
    """Write one message; shorter than PIPE_BUF, so writers do not mix."""
    os.write(answers, (json.dumps(message) + "\n").encode())


def supervise(request: dict[str, Any], limits: dict[str, Any], answers: int, warm: int) -> NoReturn:
    """Train, then evaluate, then answer; never returns."""
    try:
        os.setsid()
        die_with_parent(warm)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        folder = Path(request["folder"])
        os.environ["ORGOPT_SEED"] = str(request["seed"])
        code, usage = run_child(lambda: train(folder, limits), folder, answers)
        message: dict[str, Any] = {"id": request["id"], "memory_gb": _memory_gb(usage), "cpu_s": _cpu_s(usage)}
        if code:
            flooded = (folder / LOG).stat().st_size >= limits["file_bytes"]
            message["status"] = "output_limit" if flooded else "crashed"
        else:
            code, usage = run_child(lambda: evaluate(folder), folder, answers)
            message["cpu_s"] += _cpu_s(usage)
            results = folder / "metrics.json"
            message |= (
                {"status": "invalid_metric"} if code else {"status": "ok", "metrics": json.loads(results.read_text())}
            )
        send(answers, message)
    except BaseException:  # noqa: BLE001  a forked child must never return into its parent's loop
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def run_child(body: Callable[[], None], folder: Path, answers: int) -> tuple[int, resource.struct_rusage]:
    """Run a function in a forked child in a folder; returns its exit code and what it used."""
    supervisor = os.getpid()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            die_with_parent(supervisor)
            os.close(answers)
            null, log = os.open(os.devnull, os.O_RDONLY), os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            os.dup2(null, 0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.chdir(folder)
            body()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001  whatever the experiment raises is its outcome
            traceback.print_exc()
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    _, status, usage = os.wait4(pid, 0)
    return os.waitstatus_to_exitcode(status), usage


def _memory_gb(usage: resource.struct_rusage) -> float:
    """The peak resident memory."""
    kilobyte = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes on macOS
    return usage.ru_maxrss * kilobyte / 1e9


def _cpu_s(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def train(folder: Path, limits: dict[str, Any]) -> None:
    """Run the experiment's script as it would run alone."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_bytes"], limits["file_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.argv = [limits["script"]]
    runpy.run_path(str(folder / limits["script"]), run_name="__main__")


def evaluate(folder: Path) -> None:
    """Compute the metrics of what the script left, from data that the script was not given."""
    metrics = sys.modules["prepare"].evaluate(folder)
    Path("metrics.json").write_text(json.dumps(metrics))


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent ends; elsewhere the end of standard input must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it could be asked
            os._exit(1)


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))
