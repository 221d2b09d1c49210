"""What language models cost: reserved before each call and settled after it, so that no limit is ever passed.

The book may be a file that several processes write; each line is a reservation or its settlement. What was reserved by
a process that died counts as spent, because a provider may have billed it.
"""

import json
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from orgopt.errors import OrgoptError, StoreError
from orgopt.storage.jsonl import damaged
from orgopt.storage.locks import new_lock
from orgopt.storage.seal import Chain, parsed, sealed, unsealed

_POLL_S = 0.05
_PATIENCE_S = 300.0  # for reservations of others to be settled


OVER_BUDGET = "over_budget"
"""The failure of a call that a limit did not let begin."""


class OverBudgetError(OrgoptError):
    """A call could pass the limit of dollars or tokens; it was not made."""


class Amount(NamedTuple):
    """Tokens and dollars."""

    tokens: int = 0
    usd: float = 0.0

    def plus(self, other: "Amount", times: int = 1) -> "Amount":
        """The sum; with `times` of -1 the difference."""
        return Amount(self.tokens + times * other.tokens, self.usd + times * other.usd)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a call may cost at most."""

    id: str
    role: str
    most: Amount


class Account(Protocol):
    """What calls are paid from."""

    def reserve(self, role: str, most: Amount) -> Reservation:
        """Set aside what a call may cost at most.

        Raises:
            OverBudgetError: The call could pass a limit.
        """
        ...

    def settle(self, reservation: Reservation, cost: Amount, *, unsure: bool = False) -> None:
        """Book what a call cost."""
        ...


class Within:
    """An account with a limit of its own, within another.

    Args:
        account: What is paid from.
        max_usd, max_tokens: What may be spent of it by this one; None is no limit.
    """

    def __init__(self, account: Account, *, max_usd: float | None = None, max_tokens: int | None = None) -> None:
        self._account, self._own = account, Spend(max_usd=max_usd, max_tokens=max_tokens)
        self._taken: dict[str, Reservation] = {}

    @property
    def spent(self) -> Amount:
        """What was settled of it."""
        return self._own.spent

    def reserve(self, role: str, most: Amount) -> Reservation:
        """As of an account."""
        mine = self._own.reserve(role, most)
        try:
            taken = self._account.reserve(role, most)
        except OverBudgetError:
            self._own.settle(mine, Amount())
            raise
        self._taken[taken.id] = mine
        return taken

    def settle(self, reservation: Reservation, cost: Amount, *, unsure: bool = False) -> None:
        """As of an account."""
        self._account.settle(reservation, cost, unsure=unsure)
        self._own.settle(self._taken.pop(reservation.id), cost, unsure=unsure)


class Spend:
    """A book of what was spent.

    Args:
        path: Where it is kept; None keeps it in memory.
        max_usd, max_tokens: What may be spent in all, over everyone who writes the book; None is no limit.
    """

    def __init__(
        self, path: Path | None = None, *, max_usd: float | None = None, max_tokens: int | None = None
    ) -> None:
        self.path, self.max_usd, self.max_tokens = path, max_usd, max_tokens
        self._roles: dict[str, Amount] = {}
        self._unsure = Amount()
        self._open: dict[str, Reservation] = {}
        self._read, self._count = 0, 0
        self._changed = threading.Condition()
        self._chain = Chain()
        # Beside the book: held for a millisecond at a time, so that whoever waits looks often.
        self._lock = new_lock(path.with_name(f"{path.name}.lock"), _POLL_S / 10) if path else None
        if path:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            except OSError as error:
                raise StoreError(f"cannot write {path}: {error.strerror}") from None
            with self._changed, self._book():
                pass

    @property
    def spent(self) -> Amount:
        """What counts against the limits and is settled; with what calls may have cost that were cut off."""
        with self._changed:
            return self._total()

    @property
    def unsure(self) -> Amount:
        """The part of it that calls may have cost which never told."""
        return self._unsure

    def of_roles(self) -> dict[str, Amount]:
        """What was settled, by role."""
        with self._changed:
            return dict(self._roles)

    def reserve(self, role: str, most: Amount) -> Reservation:
        """Set aside what a call may cost; waits while others' reservations are all that is in its way.

        Raises:
            OverBudgetError: The call could pass a limit.
        """
        deadline = time.monotonic() + _PATIENCE_S
        with self._changed:
            while True:
                with self._book() as book:
                    if self._fits(self._total().plus(self._reserved()).plus(most)):
                        self._count += 1
                        taken = Reservation(f"{os.getpid()}-{id(self)}-{self._count}", role, most)
                        self._open[taken.id] = taken
                        self._write(book, {"reserve": taken.id, "role": role, **most._asdict()})
                        return taken
                    if not self._fits(self._total().plus(most)) or not self._open or time.monotonic() > deadline:
                        raise OverBudgetError(self._refusal(most))
                    self._bury()
                self._changed.wait(_POLL_S)

    def settle(self, reservation: Reservation, cost: Amount, *, unsure: bool = False) -> None:
        """Book what a call cost; `unsure` where it was cut off and may have cost that much."""
        with self._changed:
            with self._book() as book:
                self._take(reservation, cost, unsure=unsure)
                self._write(book, {"settle": reservation.id, "unsure": unsure, **cost._asdict()})
            self._changed.notify_all()

    def _take(self, reservation: Reservation, cost: Amount, *, unsure: bool) -> None:
        if self._open.pop(reservation.id, None) is None:
            return
        if unsure:
            self._unsure = self._unsure.plus(cost)
        else:
            self._roles[reservation.role] = self._roles.get(reservation.role, Amount()).plus(cost)

    def _total(self) -> Amount:
        total = self._unsure
        for amount in self._roles.values():
            total = total.plus(amount)
        return total

    def _reserved(self) -> Amount:
        total = Amount()
        for one in self._open.values():
            total = total.plus(one.most)
        return total

    def _fits(self, amount: Amount) -> bool:
        return (self.max_usd is None or amount.usd <= self.max_usd) and (
            self.max_tokens is None or amount.tokens <= self.max_tokens
        )

    def _refusal(self, most: Amount) -> str:
        spent = self._total()
        limits = [f"${self.max_usd:g}"] if self.max_usd is not None else []
        limits += [f"{self.max_tokens} tokens"] if self.max_tokens is not None else []
        return (
            f"the limit of {' and '.join(limits)}: {spent.tokens} tokens and ${spent.usd:.4f} are spent, "
            f"the next call may take {most.tokens} tokens and ${most.usd:.4f}"
        )

    def _bury(self) -> None:
        """Count what processes had reserved that are gone."""
        for one in list(self._open.values()):
            if not _alive(int(one.id.split("-")[0])):
                # Nobody knows whether it was answered: the most that it can have cost keeps the limit safe.
                self._take(one, one.most, unsure=True)

    @contextmanager
    def _book(self) -> Generator[Any]:
        """The book, locked against other processes and read to its end; None where it is in memory."""
        if self.path is None or self._lock is None:
            yield None
            return
        try:
            with self._lock, self.path.open("r+b") as file:
                file.seek(self._read)
                lines, before = file.read().split(b"\n")[:-1], self._chain.lines
                for number, line in enumerate(lines, before + 1):
                    self._read += len(line) + 1
                    entry, why = parsed(unsealed(line)[0])
                    if why := why or self._chain.check(line) or self._replay(entry):
                        raise damaged(str(self.path), number, before + len(lines), why)
                yield file
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from None

    def _replay(self, entry: dict[str, Any]) -> str:
        """Book what another process wrote; returns what is wrong with it, or nothing."""
        try:
            amount = Amount(entry["tokens"], entry["usd"])
            if "reserve" in entry:
                self._open[entry["reserve"]] = Reservation(entry["reserve"], entry["role"], amount)
            elif entry["settle"] in self._open:
                self._take(self._open[entry["settle"]], amount, unsure=entry["unsure"])
        except KeyError as error:
            return f"no entry of a book of costs: it has no {error}"
        return ""

    def _write(self, book: Any, entry: dict[str, Any]) -> None:
        if book is not None:
            text, after = json.dumps(entry).encode(), self._chain.copy()
            line = sealed(text, after.add(text)) + b"\n"
            book.seek(self._read)
            book.write(line)
            book.truncate()  # a torn line of a process that died
            self._read += len(line)
            self._chain = after


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
