"""Draws of the search space: small changes of a point, points as numbers, and points of other studies in this one."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from orgopt.evolve.space.genome import Params, Space

NEAR = 0.2
"""How far a number moves that is not drawn anew, in its range."""


def mutated(
    rng: np.random.Generator, params: Params, names: Sequence[str], distributions: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Parameters with some values drawn anew: choices evenly, half of the numbers near the old one."""
    found = dict(params)
    for name in names:
        found[name] = _drawn_value(rng, found[name], distributions[name])
    return found


def coordinates(space: Space, params: Params) -> np.ndarray:
    """A point of the search space as numbers, (D,): a choice is a 1 among zeros, a number its place in its range.

    What makes no difference stands as in the seed document.
    """
    active = set(space.active(params))
    row: list[float] = []
    for name in space.free:
        distribution, value = space.distributions[name], params[name] if name in active else space.origin[name]
        if type(distribution) is CategoricalDistribution:  # of thousands a pick, isinstance takes half of the time
            row += [float(value == choice) for choice in distribution.choices]
        elif isinstance(distribution, IntDistribution | FloatDistribution):
            low, high = _scale(distribution, distribution.low), _scale(distribution, distribution.high)
            row.append((_scale(distribution, value) - low) / ((high - low) or 1.0))
    return np.array(row)


def transferred(space: Space, params: Params) -> dict[str, Any]:
    """The point of this study that a point of another is, as far as the two have parameters in common.

    Of a role that the other does not have there are no agents, if that may be. What may not change stays as it is.
    """
    found: dict[str, Any] = dict(space.origin)
    for name in space.free:
        origin = space.origin[name]
        distribution, value = space.distributions[name], params.get(name, origin)
        if isinstance(distribution, CategoricalDistribution):
            found[name] = value if value in distribution.choices else origin
        elif isinstance(distribution, IntDistribution | FloatDistribution):
            # A role that the other study did not have was not there: its results are those of a team without it.
            if name not in params and name.startswith("headcount/"):
                value = distribution.low
            found[name] = _placed(distribution, value)
    return found if any(value for name, value in found.items() if name.startswith("headcount/")) else dict(space.origin)


def _drawn_value(rng: np.random.Generator, old: Any, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        others = [value for value in distribution.choices if value != old] or [old]
        return others[int(rng.integers(len(others)))]
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        return old
    low, high, at = (_scale(distribution, value) for value in (distribution.low, distribution.high, old))
    near = rng.random() < 0.5
    value = at + NEAR * (high - low) * rng.standard_normal() if near else rng.uniform(low, high)
    value = min(max(value, low), high)
    return _placed(distribution, float(np.exp(value)) if distribution.log else float(value))


def _placed(distribution: IntDistribution | FloatDistribution, value: float) -> float:
    """The value of a distribution that is nearest."""
    if distribution.step:
        value = round(distribution.low + round((value - distribution.low) / distribution.step) * distribution.step, 10)
    value = min(max(value, distribution.low), distribution.high)
    return round(value) if isinstance(distribution, IntDistribution) else float(value)


def _scale(distribution: IntDistribution | FloatDistribution, value: float) -> float:
    return math.log(max(value, distribution.low)) if distribution.log else float(value)
