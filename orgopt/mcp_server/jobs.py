"""Jobs of an agent: commands of orgopt that take time, each a process of its own that is polled and cancelled."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from orgopt.errors import UsageError
from orgopt.invocation import module

MOST = 4
"""Jobs at the same time: they share the hardware, and each measures less beside others."""
LINES = 20  # of progress that are told
_GRACE_S = 20.0


@dataclass(slots=True)
class Job:
    """A command that an agent began.

    Attributes:
        id: A number, from 1.
        words: The command, without `orgopt`.
        process: That runs it.
        folder: Where its output is written.
        began, began_at: When, by the clock that only goes forward, and by that of files.
        cancelled: Whether it was told to stop.
        took_s: Seconds that it took; None while it runs.
    """

    id: int
    words: tuple[str, ...]
    process: subprocess.Popen[bytes]
    folder: Path
    began: float = field(default_factory=time.monotonic)
    began_at: float = field(default_factory=time.time)
    cancelled: bool = False
    took_s: float | None = None

    @property
    def state(self) -> str:
        """`running`, `done`, `failed` or `cancelled`."""
        if self.process.poll() is None:
            return "running"
        if self.took_s is None:  # its last word came at its end, and nobody may have looked then
            ended = max((self.folder / name).stat().st_mtime for name in ("stdout", "stderr"))
            self.took_s = max(0.0, ended - self.began_at)
        return "cancelled" if self.cancelled else "failed" if self.process.returncode else "done"

    def to_dict(self) -> dict[str, Any]:
        """How it stands as JSON values: its last lines of progress, and once it has ended its result or its error."""
        state = self.state
        seconds = self.took_s if self.took_s is not None else time.monotonic() - self.began
        lines = _text(self.folder / "stderr").splitlines()
        told: dict[str, Any] = {"job": self.id, "command": f"orgopt {' '.join(self.words)}", "state": state}
        told |= {"seconds": round(seconds, 1), "progress": lines[-LINES:], "exit_code": self.process.returncode}
        if state != "running":
            told["result"] = _json(_text(self.folder / "stdout"))
            told["error"] = (_json(lines[-1]) or {}).get("error") if lines and state == "failed" else None
        return told


class Jobs:
    """All jobs of one server; `close` ends those that run.

    Args:
        workspace: Where their commands stand.
    """

    def __init__(self, workspace: Path) -> None:
        self.workspace, self.all = workspace, dict[int, Job]()
        self._folder = tempfile.TemporaryDirectory(prefix="orgopt-jobs-")

    def start(self, words: Sequence[str]) -> Job:
        """Begin a command.

        Raises:
            UsageError: As many run as may.
        """
        if sum(job.state == "running" for job in self.all.values()) >= MOST:
            raise UsageError(f"{MOST} jobs run already: wait for one, or cancel it")
        number = len(self.all) + 1
        folder = Path(self._folder.name) / str(number)
        folder.mkdir()
        command, env = module("orgopt", *words)
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            process = subprocess.Popen(
                command,
                cwd=self.workspace,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                env={**env, "PYTHONUNBUFFERED": "1"},
            )
        self.all[number] = Job(number, tuple(words), process, folder)
        return self.all[number]

    def get(self, number: int) -> Job:
        """A job by its number.

        Raises:
            UsageError: There is none.
        """
        if number not in self.all:
            raise UsageError(f"no job {number}: there are {', '.join(map(str, self.all)) or 'none'}")
        return self.all[number]

    def cancel(self, number: int) -> Job:
        """Tell a job to stop, as Ctrl-C does: what it measured is kept. Returns at once.

        Raises:
            UsageError: There is none.
        """
        job = self.get(number)
        if job.state == "running":
            job.cancelled = True
            with suppress(ProcessLookupError):
                os.kill(job.process.pid, signal.SIGTERM)
        return job

    def close(self) -> None:
        """Stop all jobs, and wait until they have."""
        going = [job for job in self.all.values() if job.state == "running"]
        for job in going:
            self.cancel(job.id)
        for job in going:
            with suppress(subprocess.TimeoutExpired):
                job.process.wait(_GRACE_S)
            if job.process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(job.process.pid, signal.SIGKILL)
                job.process.wait()
        self._folder.cleanup()


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def _json(text: str) -> dict[str, Any] | None:
    try:
        found: object = json.loads(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
