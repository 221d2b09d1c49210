"""The option that asks before a script that an agent rewrote runs."""

import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import click
from rich.live import Live
from rich.text import Text

from orgopt.agents.approval import Approve, Rewritten
from orgopt.basics.markup import visible
from orgopt.cli.shared.base import err
from orgopt.errors import UsageError
from orgopt.invocation import argument

F = TypeVar("F", bound=Callable[..., Any])
LONGEST = 500
"""Characters of a reason, which the agent reads."""
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def approve_option(body: F) -> F:
    """`--approve`."""
    return click.option(
        "--approve", is_flag=True, help="Ask here before a script that an agent rewrote runs; the ledger keeps it."
    )(body)


def approver(wanted: bool, shown: Callable[[], Live | None]) -> Approve | None:
    """What asks in this terminal; None where nobody wants to be asked.

    Args:
        wanted: Whether somebody does.
        shown: What is shown live meanwhile, which makes room for the question.

    Raises:
        UsageError: There is no terminal to ask in.
    """
    if not wanted:
        return None
    if not sys.stdin.isatty():
        raise UsageError(f"{argument('approve')} asks in a terminal, and standard input is none")
    return _Terminal(shown)


class _Terminal:
    """Shows what an agent changed, and asks; whoever says "all" is not asked again."""

    def __init__(self, shown: Callable[[], Live | None]) -> None:
        self._shown, self._all = shown, False

    def __call__(self, one: Rewritten) -> str | None:
        if self._all:
            return None
        live = self._shown()
        if live:
            live.stop()
        try:
            return self._answer(one)
        finally:
            if live:
                live.start()

    def _answer(self, one: Rewritten) -> str | None:
        said = f"{visible(one.agent)} rewrote the script, and says: {visible(one.note)}"
        err.print(said, style="bold", markup=False, soft_wrap=True)
        lines = one.diff()
        for line in lines:
            err.print(Text(visible(line), style=_COLOURS.get(line[:1], "")), soft_wrap=True)
        new, gone = (sum(line[:1] == sign and line[:3] != 3 * sign for line in lines) for sign in "+-")
        forget_typed()
        try:
            asked = f"Let it run? +{new} -{gone} lines (yes, no, all)"
            answer = click.prompt(asked, type=_WORDS, default="no", err=True, show_choices=False)
            if answer[0] != "n":
                self._all = answer[0] == "a"
                return None
            return click.prompt("Why not? (the agent reads it)", default="", show_default=False, err=True)[:LONGEST]
        except click.Abort:  # Ctrl-C stops the run, as it does everywhere
            raise KeyboardInterrupt from None


def forget_typed() -> None:
    """Drop what was typed before a question stood there: it is no answer to it."""
    with suppress(termios.error, OSError, ValueError):
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


_WORDS = click.Choice(["yes", "y", "no", "n", "all", "a"], case_sensitive=False)
