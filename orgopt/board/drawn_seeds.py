"""Draws: the seeds of a verification, which neither the contributor nor the board could choose.

A board has a chain of secrets, each the SHA-256 of the next; the end of the chain, the commitment, is published when
the board is made. Test number k uses the k-th secret, and publishes it with its result: hashing it k times gives the
commitment. So the secret stood fast before the claim came, nobody outside knew it, and anyone can repeat the test.
The chain is that of Lamport's one-time passwords (Lamport 1981, Communications of the ACM 24, 770).
"""

import hashlib
import secrets
from functools import lru_cache

from orgopt.errors import UsageError
from orgopt.seeds import Stream, derive

TESTS = 1 << 16
"""Tests that a board can make in its life."""
_STRIDE = 256
"""How many hashes lie between secrets that are remembered: all 65,536 take .03 s."""


def new_root() -> str:
    """The secret that all others follow from; who knows it knows all seeds of a board."""
    return secrets.token_hex(32)


def secret(root: str, test: int) -> str:
    """The secret of a test, counted from 1; that of 0 is the commitment.

    Raises:
        UsageError: The board has made all tests that it could.
    """
    if not 0 <= test <= TESTS:
        raise UsageError(f"the board has made all of its {TESTS} tests: begin another one")
    before, rest = divmod(TESTS - test, _STRIDE)
    return hashed(_marks(root)[before], rest)


@lru_cache(maxsize=4)
def _marks(root: str) -> tuple[str, ...]:
    """Every 256th secret from the root on."""
    marks = [root]
    for _ in range(TESTS // _STRIDE):
        marks.append(hashed(marks[-1], _STRIDE))
    return tuple(marks)


def hashed(told: str, times: int) -> str:
    """A secret, hashed some times: as often as its test's number gives the commitment."""
    value = bytes.fromhex(told)
    for _ in range(times):
        value = hashlib.sha256(value).digest()
    return value.hex()


def seed(told: str, claim: str, number: int) -> int:
    """The seed of a round: all of its runs have it.

    Args:
        told: The secret of the test.
        claim: The digest of the claim, which is hashed in, so that copies of a claim would meet other seeds.
        number: Of the round; a re-check has numbers of its own.
    """
    return derive(Stream.BOARD, int(told, 16), int(claim, 16), number)


def chance(told: str, claim: str) -> float:
    """A number from 0 to 1 that decides whether an accepted claim is re-checked."""
    return derive(Stream.RECHECK, int(told, 16), int(claim, 16)) / 2**31
