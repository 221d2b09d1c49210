"""Runs that are no result: not the organization failed, but what its agents think with."""

from collections import defaultdict
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from orgopt.agents.thinking.failures import UNANSWERED, UNFINISHED
from orgopt.agents.thinking.spend import OVER_BUDGET, OverBudgetError
from orgopt.errors import ModelError
from orgopt.ledger import Ledger
from orgopt.storage.jsonl import shorten
from orgopt.team.desk import gave_up

UNUSABLE = "answers-unusable.jsonl"
"""Where the folder of a run keeps answers that were of no use, once they are forgotten."""


class Lost(NamedTuple):
    """Why a run is no result.

    Attributes:
        at: The event from which it is forgotten when it goes on.
        why: What happened, with the last error.
    """

    at: int
    why: str


class _Ended(NamedTuple):
    """A thought that ended: where it began, what for, why it came to nothing, if it did, and that in words."""

    at: int
    purpose: str
    failure: str
    said: str


def lost(ledger: Ledger) -> Lost | None:
    """Why a run is no result, other than by a limit that it shares; None where it is one.

    An agent gave up because nobody answered, or no thought of the run was of any use, or nobody answered what a role
    with lasting memory was to remember.
    """
    rows = _thoughts(ledger)
    for agent, row in rows.items():
        if row and row[-1].purpose == "remember" and (last := row.pop()).failure in UNANSWERED:
            return Lost(last.at, f"{agent} could not write what its role remembers: {last.said}")
    for agent, row in rows.items():
        failed = list(takewhile(lambda one: one.failure, reversed(row)))
        unanswered = [one.said for one in failed if one.failure in UNANSWERED]
        if unanswered and gave_up(failed[0].failure, len(failed)):
            return Lost(failed[-1].at, f"{agent} gave up, for {_last(len(failed))} to nothing: {unanswered[0]}")
    every = [one for row in rows.values() for one in row]
    if every and all(one.failure for one in every):
        return Lost(0, f"none of {_number(len(every))} was of any use, the last: {every[-1].said}")
    if not every and ledger.of("thinking") and not ledger.of("proposal"):
        return Lost(0, "no thought ended within the budget: give the run more time, or a faster model")
    return None


def _thoughts(ledger: Ledger) -> dict[str, list[_Ended]]:
    """The thoughts of each agent that ended, in their order; reports are none."""
    begun: dict[str, int] = {}
    rows: defaultdict[str, list[_Ended]] = defaultdict(list)
    for at, event in enumerate(ledger.events):
        data = event.data
        if data.get("purpose", "report") == "report":
            continue
        if event.kind == "thinking":
            begun[data["agent"]] = at
        elif event.kind == "thought" and data["failure"] != UNFINISHED:
            # From where it began: what is answered anew may end earlier, and be seen by all that followed.
            start = begun.get(data["agent"], at)
            said = f"{data['failure']}: {data['error']}"
            rows[data["agent"]].append(_Ended(start, data["purpose"], data["failure"], said))
    return rows


def require_thoughts(ledger: Ledger, *, shared: bool) -> None:
    """Refuse a run whose agents could not think, or not think on: it is no result of theirs.

    Args:
        ledger: The run's.
        shared: Whether its limits are those of other runs, too, so that what a limit cut says nothing.

    Raises:
        OverBudgetError: What they share with other runs is spent.
        ModelError: Nobody answered, or with nothing of use.
    """
    cut = [event.data for event in ledger.of("thought") if event.data["failure"] == OVER_BUDGET]
    if shared and cut:
        raise OverBudgetError(f"{cut[0]['agent']} could not think on within {cut[0]['error']}")
    if found := lost(ledger):
        raise ModelError(f"no result: {found.why}")


def reopened(path: Path, cut: int | None) -> Ledger:
    """A ledger that goes on, without its events from some number on.

    Raises:
        StoreError: It cannot be read or written.
    """
    ledger = Ledger.load(path)
    if cut is None:
        return ledger
    ledger.close()
    shorten(path, cut)
    return Ledger(path, ledger.events[:cut])


def mended(path: Path, answers: Path) -> tuple[Ledger, bool]:
    """The ledger of a run that goes on, without what made it no result; and whether there was something.

    Raises:
        StoreError: It cannot be read or written.
    """
    ledger = Ledger.load(path)
    found = lost(ledger)
    if found is None:
        return ledger, False
    ledger.close()
    if not found.at:
        set_aside(answers)
    return reopened(path, found.at), True


def set_aside(answers: Path) -> None:
    """Keep answers that were of no use where no run finds them, so that the same questions are asked anew."""
    if answers.exists():
        answers.replace(answers.with_name(UNUSABLE))


def _number(number: int) -> str:
    return f"{number} thought{'s' * (number != 1)}"


def _last(number: int) -> str:
    return "its last thought came" if number == 1 else f"its last {number} thoughts came"
