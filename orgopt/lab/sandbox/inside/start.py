"""The start of the warm process: into the sandbox, imports, the judge, and then its loop.

`orgopt.lab.sandbox.launch` runs `main` with what the lab configured, as JSON.
"""

import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import isolate, processes
from .judge import JUDGE, judge
from .supervise import tell
from .warm import Warm

ISOLATION_FAILED = 50
"""Exit code when experiments cannot be isolated; anything else that ends it early is an error of the task's imports."""
_KILLED = 128 + signal.SIGKILL
_END_LIMIT_S = 5.0
_LOOK_S = 0.2  # between two looks for a parent


def prime(calls: list[str]) -> None:
    """Call functions of `prepare`, each given as its name and its arguments: what they cache, all experiments share."""
    for call in calls:
        name, *arguments = call.split()
        getattr(sys.modules["prepare"], name)(*arguments)


def check_isolation(config: Mapping[str, Any]) -> None:
    """Isolate a child as an experiment will be, and end with `ISOLATION_FAILED` where that does not work."""
    pid = os.fork()
    if pid == 0:
        code = ISOLATION_FAILED
        try:
            isolate.enter(config["limits"], config["hidden"])
            child = os.fork()
            if child == 0:
                isolate.seal()
                isolate.limit(config["limits"], processes=True)
                os._exit(0)
            code = _verdict(os.waitpid(child, 0)[1])
        except OSError as error:
            sys.stderr.write(f"experiments cannot be isolated: {error.strerror or error}\n")
        finally:
            os._exit(code)
    if verdict := _verdict(os.waitpid(pid, 0)[1]):
        raise SystemExit(verdict)


def _verdict(status: int) -> int:
    """An exit code for the end of an isolated child: one that somebody killed says nothing about the sandbox."""
    code = os.waitstatus_to_exitcode(status)
    return _KILLED if code in {-signal.SIGKILL, _KILLED} else code and ISOLATION_FAILED


def load(config: Mapping[str, Any]) -> None:
    """Import what experiments need, with one thread each."""
    sys.path[:0] = [config["folder"], *config["paths"]]
    for module in config["preload"]:
        importlib.import_module(module)
    if not config["prints"]:  # else the script imports prepare.py itself
        importlib.import_module("prepare")
        if (Path(config["folder"]) / f"{JUDGE}.py").is_file():
            importlib.import_module(JUDGE)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def guard(*, follows: bool = False) -> None:
    """Leave the warm process to a parent that outlives it and ends whatever it leaves behind.

    Args:
        follows: Whether that parent ends it when its own parent is gone.
    """
    isolate.adopt()
    parent, guardian = os.getppid(), os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # so that it can be waited for
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        isolate.die_with_parent(guardian)
        return
    os.close(0)
    os.close(1)
    while follows and os.getppid() == parent and not signal.sigtimedwait({signal.SIGCHLD}, _LOOK_S):
        pass
    if follows and os.getppid() != parent:
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    processes.end_descendants(_END_LIMIT_S)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def main(text: str) -> None:
    """Run the warm process as the lab configured it."""
    config: dict[str, Any] = json.loads(text)
    if not config["namespaces"]:
        guard()
    elif os.getuid() == 0:
        isolate.become_nobody()
    answers = os.dup(1)
    os.dup2(2, 1)  # nothing that a library prints may reach the protocol
    if config["namespaces"]:
        check_isolation(config)
    load(config)
    requests, asks = os.pipe()
    heard, reports = os.pipe()
    config["judge"] = 0 if config["prints"] else os.fork()
    if config["prints"]:
        tell(reports, {"judge": {"data_digest": config["data_digest"], "flops_per_s": 0.0}})
    elif config["judge"] == 0:
        for end in (0, answers, asks, heard):
            os.close(end)
        judge(requests, reports, config["limits"])
    os.close(requests)
    prime(config["prime"])
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the pages that forks share
    isolate.close_to_others()
    isolate.adopt()
    Warm(config, answers, asks, (heard, reports)).serve()
    if not config["namespaces"]:
        processes.end_descendants(_END_LIMIT_S)
