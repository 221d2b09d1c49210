"""The Gaussian process over parameters (kriging): how good candidates are that share some with those that ran.

A Gaussian process over the parameters of the search space (Krige 1951; Rasmussen & Williams 2006), whose covariance
has a linear part, one that falls with the number of parameters that differ, and what belongs to one candidate alone.
Other studies of such parameters can be in it: the evidence says how far each counts, or that it counts against.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from orgopt.study import statistics

MOST = 500
"""Candidates of the study itself that are taken in: the newest. The time of each shape that is
tried grows with the cube of their number."""
SWEEPS = 2
_DOUBT = 0.5  # standard deviation of what the correlation with another study is expected to be
_GRID: dict[str, tuple[float, ...]] = {
    "linear": (0.0, 0.03, 0.1, 0.3, 0.6, 1.0),
    "smooth": (0.0, 0.1, 0.3, 0.6, 1.0),
    "reach": (1.0, 2.5, 5.0, 10.0),
    "own": (0.2, 0.5, 1.0),  # little is left of a document that its neighbours say all of: its own runs count too
}
_RELATED = (0.0, 0.3, 0.6, 0.9, -0.3, -0.6)


class KnownScores(NamedTuple):
    """What a study found of n candidates: where they are (n, D), what they achieved (n,), and its errors (n,)."""

    points: np.ndarray
    values: np.ndarray
    errors: np.ndarray


class Shape(NamedTuple):
    """The covariance, in units of the variance of candidates.

    Attributes:
        linear: Variance of the linear part, at the usual distance of candidates from their centre.
        smooth: Variance of the part that falls with distance.
        reach: The distance at which it has fallen to 1/e; another choice is 2 away, a number the share of its range.
        own: Variance that belongs to one candidate.
        related: Correlation of this study, which is the first, with each.
    """

    linear: float = 0.3
    smooth: float = 0.3
    reach: float = 5.0
    own: float = 0.2
    related: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kriging:
    """What is believed of any point; made by `krige`.

    Attributes:
        center, scale: Of this study's values.
        origin: (D,) the centre of its points.
        unit: The mean squared distance of its points from it.
        points, values, errors: (n, D) and (n,) of all studies, standardised; those of this one are the last.
        group: (n,) whose they are; 0 is this study.
        shape: The covariance.
        lower: (n, n) Cholesky factor of the covariance of what was measured.
        weights: (n,) that covariance's solution for the values.
    """

    center: float
    scale: float
    origin: np.ndarray
    unit: float
    points: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    group: np.ndarray
    shape: Shape
    lower: np.ndarray = field(default_factory=lambda: np.empty((0, 0)))
    weights: np.ndarray = field(default_factory=lambda: np.empty(0))

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Means and standard deviations of the truth at some points of this study, (m,) each."""
        at = points - self.origin
        terms = _Terms(at, self.points, np.zeros(len(at), int), self.group, self.unit)
        across = terms.covariance(self.shape)
        alone = self.shape.linear * (at**2).sum(1) / self.unit + self.shape.smooth + self.shape.own
        explained = (_solved(self.lower, across.T) ** 2).sum(0)
        mean, variance = across @ self.weights, np.maximum(alone - explained, 1e-6)
        return self.center + self.scale * mean, self.scale * np.sqrt(variance)

    def without(self) -> tuple[np.ndarray, np.ndarray]:
        """What the others say of each candidate of this study, as if it had not been run: means and sds, (n,) each."""
        # In closed form (Rasmussen & Williams 2006, 5.4.2): nothing is fitted anew for each that is left out.
        variance = 1 / np.diag(_linalg().cho_solve((self.lower, True), np.eye(len(self.values))))
        own = self.group == 0
        mean = (self.values - self.weights * variance)[own]
        sd = np.sqrt(np.maximum(variance[own] - self.errors[own] ** 2, 1e-6))
        return self.center + self.scale * mean, self.scale * sd

    def estimates(self) -> tuple[np.ndarray, np.ndarray]:
        """What is believed of each: what the others say and what it achieved, weighed; means and sds, (n,) each."""
        mean, sd = self.without()
        measured, error = self.measured()
        share = sd**2 / (sd**2 + error**2)
        return mean + share * (measured - mean), sd * np.sqrt(1 - share)

    def measured(self) -> tuple[np.ndarray, np.ndarray]:
        """What the candidates of this study achieved, and its errors, (n,) each."""
        own = self.group == 0
        return self.center + self.scale * self.values[own], self.scale * self.errors[own]

    def expecting(self, points: np.ndarray) -> "Kriging":
        """The same after some points came out as expected: what is underway is worth less to try again."""
        if not len(points):
            return self
        mean, _ = self.predict(points)
        at, own = points - self.origin, np.zeros(len(points), int)
        # As noisy as a usual candidate: what is only expected must not count for more than what was measured.
        errors = np.full(len(points), float(np.median(self.errors[self.group == 0])))
        # The factor grows by some rows: solving it anew would cost more than all else of a proposal.
        across = _Terms(at, self.points, own, self.group, self.unit).covariance(self.shape)
        among = _Terms(at, at, own, own, self.unit).covariance(self.shape) + np.diag(errors**2 + self.shape.own)
        left = _solved(self.lower, across.T).T
        corner = np.linalg.cholesky(among - left @ left.T)
        lower = np.block([[self.lower, np.zeros((len(self.values), len(at)))], [left, corner]])
        values = np.append(self.values, (mean - self.center) / self.scale)
        return replace(
            self,
            points=np.concatenate([self.points, at]),
            values=values,
            errors=np.append(self.errors, errors),
            group=np.append(self.group, own),
            lower=lower,
            weights=_linalg().cho_solve((lower, True), values),
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """All numbers by name, for a file."""
        numbers = {name: getattr(self, name) for name in ("origin", "points", "values", "errors", "group", "weights")}
        shape = self.shape._asdict() | {"center": self.center, "scale": self.scale, "unit": self.unit}
        return numbers | {name: np.array(value) for name, value in shape.items()}


def krige(known: KnownScores, others: Sequence[KnownScores] = ()) -> Kriging:
    """Learn from a study's candidates, at least two, and from those of others in the same parameters.

    The covariance is that under which what this study found is most likely, given what others did: one of its numbers
    after the other on a grid. So others say nothing of this study's covariance but what they say of its values.
    """
    known = KnownScores(*(array[-MOST:] for array in known))
    studies = [*others, known]  # this one last: see `_loss`
    scales = [_scaled(one) for one in studies]
    origin = known.points.mean(0)
    points = np.concatenate([one.points for one in studies]) - origin
    start = Kriging(
        center=scales[-1][0],
        scale=scales[-1][1],
        origin=origin,
        unit=max(float(((known.points - origin) ** 2).sum(1).mean()), 1e-9),
        points=points,
        values=np.concatenate([(one.values - c) / s for one, (c, s) in zip(studies, scales, strict=True)]),
        errors=np.concatenate([one.errors / s for one, (_, s) in zip(studies, scales, strict=True)]),
        group=np.repeat([*range(1, len(studies)), 0], [len(one.values) for one in studies]),
        shape=Shape(related=(1.0, *(0.0 for _ in others))),
    )
    terms = _Terms(points, points, start.group, start.group, start.unit)
    best, least = start.shape, _loss(start, terms, start.shape)
    for _ in range(SWEEPS):
        for at in (*_GRID, *range(1, len(studies))):
            for shape in _along(best, at):
                loss = _loss(start, terms, shape)
                if loss < least:
                    best, least = shape, loss
    return solved(replace(start, shape=best))


class _Terms:
    """What the covariance of two lists of points consists of, whatever its shape."""

    def __init__(self, one: np.ndarray, other: np.ndarray, group: np.ndarray, others: np.ndarray, unit: float) -> None:
        from scipy.spatial.distance import cdist  # late: most studies have no model

        self.inner, self.apart = one @ other.T / unit, cdist(one, other, "cityblock")
        self.group, self.others = group, others

    def covariance(self, shape: Shape) -> np.ndarray:
        """(n, m), without what belongs to each candidate alone."""
        found = shape.linear * self.inner + shape.smooth * np.exp(-self.apart / shape.reach)
        if len(shape.related) == 1:
            return found
        related = np.array(shape.related)
        same = self.group[:, None] == self.others[None, :]
        return found * np.where(same, 1.0, related[self.group][:, None] * related[self.others][None, :])


def _along(shape: Shape, at: str | int) -> list[Shape]:
    """A shape with every other choice of one of its numbers; a number means the correlation with that study."""
    if isinstance(at, str):
        found = [shape._replace(**{at: value}) for value in _GRID[at]]
    else:
        found = [shape._replace(related=(*shape.related[:at], value, *shape.related[at + 1 :])) for value in _RELATED]
    return [one for one in found if one != shape]


@cache
def _linalg() -> Any:
    """SciPy's linear algebra, which has no types. Late: studies without feedback do none."""
    from scipy import linalg

    return linalg


def _solved(lower: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The x of lower @ x = right."""
    return _linalg().solve_triangular(lower, right, lower=True)


def _loss(start: Kriging, terms: _Terms, shape: Shape) -> float:
    """Minus the log-likelihood of this study's values given those of others, and of how these are related."""
    lower = np.linalg.cholesky(terms.covariance(shape) + np.diag(start.errors**2 + shape.own))
    own = start.group == 0
    # Each row of a Cholesky factor is given those above it: this study's are the last, so theirs are what
    # is left to explain once the others are known.
    half = _solved(lower, start.values)[own]  # what the rows before do not say
    doubt = sum(one**2 for one in shape.related[1:]) / (2 * _DOUBT**2)
    return float(0.5 * half @ half + np.log(np.diag(lower)[own]).sum() + doubt)


def solved(start: Kriging) -> Kriging:
    """The same with its linear system solved, after what it consists of was changed."""
    terms = _Terms(start.points, start.points, start.group, start.group, start.unit)
    lower = np.linalg.cholesky(terms.covariance(start.shape) + np.diag(start.errors**2 + start.shape.own))
    return replace(start, lower=lower, weights=_linalg().cho_solve((lower, True), start.values))


def _scaled(known: KnownScores) -> tuple[float, float]:
    """The centre of a study's values, and how far they differ beyond their noise."""
    sd = float(known.values.std())
    spread = statistics.shrink(known.values, known.errors).spread if known.errors.any() else sd
    # Few candidates may look like noise alone: a share of what is seen keeps the scale from vanishing.
    return float(known.values.mean()), max(spread, 0.3 * sd, 1e-6)
