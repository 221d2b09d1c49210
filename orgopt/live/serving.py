"""Live pages while a command runs: the server is a process of its own, which a study does not wait for."""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Self

from orgopt.invocation import module

PORT = 5100
"""The first port that is tried; browsers refuse 5060 and 5061."""
END_S = 10.0


class Serving:
    """Serves the pages of a workspace until it is closed; use it as a context manager.

    Nothing waits for the server, whose start takes a second or two of its own.

    Args:
        workspace: The folder with its mlruns.
        ready: Told the address once it answers, such as `http://127.0.0.1:5100`; empty where it does not start.
        port: The first that is tried.
    """

    def __init__(self, workspace: Path, ready: Callable[[str], None], port: int = PORT) -> None:
        command, env = module("orgopt.live.server", str(workspace), str(port))
        self._process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,  # Ctrl-C stops what runs; pages still hear of it
        )

        def hear() -> None:
            assert self._process.stdout
            address = self._process.stdout.readline().strip()
            if not self._closing:  # what was over before its server began needs none
                ready(address)

        self._closing = False
        self._listener = Thread(target=hear, daemon=True)
        self._listener.start()

    def wait(self) -> int:
        """Wait until the server ends by itself; returns its exit code."""
        return self._process.wait()

    def close(self) -> None:
        """Let open pages hear how it ended, and end."""
        self._closing = True
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._listener.join()
        if self._process.stdout:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
