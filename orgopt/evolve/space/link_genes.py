"""Genes of links: one for each relation, which is a kind of link between two roles or within one.

A document may write one relation in several links (A → B and B → A): while its gene is unchanged they stay as they
are. Links that no gene covers, such as a role that reviews itself, always do.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from itertools import combinations

from orgopt.evolve.space.gene import Gene, Params, agents_of, choice, moved
from orgopt.org import Link, LinkKind, Org, Role

PATTERNS = ("ring", "line", "lattice 4", "random 0.3")
WITHIN = ("no", "full", *PATTERNS)
BETWEEN: dict[LinkKind, tuple[str, ...]] = {
    "shares with": ("no", "→", "←", "↔", *(f"↔ {pattern}" for pattern in PATTERNS)),
    "delegates to": ("no", "→"),
    "reviews": ("no", "→", "←"),
}
"""The choices between two roles; whether the second reports to the first is yes or no."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A kind of link between two roles, or within one.

    Attributes:
        name: Its parameter's.
        hired: Whether a role of it is a library's, so that the seed document has no such link.
    """

    name: str
    kind: LinkKind
    first: str
    second: str
    hired: bool

    @property
    def part(self) -> str:
        """The part that it belongs to."""
        return self.kind.split()[0]

    def covers(self, link: Link) -> bool:
        """Whether a link is of this relation."""
        return link.kind == self.kind and {link.source, link.target} == {self.first, self.second}

    def code(self, links: Iterable[Link]) -> str:
        """The links of this relation among some as a choice: `no`, `→`, `↔ ring`, or for several `← + → ring`."""
        found = sorted({self._code(link) for link in links if self.covers(link)})
        both = "↔" in found or {"→", "←"} <= set(found)
        return "↔" if both and self.kind == "shares with" else " + ".join(found) or "no"

    def _code(self, link: Link) -> str:
        if self.first == self.second:
            return link.pattern or "full"
        arrow = "↔" if link.mutual else "→" if link.source == self.first else "←"
        return f"{arrow} {link.pattern}".strip()

    def link(self, code: str) -> Link:
        """The link of a choice that is not `no`."""
        if self.first == self.second:
            pattern = "" if code == "full" else code
            return Link(source=self.first, target=self.second, kind=self.kind, mutual=True, pattern=pattern)
        arrow, _, pattern = code.partition(" ")
        source, target = (self.second, self.first) if arrow == "←" else (self.first, self.second)
        return Link(source=source, target=target, kind=self.kind, mutual=arrow == "↔", pattern=pattern)


def managers_first(org: Org) -> list[Role]:
    """The roles in document order, but every manager before who reports to it.

    In pairs of them only the second may report to the first, so that no cycle can arise.
    """
    above: TopologicalSorter[str] = TopologicalSorter({role.id: () for role in org.roles})
    for link in org.links:
        if link.kind == "reports to":
            above.add(link.source, link.target)
    above.prepare()
    place = {role.id: index for index, role in enumerate(org.roles)}
    free: list[int] = []
    found: list[Role] = []
    while above.is_active():
        for role_id in above.get_ready():
            heappush(free, place[role_id])
        found.append(org.roles[heappop(free)])
        above.done(found[-1].id)
    return found


def relations(roles: Sequence[Role], library: Collection[str]) -> Iterator[Relation]:
    """Every relation within a role and between two, of roles in the order of `managers_first`."""
    for role in roles:
        name, hired = f"shares/{role.id}", role.id in library
        yield Relation(name=name, kind="shares with", first=role.id, second=role.id, hired=hired)
    for one, other in combinations([role.id for role in roles], 2):
        ends: dict[LinkKind, str] = {
            "reports to": f"{other}→{one}",
            "shares with": f"{one}·{other}",
            "delegates to": f"{one}→{other}",
            "reviews": f"{one}·{other}",
        }
        hired = one in library or other in library
        for kind, between in ends.items():
            yield Relation(name=f"{kind.split()[0]}/{between}", kind=kind, first=one, second=other, hired=hired)


def link_genes(org: Org, found: Sequence[Relation], library: Collection[str]) -> Iterator[Gene]:
    """The gene of each relation, in the same order.

    A library's role first talks to the one who submits: it reports, where anybody does, and else both share.
    """
    boss = next(iter(org.submitters()), "")
    first = "reports to" if any(link.kind == "reports to" for link in org.links) else "shares with"
    for relation in found:
        joins = relation.first == boss and relation.second in library and relation.kind == first
        code = "↔" if joins else relation.code(org.links)
        if relation.first == relation.second:
            needs = agents_of(relation.first, least=2)
            yield choice(relation.name, relation.part, WITHIN, code, needs)
            continue
        needs = agents_of(relation.first, relation.second)
        if relation.kind == "reports to":
            yield choice(relation.name, relation.part, (False, True), code != "no", needs)
        else:
            yield choice(relation.name, relation.part, BETWEEN[relation.kind], code, needs)


def decode_links(
    org: Org, found: Iterable[Relation], params: Params, origin: Params, present: AbstractSet[str]
) -> tuple[Link, ...]:
    """The links of some parameters among the roles that are present; what they do not change stays as written."""
    links = list(org.links)
    for relation in found:
        if relation.hired:
            if params[relation.name] in {"no", False} or not {relation.first, relation.second} <= present:
                continue
        elif moved(params, origin, relation.name):
            links = [link for link in links if not relation.covers(link)]
        else:
            continue
        if (code := params[relation.name]) not in {"no", False}:
            links.append(relation.link("←" if code is True else code))
    return tuple(links)
