"""Which row of a drawing a role is in: managers above their reports, peers side by side.

Covers the rows only; the order within a row and the coordinates are those of `layout`.
"""

import math
from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter
from typing import NamedTuple

from orgopt.org import Link

LONGEST, BROKEN = 8, 6
"""Boxes that a layer has at most in one row, and about how many the rows of a longer one have.

In drawings of more than a few dozen roles both grow, so that the drawing stays about as wide as it is high.
"""


class Rows(NamedTuple):
    """Who is in which row.

    Attributes:
        row_of: The row of each role, from 0 at the top.
        broken: The first and the last row of each layer that has several.
    """

    row_of: dict[str, int]
    broken: tuple[tuple[int, int], ...]


def rows(ids: Sequence[str], links: Sequence[Link]) -> Rows:
    """The rows of a drawing; every end of a link must be in `ids`."""
    order = _hierarchy(ids, links)
    layers: dict[int, list[str]] = {}
    depth = _depth(ids, links, order)
    for role in ids:
        layers.setdefault(depth[role], []).append(role)
    broken = max(BROKEN, math.ceil(math.sqrt(len(ids))))
    place: dict[str, int] = {}
    several: list[tuple[int, int]] = []
    top = 0
    for layer in sorted(layers):
        long = len(layers[layer])
        count = math.ceil(long / broken) if long > max(LONGEST, broken) else 1
        for family in _families(layers[layer], order, count):
            size = math.ceil(len(family) / count)
            place |= {role: top + index // size for index, role in enumerate(family)}
        last = max(place.values())
        several += [(top, last)] if last > top else []
        top = last + 1
    return Rows(place, tuple(several))


class _Hierarchy:
    """Who is above whom, without cycles: the roles directly above and below each, in the order of their links."""

    def __init__(self, ids: Sequence[str]) -> None:
        self.above: dict[str, list[str]] = {role: [] for role in ids}
        self.below: dict[str, list[str]] = {role: [] for role in ids}

    def put(self, upper: str, lower: str) -> None:
        """Put a role above another, unless it is there or below it."""
        if lower not in self.below[upper] and not self._leads(lower, upper):
            self.below[upper].append(lower)
            self.above[lower].append(upper)

    def _leads(self, upper: str, lower: str) -> bool:
        """Whether a role is above another, with others between them or none, or is the other."""
        if not self.below[upper]:
            return upper == lower
        climbed, left = {lower}, [lower]
        while left and upper not in climbed:
            left += (others := set(self.above[left.pop()]) - climbed)
            climbed |= others
        return upper in climbed

    def layers(self) -> Iterator[tuple[str, ...]]:
        """The roles by the longest way from the top."""
        left: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(self.below, ()))
        for upper, lowers in self.below.items():
            for lower in lowers:
                left.add(lower, upper)
        left.prepare()
        while left.is_active():
            yield (layer := left.get_ready())
            left.done(*layer)


def _hierarchy(ids: Sequence[str], links: Sequence[Link]) -> _Hierarchy:
    """Who is above whom: by reports, and by other links for roles that have no reports."""
    order = _Hierarchy(ids)
    reporting = _reporting(links)
    pairs = [(link.target, link.source) for link in links if link.kind == "reports to"]
    pairs += [(link.source, link.target) for link in _leading(links) if link.target not in reporting]
    for upper, lower in pairs:
        order.put(upper, lower)
    return order


def _reporting(links: Sequence[Link]) -> set[str]:
    return {end for link in links if link.kind == "reports to" for end in (link.source, link.target)}


def _leading(links: Sequence[Link]) -> list[Link]:
    """Links that go down where reports do not say otherwise."""
    return [link for kind in ("delegates to", "reviews") for link in links if link.kind == kind]


def _depth(ids: Sequence[str], links: Sequence[Link], order: _Hierarchy) -> dict[str, int]:
    """The layer of each role: the longest way from the top.

    One that leads without reports, as a reviewer does, is just above those it leads, and does not push them
    down; one that only shares is beside its partners.
    """
    depth: dict[str, int] = {}
    for layer, roles in enumerate(order.layers()):
        depth |= {role: layer for role in roles if order.above[role] or order.below[role]}
    reporting = _reporting(links)
    led: dict[str, list[int]] = {role: [] for role in ids}
    for link in _leading(links):
        led[link.source] += [depth[link.target]] if link.target in depth else []
    for role in ids:
        if led[role] and role not in reporting and not order.above[role]:
            depth[role] = max(0, min(led[role]) - 1)
    partners: dict[str, set[str]] = {role: set() for role in ids}
    for link in links:
        partners[link.source].add(link.target)
        partners[link.target].add(link.source)
    queue = list(depth)
    for settled in queue:
        for role in sorted(partners[settled] - depth.keys()):
            known = [depth[partner] for partner in partners[role] & depth.keys()]
            depth[role] = sum(known) // len(known)
            queue.append(role)
    # A role without a way to the others is not their chief.
    last = max(depth.values(), default=0)
    return depth | {role: last for role in ids if role not in depth}


def _families(layer: Sequence[str], order: _Hierarchy, count: int) -> list[list[str]]:
    """The roles of a layer by their first manager, those who lead others last, nearest to their own reports.

    Families too small to have a role in each of `count` rows are one family.
    """
    families: dict[str, list[str]] = {}
    for role in layer:
        families.setdefault(next(iter(order.above[role]), ""), []).append(role)
    large = [family for family in families.values() if len(family) >= count]
    small = [role for family in families.values() if len(family) < count for role in family]
    return [sorted(family, key=lambda role: bool(order.below[role])) for family in (*large, small) if family]
