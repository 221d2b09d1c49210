"""Forecasts of where learning curves end, from those that ended.

A straight line from the value at a point of the curve to the metric at its end, over the runs that ended well. It says
nothing where points do not tell the end: what is known of the line's slope, and the spread around it, decide. Simpler
than the curve models of Swersky et al. (2014, arXiv:1406.3896 "Freeze-Thaw Bayesian Optimization") and Domhan et al.
(2015, IJCAI), which extrapolate each curve by its shape: a curve that misleads has a fine shape, too.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LEAST = 8
"""Fewer runs that ended well tell nothing of others."""
SLOPE = 3.0
"""How many standard errors the slope must be above zero before points are taken to tell the end."""
CUT = 3.0  # values worse than the median by more than so much of the best's lead are cut off: some runs diverge


class Forecast(NamedTuple):
    """Where a run is expected to end.

    Attributes:
        metric: The metric expected.
        sd: Its standard deviation.
        chance: The chance that it ends below the best so far.
        prior: What that chance was before anything was seen of its curve.
    """

    metric: float
    sd: float
    chance: float
    prior: float


class Endings:
    """The curves of runs that ended well, with their metrics; lower is better."""

    def __init__(self) -> None:
        self._curves: list[Sequence[float]] = []
        self._metrics: list[float] = []
        self._lines: dict[int, _Line | None] = {}

    @property
    def points(self) -> int:
        """How many points a whole curve has; 0 while nothing ended."""
        return max(map(len, self._curves), default=0)

    def add(self, curve: Sequence[float], metric: float) -> None:
        """Take in a run that ended well."""
        if curve and math.isfinite(metric):
            self._curves.append(curve)
            self._metrics.append(metric)
            self._lines.clear()

    def forecast(self, step: int, value: float) -> Forecast | None:
        """Where a run with this value at a step ends; None where the curves that ended do not say."""
        if step not in self._lines:
            self._lines[step] = self._line(step)
        line = self._lines[step]
        if line is None:
            return None
        return line.forecast(value) if math.isfinite(value) else line.forecast(line.worst)

    def _line(self, step: int) -> "_Line | None":
        pairs = [
            (curve[step], metric)
            for curve, metric in zip(self._curves, self._metrics, strict=True)
            if step < len(curve) and math.isfinite(curve[step])
        ]
        return _Line.of(*map(np.array, zip(*pairs, strict=True))) if len(pairs) >= LEAST else None


class _Line(NamedTuple):
    """A least squares line from values to metrics, of n runs."""

    n: int
    x: float
    y: float
    slope: float
    spread: float
    squares: float
    worst: float
    best: float
    prior: float

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> "_Line | None":
        """The line; None where its slope is not surely above zero."""
        best, n = float(y.min()), len(x)
        x, y = _cut(x), _cut(y)
        dx, dy = x - x.mean(), y - y.mean()
        squares, total = float(dx @ dx), float(dy @ dy)
        if squares <= 0 or total <= 0:
            return None
        slope = float(dx @ dy) / squares
        spread = math.sqrt(max(total - slope * slope * squares, 1e-6 * total) / (n - 2))
        if slope < SLOPE * spread / math.sqrt(squares):
            return None
        usual = math.sqrt(total / (n - 1) * (1 + 1 / n))
        prior = _below((best - float(y.mean())) / usual, n - 1)
        return cls(n, float(x.mean()), float(y.mean()), slope, spread, squares, float(x.max()), best, prior)

    def forecast(self, value: float) -> Forecast:
        away = min(value, self.worst) - self.x
        metric = self.y + self.slope * away
        sd = self.spread * math.sqrt(1 + 1 / self.n + away * away / self.squares)
        return Forecast(metric, sd, _below((self.best - metric) / sd, self.n - 2), self.prior)


def _below(t: float, degrees: int) -> float:
    """The chance that Student's t is below a value."""
    from scipy.special import stdtr  # late: every run loads this module, and few forecast

    return float(stdtr(degrees, t))


def _cut(values: np.ndarray) -> np.ndarray:
    middle = float(np.median(values))
    return np.minimum(values, middle + CUT * (middle - float(values.min())))
