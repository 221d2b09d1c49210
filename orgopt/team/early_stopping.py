"""Early stopping: whether a learning curve is worse than most that an agent knows."""

from bisect import insort
from collections.abc import Iterable

MIN_CURVES = 3
"""Fewer known curves say nothing about a new one."""


class Curves:
    """The learning curves that an agent knows, point by point.

    Those of stopped experiments count as far as they came: without them only good curves would be left to
    compare with, and every next one would look worse.

    Args:
        quantile: A curve above this quantile of the known ones is stopped, 0 to 1.
    """

    def __init__(self, quantile: float) -> None:
        self.quantile = quantile
        self._values: list[list[float]] = []

    def add(self, curve: Iterable[float]) -> None:
        """Take in a curve, from its first point on."""
        for step, value in enumerate(curve):
            if step == len(self._values):
                self._values.append([])
            # Sorted as they come: a running experiment asks for a quantile at each of its points.
            insort(self._values[step], value)

    def stops(self, step: int, value: float) -> bool:
        """Whether an experiment with this value at a step should end; at the last point nothing would be saved."""
        known = self._values[step] if step < len(self._values) - 1 else []
        return len(known) >= MIN_CURVES and value > _quantile(known, self.quantile)


def _quantile(ordered: list[float], q: float) -> float:
    """The quantile of sorted values, between two of them in proportion."""
    at = q * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])
