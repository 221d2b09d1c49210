"""The view of a board: what its page, its feed and its JSON tell, and nothing that has to stay hidden.

Hidden are the secret, values of the held-out split, what a claim changes before it is decided, addresses, and claims'
tokens.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from orgopt.board.records import BoardState, ClaimRecord, ClaimStatus, Terms
from orgopt.board.sequential_test import level
from orgopt.board.store import ClaimStore

NEWEST = 100
"""Claims that a page lists, beside all that were accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """A board at some moment.

    Attributes:
        terms: What it is about.
        state: How it stands.
        counts: How many claims there are of each status.
        accepted: Claims that were the best when they were accepted, the newest first.
        newest: The newest claims, accepted or not.
        alpha: The level of the next test.
    """

    terms: Terms
    state: BoardState
    counts: dict[ClaimStatus, int]
    accepted: tuple[ClaimRecord, ...]
    newest: tuple[ClaimRecord, ...]
    alpha: float

    @property
    def gain(self) -> float | None:
        """By how much the best is better than the untouched script, as its test measured it."""
        return self.accepted[0].result.get("over_baseline") if self.accepted else None

    @property
    def people(self) -> list[tuple[str, int]]:
        """Keys of those whose claims were accepted, and how many; the most first."""
        return Counter(entry.key for entry in self.accepted).most_common()

    def to_dict(self) -> dict[str, Any]:
        """The board as JSON values."""
        board = asdict(self.terms)
        del board["root"]
        return {
            "board": board,
            "tests": self.state.tests,
            "level": self.alpha,
            "best": self.accepted[0].id if self.accepted else None,
            "gain": self.gain,
            "heldout_gain": self.state.steps * self.terms.step,
            "counts": {status.value: number for status, number in self.counts.items()},
            "accepted": [entry_dict(entry) for entry in self.accepted],
            "newest": [entry_dict(entry) for entry in self.newest],
        }


def view(store: ClaimStore) -> BoardView:
    """A board as it stands."""
    state = store.state()
    return BoardView(
        terms=store.terms,
        state=state,
        counts=store.counts(),
        accepted=tuple(store.entries(10_000, [ClaimStatus.ACCEPTED])),
        newest=tuple(store.entries(NEWEST)),
        alpha=level(state.tests + 1, store.terms.family),
    )


def entry_dict(entry: ClaimRecord) -> dict[str, Any]:
    """A claim in a list."""
    same = ("id", "digest", "key", "name", "stated", "received", "decided", "why", "credits", "test", "against")
    told: dict[str, Any] = {name: getattr(entry, name) for name in same}
    result = {name: entry.result.get(name) for name in ("gain", "error", "over_baseline", "over_error", "metric")}
    shown = {} if entry.status.open else {"settings": dict(entry.settings), "rewrites": bool(entry.script)}
    return {**told, "status": entry.status.value, **result, **shown}


def whole_dict(entry: ClaimRecord) -> dict[str, Any]:
    """A claim with all that it takes to repeat its test; while it is open, not what it changes."""
    told = entry_dict(entry)
    if entry.status.open:
        return {**told, "note": "", "ledger": "", "script": "", "text": "", "signature": "", "result": {}}
    more = {name: getattr(entry, name) for name in ("note", "ledger", "script", "text", "signature")}
    return {**told, **more, "result": dict(entry.result)}
