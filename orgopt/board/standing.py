"""Standing: what contributors earn by claims that hold, and lose at once by one that does not.

After BOINC's adaptive replication (Anderson 2020, Journal of Grid Computing 18, 99): how often the results of a
contributor are computed again falls with the number of those that held, one after the other, and is all of them again
after one that did not. Here it is the *second* verification of an accepted claim, on further seeds, that is spared, and
more claims may wait at once. The test itself is spared to nobody, so that nothing in
`orgopt.board.sequential_test` rests on anybody's record. A claim holds where the metric that its contributor stated is
what was measured, up to noise; whether it was accepted is another matter.
"""

import math

ALWAYS = 10
"""Claims that hold, one after the other, before anything is spared."""
RECHECK_ROUNDS = 8
WAITING, MOST_WAITING = 3, 20
"""Claims of a key that may wait: of a newcomer, and at most."""
WAITING_OF_ADDRESS = 20
"""Claims of an address that may wait, whatever keys they have."""
A_DAY_OF_ADDRESS = 200
"""Claims that an address may send in 24 hours."""
QUEUE = 1000
"""Claims that may wait in all."""
BLOCKED_S = 86_400.0
"""How long nothing is taken from a key whose claim was tampered with."""
_NOISE = 4.0
"""Standard errors by which a stated metric may be better than the measured one: the best of a few thousand runs of one
setting is 3.4 standard deviations ahead of their mean."""


def recheck_chance(held: int) -> float:
    """How likely an accepted claim of a contributor is verified a second time."""
    return 1.0 if held < ALWAYS else 1 / held


def may_wait(held: int) -> int:
    """How many claims of a key may wait at once."""
    return min(MOST_WAITING, WAITING + held)


def holds(stated: float, measured: float, sd: float, runs: int) -> bool | None:
    """Whether a stated metric is the measured one up to noise; lower is better.

    Args:
        stated: By the contributor.
        measured: The mean of the verification's runs.
        sd: The noise of a run.
        runs: How many there were.

    Returns:
        False where it was better than that, None where it was worse: stating little earns nothing and costs nothing.
    """
    ahead = (measured - stated) / (sd * math.sqrt(1 + 1 / runs))
    return None if ahead < -_NOISE else ahead <= _NOISE
