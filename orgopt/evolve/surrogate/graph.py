"""Role graphs as arrays: what the feedback model sees of an organization, and of the setting that it works in.

Nothing here depends on the names of roles or on their order. Charters are left out: policy agents do not read them,
so that in studies of policies no output can depend on them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from orgopt.agent_names import AGENTS
from orgopt.org import MAX_CONFIRM, Link, LinkKind, Org, Role
from orgopt.storage.json_values import json_values

ROLES = 16
"""The most roles with agents that are seen; of more, those of the most agents."""
CHANNELS: tuple[tuple[LinkKind, bool], ...] = (
    ("shares with", False),
    ("reports to", False),
    ("reports to", True),
    ("delegates to", False),
    ("delegates to", True),
    ("reviews", False),
    ("reviews", True),
)
"""Kinds of link, each along its direction and against it; sharing is symmetric enough to count once."""
NODE = 10 + len(AGENTS) + 2
TEAM = 16
_TYPICAL_EXPERIMENTS = 50.0  # a slot and run, where nothing was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a team works in.

    Attributes:
        task: The task's name, which the model does not see.
        slots: Experiments at once.
        budget_s: Lab seconds of a run.
        noise: Standard deviation of research output over seeds.
        think_s: Agent-seconds of a policy's proposal; None where nothing says it.
        run_s: Slot-seconds of a typical experiment; None likewise.
        curves: Rank correlation of learning curves, half-way, with their ends; None likewise, or where curves have one
            point.
    """

    task: str
    slots: int
    budget_s: float
    noise: float
    think_s: float | None = None
    run_s: float | None = None
    curves: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The setting as JSON values."""
        return json_values(self)

    @property
    def experiments(self) -> float:
        """Experiments that a slot can do in a run."""
        return self.budget_s / self.run_s if self.run_s else _TYPICAL_EXPERIMENTS

    @property
    def thinking(self) -> float:
        """Seconds of thinking a second of running."""
        return self.think_s / self.run_s if self.think_s and self.run_s else 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphs:
    """n organizations in their settings.

    Attributes:
        nodes: (n, R, NODE) roles, those with agents first; zeros for no role.
        links: (n, C, R, R) how densely the row's role hears the column's over a channel, 0 to 1.
        share: (n, R) the share of the agents that a role has; rows sum to 1.
        team: (n, TEAM) what belongs to no role.
    """

    nodes: np.ndarray
    links: np.ndarray
    share: np.ndarray
    team: np.ndarray

    def __len__(self) -> int:
        return len(self.team)

    def __getitem__(self, rows: Any) -> "Graphs":
        own = (self.nodes[rows], self.links[rows], self.share[rows], self.team[rows])
        return Graphs(nodes=own[0], links=own[1], share=own[2], team=own[3])


def graphs(orgs: Sequence[Org], settings: Sequence[Setting]) -> Graphs:
    """The arrays of some organizations, each in a setting."""
    most = max((min(ROLES, sum(1 for role in org.roles if role.headcount)) for org in orgs), default=1)
    shape = (len(orgs), max(1, most))
    nodes, share = np.zeros((*shape, NODE), np.float32), np.zeros(shape, np.float32)
    links, team = np.zeros((len(orgs), len(CHANNELS), shape[1], shape[1]), np.float32), np.zeros((len(orgs), TEAM))
    for at, (org, setting) in enumerate(zip(orgs, settings, strict=True)):
        roles = sorted((role for role in org.roles if role.headcount), key=lambda role: -role.headcount)[: shape[1]]
        submitters, heads = org.submitters(), max(1, sum(role.headcount for role in roles))
        for place, role in enumerate(roles):
            nodes[at, place] = _node(org, role, heads, submits=role.id in submitters)
            share[at, place] = role.headcount / heads
        places = {role.id: place for place, role in enumerate(roles)}
        for link in org.links:
            if link.source in places and link.target in places:
                _join(links[at], link, places, [role.headcount for role in roles])
        team[at] = _team(org, setting, roles, links[at])
    return Graphs(nodes=nodes, links=links, share=share, team=team.astype(np.float32))


def _node(org: Org, role: Role, heads: int, *, submits: bool) -> list[float]:
    stop, rule = org.stop_early_of(role), org.copy_rule_of(role)
    attends = org.standup is not None and (not org.standup.attendees or role.id in org.standup.attendees)
    return [
        math.log1p(role.headcount) / 2,
        role.headcount / heads,
        org.risk_of(role),
        min(1.0, org.confirm_of(role) / min(3, MAX_CONFIRM)),
        1.0 if isinstance(stop, str) else stop,
        float(stop != "off"),
        float(bool(role.focus)),
        float(rule.startswith("majority")),
        float(rule == "own"),
        float(rule.endswith("of 3")),
        *(float(role.agent == agent) for agent in AGENTS),
        float(submits),
        float(attends),
    ]


def _join(links: np.ndarray, link: Link, places: dict[str, int], heads: Sequence[int]) -> None:
    """Enter a link in the channels of its kind: results flow from its source to its target."""
    source, target = places[link.source], places[link.target]
    members = heads[source] if source == target else heads[source] + heads[target]
    if source == target and members < 2:
        return
    weight = _density(link.pattern, members)
    for channel, (kind, against) in enumerate(CHANNELS):
        if kind != link.kind:
            continue
        hears, tells = (source, target) if against else (target, source)
        links[channel, hears, tells] = max(links[channel, hears, tells], weight)
        if link.mutual:
            links[channel, tells, hears] = max(links[channel, tells, hears], weight)


def _density(pattern: str, members: int) -> float:
    """The share of pairs of agents that a pattern links."""
    kind, _, value = pattern.partition(" ")
    others = max(1, members - 1)
    match kind:
        case "ring":
            return min(1.0, 2 / others)
        case "line":
            return min(1.0, 2 / members)
        case "lattice":
            return min(1.0, float(value) / others)
        case "random":
            return float(value)
        case _:
            return 1.0


def _team(org: Org, setting: Setting, roles: Sequence[Role], links: np.ndarray) -> list[float]:
    standup, heads = org.standup, max(1, sum(role.headcount for role in roles))
    meetings = 0.0
    if standup:
        in_all = setting.experiments * setting.slots
        meetings = (in_all if standup.unit == "experiments" else setting.budget_s) / max(standup.every, 1e-3)
    busy = heads / (setting.slots * (1 + setting.thinking))  # 1 where the agents just fill the slots
    shares = np.array([role.headcount / heads for role in roles])
    joined = links[:, : len(roles), : len(roles)]
    density = np.einsum("crs,r,s->c", joined, shares, shares)[[0, 1, 3, 5]]  # chances that one agent hears another
    return [
        float(standup is not None),
        float(standup is not None and standup.unit == "s"),
        math.log1p(meetings) / 3,
        (math.log(standup.share) / 2 if standup.share else 1.0) if standup else 0.0,
        math.log1p(heads) / 2,
        math.log(busy),
        min(0.0, math.log(busy)),
        len(roles) / 4,
        *(2 * density),
        math.log(max(setting.noise, 1e-3)) + 1.5,
        math.log(max(setting.thinking, 1e-3)) + 2,
        math.log(max(setting.experiments, 1e-3)) / 2 - 2,
        setting.curves or 0.0,
    ]
