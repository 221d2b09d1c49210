"""Who may be dropped early: candidates that are clearly worse, and the losers of a race."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from orgopt.study.statistics import LEVEL, Array, finite, spread_of, t_quantile


def pooled_sd(groups: Iterable[ArrayLike]) -> float:
    """The standard deviation within groups, such as the seeds of each candidate; infinite where no group has two."""
    samples = [np.asarray(group, float) for group in groups]
    degrees = sum(len(sample) - 1 for sample in samples if len(sample) > 1)
    squares = sum(float(((sample - sample.mean()) ** 2).sum()) for sample in samples if len(sample) > 1)
    return math.sqrt(squares / degrees) if degrees else math.inf


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


def losers(
    values: Mapping[str, Sequence[float]], *, looks: int, contenders: int, alpha: float = 1 - LEVEL
) -> tuple[str, ...]:
    """Who leaves a race at one of its looks: those that the leader beats in a one-sided paired t test.

    Each test has the level alpha / (looks × (contenders − 1)), after Bonferroni: over the whole race, the
    chance that the truly best leaves is at most alpha, whoever leads and however many looks are used.

    Args:
        values: The scores of those who are still in the race, on the same seeds in the same order.
        looks: How often the race is looked at in all, fixed before it begins.
        contenders: How many began it.
        alpha: The chance to lose the best that is accepted.
    """
    scores = {name: finite(one) for name, one in values.items()}
    if len(scores) < 2 or len(next(iter(scores.values()))) < 3:  # two differences may be equal by chance
        return ()
    leader = max(scores, key=lambda name: float(scores[name].mean()))
    level = alpha / (looks * max(1, contenders - 1))
    return tuple(name for name in scores if name != leader and _beats(scores[leader] - scores[name], level))


def _beats(apart: Array, level: float) -> bool:
    n = len(apart)
    return float(apart.mean()) > t_quantile(n - 1, 1 - level) * spread_of(apart) / math.sqrt(n)
