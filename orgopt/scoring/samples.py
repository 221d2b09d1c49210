"""Samples: the numbers that intervals and tests are made of, the bootstrap (BCa) among them."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

RESAMPLES = 4999
_CELLS = 4_000_000  # of a resampled array: 32 MB
_NORMAL = NormalDist()


@lru_cache(maxsize=4096)
def t_quantile(degrees: int, p: float) -> float:
    """The quantile of Student's t."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, p))


def spread_of(sample: Array) -> float:
    """The standard deviation of values; infinite for one."""
    return float(sample.std(ddof=1)) if len(sample) > 1 else math.inf


def finite(values: ArrayLike) -> Array:
    """Values as an array.

    Raises:
        ValueError: There are none, or one is not finite.
    """
    sample = np.asarray(values, float)
    if sample.ndim != 1 or not len(sample) or not np.isfinite(sample).all():
        raise ValueError(f"values are one or more finite numbers, not {values!r}")
    return sample


def bca(sample: Array, z: float, seed: int) -> tuple[float, float]:
    """The ends of the bias-corrected and accelerated interval of a mean, five values or more.

    Args:
        sample: The values, not all the same.
        z: How many standard deviations of a normal its nominal ends are off.
        seed: Decides the resampling.
    """
    n, mean = len(sample), sample.mean()
    means = _resampled(sample, np.random.default_rng(seed))
    below = float((means < mean).mean() + (means == mean).mean() / 2)
    bias = _NORMAL.inv_cdf(min(1 - 0.5 / RESAMPLES, max(0.5 / RESAMPLES, below)))
    left_out = (sample.sum() - sample) / (n - 1)
    apart = left_out.mean() - left_out
    acceleration = float((apart**3).sum() / (6 * ((apart**2).sum()) ** 1.5))
    shifted = [bias + sign * z for sign in (-1, 1)]
    levels = [_NORMAL.cdf(bias + at / max(1e-3, 1 - acceleration * at)) for at in shifted]
    low, high = np.quantile(means, levels)
    return float(low), float(high)


def _resampled(sample: Array, rng: np.random.Generator) -> Array:
    """The means of resamples, shape (RESAMPLES,)."""
    n = len(sample)
    rows = max(1, _CELLS // n)
    sizes = [min(rows, RESAMPLES - done) for done in range(0, RESAMPLES, rows)]
    return np.concatenate([sample[rng.integers(n, size=(size, n))].mean(axis=1) for size in sizes])
