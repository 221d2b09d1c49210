"""A Gaussian process over features of settings, which learns its length scales as results come in.

Matérn 5/2 covariance with a length scale a feature (Rasmussen and Williams 2006, "Gaussian Processes for Machine
Learning", chapters 2, 4 and 5), in numpy and LAPACK. Length scales, amplitude and noise take small steps up the
gradient of the log posterior (Adam; Kingma and Ba 2015, arXiv:1412.6980) whenever they are asked to, instead of being
fitted to the end each time: from one result to the next they hardly move.
"""

import math
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.float64]

SCALES = (0.05, 20.0)  # shortest and longest length scale, in ranges of a knob
NOISES = (0.01, 1.0)  # least and most noise of a result, in standard deviations of all
RATE = 0.1  # of a step, in logarithms

_ROOT5 = math.sqrt(5.0)
_JITTER = 1e-6  # keeps the factorization possible where two settings are nearly the same
# LAPACK itself: for 150 results the checks of scipy.linalg cost more than the work.
_potrf, _potri, _trtrs = cast("Any", linalg).get_lapack_funcs(("potrf", "potri", "trtrs"), dtype=np.float64)


class FittedGP(NamedTuple):
    """A process that has seen results.

    Attributes:
        x: Features of the results in units of their length scales, (n, d).
        lower: The lower Cholesky factor of their covariance, (n, n).
        white: The results, decorrelated, (n,).
        smooth: What it believes of each result, (n,).
        log_scales, amplitude: Of the process.
    """

    x: Array
    lower: Array
    white: Array
    smooth: Array
    log_scales: Array
    amplitude: float

    def predict(self, at: Array) -> tuple[Array, Array]:
        """Mean and standard deviation, both (m,), at features of shape (m, d)."""
        cross = _solve(self.lower, self.amplitude * _matern(self.x, at * np.exp(-self.log_scales)))
        spread = self.amplitude - np.einsum("ij,ij->j", cross, cross)
        return self.white @ cross, np.sqrt(np.maximum(spread, 1e-9))


class Process:
    """A Gaussian process with d features, targets of mean 0 and standard deviation 1."""

    def __init__(self, d: int) -> None:
        # Length scales, amplitude and noise, in logarithms: where they are, their bounds, and a normal prior of them by
        # its centre and precision. It expects long scales, 1.6 ranges of a knob, so that a knob which no result tells
        # of changes little.
        self._at = np.concatenate([np.zeros(d), [0.0, math.log(0.1)]])
        self._low = np.log([*[SCALES[0]] * d, 0.1, NOISES[0]])
        self._high = np.log([*[SCALES[1]] * d, 10.0, NOISES[1]])
        self._expected = np.concatenate([np.full(d, 0.5), [0.0, math.log(0.1)]])
        self._weight = np.concatenate([np.full(d, 1.0), [1.0, 0.5]])
        self._first, self._second, self._steps = np.zeros(d + 2), np.zeros(d + 2), 0

    def learn(self, x: Array, y: Array, seeds: Array, steps: int) -> None:
        """Take steps towards what makes results likely: features (n, d), targets (n,), and of how many runs (n,)."""
        for _ in range(steps):
            slope = self._slope(x, y, seeds)
            self._steps += 1
            # Means over some 5 and 20 steps, where Adam's usual are over 10 and 1000: the results have changed by then.
            self._first += 0.2 * (slope - self._first)
            self._second += 0.05 * (slope * slope - self._second)
            first = self._first / (1 - 0.8**self._steps)
            second = self._second / (1 - 0.95**self._steps)
            self._at = np.clip(self._at + RATE * first / (np.sqrt(second) + 1e-8), self._low, self._high)

    def fit(self, x: Array, y: Array, seeds: Array) -> FittedGP:
        """The process that has seen some results; see `learn`."""
        log_scales, amplitude = self._at[:-2], math.exp(self._at[-2])
        x = x * np.exp(-log_scales)
        variances = math.exp(2 * self._at[-1]) / seeds
        lower = _root(amplitude * _matern(x, x), variances)
        white = _solve(lower, y)
        # What the process believes of its own results: they without the noise that it sees in them.
        smooth = y - (variances + _JITTER) * _trtrs(lower, white, lower=1, trans=1)[0]
        return FittedGP(x, lower, white, smooth, log_scales, amplitude)

    def _slope(self, x: Array, y: Array, seeds: Array) -> Array:
        """The gradient of the log posterior of length scales, amplitude and noise, (d + 2,)."""
        amplitude, noise = math.exp(self._at[-2]), math.exp(2 * self._at[-1])
        x = x * np.exp(-self._at[:-2])
        apart = _ROOT5 * _distances(x, x)
        decay = amplitude * _exp(-apart)
        covariance = (1 + apart + apart * apart / 3) * decay
        lower = _root(covariance, noise / seeds)
        inverse = _potri(lower, lower=1)[0]  # its lower half, below zeros
        diagonal = inverse.diagonal().copy()
        inverse = inverse + inverse.T
        inverse.flat[:: len(inverse) + 1] = diagonal
        alpha = inverse @ y
        pull = np.outer(alpha, alpha) - inverse
        # The derivative of the covariance by the logarithm of a length scale, without that feature's squared distance.
        weight = pull * ((5 / 3) * (1 + apart) * decay)
        scales = weight.sum(axis=1) @ (x * x) - np.einsum("id,id->d", x, weight @ x)
        slope = np.empty(len(self._at))
        slope[:-2] = scales
        slope[-2] = 0.5 * np.vdot(pull, covariance)
        slope[-1] = float(pull.diagonal() @ (noise / seeds))
        return slope - self._weight * (self._at - self._expected)


def _distances(a: Array, b: Array) -> Array:
    squared = a @ b.T
    squared *= -2
    squared += np.einsum("ij,ij->i", a, a)[:, None]
    squared += np.einsum("ij,ij->i", b, b)
    return np.sqrt(np.maximum(squared, 0.0, out=squared), out=squared)


def _matern(a: Array, b: Array) -> Array:
    """Correlations of features in units of their length scales, (len(a), len(b))."""
    apart = _ROOT5 * _distances(a, b)
    return (1 + apart + apart * apart / 3) * _exp(-apart)


def _exp(exponent: Array) -> Array:
    """In single precision a quarter of the time, with errors far below the least noise."""
    return np.exp(exponent.astype(np.float32)).astype(np.float64)


def _root(covariance: Array, variances: Array) -> Array:
    """The lower Cholesky factor of the covariance of results with noise; that given stays as it is."""
    noisy = covariance.copy()
    noisy.flat[:: len(noisy) + 1] += variances + _JITTER
    return _potrf(noisy.T, lower=1, overwrite_a=1, clean=1)[0]  # symmetric, and LAPACK's columns are numpy's rows


def _solve(lower: Array, right: Array) -> Array:
    return _trtrs(lower, right, lower=1)[0]
