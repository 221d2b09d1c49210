"""The lines of a layered drawing: where each link leaves its box, its way, and where its label may stand.

Between two rows a link is a curve, past a row a straight line at its bend; so none runs behind a box.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from orgopt.draw import places
from orgopt.draw.layers import Rows
from orgopt.draw.layout import Bend, Size, bundle_of
from orgopt.draw.places import BAND, HIGH, LOOP, RUNG, Box, LinkWords, Ports, RoutePlan
from orgopt.org import LINK_KINDS, Link

Point = tuple[float, float]


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
    """Boxes by role, and routes in the order of the links, at positive coordinates.

    Attributes:
        bands: What holds the rows of each layer that has several.
    """

    boxes: dict[str, Box]
    routes: tuple[Route, ...]
    bands: tuple[Box, ...]
    width: float
    height: float


def picture(sizes: Mapping[str, Size], rows: Rows, links: Sequence[Link], words: Sequence[LinkWords]) -> Picture:
    """Boxes and routes for roles in given rows.

    Args:
        sizes: The size of each role's box. It and `rows` have every end of the links.
        rows: The rows of the roles.
        links: The links.
        words: What is written at each, so that there is room for it.
    """
    planned, width = places.plan(sizes, rows, links, words)
    meets = places.ports(planned, sizes)
    boxes, height = places.place(planned, sizes, meets)
    routes = {i: route for group in planned.beside.values() for i, route in _straight(planned, group, boxes)}
    routes |= dict(_loops(planned, boxes))
    for i, link in enumerate(links):
        if i not in routes:
            within = i in planned.level
            routes[i] = _arc(planned, i, boxes, meets) if within else _fall(planned, link, boxes, meets, i)
    bands = tuple(_band(first, last, rows.row_of, boxes, width) for first, last in rows.broken)
    return Picture(boxes, tuple(routes[i] for i in range(len(links))), bands, width, height)


def _band(first: int, last: int, row_of: Mapping[str, int], boxes: Mapping[str, Box], width: float) -> Box:
    inside = [boxes[role] for role, row in row_of.items() if first <= row <= last]
    top = min(box.y for box in inside) - BAND
    return Box(-BAND, top, width + 2 * BAND, max(box.y + box.height for box in inside) + BAND - top)


def _fall(plan: RoutePlan, link: Link, boxes: Mapping[str, Box], ports: Ports, i: int) -> Route:
    """A link between rows, from the upper end down."""
    bundle, lower = bundle_of(link, plan.row_of)
    start = boxes[bundle.upper]
    path: list[Point] = [(ports[bundle.upper, bundle], start.y + start.height)]
    for row in range(plan.row_of[bundle.upper] + 1, plan.row_of[lower]):
        x, box = plan.x[Bend(bundle, row)], next(boxes[node] for node in plan.nodes.rows[row] if isinstance(node, str))
        path += _curve(path[-1], (x, box.y), link)
        path += _line(path[-1], (x, box.y + box.height))
    piece = (path[-1], *_curve(path[-1], (ports[lower, i], boxes[lower].y), link))
    return Route(link, (*path, *piece[1:]), bundle.upper == link.source, tuple(rungs(piece)))


def _arc(plan: RoutePlan, i: int, boxes: Mapping[str, Box], ports: Ports) -> Route:
    """A link within a row, from left to right, above the first row and below the others."""
    link, above = plan.links[i], plan.row(i) == 0
    left, right = sorted((link.source, link.target), key=lambda role: plan.x[role])
    y = boxes[left].y if above else boxes[left].y + boxes[left].height
    high = y + (-1 if above else 1) * plan.depth(i) / 0.75
    a, b = ports[left, i], ports[right, i]
    path = ((a, y), (a, high), (b, high), (b, y))
    return Route(link, path, left == link.source, tuple(at(path, t) for t in (0.5, 0.4, 0.6, 0.3, 0.7)))


def _straight(plan: RoutePlan, group: Sequence[int], boxes: Mapping[str, Box]) -> Iterator[tuple[int, Route]]:
    """Links between two neighbours in a row, one below the other."""
    for nth, i in enumerate(group):
        link = plan.links[i]
        left, right = sorted((link.source, link.target), key=lambda role: plan.x[role])
        box = boxes[left]
        pitch = min(18, (box.height - 16) / max(1, len(group) - 1))
        y = box.y + box.height / 2 + pitch * (nth - (len(group) - 1) / 2)
        start, end = (box.x + box.width, y), (boxes[right].x, y)
        middle = (start[0] + end[0]) / 2
        yield i, Route(link, (start, *_line(start, end)), left == link.source, ((middle, y - 8), (middle, y + 8)))


def _loops(plan: RoutePlan, boxes: Mapping[str, Box]) -> Iterator[tuple[int, Route]]:
    """Links of roles to themselves, on the right of the box."""
    loops: dict[str, list[int]] = defaultdict(list)
    for i, link in enumerate(plan.links):
        if link.source == link.target:
            loops[link.source].append(i)
    for role, group in loops.items():
        box = boxes[role]
        pitch = box.height / len(group)
        size = min(10, pitch / 3)
        for nth, i in enumerate(group):
            x, y = box.x + box.width, box.y + pitch * (nth + 0.5)
            out = x + (LOOP - 4) / 0.75
            path = ((x, y - size), (out, y - 1.6 * size), (out, y + 1.6 * size), (x, y + size))
            yield i, Route(plan.links[i], path, True, ((x + LOOP + plan.words[i].width / 2, y),))


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


def rungs(piece: Sequence[Point]) -> list[Point]:
    """Points of a curve that goes down, from its end up, a label's height apart.

    They are at the same heights on all curves that end in a row, so that no room between labels is lost.
    """
    bottom = piece[-1][1]
    steps = [at(piece, i / 64) for i in range(65)]
    count = max(1, int((bottom - piece[0][1] - 2 * HIGH) / RUNG) + 1)
    heights = [bottom - HIGH - 3 - RUNG * i for i in range(count)]
    return [(min(steps, key=lambda point: abs(point[1] - y))[0], y) for y in heights]
