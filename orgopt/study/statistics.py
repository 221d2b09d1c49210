"""Statistics of studies: confidence intervals (level and method), differences, shrinkage.

Values are scores, higher is better, one a seed; values of two entrants are paired where both ran the same seeds.
Pure functions of their arguments: what is resampled is decided by a seed.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from orgopt.scoring.samples import Array, bca, finite, spread_of, t_quantile

Verdict = Literal["better", "worse", "no difference"]

LEVEL = 0.95  # of intervals and tests alike, so that a verdict and its interval agree
POWER = 0.8  # the usual convention: a true difference of that size is missed in one case of five
FEW = 5  # values below which there is too little to resample
MAX_SEEDS = 1_000_000  # where the search for a number of seeds gives up: nobody runs as many


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean and the interval that covers it; infinite ends where one value says nothing about its noise."""

    mean: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """The interval as JSON values, None for ends that are infinite."""
        return _json(asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The mean of paired differences, first minus second.

    Attributes:
        mean, low, high: Of the differences, with a bootstrap interval.
        mdd: The smallest true difference that so many seeds show with 80 % power, two-sided at 5 %.
        p_value: Of a paired t test, two-sided; 1 for fewer than two seeds.
        sd: Standard deviation of the differences; infinite for one.
        n: Seeds.
    """

    mean: float
    low: float
    high: float
    mdd: float
    p_value: float
    sd: float
    n: int

    @property
    def verdict(self) -> Verdict:
        """What the interval says of the first: it is better or worse only where the interval excludes 0."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference"

    def to_dict(self) -> dict[str, Any]:
        """The difference as JSON values, None for what is infinite."""
        return {**_json(asdict(self)), "verdict": self.verdict}


class Shrunken(NamedTuple):
    """Estimates that were drawn together.

    Attributes:
        means: The estimates, shape (n,).
        sds: How far the truth may be from each, shape (n,).
        centre: What they were drawn to.
        spread: The standard deviation of the truths; 0 where the noise alone explains the means.
    """

    means: Array
    sds: Array
    centre: float
    spread: float


def interval(values: ArrayLike, *, seed: int = 0, level: float = LEVEL) -> Interval:
    """The mean of values and its confidence interval.

    The bootstrap's bias-corrected and accelerated interval (Efron 1987, JASA "Better Bootstrap Confidence
    Intervals"), at the wider nominal levels that Hesterberg (2015, The American Statistician "What Teachers
    Should Know About the Bootstrap") gives for small samples. Fewer than five values take Student's t.

    Args:
        values: Independent values, one a seed.
        seed: Decides the resampling.
        level: How often it should cover the true mean.

    Raises:
        ValueError: There are no values, or one is not finite.
    """
    sample = finite(values)
    n, mean = len(sample), float(sample.mean())
    if n == 1:
        return Interval(mean=mean, low=-math.inf, high=math.inf, n=1)
    t, error = t_quantile(n - 1, (1 + level) / 2), spread_of(sample) / math.sqrt(n)
    # Equal values have no spread to resample, and rounding alone would decide.
    if n < FEW or error <= 1e-12 * abs(mean) or error == 0:
        return Interval(mean=mean, low=mean - t * error, high=mean + t * error, n=n)
    # Hesterberg: a bootstrap of n values is too narrow by about sqrt((n - 1) / n), which t and this factor undo.
    low, high = bca(sample, t * math.sqrt(n / (n - 1)), seed)
    return Interval(mean=mean, low=low, high=high, n=n)


def difference(first: ArrayLike, second: ArrayLike, *, seed: int = 0) -> Difference:
    """What paired values differ by, first minus second.

    Raises:
        ValueError: They are not of one length, are none, or one is not finite.
    """
    one, other = finite(first), finite(second)
    if one.shape != other.shape:
        raise ValueError(f"paired values have one length: {len(one)} and {len(other)} do not")
    apart = one - other
    found, sd, n = interval(apart, seed=seed), spread_of(apart), len(apart)
    return Difference(
        mean=found.mean,
        low=found.low,
        high=found.high,
        mdd=detectable(sd, n),
        p_value=_p_value(found.mean, sd, n),
        sd=sd,
        n=n,
    )


def detectable(sd: float, n: int) -> float:
    """The smallest true mean that a paired t test of n differences shows with 80 % power at 5 %, two-sided.

    By the sum of two quantiles of t (Zar 2010, Biostatistical Analysis, 7.7), within one seed of the exact power.
    """
    return (t_quantile(n - 1, (1 + LEVEL) / 2) + t_quantile(n - 1, POWER)) * sd / math.sqrt(n) if n > 1 else math.inf


def seeds_for(sd: float, effect: float) -> int:
    """How many seeds show an effect with 80 % power, given the standard deviation of paired differences.

    Raises:
        ValueError: The effect is not above 0.
    """
    if not effect > 0:
        raise ValueError(f"an effect to be resolved is above 0, not {effect}")
    # Searched for, because the quantiles of t depend on the number that is asked for.
    low, high = 1, 2
    while detectable(sd, high) > effect and high < MAX_SEEDS:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if detectable(sd, middle) <= effect else (middle, high)
    return min(high, MAX_SEEDS)


def holm(p_values: ArrayLike) -> Array:
    """P-values adjusted for how many there are, in the same order.

    By Holm (1979, Scandinavian Journal of Statistics "A simple sequentially rejective multiple test procedure").
    """
    given = np.asarray(p_values, float)
    order = np.argsort(given, kind="stable")
    steps = given[order] * np.arange(len(given), 0, -1)
    adjusted = np.empty_like(given)
    # The larger of two p-values stays the larger: else the weaker of two differences could hold where the other falls.
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def corrected(differences: Sequence[Difference], *, alpha: float = 1 - LEVEL) -> list[Verdict]:
    """The verdicts of several differences, each corrected for there being several (Holm)."""
    adjusted = holm([one.p_value for one in differences])
    return [one.verdict if p <= alpha else "no difference" for one, p in zip(differences, adjusted, strict=True)]


def shrink(means: ArrayLike, errors: ArrayLike) -> Shrunken:
    """Means drawn towards each other as far as their noise explains that they differ.

    Empirical Bayes for a normal mean and normal truths (Efron and Morris 1975, JASA "Data Analysis Using Stein's
    Estimator and its Generalizations"); the variance of the truths by the method of moments of Paule and Mandel
    (1982, Journal of Research of the NBS), which takes means of unequal precision. What is selected for being
    the best is no longer flattered by its luck. `sds` count the doubts about the centre and about the spread, as Morris
    (1983, JASA "Parametric Empirical Bayes Inference") does, the latter from four means on.

    Args:
        means: Shape (n,).
        errors: Their standard errors, shape (n,), 0 or more.
    """
    m, s = finite(means), finite(errors)
    if len(m) == 1:
        return Shrunken(m, s, float(m[0]), 0.0)
    noise = np.maximum(s**2, 1e-18 * max(1.0, float(np.abs(m).max()) ** 2))  # a mean without noise weighs a lot
    between = _between(m, noise)
    weights = 1 / (noise + between)
    centre = float((weights * m).sum() / weights.sum())
    pull = noise * weights
    variance = (1 - pull) * noise + pull**2 / weights.sum()
    # Below four means the factor has no finite value: so few say nothing of how sure the spread is.
    if len(m) > 3:
        mean_noise = float((weights * noise).sum() / weights.sum())
        alike = (mean_noise + between) / (noise + between)
        variance += 2 / (len(m) - 3) * alike * (pull * (m - centre)) ** 2
    return Shrunken(m + pull * (centre - m), np.sqrt(variance), centre, math.sqrt(between))


def pooled_sd(groups: Iterable[ArrayLike]) -> float:
    """The standard deviation within groups, such as the seeds of each candidate; infinite where no group has two."""
    samples = [np.asarray(group, float) for group in groups]
    degrees = sum(len(sample) - 1 for sample in samples if len(sample) > 1)
    squares = sum(float(((sample - sample.mean()) ** 2).sum()) for sample in samples if len(sample) > 1)
    return math.sqrt(squares / degrees) if degrees else math.inf


def _between(means: Array, noise: Array) -> float:
    """The variance of the truths at which the weighted squares of the means are what is expected of them."""

    def excess(between: float) -> float:
        weights = 1 / (noise + between)
        centre = (weights * means).sum() / weights.sum()
        return float((weights * (means - centre) ** 2).sum()) - (len(means) - 1)

    # At the sum of squares the weighted ones are 1 at most, and n - 1 are expected: the root lies below.
    low, high = 0.0, float(((means - means.mean()) ** 2).sum())
    if excess(low) <= 0:
        return 0.0
    # Halving sixty times reaches the precision of a float.
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def _p_value(mean: float, sd: float, n: int) -> float:
    if n < 2 or mean == 0:
        return 1.0
    if sd == 0:
        return 0.0
    from scipy.special import stdtr

    return float(2 * stdtr(n - 1, -abs(mean) * math.sqrt(n) / sd))


def _json(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value if math.isfinite(value) else None for key, value in data.items()}
