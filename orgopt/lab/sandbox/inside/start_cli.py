"""How a command of the user's (a coding CLI) is started inside the sandbox: its words, variables and input.

It works on a small git repository. `sandbox.command.reach` has `main` run, with what is to be done as JSON on standard
input. A supervisor bounds and ends it as it does experiments; the first process of its namespaces is ours, ends the
command at its time, and only then looks at the repository. All that leaves is one file of data, which nobody outside
takes for more than that.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import isolate, line, processes, repository
from .part import Part
from .start import check_isolation, guard
from .supervise import supervise

RESULT = "result.json"
REPOSITORY = "repository"
PROMPT = "prompt.md"
STOP = "stop"
"""The file beside the result that ends the command: what it printed and committed is kept."""

_LOOK_S = 0.02  # between two looks at the command
_END_LIMIT_S = 2.0


def main() -> None:
    """Do what standard input says; reports how it ended on standard output."""
    job: dict[str, Any] = json.load(sys.stdin)
    namespaces = job["namespaces"]
    if namespaces and os.getuid() == 0:
        isolate.become_nobody()
    if namespaces:
        check_isolation(job)
    guard(follows=True)
    part = Part(
        id=0,
        files={PROMPT: job["prompt"].encode("utf-8", "replace")},
        body=lambda: _work(job, Path.cwd()),
        leaves=RESULT,
        folder=Path(job["results"]),
        limits=job["limits"],
        hidden=tuple(job["hidden"]),
        watched=False,
        stops=STOP,
        before=(lambda: line.open_line(job)) if job["relay"] else None,
    )
    supervise(part, os.dup(1), namespaces=namespaces)


def _work(job: Mapping[str, Any], folder: Path) -> None:
    """Prepare the repository, run the command, and write what came of it."""
    isolate.adopt()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    worktree = folder / REPOSITORY
    git = repository.Git(worktree)
    base = repository.prepare(job, git)
    home, temporary = folder / "home", folder / "tmp"
    for place in (home, temporary):
        place.mkdir(exist_ok=True)
    _link_home(home, job)
    env = {
        **os.environ,
        "PWD": str(worktree),
        "HOME": str(home),
        "TMPDIR": str(temporary),
        **line.addresses(job),
        **job["env"],
    }
    env["PATH"] = os.pathsep.join(dict.fromkeys([*job["path"], *env["PATH"].split(os.pathsep)]))
    places = {"worktree": str(worktree), "prompt_file": str(folder / PROMPT)}
    if job["relay"]:
        places |= {"relay": job["relay"]["address"]}
    env |= {name: line.filled(value, {**places, **job["words"]}) for name, value in job["sets"].items()}
    words = [line.filled(word, {**places, **job["words"]}) for word in job["command"]]
    given = folder / PROMPT if job["on_stdin"] else Path(os.devnull)
    deadline = time.monotonic() + job["timeout_s"]
    result = _run(
        words, worktree, env, given, lambda: stop.is_set() or time.monotonic() > deadline, job["output_bytes"]
    )
    result["stopped"] = stop.is_set()
    result |= {"commits": [], "more": 0, "task_file": "", "left": {}, "not_left": 0}
    try:
        result |= repository.commits(job, git, base, finished=not result["timed_out"] and result["exit_code"] == 0)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        result["error"] = f"its repository cannot be read: {type(error).__name__}"
    if job["task_file"]:
        result |= repository.left(job, worktree)
    _leave(folder / RESULT, result)


def _link_home(home: Path, job: Mapping[str, Any]) -> None:
    """Put what the command may see of the user's home where it looks for it: its home here is another."""
    for path in (*job["read"], *job["write"]):
        if Path(path).is_relative_to(job["home"]) and path != job["home"]:
            link = home / Path(path).relative_to(job["home"])
            link.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                link.symlink_to(path)


def _run(
    words: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    given: Path,
    over: Callable[[], bool],
    output_bytes: int,
) -> dict[str, Any]:
    """Run the command to its end or until it is over, with all that it started; what it printed, from both ends."""
    output, writes = os.pipe()
    os.set_blocking(output, False)
    try:
        with given.open("rb") as source:
            process = subprocess.Popen(
                words, cwd=folder, env=env, stdin=source, stdout=writes, stderr=writes, start_new_session=True
            )
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", "") or str(error)
        return {"exit_code": None, "timed_out": False, "output": "", "error": f"it cannot be started: {text}"}
    finally:
        os.close(writes)
    printed = _Printed(output_bytes)
    while process.poll() is None and not over():
        select.select([output], [], [], _LOOK_S)
        if not printed.drain(output):
            _wait(process)
    timed_out = process.poll() is None
    process.kill()
    code = process.wait()
    if os.getpid() == 1:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    processes.end_descendants(_END_LIMIT_S)
    printed.drain(output)
    return {"exit_code": code, "timed_out": timed_out, "output": printed.text, "error": ""}


def _wait(process: "subprocess.Popen[bytes]") -> None:
    """Wait a moment for a command that has closed its output."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_LOOK_S)


class _Printed:
    """What a command printed: its first quarter and its end, within a bound."""

    def __init__(self, most: int) -> None:
        self._most_first, self._most_last = most // 4, most - most // 4
        self._first, self._last, self._size = b"", b"", 0

    def drain(self, output: int) -> bool:
        """Take what there is; returns whether more may come."""
        while True:
            try:
                chunk = os.read(output, 1 << 16)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            self._size += len(chunk)
            room = self._most_first - len(self._first)
            self._first += chunk[:room]
            self._last = (self._last + chunk[max(0, room) :])[-self._most_last :]
            if self._size % (1 << 20) < len(chunk):  # a flood must not keep anyone from looking at the clock
                return True

    @property
    def text(self) -> str:
        cut = self._size - len(self._first) - len(self._last)
        between = f"\n… {cut} bytes …\n".encode() if cut else b""
        return (self._first + between + self._last).decode("utf-8", "replace")


def _leave(path: Path, result: Mapping[str, Any]) -> None:
    """Write the result over whatever the command may have put there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    with path.open("x") as file:
        json.dump(result, file)
