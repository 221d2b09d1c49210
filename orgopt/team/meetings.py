"""Who knows what, when: stand-ups, and what an event of the ledger tells an agent. Pure functions.

An agent knows the baseline, what it ran, what links brought and what stand-ups shared. Nothing else
reaches it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from orgopt.ledger import BASELINE, Event
from orgopt.org import Org, Standup
from orgopt.task import Knob, Settings, Task
from orgopt.team.beliefs import Beliefs, Run, Trust
from orgopt.team.copying import HEEDING
from orgopt.team.links import Network, members
from orgopt.team.scripts import Scripts


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


def learned(agent: str, event: Event) -> tuple[int, ...]:
    """The experiments whose results an event makes known to an agent."""
    data = event.data
    if event.kind == "outcome" and data["agent"] == agent and data["status"] != "unfinished":
        return (data["id"],)
    if event.kind == "message" and agent in data["to"]:
        return tuple(data["experiments"])
    if event.kind == "meeting" and agent in data["agents"]:
        return tuple(data["shared"])
    return ()


def view(events: Iterable[Event], agent: str) -> tuple[int, ...]:
    """The experiments that an agent knows the results of, in the order that it learned them."""
    return tuple(dict.fromkeys(experiment for event in events for experiment in learned(agent, event)))


def recall(task: Task, trust: Trust, events: Iterable[Event]) -> Beliefs:
    """What an agent believes after some events: what the team keeps up to date for it, computed afresh."""
    defaults = task.complete({})
    found = Beliefs(task.knobs, defaults, task.baseline, trust)
    asked: dict[int, Settings] = {}
    scripts = Scripts(task)
    first: dict[tuple[Any, ...], int] = {("", *defaults.values()): BASELINE}
    runs: dict[int, Run] = {}
    for event in events:
        data = event.data
        if event.kind == "proposal":
            asked[data["id"]] = {**defaults, **data["knobs"]}
            scripts.put(data["id"], asked[data["id"]], data.get("script"))
            first.setdefault((scripts.key(data["id"]), *asked[data["id"]].values()), data["id"])
        elif event.kind == "outcome":
            settings = asked[data["id"]]
            number, curve = first[(scripts.key(data["id"]), *settings.values())], tuple(data.get("curve", ()))
            runs[data["id"]] = Run(data["id"], data["agent"], number, settings, data["metric"], curve)
        for experiment in learned(trust.me, event):
            if experiment != BASELINE:
                found.learn(runs[experiment])
        if event.kind == "message" and "ruling" in data and trust.me in (*data["to"], data["sender"]):
            setting = runs[data["experiments"][0]].setting
            if data["ruling"] == "pass":
                found.approve(setting, data["sender"])
            elif trust.me == data["sender"]:
                found.reject(setting)
        if event.kind == "message" and data["link"] == "delegates to" and trust.me in data["to"]:
            handed = data["experiments"][0]
            found.hand(data["sender"], runs[handed].setting if handed != BASELINE else BASELINE)
    return found
