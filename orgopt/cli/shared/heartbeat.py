"""A sign of life where there is no terminal: a line whenever nothing was said for ten seconds."""

import threading
import time
from collections.abc import Callable
from typing import Self

from rich.console import Console

EVERY_S = 10.0


class Heartbeat:
    """Says a line when nothing else was said for a while; use as a context manager. Silent in a terminal.

    Args:
        console: Where it is said; in a terminal a live display moves instead.
        line: What there is to say now; empty for nothing.
        every_s: The longest silence, in wall seconds.
    """

    def __init__(self, console: Console, line: Callable[[], str], every_s: float = EVERY_S) -> None:
        self.console, self.line, self.every_s = console, line, every_s
        self._said_at = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        if not self.console.is_terminal:
            self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def say(self, line: str) -> None:
        """Say something now, unless this is a terminal."""
        if not self.console.is_terminal:
            self._said_at = time.monotonic()
            self.console.print(line, markup=False, soft_wrap=True)

    def _run(self) -> None:
        while not self._ended.wait(max(0.0, self._said_at + self.every_s - time.monotonic())):
            if time.monotonic() - self._said_at >= self.every_s:
                if line := self.line():
                    self.say(line)
                else:
                    self._said_at = time.monotonic()
