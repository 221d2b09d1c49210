"""Runs of a command of the user's in the sandbox: one on a small repository of its own, in its bounds, to its end.

Covers how it is bounded and ended and what it leaves; its process is started inside, by `inside.start_cli`. What it is
told and what becomes of its commits is decided in `orgopt.agents.command.agent`. It is held as experiments are, except
for what its settings allow.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from orgopt.errors import UsageError
from orgopt.lab.sandbox import bubblewrap_line as wrap
from orgopt.lab.sandbox import choice, files, launch
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.command.line import Door, Line, opened
from orgopt.lab.sandbox.command.reach import Reach, completed, start_command, visible
from orgopt.lab.sandbox.inside import isolate, processes
from orgopt.lab.sandbox.inside.outcome import last_line
from orgopt.lab.sandbox.inside.start_cli import STOP
from orgopt.lab.sandbox.inside.watch import STOP_LIMIT_S

_POLL_S = 0.05
_BACKSTOP_S = 20.0  # beyond the time of the command: its start, and reading its repository
_END_LIMIT_S = 3.0
_STOP_LIMIT_S = STOP_LIMIT_S + 1.0
_RESULT_BYTES = 16 * 2**20
_ERROR_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandJob:
    """A command, and what it is to work on.

    Attributes:
        command: Its words, with placeholders.
        words: What placeholders stand for, besides `{worktree}` and `{prompt_file}`.
        prompt: The text of the prompt file.
        on_stdin: Whether it is what the command reads on standard input, too.
        script: Name of the file that may be edited.
        states: The repository's commits as subject and text of that file; the last is where the command begins.
        files: Other files beside it, by name.
        env: Variables that the command gets, with their values.
        reach: What it may see.
        hidden: Paths that it must not see.
        timeout_s: When it is ended.
        output_bytes: How much of its output is kept.
        script_bytes: Length of a script that is read.
        most_commits: How many commits are read, the last ones.
        memory_gb, disk_gb: What it may use.
        sets: Other variables, whose values may have placeholders.
        task_file: Name of one of `files` that git does not track, and goes on at the next call with what else is left;
            empty where there is no next call.
        left: Texts of files that the last call left, by name; no commit has them.
        relay: Who answers at the address `{relay}`; None is nobody.
    """

    command: tuple[str, ...]
    prompt: str
    script: str
    states: Sequence[tuple[str, str]]
    timeout_s: float
    output_bytes: int
    script_bytes: int
    most_commits: int
    memory_gb: float
    disk_gb: float
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    on_stdin: bool = False
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    reach: Reach = field(default_factory=Reach)
    hidden: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=dict[str, str])
    task_file: str = ""
    left: Mapping[str, str] = field(default_factory=dict[str, str])
    relay: Line | None = None


class Commit(NamedTuple):
    """A commit: its subject, the names of other files that differ from the start, and the script, None where lost."""

    subject: str
    others: tuple[str, ...]
    script: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended.

    Attributes:
        ended: `ok` when it ended by itself, whatever its exit code; `timeout`; `oom`; `stopped` by us; or `lost`.
        exit_code: As it gave it; negative for a signal, None where nobody knows.
        output: What it printed, both ends of it; of one that was stopped, until then.
        commits: What it committed, oldest first; last what it left uncommitted, where it ended with 0.
        more: How many earlier commits were not read.
        task_file: The text of the task's file, as it left it.
        left: Texts of other files that it left and no commit of its start had, by name.
        not_left: How many more there were, beyond the bounds or no text.
        error: What went wrong besides, in a line.
    """

    ended: str
    exit_code: int | None = None
    output: str = ""
    commits: tuple[Commit, ...] = ()
    more: int = 0
    task_file: str = ""
    left: Mapping[str, str] = field(default_factory=dict[str, str])
    not_left: int = 0
    error: str = ""


def find(program: str, reach: Reach) -> str:
    """Where a program is that a command names first, as its sandbox sees it.

    Raises:
        UsageError: It is not installed, or not to be seen in the sandbox, or what it is to see is not there; says what
            to write.
        SandboxError: There is no bubblewrap here.
    """
    found = shutil.which(str(Path(program).expanduser()))
    if found is None:
        raise UsageError(f"there is no program '{program}' on the PATH: install it, or give its path")
    gone = [path for path in (*reach.read, *reach.write) if not Path(path).exists()]
    if gone:
        raise UsageError(f"read or write has {gone[0]}, which is not there")
    if shutil.which("git") is None:
        raise UsageError("command agents work with git, which is not installed")
    if choice.chosen() is Sandbox.BUBBLEWRAP:
        wrap.bubblewrap(replays=False)
        reach = completed(program, reach)
        linked, path = Path(found).absolute(), Path(found).resolve()
        if not visible(path, reach):
            raise UsageError(f'the sandbox hides {path}: add read = ["{path.parent}"], or a folder above it')
        return found if visible(linked, reach) else str(path)
    return found


