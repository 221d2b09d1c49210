"""Who knows what, when: stand-ups, and what an event of the ledger tells an agent. Pure functions.

An agent knows the baseline, what it ran, what links brought and what stand-ups shared. Nothing else
reaches it. What is shared at a stand-up is `Beliefs.best_of`, and how it is heard `exchange`.
"""

from collections.abc import Iterable, Sequence

from orgopt.org import Org, Standup
from orgopt.task import Knob, Task
from orgopt.team.beliefs import Trust
from orgopt.team.copying import HEEDING
from orgopt.team.links import Network, members


def submitters(org: Org) -> tuple[str, ...]:
    """The agents whose knowledge decides what the team submits."""
    roles = set(org.submitters())
    return tuple(member.id for member in members(org) if member.role.id in roles)


def attendees(org: Org, standup: Standup) -> tuple[str, ...]:
    """The agents that attend a stand-up."""
    roles = set(standup.attendees) or {role.id for role in org.roles}
    return tuple(member.id for member in members(org) if member.role.id in roles)


def meeting_seconds(task: Task, n: int) -> float:
    """How long a stand-up of n agents stops the thinking of each."""
    return task.meeting_s + task.meeting_per_head_s * n


def free_knobs(knobs: Sequence[Knob], focus: Iterable[str]) -> tuple[Knob, ...]:
    """The knobs of some groups, whose names are compared without case; all where no such group exists."""
    groups = {name.strip().lower() for name in focus}
    return tuple(knob for knob in knobs if knob.group.lower() in groups) or tuple(knobs)


def trust(org: Org, network: Network) -> dict[str, Trust]:
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
