"""What an agent takes for true: how many runs, whose word, and whose results it confirms itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orgopt.org import CopyRule, Org
from orgopt.team.links import Network, members

HEEDING: tuple[CopyRule, ...] = ("majority", "best of 3", "majority of 3")
"""The copy rules that look at what each neighbour has, and not at all that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What an agent takes for true.

    Attributes:
        me: The agent.
        seeds: Successful runs of a setting before it is believed.
        reviewers: Whose run passes a result of an agent; agents that nobody reviews are missing.
        confirms: The agents whose results it confirms itself.
        watches: The agents whose best settings it keeps in mind, besides its own.
    """

    me: str
    seeds: int = 1
    reviewers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    confirms: frozenset[str] = frozenset()
    watches: frozenset[str] = frozenset()


def trusts(org: Org, network: Network) -> dict[str, Trust]:
    """What each agent takes for true.

    It confirms the results of its own role, and of roles that confirm less than it does itself.
    """
    team = members(org)
    confirm = {member.id: org.confirm_of(member.role) for member in team}
    role = {member.id: member.role.id for member in team}
    found: dict[str, Trust] = {}
    for member in team:
        me = member.id
        less = frozenset(one for one in role if role[one] == role[me] or confirm[one] < confirm[me])
        heeds = network.sources(me) if org.copy_rule_of(member.role) in HEEDING else ()
        found[me] = Trust(
            me=me,
            seeds=1 + confirm[me],
            reviewers=network.reviewers,
            confirms=less,
            watches=frozenset(heeds),
        )
    return found
