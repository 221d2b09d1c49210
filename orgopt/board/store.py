"""The store of a board: every claim, and the one order in which they are decided.

Each method is one transaction, which begins by changing the board's own row; so they happen one after the other, in
SQLite and in PostgreSQL alike, and a process that is killed leaves what was there before or after. A claim that a
verifier takes is its own for a time. When that has passed, another verifier goes on with the same test, the same seeds
and the rounds that were kept; whoever comes late cannot write any more. So a claim is decided once, and its test
spends its level once. Clocks decide only when a claim is free again and how many come in a day: one that is wrong
makes work twice, and never a result.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, Self, cast

from sqlalchemy import Connection, func, insert, select, update

from orgopt.board import database, standing
from orgopt.board.claims import Received, ScriptChange
from orgopt.board.drawn_seeds import secret
from orgopt.board.limits import check_limits
from orgopt.board.records import BASELINE, BoardState, ClaimRecord, ClaimStatus, Round, Terms, VerificationResult, Work
from orgopt.errors import OrgoptError, StoreError, UsageError

ATTEMPTS = 3
"""Verifiers that may be lost over a claim, which may be what kills them."""

Row = Mapping[str, Any]
_claims, _boards, _rounds, _people = database.claims, database.boards, database.rounds, database.contributors


class LeaseLostError(OrgoptError):
    """A claim is another verifier's by now: what this one found is not written."""


