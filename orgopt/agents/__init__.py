"""Agents: who proposes experiments."""

from orgopt.agents.base import STARTS, Agent, Catalogue, Knowledge, Known, Proposal, View, repeat, scatter
from orgopt.agents.policy import POLICIES
from orgopt.errors import UsageError

__all__ = [
    "STARTS",
    "Agent",
    "Catalogue",
    "Knowledge",
    "Known",
    "Proposal",
    "View",
    "make_agent",
    "repeat",
    "scatter",
]


def make_agent(name: str) -> Agent:
    """A new agent by its name in a document.

    Raises:
        UsageError: There is no such agent.
    """
    if name not in POLICIES:
        raise UsageError(f"unknown agent '{name}': known agents are {', '.join(POLICIES)}")
    return POLICIES[name]()
