"""What keeps an organization from running: links to unknown roles, reporting that goes in a circle, no agents."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from orgopt.basics.nearest import some
from orgopt.org import Link, Org

_MAX_CYCLES = 10  # reporting cycles, and unknown roles with a suggestion: more would cost time and tell no more


class Problem(NamedTuple):
    """What keeps an organization from running, and the role id or link index that it is about."""

    code: str
    message: str
    help: str
    at: str | int | None


def problems(org: Org) -> Iterator[Problem]:
    """What keeps the organization from running: unknown roles, reporting cycles, no agents."""
    ids = list(dict.fromkeys(role.id for role in org.roles))
    known, unknown = some([role.name for role in org.roles]) or "none", 0
    for index, link in enumerate(org.links):
        for end in (link.source, link.target):
            if org.role(end) is None:
                unknown += 1
                close = get_close_matches(end, ids, n=1) if unknown <= _MAX_CYCLES else ()
                help_ = f"did you mean '{org.name(close[0])}'?" if close else f"the roles are: {known}"
                yield Problem("ORG015", f"link to unknown role '{end}'", help_, index)
    yield from _cycles(org)
    if org.roles and org.headcount == 0:
        yield Problem("ORG020", "the organization has no agents", "give a role a headcount of 1 or more", None)


def _cycles(org: Org) -> Iterator[Problem]:
    """The links that close a cycle of those before them, up to ten, and those of a role to itself."""
    reports = [(i, link) for i, link in enumerate(org.links) if link.kind == "reports to"]
    for index, link in reports:
        if link.source == link.target:
            yield Problem("ORG014", f"{org.name(link.source)} reports to itself", "remove this link", index)
    kept = [(i, link) for i, link in reports if link.source != link.target]
    first = 0
    for _ in range(_MAX_CYCLES):
        if not _cyclic([link for _, link in kept]):
            return
        first = bisect_left(
            range(len(kept)), True, lo=first, key=lambda last: _cyclic([link for _, link in kept[: last + 1]])
        )
        index, link = kept.pop(first)
        import networkx as nx  # late: hardly any document has a cycle

        graph = nx.DiGraph([(link.source, link.target) for _, link in kept[:first]])
        path: list[str] = [link.source, *nx.bidirectional_shortest_path(graph, link.target, link.source)]
        names = some([org.name(node) for node in path], " → ")
        yield Problem("ORG014", f"reporting cycle {names}", "remove one of these links: reports must end", index)


def _cyclic(links: Sequence[Link]) -> bool:
    graph: TopologicalSorter[str] = TopologicalSorter()
    for link in links:
        graph.add(link.source, link.target)
    try:
        graph.prepare()
    except CycleError:
        return True
    return False
