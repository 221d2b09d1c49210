"""Who knows what, when: pure functions over an organization and its ledger.

An agent knows the baseline, what it ran, what links brought and what stand-ups shared. Nothing else
reaches it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import networkx as nx

from orgopt.ledger import Event
from orgopt.org import Org, Role, Standup
from orgopt.task import Task


class Member(NamedTuple):
    """One agent of a team: `explorer-2` is the second of the role Explorer."""

    id: str
    role: Role


def members(org: Org) -> tuple[Member, ...]:
    """Every agent of an organization, in document order."""
    return tuple(Member(f"{role.id}-{n}", role) for role in org.roles for n in range(1, role.headcount + 1))


def hearers(org: Org) -> dict[str, dict[str, str]]:
    """Who hears at once of each agent's results, and through which kind of link.

    Results flow along `shares with` one step, and along `reports to` all the way up. Agents of one role
    hear each other only when the role shares with itself.
    """
    team = members(org)
    up = nx.transitive_closure_dag(org.reporting()) if team else org.reporting()
    found: dict[str, dict[str, str]] = {}
    shares = {(link.source, link.target) for link in org.links if link.kind == "shares with"}
    shares |= {(link.target, link.source) for link in org.links if link.kind == "shares with" and link.mutual}
    for member in team:
        heard: dict[str, str] = {}
        for other in team:
            if other.id == member.id:
                continue
            if up.has_edge(member.role.id, other.role.id):
                heard[other.id] = "reports to"
            elif (member.role.id, other.role.id) in shares:
                heard[other.id] = "shares with"
        found[member.id] = heard
    return found


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


def shared(own: Mapping[str, Iterable[tuple[float, int]]], share: int | None) -> list[int]:
    """The experiments that a stand-up makes known to all who attend.

    Args:
        own: For each attendee, the metric and id of every result that it ran.
        share: How many of its best each shares; None is all.
    """
    return sorted({experiment for results in own.values() for _, experiment in sorted(results)[:share]})


def learned(agent: str, event: Event) -> tuple[int, ...]:
    """The experiments whose results an event makes known to an agent."""
    data = event.data
    if event.kind == "outcome" and data["agent"] == agent and data["status"] != "unfinished":
        return (data["id"],)
    if event.kind == "message" and data["to"] == agent:
        return tuple(data["experiments"])
    if event.kind == "meeting" and agent in data["agents"]:
        return tuple(data["shared"])
    return ()


def view(events: Iterable[Event], agent: str) -> tuple[int, ...]:
    """The experiments that an agent knows the results of, in the order that it learned them."""
    return tuple(dict.fromkeys(experiment for event in events for experiment in learned(agent, event)))
