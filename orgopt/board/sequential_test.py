"""Spending: the test of a claim, which stays valid however many claims are sent and however often it is looked at.

*One claim.* Its rounds give differences to the best so far, bounded to three standard deviations of a pair either way.
Somebody who bets on the claim begins with 1 and stakes a fixed share of what they have on each round. If the claim is
no better, their wealth is a supermartingale, and is ever 1/a or more with a chance of at most a (Ville 1939). So the
test may be looked at after every round, and ended whenever it is hopeless. The wealth is the mean over several shares,
which needs no tuning (Waudby-Smith and Ramdas 2024, JRSS B 86, 1; Shafer 2021, JRSS A 184, 407). Nothing is assumed of
the noise but that differences of what is no better have, once bounded, no mean above zero.

*All claims.* Test i has the level a_i, and these levels sum to `family` over all tests that can ever be (alpha
spending, as in Foster and Stine 2008, JRSS B 70, 429, without earning any back). The chance that a board ever accepts
a claim that is no better, and the expected number of such claims, are at most `family`, whatever was seen before and
whoever chose the claims by it: by Ville's inequality given the past, and a sum. FDR procedures such as LORD bound
the share of false ones among the accepted, which an attacker dilutes with true ones; this bounds their number.
"""

import math
from collections.abc import Sequence
from enum import StrEnum

FAMILY = 0.05
"""The chance that any claim is ever accepted that is no better, over a board's whole life."""
BOUND = 3.0
"""Where differences are cut off, in standard deviations of a pair. A failed run of the claim counts as this far
behind. Much smaller would cut off gains, much larger would stake little on each round."""
BATCH = 4
"""Rounds between two looks."""
MOST_ROUNDS = 64
"""Rounds of a test. A gain of twice the resolution of a run's verification takes 12 to 40 of them."""
_SHARES = (0.15, 0.4, 0.7, 0.95)
"""Of the wealth that are staked; a large one wins soon where a claim is much better, a small one where it is little."""
_HOPELESS = 0.5
"""Standard errors that a claim is ahead by at least, or its test ends."""
_SUM = 2.109742801236892
"""Of 1/(n log² n) from n = 2 (OEIS A115563): a series that hardly falls faster than one that has no sum."""


class SequentialResult(StrEnum):
    """What a test says."""

    BETTER = "better"
    NOT_SHOWN = "not shown"
    OPEN = "open"


def level(test: int, family: float = FAMILY) -> float:
    """The level of a test of a board, counted from 1."""
    n = test + 1
    # As slow a series as converges: the thousandth claim still has a level, 5e-7, that 64 rounds can reach.
    return family / (_SUM * n * math.log(n) ** 2)


def log_evidence(gains: Sequence[float], scale: float) -> float:
    """The logarithm of the wealth after some rounds.

    Args:
        gains: By how much the claim was better in each.
        scale: The standard deviation of a pair, with which `BOUND` is taken; the same for all rounds.
    """
    shares = [math.fsum(math.log1p(share * bounded(gain, scale)) for gain in gains) for share in _SHARES]
    most = max(shares)
    return most + math.log(math.fsum(math.exp(one - most) for one in shares) / len(shares))


def bounded(gain: float, scale: float) -> float:
    """A difference as a share of the bound, from -1 to 1."""
    return max(-1.0, min(1.0, gain / (BOUND * scale)))


def verdict(gains: Sequence[float], scale: float, alpha: float) -> SequentialResult:
    """What the rounds of a test say so far; at some look this has to be asked of every one before it.

    It is hopeless once all rounds that are left could not make it, or where the claim is hardly ahead: ending a test
    early only loses power, and most of what is no better costs four rounds.
    """
    if not gains:
        return SequentialResult.OPEN
    needed = -math.log(alpha)
    found = log_evidence(gains, scale)
    if found >= needed:
        return SequentialResult.BETTER
    if found + (MOST_ROUNDS - len(gains)) * math.log1p(max(_SHARES)) < needed:
        return SequentialResult.NOT_SHOWN
    mean = math.fsum(gains) / len(gains)
    error = math.sqrt(math.fsum((gain - mean) ** 2 for gain in gains) / max(1, len(gains) - 1) / len(gains))
    if len(gains) >= MOST_ROUNDS or mean <= _HOPELESS * error:
        return SequentialResult.NOT_SHOWN
    return SequentialResult.OPEN
