"""Agents: who proposes experiments."""

from functools import cache
from pkgutil import resolve_name

from orgopt.agent_names import AGENT_KIND, POLICIES
from orgopt.agents.base import STARTS, Agent, Policy, Proposal, View, repeat, scatter
from orgopt.agents.knowledge import Catalogue, Knowledge, Known

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
    """A new agent without words, by its name in a document: one of the policies, or an installed package's.

    Raises:
        UsageError: There is no such agent.
        PluginError: The package that has it does not work, or the name is taken twice.
    """
    AGENT_KIND.check(name)
    return _class(POLICIES[name])() if name in POLICIES else AGENT_KIND.make(name, Policy)


@cache
def _class(where: str) -> type[Policy]:
    """A class by its place, which is imported when it is first needed."""
    return resolve_name(where)
