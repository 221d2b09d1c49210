"""Steering what runs: an hour at which it stops, a pause between runs, and what a person tells a team."""

import datetime as dt
import re
import shlex
import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from orgopt.api.results import Kept, find_result, is_busy
from orgopt.api.run_result import INBOX
from orgopt.basics.callback import Callback
from orgopt.document import load, read
from orgopt.errors import StoreError, UsageError
from orgopt.invocation import argument, own_command
from orgopt.storage.jsonl import JsonLog
from orgopt.study.folder import PAUSE

POLL_S = 0.2
"""How often who is paused looks whether to go on."""
LONGEST = 2000
"""Characters of what a person tells a team at once."""
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


def pause(one: Kept) -> None:
    """Let a study or a contest wait before its next run, until `unpause`.

    Raises:
        UsageError: It does not run, or is a run, which its budget ends.
    """
    if one.kind == "run":
        raise UsageError(f"{one.name} is a run: its budget ends it; Ctrl-C stops it, and `orgopt run --resume` goes on")
    if not is_busy(one):
        raise UsageError(f"{one.name} does not run: there is nothing to pause")
    try:
        (one.folder / PAUSE).touch()
    except OSError as error:
        raise StoreError(f"cannot write {one.folder / PAUSE}: {error.strerror}") from None


def unpause(one: Kept) -> None:
    """Let a study or a contest that waits go on.

    Raises:
        UsageError: No process is there that could: the message says what goes on instead.
    """
    with suppress(FileNotFoundError):
        (one.folder / PAUSE).unlink()
    if one.kind == "run":
        raise UsageError(f"{one.name} is a run: `orgopt run --resume {one.folder}` goes on with one that was stopped")
    if not is_busy(one):
        raise UsageError(f"{one.name} does not run: the command that began it goes on with what is left")


def tell(name: str | Path, message: str, *, workspace: str | Path | None = None) -> bool:
    """Tell the team of a run something: its next stand-up hears it, and a repetition of the run does there, too.

    Args:
        name: Of the run, or its folder.
        message: One line or several, at most `LONGEST`.
        workspace: The folder with its mlruns; None finds it.

    Returns:
        Whether any attendee understands words: policies hear them and do as before.

    Raises:
        UsageError: There is no such run, it is over, it has no stand-up, or the message is empty or too long.
    """
    one = find_result(name, workspace=workspace)
    if one.kind != "run":
        raise UsageError(f"{one.name} is a {one.kind}: name a run, whose team can be told something")
    if one.state not in {"running", "stopped"}:
        raise UsageError(f"{one.name} is {one.state}: nobody is left who could hear it")
    org = read(load(one.folder / "program.md")).org
    if org.standup is None:
        raise UsageError(f"{one.name} has no stand-up, at which its team could hear it")
    text = message.strip()
    if not text or len(text) > LONGEST:
        raise UsageError(f"a message has 1 to {LONGEST} characters, not {len(text)}")
    log = JsonLog(one.folder / INBOX)
    try:
        log.append({"text": text, "at": round(time.time(), 3)})
    finally:
        log.close()
    attending = set(org.standup.attendees)
    return any(role.thinks and role.headcount for role in org.roles if not attending or role.id in attending)
