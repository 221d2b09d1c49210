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
    confirm = {role.id: org.confirm_of(role) for role in org.roles}
    # One for all agents of a role: a set of an agent's own for each would grow with the square of their number.
    less = {
        me: frozenset(one.id for one in team if one.role.id == me or confirm[one.role.id] < confirm[me])
        for me in confirm
    }
    found: dict[str, Trust] = {}
    for member in team:
        me = member.id
        heeds = network.sources(me) if org.copy_rule_of(member.role) in HEEDING else ()
        found[me] = Trust(
            me=me,
            seeds=1 + confirm[member.role.id],
            reviewers=network.reviewers,
            confirms=less[member.role.id],
            watches=frozenset(heeds),
        )
    return found
