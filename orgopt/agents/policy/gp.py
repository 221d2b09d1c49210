"""GP: a Gaussian process over the knobs, and the candidate that promises the largest gain.

Expected improvement on a Gaussian process with a squared exponential kernel and a length scale for each knob
(Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", chapters 2 and 5), in numpy. It differs
in that length scales are found by a walk, one try a proposal on a subset of the results, so that a proposal
takes about a millisecond at 150 results.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.special import ndtr

from orgopt.agents.base import Policy, Proposal, View, propose
from orgopt.agents.knowledge import Array
from orgopt.agents.policy.candidates import first_new, free, within
from orgopt.agents.policy.hill_climb import step
from orgopt.task import Knob

STARTUP = 6  # results before a model says anything; until then it climbs
MAX_POINTS = 128  # results that the model keeps: the best half and the latest
SUBSET = 48  # of them, for trying length scales
LOCAL, WIDE = 48, 24  # candidates near the best settings, and redrawn in many knobs
SCALES = (0.15, 6.0)  # shortest and longest length scale, in ranges of a knob
NOISES = (0.02, 0.5)  # least and most noise of a result, in standard deviations of all

_LOG_SCALES = (math.log(SCALES[0]), math.log(SCALES[1]))
_LOG_NOISES = (math.log(NOISES[0]), math.log(NOISES[1]))

# LAPACK itself: for 150 results the checks of scipy.linalg cost more than the work.
_potrf, _trtrs = cast("Any", linalg).get_lapack_funcs(("potrf", "trtrs"), dtype=np.float64)


class Gp(Policy):
    """Proposes what a Gaussian process expects to improve most on the incumbent.

    Risk tolerance raises the weight of what is uncertain, and widens the candidates.
    """

    def __init__(self) -> None:
        self._log_scales: Array = np.zeros(0)
        self._log_noise = math.log(0.1)
        self._layout: _Layout | None = None

    def act(self, view: View) -> Proposal:
        points, targets, seeds = _observed(view)
        if len(targets) < STARTUP:
            return propose(view.starts[0], step(view, view.starts[0]))
        if self._layout is None:
            self._layout = _Layout.of(view.knobs)
            self._log_scales = np.zeros(len(self._layout.columns))
        x = self._layout.features(points)
        self._learn(view, x[-SUBSET:], targets[-SUBSET:], seeds[-SUBSET:])
        picked, at = _candidates(view)
        mean, sd = self._predict(x, targets, seeds, self._layout.features(at))
        gain = _expected_improvement(mean, sd * (0.5 + 1.5 * view.risk), float(targets.min()))
        return first_new(view, view.starts, picked, at, np.argsort(-gain))

    def _learn(self, view: View, x: Array, y: Array, seeds: Array) -> None:
        """Keep a random change of a length scale, or of the noise, when the results become likelier by it."""
        scales, noise = self._log_scales, self._log_noise
        exponent = _exponent(x / np.exp(scales))
        before = _log_likelihood(exponent, y, seeds, noise) + _prior(scales)
        for _ in range(2):
            tried_scales, tried_noise, tried = scales, noise, exponent
            which = view.draw(len(scales) + 1)
            change = view.rng.standard_normal() * 0.7
            if which == len(scales):
                tried_noise = min(max(noise + change, _LOG_NOISES[0]), _LOG_NOISES[1])
            else:
                tried_scales = scales.copy()
                tried_scales[which] = min(max(scales[which] + change, _LOG_SCALES[0]), _LOG_SCALES[1])
                # Only the share of this one feature in the distances changes.
                apart = x[:, which, None] - x[:, which]
                weight = math.exp(-2 * tried_scales[which]) - math.exp(-2 * scales[which])
                tried = exponent - (0.5 * weight) * (apart * apart)
            after = _log_likelihood(tried, y, seeds, tried_noise) + _prior(tried_scales)
            if after > before:
                scales, noise, exponent, before = tried_scales, tried_noise, tried, after
        self._log_scales, self._log_noise = scales, noise

    def _predict(self, x: Array, y: Array, seeds: Array, at: Array) -> tuple[Array, Array]:
        """Mean and standard deviation, both (n,), at features of shape (n, d)."""
        shrink = np.exp(-self._log_scales)
        x, at = x * shrink, at * shrink
        lower = _root(_exponent(x), seeds, self._log_noise)
        cross = _solve(lower, _exp(_exponent(x, at)))
        spread = 1.0 - np.einsum("ij,ij->j", cross, cross)
        return _solve(lower, y) @ cross, np.sqrt(np.maximum(spread, 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How settings become features, d of them: a choice without order is one feature a choice.

    Attributes:
        columns: The knob of each feature, (d,).
        single: Which features stand for one choice, (c,).
        choices, counts: The choice of each of these, and how many its knob has, (c,).
    """

    columns: NDArray[np.int_]
    single: NDArray[np.int_]
    choices: NDArray[np.int_]
    counts: NDArray[np.int_]

    @classmethod
    def of(cls, knobs: Sequence[Knob]) -> Self:
        rows = [
            (column, choice, len(knob.choices))
            for column, knob in enumerate(knobs)
            for choice in ([-1] if knob.ordered else range(len(knob.choices)))
        ]
        columns, choices, counts = np.array(rows, dtype=int).T
        single = np.flatnonzero(choices >= 0)
        return cls(columns=columns, single=single, choices=choices[single], counts=counts[single])

    def features(self, units: Array) -> Array:
        """Positions, (n, n_knobs) to (n, d); all values of a choice without order are alike far."""
        found = units[:, self.columns]
        if len(self.single):
            # 0.7 on each of two features makes two different choices about one range of a knob apart.
            found[:, self.single] = 0.7 * ((found[:, self.single] * self.counts).astype(int) == self.choices)
        return found


