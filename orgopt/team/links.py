"""Who is linked to whom among the agents of a team: pure functions of an organization and the run's seed."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from orgopt.org import LINK_KINDS, Link, Org, Role
from orgopt.seeds import Stream, generator

_PATTERN = re.compile(r"(?P<name>[a-z]+)(?:\s+(?P<number>\d*\.?\d+))?$")


class Member(NamedTuple):
    """One agent of a team: `explorer-2` is the second of the role Explorer."""

    id: str
    role: Role


Hearers = dict[str, dict[str, list[str]]]
"""For each agent, by kind of link, the agents that hear of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Who is linked to whom.

    Attributes:
        hearers: Who hears at once of each result of an agent.
        delegates: Whom an agent gives its incumbent.
        reviewers: Whose run passes a result of an agent; agents that nobody reviews are missing.
        neighbours: The agents whose results or incumbents reach an agent; those whom nothing reaches are missing.
    """

    hearers: Hearers
    delegates: dict[str, list[str]]
    reviewers: dict[str, frozenset[str]]
    neighbours: dict[str, list[str]]

    def sources(self, agent: str) -> list[str]:
        """The agents whose results or incumbents reach an agent: its neighbours."""
        return self.neighbours.get(agent, [])


def members(org: Org) -> tuple[Member, ...]:
    """Every agent of an organization, in document order."""
    return tuple(Member(f"{role.id}-{n}", role) for role in org.roles for n in range(1, role.headcount + 1))


def submitters(org: Org) -> tuple[str, ...]:
    """The agents whose knowledge decides what the team submits."""
    roles = set(org.submitters())
    return tuple(member.id for member in members(org) if member.role.id in roles)


def network(org: Org, seed: int = 0) -> Network:
    """Who is linked to whom; the seed draws the pairs of `(random p)`.

    Results flow along `shares with` one step, along `reports to` all the way up, and to reviewers.
    """
    flows: dict[str, list[tuple[str, str]]] = {kind: [] for kind in LINK_KINDS}
    for index, link in enumerate(org.links):
        flows[link.kind] += pairs(org, link, generator(Stream.LINK, seed, index))
    # In this order: whoever several links reach hears along the first of them, and once.
    told = {
        "reports to": _upwards(flows["reports to"]),
        "shares with": flows["shares with"],
        "reviews": [(agent, reviewer) for reviewer, agent in flows["reviews"]],
    }
    order = [member.id for member in members(org)]
    reviewers = {agent: frozenset(by) for agent, by in _grouped(told["reviews"]).items()}
    hearers, delegates = _hearers(told, order), _grouped(flows["delegates to"])
    reach = [(one, hearer) for one, by_kind in hearers.items() for to in by_kind.values() for hearer in to]
    reach += [(one, hearer) for one, to in delegates.items() for hearer in to]
    return Network(
        hearers=hearers,
        delegates=delegates,
        reviewers=reviewers,
        neighbours=_grouped((hearer, one) for one, hearer in reach),
    )


def pairs(org: Org, link: Link, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """The pairs of agents, source and target, that a link joins; `rng` draws those of `(random p)`.

    The agents of both roles stand in one row, evenly mixed, and the pattern says who of them are neighbours:
    so two roles of 50 with `A ↔ B (ring)` make a ring of 100.
    """
    sources, targets = _agents(org, link.source), _agents(org, link.target)
    alone = link.source == link.target
    row = sources if alone else _mixed(sources, targets)
    # The pair has no order of its own, so that a random link of two joins both or neither.
    near = _neighbours(link.pattern, len(row), rng)
    place, among = {agent: at for at, agent in enumerate(row)}, frozenset(targets)
    for source in sources:
        for at in near(place[source]):
            target = row[at]
            if target != source and target in among:
                yield source, target
                if link.mutual and not alone:
                    yield target, source


def _agents(org: Org, role_id: str) -> list[str]:
    return [member.id for member in members(org) if member.role.id == role_id]


def _mixed(first: list[str], second: list[str]) -> list[str]:
    # Each agent stands in the middle of its share of the row, so that the smaller role is spread evenly.
    spread = [((at + 0.5) / len(row), side, at) for side, row in enumerate((first, second)) for at in range(len(row))]
    return [(first, second)[side][at] for _, side, at in sorted(spread)]


def _neighbours(pattern: str, n: int, rng: np.random.Generator) -> Callable[[int], Iterable[int]]:
    """The places of a row of n that are linked to one, rising; anything but the four patterns links everyone."""
    match = _PATTERN.match(pattern.strip().lower())
    name, number = (match["name"], float(match["number"] or 0)) if match else ("", 0.0)
    if name == "line":
        return lambda at: range(max(0, at - 1), min(n, at + 2))
    if name in {"ring", "lattice"}:
        reach = 1 if name == "ring" else max(1, int(number) // 2)
        return lambda at: range(n) if n <= 2 * reach else sorted((at + k) % n for k in range(-reach, reach + 1))
    if name == "random":
        return _drawn(n, number, rng).__getitem__
    return lambda _at: range(n)


def _drawn(n: int, chance: float, rng: np.random.Generator) -> list[list[int]]:
    """The places that are linked to each of a row of n where every pair is drawn, a row at a time.

    All pairs are drawn, used or not: so who is linked does not depend on the order of asking.
    """
    found: list[list[int]] = [[] for _ in range(n)]
    for low in range(n):
        for high in (low + 1 + np.flatnonzero(rng.random(n)[low + 1 :] < chance)).tolist():
            found[low].append(high)
            found[high].append(low)  # after those before it, since rows come in order
    return found


def _upwards(reports: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Reports go to whom an agent reports, and on to whom those report."""
    direct = _grouped(reports)
    found: list[tuple[str, str]] = []
    for agent in direct:
        above, known = list(direct[agent]), {agent, *direct[agent]}
        for superior in above:  # it grows while it is read
            further = [one for one in direct.get(superior, ()) if one not in known]
            above += further
            known.update(further)
        found += [(agent, one) for one in above]
    return found


def _grouped(flows: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, target in dict.fromkeys(flows):
        found.setdefault(source, []).append(target)
    return found


def _hearers(told: dict[str, list[tuple[str, str]]], order: list[str]) -> Hearers:
    """Each hearer once, under the first kind of link that reaches it, in document order."""
    place = {agent: at for at, agent in enumerate(order)}
    via: dict[str, dict[str, str]] = {agent: {} for agent in order}
    for kind, flows in told.items():
        for source, target in flows:
            via[source].setdefault(target, kind)
    found: Hearers = {agent: {} for agent in order}
    for agent, kinds in via.items():
        for hearer in sorted(kinds, key=place.__getitem__):
            found[agent].setdefault(kinds[hearer], []).append(hearer)
    return found
