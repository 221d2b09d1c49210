"""Agents: who proposes experiments."""

from orgopt.agents.base import STARTS, Agent, Catalogue, Knowledge, Known, Proposal, View, repeat, scatter
from orgopt.agents.policy import POLICIES
from orgopt.org import AGENT_KIND

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
    """A new agent by its name in a document: one of the policies, or an installed package's.

    Raises:
        UsageError: There is no such agent.
        PluginError: The package that has it does not work, or the name is taken twice.
    """
    AGENT_KIND.check(name)
    return POLICIES[name]() if name in POLICIES else AGENT_KIND.make(name, Agent)