class ClaimStore:
    """The claims of one board.

    Args:
        url: Of its database.

    Raises:
        StoreError: It cannot be opened, or has no board.
    """

    def __init__(self, url: str) -> None:
        self._engine = database.open_engine(url)
        with self._engine.begin() as here:
            row = here.execute(select(_boards.c.terms)).first()
        if row is None:
            self.close()
            raise StoreError("the database has no board: orgopt board serve --task TASK makes one")
        self.terms = Terms(**json.loads(row[0]))

    @classmethod
    def made(cls, url: str, terms: Terms) -> Self:
        """The store of a board, which is made where there is none yet.

        Raises:
            UsageError: The database has the board of another task.
        """
        engine = database.open_engine(url)
        with engine.begin() as here:
            if here.execute(select(_boards.c.one)).first() is None:
                begun = {"one": 1, "tests": 0, "best": BASELINE, "steps": 0, "turn": 0, "changes": 0}
                here.execute(insert(_boards).values(terms=json.dumps(asdict(terms)), **begun))
        engine.dispose()
        found = cls(url)
        if found.terms.digest != terms.digest:
            found.close()
            raise UsageError(
                f"this is the board of {found.terms.task} {found.terms.digest}, and the task {terms.task} is "
                f"{terms.digest} here: a board is for one version of a task, so begin another --database"
            )
        return found

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def state(self) -> BoardState:
        """How the board stands."""
        with self._engine.begin() as here:
            row = here.execute(select(_boards)).mappings().one()
        return BoardState(tests=row["tests"], best=row["best"], steps=row["steps"], changes=row["changes"])

    def submit(self, told: Received, change: ScriptChange, address: str, now: float) -> tuple[ClaimRecord, bool]:
        """Take a claim; one that was sent before is answered as it stands.

        Returns:
            The claim, and whether it is new.

        Raises:
            orgopt.board.limits.RateLimitError: Its contributor or address has too many waiting, or the queue is full.
            UsageError: It is for another board.
        """
        if told.claim.board != self.terms.id:
            raise UsageError(f"the claim is for another board: this one is {self.terms.id}")
        with self._engine.begin() as here:
            board = _hold(here)
            if known := _first(here, _claims.c.digest == told.digest):
                return _entry(known), False
            hidden = hmac.new(bytes.fromhex(self.terms.root), address.encode(), hashlib.sha256).hexdigest()[:32]
            check_limits(here, told.claim.key, hidden, _held(here, told.claim.key), now)
            same = (_claims.c.change == change.digest) & _claims.c.status.not_in([ClaimStatus.COPY, ClaimStatus.LOST])
            first = _first(here, same)
            last = here.execute(select(func.max(_claims.c.turn)).where(_claims.c.address == hidden)).scalar() or 0
            values = {
                "digest": told.digest,
                "change": change.digest,
                "key": told.claim.key,
                "address": hidden,
                "text": told.text,
                "signature": told.signature,
                "received": now,
                "attempts": 0,
                "result": "{}",
                "settings": json.dumps(change.settings),
                "script": change.script,
                # Addresses take turns, so that a flood from one delays every other by one claim.
                "turn": max(board["turn"], last) + 1,
                "status": ClaimStatus.COPY if first else ClaimStatus.WAITING,
                "why": f"claim {first['id']} was first to change the same" if first else "",
                "credits": first["id"] if first else None,
                "decided": now if first else None,
            }
            number = here.execute(insert(_claims).values(**values)).inserted_primary_key
            return _entry(_one(here, number[0] if number else 0)), True

    def take(self, now: float, lease_s: float) -> Work | None:
        """A claim to verify: one whose verifier was lost, or the next that waits; None where there is none.

        Args:
            now: Seconds since 1970.
            lease_s: How long it is the caller's, unless they say more.
        """
        with self._engine.begin() as here:
            board = _hold(here)
            lost = (_claims.c.status == ClaimStatus.TESTING) & (_claims.c.until < now)
            ended = {"status": ClaimStatus.LOST, "why": f"its verifier was lost {ATTEMPTS} times", "decided": now}
            here.execute(update(_claims).where(lost, _claims.c.attempts >= ATTEMPTS).values(token=None, **ended))
            row = _first(here, lost) or _first(here, _claims.c.status == ClaimStatus.WAITING)
            if row is None:
                return None
            test, best = row["test"], row["against"]
            if row["status"] == ClaimStatus.WAITING:
                test, best = board["tests"] + 1, board["best"]
                secret(self.terms.root, test)  # refuses what no secret is left for
                here.execute(update(_boards).values(tests=test, turn=max(board["turn"], row["turn"])))
            token = secrets.token_hex(16)
            taken = {
                "status": ClaimStatus.TESTING,
                "test": test,
                "against": best,
                "token": token,
                "until": now + lease_s,
            }
            here.execute(update(_claims).where(_claims.c.id == row["id"]).values(attempts=row["attempts"] + 1, **taken))
            return Work(
                entry=_entry(_one(here, row["id"])),
                test=test,
                secret=secret(self.terms.root, test),
                best=None if best == BASELINE else _entry(_one(here, best)),
                held=_held(here, row["key"]),
                token=token,
            )

    def rounds(self, work: Work) -> dict[int, Round]:
        """The rounds of a test that were kept, by number."""
        with self._engine.begin() as here:
            kept = here.execute(select(_rounds).where(_rounds.c.test == work.test)).mappings().all()
        return {row["number"]: Round(**json.loads(row["data"])) for row in kept}

    def keep(self, work: Work, found: Mapping[int, Round], now: float, lease_s: float) -> None:
        """Keep rounds of a test, and the claim for longer.

        Raises:
            LeaseLostError: It is another verifier's by now.
        """
        with self._engine.begin() as here:
            _hold(here)
            _check_token(here, work)
            if found:
                here.execute(
                    insert(_rounds),
                    [{"test": work.test, "number": k, "data": json.dumps(asdict(one))} for k, one in found.items()],
                )
            here.execute(update(_claims).where(_claims.c.id == work.entry.id).values(until=now + lease_s))

    def give_back(self, work: Work, now: float) -> None:
        """Let others go on with a claim at once: its verifier is stopped, and no fault of the claim's."""
        with self._engine.begin() as here:
            _hold(here)
            mine = (_claims.c.id == work.entry.id) & (_claims.c.token == work.token)
            here.execute(update(_claims).where(mine).values(until=now - 1, attempts=_claims.c.attempts - 1))

    def settle(self, work: Work, finding: VerificationResult, now: float) -> ClaimRecord:
        """Write what a verification found, and all that follows from it.

        A claim that was accepted beside a best that is none any more waits again, for a test beside the new one.

        Raises:
            LeaseLostError: It is another verifier's by now.
        """
        accepted = finding.status is ClaimStatus.ACCEPTED
        with self._engine.begin() as here:
            board = _hold(here)
            row = _check_token(here, work)
            mine = update(_claims).where(_claims.c.id == work.entry.id)
            if accepted and board["best"] != row["against"]:
                again = {"status": ClaimStatus.WAITING, "test": None, "against": None, "token": None, "attempts": 0}
                here.execute(mine.values(**again))
                return _entry(_one(here, work.entry.id))
            told = {"status": finding.status, "why": finding.why, "result": json.dumps(finding.result)}
            here.execute(mine.values(decided=now, token=None, **told))
            if accepted:
                here.execute(update(_boards).values(best=work.entry.id, steps=board["steps"] + finding.climbed))
            if finding.holds is not None:
                _note_standing(here, row["key"], finding, now)
            return _entry(_one(here, work.entry.id))

    def entry(self, number: int) -> ClaimRecord | None:
        """A claim by its number."""
        with self._engine.begin() as here:
            row = _first(here, _claims.c.id == number)
        return _entry(row) if row else None

    def entries(self, newest: int, statuses: Iterable[ClaimStatus] = tuple(ClaimStatus)) -> list[ClaimRecord]:
        """The newest claims of some statuses, the newest first."""
        with self._engine.begin() as here:
            asked = select(_claims).where(_claims.c.status.in_(list(statuses))).order_by(_claims.c.id.desc())
            rows = cast("list[Row]", here.execute(asked.limit(newest)).mappings().all())
        return [_entry(row) for row in rows]

    def counts(self) -> dict[ClaimStatus, int]:
        """How many claims there are of each status."""
        with self._engine.begin() as here:
            rows = here.execute(select(_claims.c.status, func.count()).group_by(_claims.c.status)).all()
        return {ClaimStatus(status): number for status, number in rows}

    def held(self, key: str) -> int:
        """How many claims of a contributor held, one after the other."""
        with self._engine.begin() as here:
            return _held(here, key)


