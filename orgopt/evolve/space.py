"""The genome: an organization as Optuna distributions, and the way back to Edits on the seed document.

It is absolute, so that any sampler, its importances and its storage work: headcounts, agents and risks of
the seed document's roles and of a library's, links by kind, the stand-up. Names and choices are stable
for a seed document, a library and a budget.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import networkx as nx
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from orgopt.document.edit import AddLink, Edit, RemoveLink, SetKey, apply
from orgopt.document.edit_roles import AddRole, library_text
from orgopt.document.program import Program
from orgopt.document.read import read
from orgopt.org import MAX_HEADCOUNT, WORKING_AGENTS, Link, Org, Role, Standup

Params = Mapping[str, Any]

SHARES = ("no", "→", "←", "↔")
SHARE_COUNTS = ("1", "2", "3", "5", "all")
LIBRARY_HEADCOUNT = 3


class Space:
    """The search space around a seed document.

    Args:
        seed: The document that candidates are edits of.
        library: A document whose roles may be added; None for none.
        budget_s: The budget of a run, which bounds the interval of timed stand-ups.

    Attributes:
        distributions: An Optuna distribution for every parameter, in a fixed order.
        origin: The parameters of the seed document.
    """

    def __init__(self, seed: Program, library: Program | None, budget_s: float) -> None:
        self.seed, self.org = seed, read(seed).org
        self._texts: dict[str, str] = {}
        extra: list[Role] = []
        if library:
            reading = read(library)
            extra = [role for role in reading.org.roles if role.id in reading.roles and not self.org.role(role.id)]
            self._texts = {role.id: library_text(library, role.id) for role in extra}
        self.roles: tuple[Role, ...] = (*_managers_first(self.org), *extra)
        self._shortest_s, self._longest_s = budget_s / 20, budget_s
        self.distributions: dict[str, BaseDistribution] = {}
        for role in self.roles:
            most = LIBRARY_HEADCOUNT if role.id in self._texts else min(MAX_HEADCOUNT, max(4, 2 * role.headcount))
            self.distributions[f"headcount/{role.id}"] = IntDistribution(0, most)
            self.distributions[f"agent/{role.id}"] = CategoricalDistribution(WORKING_AGENTS)
            self.distributions[f"risk/{role.id}"] = FloatDistribution(0, 1, step=0.05)
            self.distributions[f"shares/{role.id}"] = CategoricalDistribution((False, True))
        for manager, role in self._pairs():
            self.distributions[f"reports/{role.id}→{manager.id}"] = CategoricalDistribution((False, True))
            self.distributions[f"shares/{manager.id}·{role.id}"] = CategoricalDistribution(SHARES)
        self.distributions |= {
            "standup/unit": CategoricalDistribution(("off", "experiments", "s")),
            "standup/experiments": IntDistribution(2, 40, log=True),
            "standup/seconds": FloatDistribution(self._shortest_s, self._longest_s, log=True),
            "standup/best": CategoricalDistribution(SHARE_COUNTS),
        }
        self.origin: dict[str, Any] = self._encode()

    def decode(self, params: Params) -> tuple[Edit, ...]:
        """The edits that turn the seed document into the organization of some parameters."""
        edits: list[Edit] = []
        present: set[str] = set()
        for role in self.roles:
            headcount, agent, risk = (params[f"{part}/{role.id}"] for part in ("headcount", "agent", "risk"))
            new = role.id in self._texts
            if new and not headcount:
                continue
            present.add(role.id)
            if new:
                edits.append(AddRole(self._texts[role.id]))
            if headcount != role.headcount:
                edits.append(SetKey(role.id, "headcount", headcount))
            if agent != role.agent:
                edits.append(SetKey(role.id, "agent", agent))
            if round(risk, 2) != self.origin[f"risk/{role.id}"]:  # steps of .05 are not exact in binary
                edits.append(SetKey(role.id, "risk tolerance", round(risk, 2)))
        edits += self._link_edits(params, present)
        if any(params[key] != self.origin[key] for key in self._standup_keys(params)):
            edits.append(SetKey(None, "stand-up", self._standup(params)))
        return tuple(edits)

    def _link_edits(self, params: Params, present: set[str]) -> list[Edit]:
        """The edits between the links of the seed document and those of some parameters, relation by relation.

        A document may write one relation in several links (A → B and B → A): where the relation does not
        change, they stay as they are.
        """
        wanted = _relations(link for link in self._links(params) if {link.source, link.target} <= present)
        origin = _relations(link for link in self._links(self.origin) if self._is_old(link))
        written = _relations(self.org.links)
        edits: list[Edit] = []
        for relation in [*written, *(r for r in wanted if r not in written)]:
            new, old = wanted.get(relation, []), origin.get(relation, [])
            if {link.key for link in new} != {link.key for link in old}:
                edits += [RemoveLink(link) for link in written.get(relation, [])]
                edits += [AddLink(link) for link in new]
        return edits

    def program(self, params: Params) -> Program:
        """The seed document after the edits of some parameters."""
        return apply(self.decode(params), self.seed)

    def active(self, params: Params) -> list[str]:
        """The parameters that make a difference where the others stand: none of an absent role but its headcount."""
        present = {role.id for role in self.roles if params[f"headcount/{role.id}"]}
        standup = self._standup_keys(params)
        found: list[str] = []
        for key in self.distributions:
            part, _, rest = key.partition("/")
            if part == "standup":
                use = key in standup
            elif part == "headcount":
                use = True
            else:
                use = set(rest.replace("→", "·").split("·")) <= present
                if part == "shares" and "·" not in rest:
                    use = use and params[f"headcount/{rest}"] > 1
            if use:
                found.append(key)
        return found

    def _pairs(self) -> list[tuple[Role, Role]]:
        """Pairs of roles whose second may report to the first: earlier in order, so no cycle can arise."""
        return [(a, b) for i, a in enumerate(self.roles) for b in self.roles[i + 1 :]]

    def _is_old(self, link: Link) -> bool:
        return link.source not in self._texts and link.target not in self._texts

    def _encode(self) -> dict[str, Any]:
        params: dict[str, Any] = {}
        links = {(link.source, link.target, link.kind): link for link in self.org.links}
        for role in self.roles:
            params[f"headcount/{role.id}"] = 0 if role.id in self._texts else role.headcount
            params[f"agent/{role.id}"] = role.agent
            params[f"risk/{role.id}"] = round(round(self.org.risk_of(role) / 0.05) * 0.05, 2)
            params[f"shares/{role.id}"] = (role.id, role.id, "shares with") in links
        boss = next((role for role in self.org.submitters()), "")
        has_reports = any(link.kind == "reports to" for link in self.org.links)
        for manager, role in self._pairs():
            # A library role, once it has agents, first talks to the one who submits.
            joins = role.id in self._texts and manager.id == boss
            reports = (role.id, manager.id, "reports to") in links or (joins and has_reports)
            params[f"reports/{role.id}→{manager.id}"] = reports
            one, other = ((a.id, b.id, "shares with") for a, b in ((manager, role), (role, manager)))
            mutual = any(key in links and links[key].mutual for key in (one, other)) or (joins and not has_reports)
            code = (one in links) + 2 * (other in links)
            params[f"shares/{manager.id}·{role.id}"] = "↔" if mutual else SHARES[code]
        standup = self.org.standup
        params["standup/unit"] = standup.unit if standup else "off"
        every = standup.every if standup else 0.0
        counted = bool(standup) and params["standup/unit"] == "experiments"
        params["standup/experiments"] = min(40, max(2, round(every))) if counted else 8
        timed = bool(standup) and not counted
        middle = (self._shortest_s * self._longest_s) ** 0.5
        params["standup/seconds"] = min(self._longest_s, max(self._shortest_s, every if timed else middle))
        share = str(standup.share or "all") if standup else "3"
        params["standup/best"] = share if share in SHARE_COUNTS else "all"
        return params

    def _links(self, params: Params) -> list[Link]:
        links = [
            Link(source=role.id, target=role.id, kind="shares with", mutual=True)
            for role in self.roles
            if params[f"shares/{role.id}"]
        ]
        for manager, role in self._pairs():
            if params[f"reports/{role.id}→{manager.id}"]:
                links.append(Link(source=role.id, target=manager.id, kind="reports to"))
            shares = params[f"shares/{manager.id}·{role.id}"]
            source, target = (role.id, manager.id) if shares == "←" else (manager.id, role.id)
            if shares != "no":
                links.append(Link(source=source, target=target, kind="shares with", mutual=shares == "↔"))
        return links

    def _standup_keys(self, params: Params) -> list[str]:
        unit = params["standup/unit"]
        interval = {"off": [], "experiments": ["standup/experiments"], "s": ["standup/seconds"]}[unit]
        return ["standup/unit", *interval, *(["standup/best"] if unit != "off" else [])]

    def _standup(self, params: Params) -> Standup | None:
        """The stand-up of some parameters; what they do not change stays as the seed document has it."""
        unit, old = params["standup/unit"], self.org.standup
        if unit == "off":
            return None
        key = f"standup/{'experiments' if unit == 'experiments' else 'seconds'}"
        every = float(params[key]) if unit == "experiments" else _round(params[key])
        share = None if params["standup/best"] == "all" else int(params["standup/best"])
        if old and unit == old.unit and params[key] == self.origin[key]:
            every = old.every
        if old and params["standup/best"] == self.origin["standup/best"]:
            share = old.share
        return Standup(every=every, unit=unit, attendees=old.attendees if old else (), share=share)


def _relations(links: Iterable[Link]) -> dict[tuple[str, ...], list[Link]]:
    """Links by the two roles and the kind of their relation, whatever its direction."""
    found: dict[tuple[str, ...], list[Link]] = {}
    for link in links:
        found.setdefault((*sorted((link.source, link.target)), link.kind), []).append(link)
    return found


def _managers_first(org: Org) -> list[Role]:
    """The roles in document order, but every manager before who reports to it."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(role.id for role in org.roles)
    graph.add_edges_from((link.target, link.source) for link in org.links if link.kind == "reports to")
    order = {role.id: index for index, role in enumerate(org.roles)}
    ids = nx.lexicographical_topological_sort(graph, key=lambda node: order[node])
    return [role for role_id in ids if (role := org.role(role_id))]


def _round(seconds: float) -> float:
    """Two significant digits, and whole minutes where there are some: a number that a person would write."""
    seconds = float(f"{seconds:.2g}")
    return float(round(seconds / 60) * 60) if seconds >= 120 else seconds
