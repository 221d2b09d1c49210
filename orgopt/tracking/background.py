"""MLflow beside a study: what the log has is sent by another process, so that no run waits for it."""

import json
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from orgopt.basics.callback import Callback
from orgopt.invocation import module, own_command

PATIENCE_S, TROUBLED_S = 60.0, 1.0
"""How long MLflow may take nothing, once the study is over, before it is left alone; and when it was in trouble."""


class Projection:
    """Sends a study to MLflow while it runs; use it as a context manager.

    What is left when the study ends is sent before the manager returns. Nothing that goes wrong is raised: each
    problem is said once, and what was not sent stays in the study's log.

    Args:
        workspace: The folder of MLflow's store.
        folder: The study's.
        callback: Told of problems.
        enabled: Whether anything is sent at all.
    """

    def __init__(self, workspace: Path, folder: Path, callback: Callback, *, enabled: bool = True) -> None:
        self.workspace, self.folder, self.callback, self.enabled = workspace, folder, callback, enabled
        self._process: subprocess.Popen[bytes] | None = None
        self._said: set[str] = set()
        self._heard, self._patience_s = time.monotonic(), PATIENCE_S

    def poke(self) -> None:
        """Say that the log has something new."""
        if self._process and self._process.stdin:
            with suppress(OSError):  # it is gone; why is said at the end
                self._process.stdin.write(b"\n")
                self._process.stdin.flush()

    @property
    def troubled(self) -> bool:
        """Whether something went wrong so far."""
        return bool(self._said)

    def __enter__(self) -> Self:
        if self.enabled:
            command, env = module("orgopt.tracking", str(self.workspace), str(self.folder))
            self._process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C stops the study; what it has done is still sent
            )
            assert self._process.stdout
            self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
            self._listener.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._process is None:
            return
        self._heard = time.monotonic()
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        try:
            self.callback.sending()
            self._await(self._process)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
        self._listener.join()

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for as long as MLflow takes what it is given."""
        while process.poll() is None:
            left = self._heard + self._patience_s - time.monotonic()
            if left <= 0:
                if not self._said:
                    self._warn(f"it took nothing for {self._patience_s:g} s")
                return
            with suppress(subprocess.TimeoutExpired):
                process.wait(min(left, 1.0))  # in trouble, patience ends sooner
        if process.returncode:
            self._warn(f"its process ended with exit code {process.returncode}")

    def _listen(self, lines: IO[bytes]) -> None:
        with lines:
            for line in lines:
                self._heard, text = time.monotonic(), line.strip()
                self._patience_s = TROUBLED_S if text else PATIENCE_S
                if text:
                    self._warn(json.loads(text))

    def _warn(self, problem: str) -> None:
        if problem not in self._said:
            self._said.add(problem)
            text = (
                f"MLflow could not be written ({problem}); the study goes on and is kept in its log. "
                f"Later: {own_command()} sync {self.folder.name}"
            )
            self.callback.noted(text)
