"""The lines of a layered drawing: where each link leaves its box, its way, and where its label may stand.

Between two rows a link is a curve, past a row a straight line at its bend; so none runs behind a box.
"""

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import fmean
from typing import NamedTuple

from orgopt.draw.content import text_width
from orgopt.draw.layout import Bend, Grid, Node, Size, bundle_of, columns, grid
from orgopt.org import LINK_KINDS, Link

LABEL = 11
"""Font size of labels, in pixels."""

LOOP = 32
"""How far a link of a role to itself stands out, in pixels."""

_CHANNEL, _SLOPE, _STEEPER = 58, 0.06, 60  # a channel is higher where links go far to the side
_ARC, _ARC_STEP, _ARC_LEVELS = 20, 11, 12
_PITCH, _INSET = 20, 18

Point = tuple[float, float]
Ports = Mapping[tuple[str, Hashable], float]


class Box(NamedTuple):
    """A placed box: its left top corner and its size."""

    x: float
    y: float
    width: float
    height: float


class Route(NamedTuple):
    """A link's way.

    Attributes:
        path: Cubic Bézier curves: the start, then three points for each piece.
        forward: Whether the path starts at the link's source.
        labels: Places for the middle of the label, the best first.
    """

    link: Link
    path: tuple[Point, ...]
    forward: bool
    labels: tuple[Point, ...]


