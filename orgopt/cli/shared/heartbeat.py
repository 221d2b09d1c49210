"""A sign of life where there is no terminal: a line after ten seconds of silence, the same one again after a minute."""

import threading
import time
from collections.abc import Callable
from typing import Self

from rich.console import Console

EVERY_S = 10.0
_SAME = 6  # times as long a silence before the same line again


class Heartbeat:
    """Says a line when nothing else was said for a while; use as a context manager. Silent in a terminal.

    Args:
        console: Where it is said; in a terminal a live display moves instead.
        line: What there is to say now; empty for nothing.
        every_s: The longest silence, in wall seconds.
    """

    def __init__(self, console: Console, line: Callable[[], str], every_s: float = EVERY_S) -> None:
        self.console, self.line, self.every_s = console, line, every_s
        self._said_at, self._said = time.monotonic(), ""
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
            self._said_at, self._said = time.monotonic(), line
            self.console.print(line, markup=False, soft_wrap=True)

    def _run(self) -> None:
        looked_at = self._said_at
        while not self._ended.wait(max(0.0, max(looked_at, self._said_at) + self.every_s - time.monotonic())):
            looked_at = time.monotonic()
            silent_s, line = looked_at - self._said_at, self.line()
            if line and silent_s >= self.every_s * (_SAME if line == self._said else 1):
                self.say(line)
