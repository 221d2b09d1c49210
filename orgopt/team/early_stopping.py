"""Early stopping: whether a learning curve is worse than most that an agent knows, or will hardly be the best."""

from abc import ABC, abstractmethod
from bisect import insort
from collections.abc import Sequence

from orgopt.agents.curve_forecast import Endings
from orgopt.org import StopEarly

MIN_CURVES = 3
"""Fewer known curves say nothing about a new one."""
CHANCE = 0.005
"""The chance to become the best below which a run is ended."""
SHARE = 0.25
"""The most of what that chance was before its curve began."""
LOOKS = 8
"""At how many points of a curve, evenly spread, its end is forecast."""
AUDIT = 6
"""One in so many runs that would be ended goes on, so that a forecast that is wrong is found out."""


class Curves(ABC):
    """The learning curves that an agent knows."""

    @abstractmethod
    def add(self, curve: Sequence[float], metric: float | None) -> None:
        """Take in a curve, from its first point on, and the metric of its run; None of one that did not end well."""

    @abstractmethod
    def stops(self, experiment: int, step: int, value: float) -> bool:
        """Whether an experiment with this value at a step should end; at the last point nothing would be saved."""


class Quantile(Curves):
    """Ends what is above a quantile of the known curves at a point.

    Those of stopped experiments count as far as they came: without them only good curves would be left to
    compare with, and every next one would look worse.

    Args:
        quantile: 0 to 1.
    """

    def __init__(self, quantile: float) -> None:
        self.quantile = quantile
        self._values: list[list[float]] = []

    def add(self, curve: Sequence[float], metric: float | None) -> None:  # noqa: ARG002
        for step, value in enumerate(curve):
            if step == len(self._values):
                self._values.append([])
            # Sorted as they come: a running experiment asks for a quantile at each of its points.
            insort(self._values[step], value)

    def stops(self, experiment: int, step: int, value: float) -> bool:  # noqa: ARG002
        known = self._values[step] if step < len(self._values) - 1 else []
        return len(known) >= MIN_CURVES and value > _quantile(known, self.quantile)


class ByForecast(Curves):
    """Ends what will hardly become the best, as far as curves tell the end (`Endings`).

    Where they do not, nothing is ended: a curve must make the chance much smaller than it was before. One in some of
    those that would be ended goes on nevertheless. Without such, only runs that look good would end, and a
    task whose curves mislead in one region would never be noticed.
    """

    def __init__(self) -> None:
        self._endings = Endings()
        self._doomed = 0
        self._audited: set[int] = set()

    def add(self, curve: Sequence[float], metric: float | None) -> None:
        if metric is not None:
            self._endings.add(curve, metric)

    def stops(self, experiment: int, step: int, value: float) -> bool:
        points = self._endings.points
        looks = step * LOOKS // points < (step + 1) * LOOKS // points if points else False
        if not looks or step >= points - 1 or experiment in self._audited:
            return False
        found = self._endings.forecast(step, value)
        if found is None or found.chance >= min(CHANCE, SHARE * found.prior):
            return False
        self._doomed += 1
        if self._doomed % AUDIT == 1:
            self._audited.add(experiment)
            return False
        return True


def curves_of(stop_early: StopEarly, *, freezes: bool) -> Curves | None:
    """What compares the curves of an agent's runs; None where none is ever ended.

    Args:
        stop_early: What its role says.
        freezes: Whether its agent ends runs that look poor where its role says nothing.
    """
    if stop_early == "auto" or freezes:
        return ByForecast()
    return None if stop_early == "off" else Quantile(stop_early)


def _quantile(ordered: list[float], q: float) -> float:
    """The quantile of sorted values, between two of them in proportion."""
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])
