"""MLflow beside a study: what the log has is sent from a thread, so that no run waits for it."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

from orgopt.cli.base import err
from orgopt.tracking import Tracking

NICENESS = 10  # runs come first


class Projection:
    """Sends a study to MLflow while it runs; use it as a context manager.

    What is left when the study ends is sent before the manager returns. Nothing that goes wrong is raised: each
    problem is said once, and what was not sent stays in the study's log.

    Args:
        workspace: The folder of MLflow's store.
        folder: The study's.
        enabled: Whether anything is sent at all.
    """

    def __init__(self, workspace: Path, folder: Path, *, enabled: bool = True) -> None:
        self.tracking, self.folder = Tracking(workspace), folder
        self._news, self._ended = threading.Event(), False
        self._said: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="mlflow", daemon=True) if enabled else None

    def poke(self) -> None:
        """Say that the log has something new."""
        self._news.set()

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._thread:
            self._ended = True
            self._news.set()
            if err.is_terminal:
                with err.status("[dim]sending the last runs to MLflow[/]"):
                    self._thread.join()
            else:
                self._thread.join()

    def _run(self) -> None:
        with suppress(OSError, AttributeError):  # a courtesy of Linux
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        problem = self.tracking.open()
        while True:
            self._warn(problem)
            self._news.wait()
            self._news.clear()
            ended = self._ended
            problem = self.tracking.sync(self.folder)
            if ended:
                self._warn(problem)
                return

    def _warn(self, problem: str | None) -> None:
        if problem and problem not in self._said:
            self._said.add(problem)
            text = f"MLflow could not be written ({problem}); the study goes on and is kept in its log"
            err.print(text, style="yellow", markup=False, soft_wrap=True)
