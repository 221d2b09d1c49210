"""How the warm process of real experiments is started in its sandbox.

`bubblewrap`, the default, gives the warm process a read-only system, no home, no network and no rights (`wrap`,
`files`), and each experiment namespaces of its own inside (`inside`). `process` has sessions, limits and a scrubbed
environment alone, for machines without bubblewrap and scripts that one trusts; it is never chosen by itself.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from orgopt.errors import SandboxError
from orgopt.lab.devices.slots import Devices, warm_environment
from orgopt.lab.sandbox.bubblewrap_line import bubblewrap, hand_over, wrapped
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.files import (
    RECORDINGS,
    beside,
    covers_tmp,
    driver,
    hidden,
    own_package,
    printed_data_digest,
    readable,
    shared,
    user_site,
)
from orgopt.lab.sandbox.find_bubblewrap import find, remedy
from orgopt.lab.sandbox.inside import isolate
from orgopt.lab.sandbox.inside.start import ISOLATION_FAILED
from orgopt.tasks.task import Task

FILE_BYTES = 64 * 2**20  # no experiment may write a larger file
OUTPUT_BYTES = 64 * 2**20  # nor print more
INSIDE = Path(__file__).parent / "inside"
_START = "import sys; sys.path.insert(0, sys.argv[1]); from inside.start import main; main(sys.argv[2])"
_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ")  # of the environment; all else may hold a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How to start a warm process."""

    command: tuple[str, ...]
    env: Mapping[str, str]


def start(sandbox: Sandbox, task: Task, scratch: Path, devices: Devices | None = None, *, keeps: bool = False) -> Start:
    """How the warm process of a task is started; `scratch` holds what experiments leave, `keeps` what they print too.

    Each experiment sees the `devices` of its slot alone, and without a sandbox is told of no others.

    Raises:
        SandboxError: The sandbox does not run on this machine.
        TaskError: The task hides what is not there.
    """
    results = scratch / "results"
    results.mkdir(exist_ok=True)
    isolated = sandbox is Sandbox.BUBBLEWRAP
    config = _config(task, isolated=isolated) | {"keeps": keeps, "groups": devices.groups if devices else []}
    if not isolated:
        config |= {"results": str(results), "folder": str(task.folder), "paths": user_site(task)}
        env = environment(temporary=str(scratch), path=os.environ.get("PATH", os.defpath))
        if task.self_reported:
            shared(task)  # says what is missing
            env["HOME"] = str(Path.home())
        env |= warm_environment() if devices else {}
        return Start(command=(task.python or sys.executable, *_arguments(str(INSIDE.parent), config)), env=env)
    bubblewrap(task)
    hand_over(results, task)
    folder = f"{isolate.ROOT}/task"
    data = shared(task)
    config |= {"results": isolate.RESULTS, "folder": folder, "paths": user_site(task)}
    config |= {"read": sorted(data.values()), "home": isolate.HOME}
    python = readable(task.python)
    visible = {path: path for path in (*python, *driver(devices))} | data
    wrap = wrapped(
        {**visible, str(INSIDE): f"{isolate.ROOT}/inside", str(task.folder): folder},
        {str(results): isolate.RESULTS},
        masked=[f"{folder}/{name}" for name in RECORDINGS if (task.folder / name).exists()],
        devices=devices.nodes if devices else (),
    )
    wrap += own_package(python)
    env = environment(temporary=isolate.TEMPORARY, path="/usr/bin:/bin")
    if task.self_reported:
        env["HOME"] = isolate.HOME  # where its script looks for the data that it may read
    env |= warm_environment() if devices else {}
    arguments = _arguments(isolate.ROOT, config)
    return Start(command=(*wrap, "--", task.python or sys.executable, *arguments), env=env)


def environment(*, temporary: str, path: str) -> dict[str, str]:
    """The environment of the warm process, and of bubblewrap, whose own can be read inside as /proc/1/environ."""
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    env |= {"PATH": path, "HOME": temporary, "TMPDIR": temporary, "USER": "nobody", "LOGNAME": "nobody"}
    return {**env, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def begin(
    sandbox: Sandbox, start: Start, errors: IO[bytes], *, keeps: Sequence[int] = (), **words: Any
) -> "subprocess.Popen[bytes]":
    """Start what was prepared, with pipes to it and the descriptors that it keeps; `words` are as of `failure`.

    Raises:
        SandboxError: What there is of bubblewrap is no program.
    """
    try:
        return subprocess.Popen(
            start.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end it
            env=dict(start.env),
            cwd="/",
            pass_fds=keeps,
        )
    except OSError as error:
        message = f"{start.command[0]}: {error.strerror}"
        raise failure(sandbox, None, message, **words) or error from None


def failure(
    sandbox: Sandbox, code: int | None, message: str, task: Task | None = None, *, replays: bool = True
) -> SandboxError | None:
    """What a warm process that ended at its start says about the sandbox; None when it ended for another reason."""
    found = find()
    names = ("bwrap: ", f"{found.path}: ") if found else ("bwrap: ",)  # the linker has its path
    if sandbox is Sandbox.BUBBLEWRAP and (message.startswith(names) or code == ISOLATION_FAILED):
        return SandboxError(f"the sandbox does not hold on this machine ({message}):{remedy(task, replays=replays)}")
    return None


def _config(task: Task, *, isolated: bool) -> dict[str, Any]:
    limits = {
        "memory_bytes": int(task.limits.memory_gb * 1e9),
        "disk_bytes": int(task.limits.disk_gb * 1e9),
        "processes": task.limits.processes,
        # A checkpoint of a checkout is nobody's to read: its disk is bound, and its files by that.
        "file_bytes": int(task.limits.disk_gb * 1e9) if task.self_reported else FILE_BYTES,
        "output_bytes": OUTPUT_BYTES,
        "wall_s": task.limit_s,
        "socket_bytes": socket_bytes(),
        "covers_tmp": covers_tmp(task.python),
        "devices": bool(task.limits.gpus),
    }
    return {
        "script": task.script,
        "preload": list(task.preload),
        "prime": list(task.limits.prime),
        "result": task.limits.result,
        "prints": task.printed,
        "run": list(task.run),
        "reads": {"pattern": task.pattern, "file": task.metric_file, "key": task.metric_key},
        "data_digest": printed_data_digest(task) if task.self_reported else "",
        "beside": beside(task) if task.self_reported else [],
        "read": [],
        "home": "",
        "hidden": hidden(task) if isolated else [],
        "namespaces": isolated,
        "limits": limits,
    }


def socket_bytes() -> int:
    """What Linux lets a local socket buffer, unless its program asks for more, which experiments cannot."""
    try:
        return int(Path("/proc/sys/net/core/wmem_default").read_text())
    except (OSError, ValueError):
        return 212_992


def _arguments(root: str, config: Mapping[str, Any]) -> list[str]:
    return ["-P", "-c", _START, root, json.dumps(config)]
