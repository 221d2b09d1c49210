"""Who of several gets more runs, and what is believed of each: dropping in a search, and the race.

Values are scores, higher is better. Pure functions of their arguments.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from orgopt.scoring.samples import Array


def clearly_worse(mean: float, n: int, best_mean: float, best_n: int, sd: float, z: float = 2.0) -> bool:
    """Whether a candidate is so far below the best that more seeds are wasted on it.

    Args:
        mean: The candidate's, over n seeds.
        n: Its seeds.
        best_mean: That of the best.
        best_n: Its seeds.
        sd: Between seeds of one candidate, see `pooled_sd`.
        z: How many standard errors of the difference.
    """
    return best_mean - mean > z * sd * math.sqrt(1 / n + 1 / best_n)


def looked_again(means: ArrayLike, sds: ArrayLike, values: ArrayLike, errors: ArrayLike) -> tuple[Array, Array]:
    """What is believed of several after a second look at them, means and standard deviations, each of shape (n,).

    The first look may be off by as much for all of them, as the seeds are that a search was made on: what all have in
    common is taken from the second look, and the first says how they differ. Both are normal.

    Args:
        means: What the first look says, shape (n,).
        sds: Its doubts, shape (n,); one that is 0 is not known, and then the first look says nothing.
        values: What the second look says, shape (n,).
        errors: Its standard errors, shape (n,).
    """
    m, y = np.asarray(means, float), np.asarray(values, float)
    known = np.asarray(sds, float) ** 2
    first, second = np.where(known > 0, known, math.inf), np.maximum(np.asarray(errors, float), 1e-9) ** 2
    weights = 1 / (first + second)
    off = float((weights * (m - y)).sum() / weights.sum()) if weights.any() else 0.0
    precision = 1 / first + 1 / second
    return ((m - off) / first + y / second) / precision, 1 / np.sqrt(precision)


def doubt_of_best(means: ArrayLike, sds: ArrayLike) -> float:
    """The chance, at most, that another one is better than the one of the highest mean, given what is believed of each.

    The sum over the others (Bonferroni), each by the normal difference of two independent beliefs.
    """
    from scipy.special import ndtr

    m, s = np.asarray(means, float), np.asarray(sds, float)
    best = int(m.argmax())
    apart = np.maximum(np.hypot(s[best], s), 1e-12)
    return float(np.delete(ndtr((m - m[best]) / apart), best).sum())


def allocation(means: ArrayLike, counts: ArrayLike, sd: float, more: int) -> Array:
    """How many of some more runs each of several should get, so that the best of them is likely to be found.

    Optimal computing budget allocation (Chen, Lin, Yücesan and Chick 2000, Discrete Event Dynamic Systems "Simulation
    Budget Allocation for Further Enhancing the Efficiency of Ordinal Optimization"), for one noise of all: runs in
    proportion to one over the squared distance to the best, and the best the root of the sum of the others' squares.
    Nothing is drawn, so that it follows from its arguments alone.

    Args:
        means: What is believed of each, shape (n,), two or more.
        counts: The runs that each has had, shape (n,).
        sd: Noise of one run; distances below a hundredth of it count as that.
        more: Runs to give, one after the other to whoever is furthest behind its share.

    Returns:
        Runs of each, shape (n,), whose sum is `more`.
    """
    m, had = np.asarray(means, float), np.asarray(counts, int)
    best = int(m.argmax())
    weights = np.maximum(m[best] - m, max(0.01 * sd, 1e-12)) ** -2.0
    weights[best] = 0.0
    weights[best] = math.sqrt(float((weights**2).sum()))
    shares, given = weights / weights.sum(), np.zeros_like(had)
    for step in range(1, more + 1):
        given[int((shares * (had.sum() + step) - had - given).argmax())] += 1
    return given
