"""Genes: what can be changed of an organization, each a named Optuna distribution that belongs to a part.

Covers what genes have in common; those of roles, links and the stand-up are in `roles`, `links` and `standup`
beside this module.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution

from orgopt.org import MAX_HEADCOUNT

Params = Mapping[str, Any]
Needs = tuple[tuple[str, Collection[Any]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gene:
    """One parameter of the search space.

    Attributes:
        name: Such as `risk/explorer`; the same for a seed document, a library and a budget.
        part: One of `allowed.PARTS`.
        distribution: Its values.
        origin: Its value for the seed document; of what no value says exactly, the nearest.
        needs: Other parameters, and the values that they must have for this one to make a difference.
    """

    name: str
    part: str
    distribution: BaseDistribution
    origin: Any
    needs: Needs = ()


def agents_of(*role_ids: str, least: int = 1) -> Needs:
    """The need for roles to have so many agents."""
    return tuple((f"headcount/{role_id}", range(least, MAX_HEADCOUNT + 1)) for role_id in role_ids)


def choice(name: str, part: str, choices: Iterable[Any], origin: Any, needs: Needs) -> Gene:
    """A gene of some choices, and the origin after them where it is another."""
    distribution = CategoricalDistribution(tuple(dict.fromkeys([*choices, origin])))
    return Gene(name=name, part=part, distribution=distribution, origin=origin, needs=needs)


def moved(params: Params, origin: Params, name: str) -> bool:
    """Whether a parameter is another than for the seed document; steps of a float are not exact in binary."""
    value, old = params[name], origin[name]
    return abs(value - old) > 1e-9 if isinstance(old, float) else value != old