def perform(job: CommandJob, halted: Event) -> Done:
    """Run a command to its end; `halted` ends it before.

    Raises:
        SandboxError: The sandbox does not hold on this machine.
    """
    kind, job = choice.chosen(), replace(job, reach=completed(job.command[0], job.reach))
    scratch = Path(tempfile.mkdtemp(prefix="orgopt-command-"))
    try:
        start = start_command(kind, scratch, job.reach)
        with opened(job.relay) as (door, inner):
            request = json.dumps(_request(job, kind, scratch, inner)).encode()
            with (scratch / "errors").open("wb") as errors:
                process = launch.begin(kind, start, errors, keeps=[inner] if job.relay else [], replays=False)
            stop = scratch / "results" / STOP
            report, ended = _await(process, request, halted, job.timeout_s + 2 * _BACKSTOP_S, door, stop)
        return Done(ended=ended) if ended else _done(kind, process, report, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _request(job: CommandJob, kind: Sandbox, scratch: Path, door: int) -> dict[str, Any]:
    isolated = kind is Sandbox.BUBBLEWRAP
    program = find(job.command[0], job.reach)
    bins = [path for path in job.reach.read if Path(path).name == "bin"]  # where its interpreter may be
    limits = {
        "memory_bytes": int(job.memory_gb * 1e9),
        "disk_bytes": int(job.disk_gb * 1e9),
        "processes": 1024,
        "file_bytes": launch.FILE_BYTES,
        "output_bytes": launch.OUTPUT_BYTES,
        "socket_bytes": launch.socket_bytes(),
        "wall_s": job.timeout_s + _BACKSTOP_S,
        "covers_tmp": files.covers_tmp()
        and not any(Path(path).is_relative_to("/tmp") for path in (*job.reach.read, *job.reach.write)),
        "network": job.reach.network,
        "foreign": True,
    }
    return {
        "namespaces": isolated,
        "results": isolate.RESULTS if isolated else str(scratch / "results"),
        "limits": limits,
        "hidden": [*job.hidden] if isolated else [],
        "command": [program, *job.command[1:]],
        "path": list(dict.fromkeys([str(Path(program).parent), str(Path(program).resolve().parent), *bins])),
        "home": str(Path.home()),
        "read": [*job.reach.read],
        "write": [*job.reach.write],
        **{name: getattr(job, name) for name in _PLAIN},
        "words": dict(job.words),
        "files": dict(job.files),
        "left": dict(job.left),
        "env": dict(job.env),
        "sets": dict(job.sets),
        "relay": {"door": door, "key": job.relay.key, "env": dict(job.relay.env)} if job.relay else None,
        "states": [list(state) for state in job.states],
    }


_PLAIN = ("prompt", "task_file", "on_stdin", "script", "timeout_s", "output_bytes", "script_bytes", "most_commits")


def _await(
    process: "subprocess.Popen[bytes]", request: bytes, halted: Event, limit_s: float, door: Door, stop: Path
) -> tuple[bytes, str]:
    """What a started command reports; or nothing, and why it was ended."""
    deadline = time.monotonic() + limit_s
    given: bytes | None = request
    while True:
        try:
            return process.communicate(given, timeout=_POLL_S)[0], ""
        except subprocess.TimeoutExpired:
            given = None
        door.look()
        if halted.is_set() and not stop.exists():
            stop.touch()
            deadline = time.monotonic() + _STOP_LIMIT_S
        if time.monotonic() > deadline:
            _end(process)
            return b"", "stopped" if halted.is_set() else "timeout"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command and all that it started.

    The first process outlives what it watches and clears up after it; bubblewrap's end is that of its namespaces.
    """
    with contextlib.suppress(ProcessLookupError):
        for pid in processes.descendants(process.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=_END_LIMIT_S)
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _done(kind: Sandbox, process: "subprocess.Popen[bytes]", report: bytes, scratch: Path) -> Done:
    """How it ended, from what its supervisor reported and the one file that it left."""
    try:
        part = json.loads(report)["part"]
        status, error = str(part["status"]), str(part["error"])
    except (ValueError, LookupError, TypeError):
        message = last_line((scratch / "errors").read_bytes()[-_ERROR_BYTES:]) or f"exit code {process.returncode}"
        if failed := launch.failure(kind, process.returncode, message, replays=False):
            raise failed from None
        return Done(ended="lost", error=message)
    if status != "ok":
        return Done(ended=status if status in {"timeout", "oom"} else "lost", error=f"{status}: {error}".strip(": "))
    try:
        with (scratch / "results" / "result.json").open("rb") as file:
            found = json.loads(file.read(_RESULT_BYTES))
        return Done(
            ended="stopped" if found["stopped"] else "timeout" if found["timed_out"] else "ok",
            exit_code=found["exit_code"],
            output=str(found["output"]),
            commits=tuple(_commit(one) for one in found["commits"]),
            more=int(found["more"]),
            task_file=str(found["task_file"]),
            left={str(name): str(text) for name, text in found["left"].items()},
            not_left=int(found["not_left"]),
            error=str(found["error"]),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as fault:
        return Done(ended="lost", error=f"what it left cannot be read: {fault}")


def _commit(found: Mapping[str, Any]) -> Commit:
    script = found["script"]
    others = tuple(str(name) for name in found["others"])
    return Commit(str(found["subject"]), others, None if script is None else str(script))