def _hold(here: Connection) -> Row:
    """Begin a transaction that no other overlaps, and read the board."""
    here.execute(update(_boards).values(changes=_boards.c.changes + 1))
    return cast("Row", here.execute(select(_boards)).mappings().one())


def _first(here: Connection, which: Any) -> Row | None:
    asked = select(_claims).where(which).order_by(_claims.c.turn, _claims.c.id).limit(1)
    return cast("Row | None", here.execute(asked).mappings().first())


def _one(here: Connection, number: int) -> Row:
    return cast("Row", here.execute(select(_claims).where(_claims.c.id == number)).mappings().one())


def _entry(row: Row) -> ClaimRecord:
    told = json.loads(row["text"])
    same = ("id", "digest", "key", "script", "received", "decided", "why", "credits", "test", "against", "text")
    return ClaimRecord(
        **{name: row[name] for name in same},
        **{name: told.get(name, "") for name in ("name", "note", "ledger")},
        settings=json.loads(row["settings"]),
        stated=told["metric"],
        status=ClaimStatus(row["status"]),
        result=json.loads(row["result"]),
        signature=row["signature"],
    )


def _check_token(here: Connection, work: Work) -> Row:
    row = _one(here, work.entry.id)
    if row["token"] != work.token or row["status"] != ClaimStatus.TESTING:
        raise LeaseLostError(f"claim {work.entry.id} is another verifier's by now")
    return row


def _held(here: Connection, key: str) -> int:
    return here.execute(select(_people.c.held).where(_people.c.key == key)).scalar() or 0


def _note_standing(here: Connection, key: str, finding: VerificationResult, now: float) -> None:
    held = _held(here, key) + 1 if finding.holds else 0
    blocked = now + standing.BLOCKED_S if finding.status is ClaimStatus.TAMPERED else 0.0
    known = here.execute(select(_people.c.key).where(_people.c.key == key)).first()
    if known:
        here.execute(update(_people).where(_people.c.key == key).values(held=held, blocked_until=blocked))
    else:
        here.execute(insert(_people).values(key=key, held=held, blocked_until=blocked))
