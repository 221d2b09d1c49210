"""Steering what runs: an hour at which it stops, a pause between runs, and notices by a command of the user's."""

import datetime as dt
import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, cast

from orgopt.callback import Callback
from orgopt.called import argument, own_command
from orgopt.errors import UsageError
from orgopt.settings import SETTINGS, read_tables
from orgopt.study.log import PAUSE

POLL_S = 0.2
"""How often who is paused looks whether to go on."""
NOTICE_S = 30.0
"""How long a notice's command may take."""
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class TimeIsUp(KeyboardInterrupt):
    """The hour at which something was to stop has come: it ends as by Ctrl-C, and that is no error."""


def seconds_left(until: str | None, max_hours: float | None, now: dt.datetime | None = None) -> float | None:
    """The seconds until something has to stop; None where nothing says so.

    Args:
        until: A time of day, `18:00`, today or else tomorrow, or a date and time, `2026-12-01T08:00`; in local time.
        max_hours: Hours from now; the earlier of both counts.
        now: When that is asked; None is now.

    Raises:
        UsageError: It is no time, or is over.
    """
    now = now or dt.datetime.now().astimezone()
    ends = [] if max_hours is None else [now + dt.timedelta(hours=max_hours)]
    if until is not None:
        ends.append(_moment(until, now))
    return min(((end - now).total_seconds() for end in ends), default=None)


def _moment(until: str, now: dt.datetime) -> dt.datetime:
    if clock := _CLOCK.fullmatch(until.strip()):
        today = now.replace(hour=int(clock[1]), minute=int(clock[2]), second=0, microsecond=0)
        return today if today > now else today + dt.timedelta(days=1)
    try:
        found = dt.datetime.fromisoformat(until)
    except ValueError:
        said = argument("until")
        raise UsageError(f"{said} '{until}' is no time: write 18:00, or 2026-12-01T08:00") from None
    found = found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
    if found <= now:
        raise UsageError(f"{argument('until')} '{until}' is over: it is {now:%Y-%m-%dT%H:%M}")
    return found


@contextmanager
def ending_after(seconds: float | None) -> Generator[None]:
    """End what is done here by `TimeIsUp` after so many seconds; None is never.

    Raises:
        UsageError: This is not the main thread, which alone can be interrupted.
    """
    if seconds is None:
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        raise UsageError(f"{argument('until')} and {argument('max_hours')} need the main thread of Python")

    def ring(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  signal's signature
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))  # zero would be never
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def wait_while_paused(folder: Path, callback: Callback) -> None:
    """Return at once, or, where a study or a contest is asked to wait, when it may go on."""
    mark = folder / PAUSE
    if not mark.exists():
        return
    callback.noted(f"paused: {own_command()} resume {shlex.quote(folder.name)} goes on")
    while mark.exists():
        time.sleep(POLL_S)
    callback.noted("goes on")


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
