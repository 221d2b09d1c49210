"""Limits: how many claims may wait of a key, of an address and in all, so that nobody can fill the queue."""

from typing import Any

from sqlalchemy import Connection, func, select

from orgopt.board import database, standing
from orgopt.board.records import ClaimStatus
from orgopt.errors import OrgoptError

_DAY_S = 86_400.0
_CLAIMS, _PEOPLE = database.claims, database.contributors


class RateLimitError(OrgoptError):
    """A claim is not taken now; says why, and after how many seconds it may be tried again (`after_s`)."""

    def __init__(self, message: str, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s


def check_limits(here: Connection, key: str, address: str, held: int, now: float) -> None:
    """Refuse what is too much at once, of a key, an address or altogether.

    Args:
        here: The transaction that would take a claim.
        key: Its contributor's.
        address: That it came from, hashed.
        held: How many claims of the contributor held, one after the other.
        now: Seconds since 1970.

    Raises:
        RateLimitError: It is too much.
    """

    def number(*which: Any) -> int:
        return here.execute(select(func.count()).select_from(_CLAIMS).where(*which)).scalar() or 0

    blocked = here.execute(select(_PEOPLE.c.blocked_until).where(_PEOPLE.c.key == key)).scalar() or 0.0
    if blocked and blocked > now:
        raise RateLimitError("a claim of this key was tampered with: it may send more after a day", blocked - now)
    open_ = _CLAIMS.c.status.in_([ClaimStatus.WAITING, ClaimStatus.TESTING])
    if number(open_, _CLAIMS.c.key == key) >= (most := standing.may_wait(held)):
        raise RateLimitError(f"{most} claims of this key wait already: more may once these are decided", 60)
    if number(open_, _CLAIMS.c.address == address) >= standing.WAITING_OF_ADDRESS:
        raise RateLimitError(f"{standing.WAITING_OF_ADDRESS} claims of this address wait already", 60)
    if number(_CLAIMS.c.address == address, _CLAIMS.c.received > now - _DAY_S) >= standing.A_DAY_OF_ADDRESS:
        raise RateLimitError(f"an address may send {standing.A_DAY_OF_ADDRESS} claims a day", 3600)
    if number(open_) >= standing.QUEUE:
        raise RateLimitError(f"{standing.QUEUE} claims wait already: try later", 600)
