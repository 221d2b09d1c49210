"""Axes: from values to places, and round numbers to mark them by."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Scale(NamedTuple):
    """A straight map of values, `low` to `high`, to places, `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def scale(values: Iterable[float | None], start: float, end: float, *, margin: float = 0.06) -> Scale:
    """A scale that holds values, with a share of their range to spare on both sides; of no values, one of 0 to 1."""
    known = [value for value in values if value is not None] or [0.0, 1.0]
    low, high = min(known), max(known)
    spare = margin * (high - low) or 0.05
    return Scale(low - spare, high + spare, start, end)


def tick_digits(values: Sequence[float]) -> int:
    """The decimals in which the values of an axis differ: at least 2, at most 4."""
    step = abs(values[1] - values[0]) if len(values) > 1 else 0.0
    return next((digits for digits in (2, 3) if abs(round(step, digits) - step) < 1e-9), 4)


def ticks(of: Scale, count: int = 5) -> list[float]:
    """Round values on a scale, about as many as asked for."""
    raw = (of.high - of.low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(of.low / step - 1e-9), math.floor(of.high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]
