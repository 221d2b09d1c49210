"""The places of a layered drawing: the boxes, how high the channels between rows are, and where links meet boxes.

A channel is as high as what runs and stands in it needs: curves that go far aside, links within a row, and the words
of links.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import fmean
from typing import NamedTuple

from orgopt.draw.layers import Rows
from orgopt.draw.layout import Bend, Grid, Node, Size, bundle_of, columns, grid
from orgopt.org import LINK_KINDS, Link

LABEL = 11
"""Font size of labels, in pixels."""

LONGEST = 90
"""Width of the longest label, in pixels."""

HIGH, RUNG = 14, 15
"""Height of a label, and from one label to the next, in pixels."""

BAND = 12
"""How far a band stands out around the boxes of its layer, in pixels."""

LOOP = 32
"""How far a link of a role to itself stands out, in pixels."""

_CHANNEL, _SLOPE, _STEEPER = 58, 0.06, 60  # a channel is higher where links go far to the side
_WITHIN = 40  # of a channel between two rows of one layer
_ARC, _ARC_STEP, _ARC_LEVELS = 20, 11, 12  # steps are those of labels where there are any
_PITCH, _INSET = 20, 18

Ports = Mapping[tuple[str, Hashable], float]


class Box(NamedTuple):
    """A placed box: its left top corner and its size."""

    x: float
    y: float
    width: float
    height: float


class LinkWords(NamedTuple):
    """What is written at a link: the width of the widest in pixels, and how many stand below each other."""

    width: float
    lines: int


@dataclass(frozen=True, slots=True)
class RoutePlan:
    """What the routes are drawn by.

    Attributes:
        words: What is written at each link.
        broken: The first and the last row of each layer that has several.
        beside: Links between neighbours in a row, by the two.
        level: How far from its row a link passes that runs below or above the row, by its index.
    """

    links: Sequence[Link]
    words: Sequence[LinkWords]
    row_of: Mapping[str, int]
    broken: Sequence[tuple[int, int]]
    nodes: Grid
    x: Mapping[Node, float]
    beside: Mapping[tuple[str, str], list[int]]
    level: Mapping[int, int]

    def row(self, i: int) -> int:
        """The row of a link within a row, by its index."""
        return self.row_of[self.links[i].source]

    def depth(self, i: int) -> float:
        """How far from its row a link within the row runs, in pixels."""
        worded = any(self.words[j].lines for j in self.level if self.row(j) == self.row(i))
        return _ARC + (RUNG if worded else _ARC_STEP) * self.level[i]


def plan(
    sizes: Mapping[str, Size], rows: Rows, links: Sequence[Link], words: Sequence[LinkWords]
) -> tuple[RoutePlan, float]:
    """The plan of a drawing, from x = 0, and its width."""
    nodes = grid(rows.row_of, links)
    beside = _neighbours(nodes, sizes, links)
    wider = {pair: 26 + max(words[i].width for i in group) for pair, group in beside.items()}
    x = columns(nodes, sizes, wider)
    left = min((x[node] - _half(node, sizes) for node in x), default=0)
    x = {node: place - left for node, place in x.items()}
    right = max((x[node] + _half(node, sizes, right=True) for node in x), default=0)
    level = _levels(links, rows.row_of, x, beside)
    return RoutePlan(links, words, rows.row_of, rows.broken, nodes, x, beside, level), right


def _half(node: Node, sizes: Mapping[str, Size], *, right: bool = False) -> float:
    return sizes[node].width / 2 + sizes[node].aside * right if isinstance(node, str) else 6


def _neighbours(nodes: Grid, sizes: Mapping[str, Size], links: Sequence[Link]) -> dict[tuple[str, str], list[int]]:
    """Links between boxes that are next to each other in a row, by the two: they need no way around."""
    pairs = [(a, b) for row in nodes.rows for a, b in pairwise(node for node in row if isinstance(node, str))]
    found: dict[tuple[str, str], list[int]] = {pair: [] for pair in pairs if not sizes[pair[0]].aside}
    for i, link in enumerate(links):
        for pair in ((link.source, link.target), (link.target, link.source)):
            if pair in found:
                found[pair].append(i)
    return {pair: group for pair, group in found.items() if group}


def _levels(
    links: Sequence[Link],
    row_of: Mapping[str, int],
    x: Mapping[Node, float],
    beside: Mapping[tuple[str, str], list[int]],
) -> dict[int, int]:
    """A level for each other link within a row, so that shorter ones are inside longer ones."""
    straight = {i for group in beside.values() for i in group}
    spans = {
        i: (*sorted((x[link.source], x[link.target])), row_of[link.source])
        for i, link in enumerate(links)
        if row_of[link.source] == row_of[link.target] and link.source != link.target and i not in straight
    }
    level: dict[int, int] = {}
    for i in sorted(spans, key=lambda i: spans[i][1] - spans[i][0]):
        left, right, row = spans[i]
        inner = (level[j] for j in level if spans[j][2] == row and spans[j][0] < right and left < spans[j][1])
        level[i] = min(_ARC_LEVELS, 1 + max(inner, default=-1))
    return level


def place(plan: RoutePlan, sizes: Mapping[str, Size], ports: Ports) -> tuple[dict[str, Box], float]:
    """The boxes, those of a row as high as its highest, and the height of the picture."""
    rows = range(len(plan.nodes.rows))
    beside = [(plan.row_of[a], 18 * len(group)) for (a, _), group in plan.beside.items() if _worded(plan, group)]
    heights = [
        max(
            *(sizes[role].height for role in sizes if plan.row_of[role] == row),
            *(height for other, height in beside if other == row),
            0,
        )
        for row in rows
    ]
    depth = [max((plan.depth(i) for i in plan.level if plan.row(i) == row), default=0) for row in rows]
    gaps = [_channel(plan, row, depth[row] if row else 0, ports) for row in rows[:-1]]
    first = depth[0] if depth else 0
    tops = list(accumulate((height + gap for height, gap in zip(heights, gaps, strict=False)), initial=first))
    boxes = {
        role: Box(plan.x[role] - size.width / 2, tops[row], size.width, heights[row])
        for role, size in sizes.items()
        for row in [plan.row_of[role]]
    }
    below = max(depth[-1] * (len(rows) > 1), BAND * any(last == rows[-1] for _, last in plan.broken)) if heights else 0
    bottom = tops[-1] + heights[-1] + below if heights else 0
    return boxes, bottom


def _channel(plan: RoutePlan, row: int, depth: float, ports: Ports) -> float:
    """The height of the channel below a row, from which links within the row hang as deep as `depth`."""
    lower = plan.nodes.below
    widths = [abs(plan.x[a] - plan.x[b]) for a in plan.nodes.rows[row] for b in lower.get(a, [])]
    within = any(first <= row < last for first, last in plan.broken)
    plain = (_WITHIN if within else _CHANNEL) + min(_STEEPER, _SLOPE * max(widths, default=0))
    labels = RUNG * _rungs(plan, row, ports)
    return max(plain, labels + 2 * HIGH * bool(labels), (depth + labels + 26) * bool(depth))


def _rungs(plan: RoutePlan, row: int, ports: Ports) -> int:
    """How many labels there are at most at one place above the boxes of the next row."""
    edges: list[tuple[float, int]] = []
    for i, link in enumerate(plan.links):
        words = plan.words[i]
        if words.lines and falls(plan, link):
            _, lower = bundle_of(link, plan.row_of)
            if plan.row_of[lower] == row + 1:
                middle = ports[lower, i]
                edges += [(middle - words.width / 2 - 4, words.lines), (middle + words.width / 2 + 4, -words.lines)]
    return max(accumulate(count for _, count in sorted(edges)), default=0)


def _worded(plan: RoutePlan, group: Sequence[int]) -> bool:
    return any(plan.words[i].lines for i in group)


def ports(plan: RoutePlan, sizes: Mapping[str, Size]) -> Ports:
    """The x of each port, by role and what it is for: a bundle that leaves downward, or the index of a link.

    Ports on a side are in the order of where their links go, links within the row outside.
    """
    bottom: dict[str, dict[Hashable, tuple[float, ...]]] = defaultdict(dict)
    top: dict[str, dict[Hashable, tuple[float, ...]]] = defaultdict(dict)
    for i, level in plan.level.items():
        side = bottom if plan.row(i) else top  # links above the first row have nothing in their way
        left, right = sorted((plan.links[i].source, plan.links[i].target), key=lambda role: plan.x[role])
        side[left][i], side[right][i] = (2, -level), (0, level)
    falling = {i: bundle_of(link, plan.row_of) for i, link in enumerate(plan.links) if falls(plan, link)}
    ends: dict[Hashable, list[float]] = defaultdict(list)
    for bundle, lower in falling.values():
        first = Bend(bundle, plan.row_of[bundle.upper] + 1)
        ends[bundle].append(plan.x[first if plan.row_of[lower] > first.row else lower])
    for bundle, _ in falling.values():
        bottom[bundle.upper][bundle] = (1, fmean(ends[bundle]), LINK_KINDS.index(bundle.kind))
    found = dict(_spread(bottom, plan, sizes))
    for i, (bundle, lower) in falling.items():
        last = plan.x.get(Bend(bundle, plan.row_of[lower] - 1), found[bundle.upper, bundle])
        top[lower][i] = (1, last, LINK_KINDS.index(bundle.kind))
    return found | dict(_spread(top, plan, sizes))


def _spread(
    sides: Mapping[str, Mapping[Hashable, tuple[float, ...]]], plan: RoutePlan, sizes: Mapping[str, Size]
) -> Iterator[tuple[tuple[str, Hashable], float]]:
    for role, wants in sides.items():
        pitch = min(_PITCH, (sizes[role].width - 2 * _INSET) / max(1, len(wants) - 1))
        for place, key in enumerate(sorted(wants, key=wants.__getitem__)):
            yield (role, key), plan.x[role] + pitch * (place - (len(wants) - 1) / 2)


def falls(plan: RoutePlan, link: Link) -> bool:
    """Whether a link is one between rows."""
    return plan.row_of[link.source] != plan.row_of[link.target]
