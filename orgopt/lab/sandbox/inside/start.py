"""The start: into the sandbox, imports, then the judge, the warm process and the dispatcher's loop.

`orgopt.lab.sandbox.launch` runs `main` with what the lab configured, as JSON.
"""

import gc
import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import isolate, processes
from .dispatch import Dispatcher
from .judge import JUDGE, judge
from .outcome import tell
from .prime import prime
from .warm import Warm

ISOLATION_FAILED = 50
"""Exit code when experiments cannot be isolated; anything else that ends it early is an error of the task's imports."""
_KILLED = 128 + signal.SIGKILL
_END_LIMIT_S = 5.0
_LOOK_S = 0.2  # between two looks for a parent


def check_isolation(config: Mapping[str, Any]) -> None:
    """Isolate a child as an experiment will be, and end with `ISOLATION_FAILED` where that does not work."""
    pid = os.fork()
    if pid == 0:
        code = ISOLATION_FAILED
        try:
            isolate.enter(config["limits"], config["hidden"])
            child = os.fork()  # a new namespace of processes begins with the next child
            if child == 0:
                isolate.seal(config["limits"])
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
        _import("prepare", config["hidden"])
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


def _import(module: str, hidden: Sequence[str]) -> None:
    """Import a module of the task where no file that it hides can be read.

    Raises:
        SystemExit: It fails for want of such a file, perhaps.
    """
    try:
        importlib.import_module(module)
    except Exception as error:
        if not hidden:
            raise
        traceback.print_exc()
        raise SystemExit(
            f"{type(error).__name__}: {error} (what task.toml hides cannot be read while {module}.py is imported, "
            "since experiments have all that is read then: read it in a function)"
        ) from None


def _import_judge(config: Mapping[str, Any], hidden: Sequence[str]) -> None:
    if (Path(config["folder"]) / f"{JUDGE}.py").is_file():
        _import(JUDGE, hidden)


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
    # The lab waits for the end of these pipes: they end with the warm process, and not with this one.
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
    """Run the lab's processes as it configured them."""
    config: dict[str, Any] = json.loads(text)
    if not config["namespaces"]:
        guard()
    elif os.getuid() == 0:
        isolate.become_nobody(config["groups"])
    answers = os.dup(1)
    os.dup2(2, 1)  # nothing that a library prints may reach the protocol
    if config["namespaces"]:
        if config["hidden"]:
            _cover(config["hidden"])  # before anything of the task is imported
        check_isolation(config)
    load(config)
    heard, reports = os.pipe()
    parent = os.getpid()
    if config["prints"]:
        judging = (0, -1)
        tell(reports, {"judge": {"data_digest": config["data_digest"], "flops_per_s": 0.0, "evaluates": False}})
    else:
        judging = _begin(lambda requests: _judge(config, requests, reports), parent, (0, answers, heard))
    warming = _begin(lambda orders: _warm(config, orders, reports), parent, (0, answers, heard, judging[1]))
    # Only now: the judge and the process that primes inherit the rights by which they take covers off.
    if config["namespaces"]:
        isolate.give_up_rights()
    isolate.close_to_others()
    isolate.adopt()
    Dispatcher(config, answers, heard, judging, warming).serve()
    if not config["namespaces"]:
        processes.end_descendants(_END_LIMIT_S)


def _cover(hidden: Sequence[str]) -> None:
    try:
        isolate.cover(hidden)
    except OSError as error:
        sys.stderr.write(f"experiments cannot be isolated: {error.strerror or error}\n")
        raise SystemExit(ISOLATION_FAILED) from None


def _begin(body: Callable[[int], None], parent: int, ends: Sequence[int]) -> tuple[int, int]:
    """Fork a process that takes messages from a pipe: its number, and the end to write to.

    Args:
        body: What it does, with the end to read from.
        parent: This process, with which it ends.
        ends: Descriptors that are not for it, where there are any.
    """
    source, target = os.pipe()
    pid = os.fork()
    if pid:
        os.close(source)
        return pid, target
    code = 1
    try:
        isolate.die_with_parent(parent)
        for end in (target, *ends):
            if end >= 0:
                os.close(end)
        body(source)
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(end.code + "\n")
    except BaseException:  # noqa: BLE001  a forked child must never return into its parent's loop
        traceback.print_exc()
    finally:
        os._exit(code)


def _judge(config: Mapping[str, Any], requests: int, reports: int) -> None:
    isolate.close_to_others()
    if config["namespaces"]:
        isolate.uncover(config["hidden"])
        isolate.give_up_rights()
    _import_judge(config, ())
    judge(requests, reports, config["limits"], config["script"])


def _warm(config: Mapping[str, Any], orders: int, reports: int) -> None:
    prime(config["prime"], config["hidden"])
    if config["namespaces"]:
        isolate.give_up_rights()
    if not config["prints"]:
        _import_judge(config, config["hidden"])
    gc.collect()
    gc.freeze()  # keeps the collector from touching, and so copying, the pages that forks share
    isolate.close_to_others()
    isolate.adopt()
    tell(reports, {"warm": True})
    Warm(config, orders, reports).serve()