def _observed(view: View) -> tuple[Array, Array, Array]:
    """Positions (n, n_knobs), standardised targets (n,) and seeds (n,) of at most MAX_POINTS results, oldest first.

    Bad results are cut off, and failed ones count as bad: only how good settings differ matters.
    """
    ranked = view.knowledge.measured
    if not ranked:
        return np.empty((0, 0)), np.empty(0), np.empty(0)
    units, measures = view.knowledge.units(), view.knowledge.measures()
    if len(units) > MAX_POINTS:
        best = view.knowledge.places(MAX_POINTS // 2)
        latest = np.setdiff1d(np.arange(len(units)), best)[-(MAX_POINTS - len(best)) :]
        keep = np.sort(np.concatenate([best, latest]))
        units, measures = units[keep], measures[keep]
    middle = ranked[len(ranked) // 2][0]
    y = np.fmin(measures[:, 0], middle + 1.5 * (middle - ranked[0][0]))
    y -= y.mean()
    return units, y / (math.sqrt(y @ y / len(y)) + 1e-12), np.maximum(measures[:, 1], 1.0)


def _candidates(view: View) -> tuple[NDArray[np.int_], Array]:
    """The place among `starts` of each candidate's start, and positions (n, n_knobs) that differ from it."""
    rng, shape = view.rng, (LOCAL + WIDE, len(view.knobs))
    picked = (rng.random(shape[0]) * len(view.starts)).astype(int)
    # Half of the near candidates start from the incumbent; the others from anything that the copy rule allows.
    picked[: LOCAL // 2] = 0
    at = view.knowledge.positions(view.starts)[picked]
    few = min(1.0, 2.5 / len(view.free))
    chance = np.where(np.arange(shape[0]) < LOCAL, few, 0.6)[:, None]
    # Most knobs of most candidates stay: only for the others is anything drawn.
    rows, columns = np.nonzero((rng.random(shape) < chance) & free(view))
    sigma = np.exp(rng.uniform(math.log(0.03), math.log(0.15 + 0.4 * view.risk), shape[0]))[rows]
    redrawn = ~view.knowledge.ordered[columns] | (rng.random(len(rows)) < 0.1)
    moved = within(at[rows, columns] + sigma * rng.standard_normal(len(rows)), rng)
    at[rows, columns] = np.where(redrawn, rng.random(len(rows)), moved)
    return picked, at


def _exponent(a: Array, b: Array | None = None) -> Array:
    """Exponents of the squared exponential covariance of features in units of their length scales, (len(a), len(b))."""
    other = a if b is None else b
    found = a @ other.T
    found -= 0.5 * np.einsum("ij,ij->i", a, a)[:, None]
    found -= 0.5 * np.einsum("ij,ij->i", other, other)
    return found


def _exp(exponent: Array) -> Array:
    """Covariances; in single precision a quarter of the time, with errors far below the least noise."""
    return np.exp(exponent.astype(np.float32)).astype(np.float64)


def _root(exponent: Array, seeds: Array, log_noise: float) -> Array:
    """The lower Cholesky factor of the covariance of results."""
    covariance = _exp(exponent)
    # The small constant keeps the factorization possible where two settings are nearly the same.
    covariance.flat[:: len(seeds) + 1] += math.exp(2 * log_noise) / seeds + 1e-5
    return _potrf(covariance.T, lower=1, overwrite_a=1)[0]  # symmetric, and LAPACK's columns are numpy's rows


def _solve(lower: Array, right: Array) -> Array:
    return _trtrs(lower, right, lower=1)[0]


def _log_likelihood(exponent: Array, y: Array, seeds: Array, log_noise: float) -> float:
    """How likely the results are."""
    lower = _root(exponent, seeds, log_noise)
    whitened = _solve(lower, y)
    return -0.5 * float(whitened @ whitened) - float(np.log(lower.diagonal()).sum())


def _prior(log_scales: Array) -> float:
    """A weak one, for long scales, which ignore a knob."""
    away = log_scales - 0.5
    return -0.5 * float(away @ away)


def _expected_improvement(mean: Array, sd: Array, best: float) -> Array:
    z = (best - mean) / sd
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return sd * (z * ndtr(z) + density)
