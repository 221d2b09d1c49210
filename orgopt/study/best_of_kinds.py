"""The archive of a study: the best of each kind of organization, where a kind is a size and the kinds of agents.

A search that goes on from its best alone forgets what else did well. Covers which kinds there are; who becomes a parent
is the proposers' to say. The map of elites is that of Mouret and Clune (2015, arXiv:1504.04909 "Illuminating search
spaces by mapping elites").
"""

from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from orgopt.agent_names import COMMAND, LANGUAGE_AGENT
from orgopt.org import Org

T = TypeVar("T")

_FAMILIES = {
    **dict.fromkeys(("tpe", "gp", "freeze-thaw"), "models"),
    **dict.fromkeys(("hill-climb", "evolution"), "local search"),
    **dict.fromkeys(("replicate", "imitate"), ""),  # they look at others' settings: a kind is how new ones are found
    LANGUAGE_AGENT: "language",
}


class Kind(NamedTuple):
    """A kind of organization.

    Attributes:
        doublings: The size: 0 for one agent, 1 for two, 2 for three or four, 3 for five to eight, and so on.
        agents: The kinds of its agents, such as `local search + models`.
    """

    doublings: int
    agents: str

    @property
    def size(self) -> str:
        """How many agents, such as `1`, `2` or `5–8`."""
        most = 2**self.doublings
        return f"{most // 2 + 1}–{most}" if most > 2 else str(most)


def kind_of(org: Org) -> Kind:
    """The kind of an organization."""
    found = {_family(role.agent) for role in org.roles if role.headcount} - {""}
    return Kind((max(1, org.headcount) - 1).bit_length(), " + ".join(sorted(found)) or "helpers")


def elites(known: Iterable[tuple[Kind, float, T]]) -> dict[Kind, T]:
    """The best of each kind, by size and then by agents.

    Args:
        known: The kind of each, how good it is, and what it is; of two that are as good, the first is kept.
    """
    best: dict[Kind, tuple[float, T]] = {}
    for kind, worth, one in known:
        if kind not in best or worth > best[kind][0]:
            best[kind] = worth, one
    return {kind: best[kind][1] for kind in sorted(best)}


def _family(agent: str) -> str:
    return "language" if agent.startswith(COMMAND) else _FAMILIES.get(agent, agent)
