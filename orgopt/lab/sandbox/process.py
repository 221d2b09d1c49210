"""The lab's end of a warm process: starting it in its sandbox, messages both ways, and its end."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orgopt.errors import LabError
from orgopt.lab.devices.slots import Devices
from orgopt.lab.sandbox import launch
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.inside.outcome import last_line
from orgopt.tasks.task import Task

_CLOSE_LIMIT_S = 2
_ERROR_BYTES = 4096
_SILENCE = "no message"
_JANITOR = 'cat; for _ in 1 2 3 4 5 6 7 8 9; do rm -rf "$1"; [ -e "$1" ] || exit 0; sleep 0.1; done'
"""Waits for the end of whoever holds its input, and removes the folder: the lab may be killed before it could."""


class EndedError(LabError):
    """The warm process has ended, though nobody asked it to."""


class WarmProcess:
    """A warm process of a task; it starts at once and loads while the caller does other things.

    Args:
        task: What it loads.
        kind: The sandbox that it runs in.
        devices: What its experiments may have, where they need any.
        keeps: Whether it tells the end of what each experiment printed.

    Raises:
        SandboxError: The sandbox is not to be had on this machine.
    """

    def __init__(self, task: Task, kind: Sandbox, devices: Devices | None = None, *, keeps: bool = False) -> None:
        self.task, self.kind = task, kind
        self._scratch = Path(tempfile.mkdtemp(prefix="orgopt-"))
        try:
            start = launch.start(kind, task, self._scratch, devices, keeps=keeps)
            with (self._scratch / "errors").open("wb") as errors:
                self._process = launch.begin(kind, start, errors, task=task)
        except BaseException:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise
        if self._process.stdin is None or self._process.stdout is None:
            raise LabError("the warm process has no pipes")
        self._requests, self._answers = self._process.stdin, self._process.stdout
        os.set_blocking(self._requests.fileno(), False)
        self._buffer = b""
        self._janitor = subprocess.Popen(
            ["/bin/sh", "-c", _JANITOR, "sh", str(self._scratch)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={"PATH": os.defpath},
            cwd="/",
        )
        self._closed = False

    @property
    def pid(self) -> int:
        """The process that was started: the sandbox's, or the warm process's guardian."""
        return self._process.pid

    @property
    def scratch(self) -> Path:
        """The folder of what its experiments leave."""
        return self._scratch

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand it a message; reads what it says meanwhile, so that neither waits for the other.

        Raises:
            EndedError: It has ended.
        """
        left = memoryview((json.dumps(message) + "\n").encode())
        while left:
            try:
                left = left[os.write(self._requests.fileno(), left) :]
            except BlockingIOError:
                readable, _, _ = select.select([self._answers], [self._requests], [])
                if readable:
                    self._receive()
            except OSError:
                raise self._ended() from None

    def read(self, timeout_s: float) -> list[dict[str, Any]]:
        """The messages that arrive within a time; returns at the first.

        Raises:
            EndedError: It has ended.
            SandboxError: Likewise, because its sandbox does not hold here.
        """
        if b"\n" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], timeout_s)
            if ready:
                self._receive()
        *lines, self._buffer = self._buffer.split(b"\n")
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """End it and all that it started; remove its folder. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._requests.close()
        try:
            self._process.wait(_CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._kill()
        self._answers.close()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._janitor.communicate()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _receive(self) -> None:
        chunk = os.read(self._answers.fileno(), 1 << 16)
        if not chunk:
            raise self._ended()
        self._buffer += chunk

    def _ended(self) -> LabError:
        """What its end was: the last line that it wrote says more than its exit code."""
        deadline = time.monotonic() + _CLOSE_LIMIT_S
        while self._process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)  # its pipe is closed, it ends any moment
        try:
            with (self._scratch / "errors").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _ERROR_BYTES))
                message = last_line(file.read()) or _SILENCE
        except OSError:
            message = _SILENCE
        code = self._process.poll()
        if message == _SILENCE and code:
            message = (
                f"killed by signal {-code if code < 0 else code - 128}"
                if code < 0 or code > 128
                else f"exit code {code}"
            )
        failed = launch.failure(self.kind, code, message, self.task)
        return failed or EndedError(f"the lab of {self.task.name} ended: {message}")
