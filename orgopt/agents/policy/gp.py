"""GP: a Gaussian process over the knobs, and the candidate that promises the largest gain.

Expected improvement on a Gaussian process with a squared exponential kernel and a length scale for each knob
(Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", chapters 2 and 5), in numpy. It differs
in that length scales are found by a walk, one try a proposal on a subset of the results, so that a proposal
takes about a millisecond at 150 results.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs
from scipy.special import ndtr

from orgopt.agents.base import Array, Proposal, View, propose
from orgopt.agents.policy.candidates import first_new, free, reflect
from orgopt.agents.policy.hill_climb import step

STARTUP = 6  # results before a model says anything; until then it climbs
MAX_POINTS = 160  # results that the model keeps: the best half and the latest
SUBSET = 48  # of them, for trying length scales
LOCAL, WIDE = 48, 24  # candidates near the best settings, and redrawn in many knobs
SCALES = (0.15, 6.0)  # shortest and longest length scale, in ranges of a knob
NOISES = (0.02, 0.5)  # least and most noise of a result, in standard deviations of all

# LAPACK itself: for 150 results the checks of scipy.linalg cost more than the work.
_potrf, _trtrs = get_lapack_funcs(("potrf", "trtrs"), dtype=np.float64)


class Gp:
    """Proposes what a Gaussian process expects to improve most on the incumbent.

    Risk tolerance raises the weight of what is uncertain, and widens the candidates.
    """

    def __init__(self) -> None:
        self._log_scales: Array = np.zeros(0)
        self._log_noise = math.log(0.1)
        self._layout: Array = np.zeros((3, 0))

    def act(self, view: View) -> Proposal:
        points, targets, seeds = _observed(view)
        if len(targets) < STARTUP:
            return propose(view.starts[0], step(view, view.starts[0]))
        if not len(self._log_scales):
            self._layout = _layout(view)
            self._log_scales = np.zeros(self._layout.shape[1])
        x = _features(self._layout, points)
        self._learn(view, x[-SUBSET:], targets[-SUBSET:], seeds[-SUBSET:])
        picked, at = _candidates(view)
        mean, sd = self._predict(x, targets, seeds, _features(self._layout, at))
        gain = _expected_improvement(mean, sd * (0.5 + 1.5 * view.risk), float(targets.min()))
        return first_new(view, view.starts, picked, at, np.argsort(-gain))

    def _learn(self, view: View, x: Array, y: Array, seeds: Array) -> None:
        """Keep a random change of a length scale, or of the noise, when the results become likelier by it."""
        low, high = math.log(SCALES[0]), math.log(SCALES[1])
        before = _log_likelihood(x, y, seeds, self._log_scales, self._log_noise)
        for _ in range(2):
            scales, noise = self._log_scales.copy(), self._log_noise
            which = view.draw(len(scales) + 1)
            change = view.rng.standard_normal() * 0.7
            if which == len(scales):
                noise = float(np.clip(noise + change, math.log(NOISES[0]), math.log(NOISES[1])))
            else:
                scales[which] = np.clip(scales[which] + change, low, high)
            after = _log_likelihood(x, y, seeds, scales, noise)
            if after > before:
                self._log_scales, self._log_noise, before = scales, noise, after

    def _predict(self, x: Array, y: Array, seeds: Array, at: Array) -> tuple[Array, Array]:
        """Mean and standard deviation, both (n,), at features of shape (n, d)."""
        x, at = x / np.exp(self._log_scales), at / np.exp(self._log_scales)
        lower = _root(x, seeds, self._log_noise)
        cross = _solve(lower, _kernel(x, at))
        spread = 1.0 - np.einsum("ij,ij->j", cross, cross)
        return _solve(lower, y) @ cross, np.sqrt(np.maximum(spread, 1e-9))


def _observed(view: View) -> tuple[Array, Array, Array]:
    """Positions (n, n_knobs), standardised targets (n,) and seeds (n,) of at most MAX_POINTS results, oldest first.

    Bad results are cut off, and failed ones count as bad: only how good settings differ matters.
    """
    known = view.knowledge.all
    metrics = np.array([np.nan if one.metric is None else one.metric for one in known])
    keep = np.arange(len(known))
    if len(keep) > MAX_POINTS:
        best = view.knowledge.places(MAX_POINTS // 2)
        latest = np.setdiff1d(keep, best)[-(MAX_POINTS - len(best)) :]
        keep = np.sort(np.concatenate([best, latest]))
    y = metrics[keep]
    ranked = view.knowledge.measured
    if not ranked:
        return np.empty((0, 0)), np.empty(0), np.empty(0)
    middle = ranked[len(ranked) // 2][0]
    cut = middle + 1.5 * (middle - ranked[0][0])
    y = np.where(np.isnan(y), cut, np.minimum(y, cut))
    seeds = np.array([max(1, known[place].seeds) for place in keep], dtype=float)
    return view.knowledge.units()[keep], (y - y.mean()) / (y.std() + 1e-12), seeds


def _layout(view: View) -> Array:
    """Three rows with a column a feature: its knob, the number of the choice (-1: none) and how many there are."""
    rows: list[tuple[int, int, int]] = []
    for column, knob in enumerate(view.knobs):
        choices = [-1] if knob.ordered else range(len(knob.choices))
        rows += [(column, choice, len(knob.choices)) for choice in choices]
    return np.array(rows, dtype=float).T


def _features(layout: Array, units: Array) -> Array:
    """Positions, with a choice without order as one feature a choice, so that all of its values are alike far."""
    column, choice, n = layout
    at = units[:, column.astype(int)]
    return np.where(choice < 0, at, 0.7 * (np.floor(at * n) == choice))


def _candidates(view: View) -> tuple[NDArray[np.int_], Array]:
    """The place among `starts` of each candidate's start, and positions (n, n_knobs) that differ from it."""
    rng, shape = view.rng, (LOCAL + WIDE, len(view.knobs))
    picked = (rng.random(shape[0]) * len(view.starts)).astype(int)
    picked[: LOCAL // 2] = 0
    at = view.knowledge.positions(view.starts)[picked]
    few = min(1.0, 2.5 / len(view.free))
    chance = np.where(np.arange(shape[0]) < LOCAL, few, 0.6)[:, None]
    sigma = np.exp(rng.uniform(math.log(0.03), math.log(0.15 + 0.4 * view.risk), (shape[0], 1)))
    redrawn = ~view.knowledge.ordered | (rng.random(shape) < 0.1)
    moved = np.where(redrawn, rng.random(shape), reflect(at + sigma * rng.standard_normal(shape)))
    return picked, np.where((rng.random(shape) < chance) & free(view), moved, at)


def _kernel(a: Array, b: Array) -> Array:
    """Squared exponential covariance, shape (len(a), len(b)), of features in units of their length scales."""
    distance = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None, :] - 2.0 * (a @ b.T)
    return np.exp(-0.5 * np.maximum(distance, 0.0))


def _root(x: Array, seeds: Array, log_noise: float) -> Array:
    """The lower Cholesky factor of the covariance of results at features (n, d)."""
    covariance = _kernel(x, x)
    covariance.flat[:: len(x) + 1] += math.exp(2 * log_noise) / seeds + 1e-6
    return _potrf(covariance, lower=1, overwrite_a=1)[0]


def _solve(lower: Array, right: Array) -> Array:
    return _trtrs(lower, right, lower=1)[0]


def _log_likelihood(x: Array, y: Array, seeds: Array, log_scales: Array, log_noise: float) -> float:
    """How likely the results are, with a weak prior for long scales, which ignore a knob."""
    lower = _root(x / np.exp(log_scales), seeds, log_noise)
    whitened = _solve(lower, y)
    prior = 0.5 * float(((log_scales - 0.5) ** 2).sum())
    return -0.5 * float(whitened @ whitened) - float(np.log(np.diag(lower)).sum()) - prior


def _expected_improvement(mean: Array, sd: Array, best: float) -> Array:
    z = (best - mean) / sd
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return sd * (z * ndtr(z) + density)