class Picture(NamedTuple):
    """Boxes by role, and routes in the order of the links, at positive coordinates."""

    boxes: dict[str, Box]
    routes: tuple[Route, ...]
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the routes are drawn by.

    Attributes:
        beside: Links between neighbours in a row, by the two.
        level: How far from its row a link passes that runs below or above the row, by its index.
    """

    links: Sequence[Link]
    row_of: Mapping[str, int]
    nodes: Grid
    x: Mapping[Node, float]
    beside: Mapping[tuple[str, str], list[int]]
    level: Mapping[int, int]


def picture(sizes: Mapping[str, Size], row_of: Mapping[str, int], links: Sequence[Link]) -> Picture:
    """Boxes and routes for roles in given rows; `sizes` and `row_of` have every end of the links."""
    nodes = grid(row_of, links)
    beside = _neighbours(nodes, sizes, links)
    wider = {pair: 26 + max(text_width(links[i].pattern, LABEL) for i in group) for pair, group in beside.items()}
    x = columns(nodes, sizes, wider)
    left = min((x[node] - _half(node, sizes) for node in x), default=0)
    x = {node: place - left for node, place in x.items()}
    plan = _Plan(links, row_of, nodes, x, beside, _levels(links, row_of, x, beside))
    boxes, height = _boxes(plan, sizes)
    ports = _ports(plan, sizes)
    routes = {i: route for group in beside.values() for i, route in _straight(plan, group, boxes)}
    routes |= dict(_loops(links, boxes))
    for i, link in enumerate(links):
        if i not in routes:
            routes[i] = _arc(plan, i, boxes, ports) if i in plan.level else _fall(plan, link, boxes, ports, i)
    right = max((x[node] + _half(node, sizes, right=True) for node in x), default=0)
    return Picture(boxes, tuple(routes[i] for i in range(len(links))), right, height)


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


def _boxes(plan: _Plan, sizes: Mapping[str, Size]) -> tuple[dict[str, Box], float]:
    """The boxes, those of a row as high as its highest, and the height of the picture."""
    rows = range(len(plan.nodes.rows))
    heights = [max(sizes[role].height for role in sizes if plan.row_of[role] == row) for row in rows]
    depth = [max((_depth(n) for i, n in plan.level.items() if _row(plan, i) == row), default=0) for row in rows]
    gaps: list[float] = []
    for row in rows[:-1]:
        lower = plan.nodes.below
        widths = [abs(plan.x[a] - plan.x[b]) for a in plan.nodes.rows[row] for b in lower.get(a, [])]
        channel = _CHANNEL + min(_STEEPER, _SLOPE * max(widths, default=0))
        gaps.append(max(channel, (depth[row] + 26) * (row > 0)))
    first = depth[0] if depth else 0
    tops = list(accumulate((height + gap for height, gap in zip(heights, gaps, strict=False)), initial=first))
    boxes = {
        role: Box(plan.x[role] - size.width / 2, tops[row], size.width, heights[row])
        for role, size in sizes.items()
        for row in [plan.row_of[role]]
    }
    bottom = (tops[-1] + heights[-1] + depth[-1] * (len(rows) > 1)) if heights else 0
    return boxes, bottom


def _row(plan: _Plan, i: int) -> int:
    return plan.row_of[plan.links[i].source]


def _depth(level: int) -> float:
    return _ARC + _ARC_STEP * level


def _ports(plan: _Plan, sizes: Mapping[str, Size]) -> Ports:
    """The x of each port, by role and what it is for: a bundle that leaves downward, or the index of a link.

    Ports on a side are in the order of where their links go, links within the row outside.
    """
    bottom: dict[str, dict[Hashable, tuple[float, ...]]] = defaultdict(dict)
    top: dict[str, dict[Hashable, tuple[float, ...]]] = defaultdict(dict)
    for i, level in plan.level.items():
        side = bottom if _row(plan, i) else top  # links above the first row have nothing in their way
        left, right = sorted((plan.links[i].source, plan.links[i].target), key=lambda role: plan.x[role])
        side[left][i], side[right][i] = (2, -level), (0, level)
    falls = {i: bundle_of(link, plan.row_of) for i, link in enumerate(plan.links) if _falls(plan, link)}
    ends: dict[Hashable, list[float]] = defaultdict(list)
    for bundle, lower in falls.values():
        first = Bend(bundle, plan.row_of[bundle.upper] + 1)
        ends[bundle].append(plan.x[first if plan.row_of[lower] > first.row else lower])
    for bundle, _ in falls.values():
        bottom[bundle.upper][bundle] = (1, fmean(ends[bundle]), LINK_KINDS.index(bundle.kind))
    ports = dict(_spread(bottom, plan, sizes))
    for i, (bundle, lower) in falls.items():
        last = plan.x.get(Bend(bundle, plan.row_of[lower] - 1), ports[bundle.upper, bundle])
        top[lower][i] = (1, last, LINK_KINDS.index(bundle.kind))
    return ports | dict(_spread(top, plan, sizes))


def _falls(plan: _Plan, link: Link) -> bool:
    return plan.row_of[link.source] != plan.row_of[link.target]


def _spread(
    sides: Mapping[str, Mapping[Hashable, tuple[float, ...]]], plan: _Plan, sizes: Mapping[str, Size]
) -> Iterator[tuple[tuple[str, Hashable], float]]:
    for role, wants in sides.items():
        pitch = min(_PITCH, (sizes[role].width - 2 * _INSET) / max(1, len(wants) - 1))
        for place, key in enumerate(sorted(wants, key=wants.__getitem__)):
            yield (role, key), plan.x[role] + pitch * (place - (len(wants) - 1) / 2)


def _fall(plan: _Plan, link: Link, boxes: Mapping[str, Box], ports: Ports, i: int) -> Route:
    """A link between rows, from the upper end down."""
    bundle, lower = bundle_of(link, plan.row_of)
    start = boxes[bundle.upper]
    path: list[Point] = [(ports[bundle.upper, bundle], start.y + start.height)]
    for row in range(plan.row_of[bundle.upper] + 1, plan.row_of[lower]):
        x, box = plan.x[Bend(bundle, row)], next(boxes[node] for node in plan.nodes.rows[row] if isinstance(node, str))
        path += _curve(path[-1], (x, box.y), link)
        path += _line(path[-1], (x, box.y + box.height))
    piece = (path[-1], *_curve(path[-1], (ports[lower, i], boxes[lower].y), link))
    labels = tuple(at(piece, t) for t in (0.72, 0.55, 0.85, 0.4, 0.25))
    return Route(link, (*path, *piece[1:]), bundle.upper == link.source, labels)


def _arc(plan: _Plan, i: int, boxes: Mapping[str, Box], ports: Ports) -> Route:
    """A link within a row, from left to right, above the first row and below the others."""
    link, above = plan.links[i], _row(plan, i) == 0
    left, right = sorted((link.source, link.target), key=lambda role: plan.x[role])
    y = boxes[left].y if above else boxes[left].y + boxes[left].height
    high = y + (-1 if above else 1) * _depth(plan.level[i]) / 0.75
    a, b = ports[left, i], ports[right, i]
    path = ((a, y), (a, high), (b, high), (b, y))
    return Route(link, path, left == link.source, tuple(at(path, t) for t in (0.5, 0.4, 0.6, 0.3, 0.7)))


def _straight(plan: _Plan, group: Sequence[int], boxes: Mapping[str, Box]) -> Iterator[tuple[int, Route]]:
    """Links between two neighbours in a row, one below the other."""
    for place, i in enumerate(group):
        link = plan.links[i]
        left, right = sorted((link.source, link.target), key=lambda role: plan.x[role])
        box = boxes[left]
        pitch = min(18, (box.height - 16) / max(1, len(group) - 1))
        y = box.y + box.height / 2 + pitch * (place - (len(group) - 1) / 2)
        start, end = (box.x + box.width, y), (boxes[right].x, y)
        middle = (start[0] + end[0]) / 2
        yield i, Route(link, (start, *_line(start, end)), left == link.source, ((middle, y - 8), (middle, y + 8)))


def _loops(links: Sequence[Link], boxes: Mapping[str, Box]) -> Iterator[tuple[int, Route]]:
    """Links of roles to themselves, on the right of the box."""
    loops: dict[str, list[int]] = defaultdict(list)
    for i, link in enumerate(links):
        if link.source == link.target:
            loops[link.source].append(i)
    for role, group in loops.items():
        box = boxes[role]
        pitch = box.height / len(group)
        size = min(10, pitch / 3)
        for place, i in enumerate(group):
            x, y = box.x + box.width, box.y + pitch * (place + 0.5)
            out = x + (LOOP - 4) / 0.75
            path = ((x, y - size), (out, y - 1.6 * size), (out, y + 1.6 * size), (x, y + size))
            yield i, Route(links[i], path, True, ((x + LOOP + text_width(links[i].pattern, LABEL) / 2, y),))


def _curve(start: Point, end: Point, link: Link) -> tuple[Point, Point, Point]:
    """A way down a channel; links of different kinds keep apart where they run far to the same side."""
    aside = (end[0] - start[0]) / 250
    lane = 0.5 + 0.09 * (1.5 - LINK_KINDS.index(link.kind)) * max(-1, min(1, aside))
    middle = start[1] + (end[1] - start[1]) * lane
    return (start[0], middle), (end[0], middle), end


def _line(start: Point, end: Point) -> tuple[Point, Point, Point]:
    return start, end, end


def at(piece: Sequence[Point], t: float) -> Point:
    """The point of one cubic Bézier curve at t, from 0 to 1."""
    weights = [math.comb(3, k) * t**k * (1 - t) ** (3 - k) for k in range(4)]
    return sum(w * p[0] for w, p in zip(weights, piece, strict=True)), sum(
        w * p[1] for w, p in zip(weights, piece, strict=True)
    )
