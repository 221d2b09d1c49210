"""`[notify]` of orgopt.toml: a command of the user's that hears of generations, verdicts and failures."""

import json
import os
import shlex
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from orgopt.basics.callback import Callback
from orgopt.errors import UsageError
from orgopt.settings import SETTINGS, read_tables

NOTICE_S = 30.0
"""How long a notice's command may take."""


class Notices:
    """Calls the command of `[notify]` when a generation is complete, a verdict is there, or something failed.

    The command gets `ORGOPT_EVENT` (`generation`, `verdict`, `failure`), `ORGOPT_NAME` and `ORGOPT_TEXT` in its
    environment, and the same as JSON on standard input. It is run without a shell, and can end nothing.

    Args:
        workspace: Whose settings have the command.
        name: Of what runs.
        callback: Told where the command fails.

    Raises:
        UsageError: The table says something else.
    """

    def __init__(self, workspace: Path, name: str, callback: Callback) -> None:
        self.command, self.name, self.callback = notify_command(workspace), name, callback
        self.workspace = workspace

    def tell(self, event: str, text: str) -> None:
        """Call the command, if there is one, and wait for it for at most `NOTICE_S`."""
        if not self.command:
            return
        told = {"event": event, "name": self.name, "text": text}
        surroundings = {**os.environ, **{f"ORGOPT_{key.upper()}": value for key, value in told.items()}}
        try:
            done = subprocess.run(
                self.command,
                input=json.dumps(told).encode(),
                env=surroundings,
                cwd=self.workspace,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=NOTICE_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self.callback.noted(f"[notify] {shlex.join(self.command)}: {error}")
            return
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            self.callback.noted(f"[notify] {shlex.join(self.command)} ended with {done.returncode}: {said}")

    @contextmanager
    def of_failures(self) -> Generator[None]:
        """Tell of what goes wrong here, and let it go on; a stop by the user is none."""
        try:
            yield
        except Exception as error:
            with suppress(Exception):
                self.tell("failure", str(error))
            raise


def notify_command(workspace: Path) -> Sequence[str]:
    """The words of `[notify] command`; empty where nothing is to be called.

    Raises:
        UsageError: The table says something else.
    """
    given: Any = read_tables(workspace).get("notify", {})
    table = cast("dict[str, Any]", given) if isinstance(given, dict) else {"": given}
    command: Any = table.get("command", [])
    words = shlex.split(command) if isinstance(command, str) else command
    fits = isinstance(words, list) and all(isinstance(word, str) for word in cast("list[Any]", words))
    if set(table) - {"command"} or not fits:
        raise UsageError(
            f'{workspace / SETTINGS}: [notify] may say command = "notify-send orgopt", text or a list of words, and '
            "nothing else"
        )
    return cast("list[str]", words)
