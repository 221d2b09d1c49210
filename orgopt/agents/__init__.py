"""Agents: who proposes experiments."""

from functools import cache
from pkgutil import resolve_name

from orgopt.agents.base import STARTS, Agent, Policy, Proposal, View, repeat, scatter
from orgopt.agents.knowledge import Catalogue, Knowledge, Known
from orgopt.errors import UsageError
from orgopt.org import POLICIES

__all__ = [
    "STARTS",
    "Agent",
    "Catalogue",
    "Knowledge",
    "Known",
    "Policy",
    "Proposal",
    "View",
    "make_agent",
    "repeat",
    "scatter",
]


def make_agent(name: str) -> Policy:
    """A new agent without words, by its name in a document.

    Raises:
        UsageError: There is no such agent.
    """
    if name not in POLICIES:
        raise UsageError(f"unknown agent '{name}': known agents are {', '.join(POLICIES)}")
    return _class(POLICIES[name])()


@cache
def _class(where: str) -> type[Policy]:
    """A class by its place, which is imported when it is first needed."""
    return resolve_name(where)
