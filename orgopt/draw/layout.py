"""The boxes of a layered drawing: order within rows and coordinates, in the manner of Sugiyama.

A link that skips rows passes each by a bend, which has its place in the row as a box has, so no link runs
behind a box. Links of one kind that leave one box downward share their bends: they are one bundle.
(Sugiyama, Tagawa and Toda 1981; coordinates by least squares instead of their priorities.)
"""

from bisect import bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import NamedTuple

from orgopt.org import Link

SPACE, LANE, STRAND = 38, 22, 16
"""Pixels between two boxes, between a box and a passing link, and between two passing links."""

_SWEEPS, _QUICK, _SETTLING = 12, 8, 80
_SMALL = 180
"""Nodes and lines up to which neighbours are swapped one pair at a time, which costs the square of their number."""


class Size(NamedTuple):
    """What a box takes, in pixels; `aside` is room on its right for links to itself."""

    width: float
    height: float
    aside: float = 0


class Bundle(NamedTuple):
    """Links of one kind, direction and pattern that leave one box downward."""

    upper: str
    kind: str
    arrow: str
    pattern: str


class Bend(NamedTuple):
    """Where a bundle passes a row."""

    bundle: Bundle
    row: int


Node = str | Bend


def bundle_of(link: Link, row_of: Mapping[str, int]) -> tuple[Bundle, str]:
    """The bundle of a link between two rows, and the link's lower end."""
    down = row_of[link.source] < row_of[link.target]
    upper, lower = (link.source, link.target) if down else (link.target, link.source)
    return Bundle(upper, link.kind, "both" if link.mutual else "down" if down else "up", link.pattern), lower


@dataclass(frozen=True, slots=True)
class Grid:
    """The nodes of a drawing, row by row from the top, and who is linked to whom.

    Attributes:
        reports: The pairs of an upper and a lower node that a reporting line joins.
    """

    rows: list[list[Node]]
    reports: set[tuple[Node, Node]] = field(default_factory=set[tuple[Node, Node]])
    above: dict[Node, list[Node]] = field(default_factory=dict[Node, list[Node]])
    below: dict[Node, list[Node]] = field(default_factory=dict[Node, list[Node]])
    beside: dict[Node, list[Node]] = field(default_factory=dict[Node, list[Node]])


def grid(row_of: Mapping[str, int], links: Sequence[Link]) -> Grid:
    """The nodes in a good order: few links cross."""
    result = _connect(row_of, links)
    _start(result)
    best, fewest = [list(row) for row in result.rows], _cost(result)
    for sweep in range(_SWEEPS):
        _sweep(result, down=sweep % 2 == 0)
        cost = _cost(result)
        if cost < fewest:
            best, fewest = [list(row) for row in result.rows], cost
    result.rows[:] = best
    if sum(map(len, best)) + sum(map(len, result.below.values())) <= _SMALL:
        _swap(result, fewest)
    return result


def _connect(row_of: Mapping[str, int], links: Sequence[Link]) -> Grid:
    result = Grid([[] for _ in range(max(row_of.values(), default=-1) + 1)])
    for role, row in row_of.items():
        result.rows[row].append(role)
    pairs: dict[tuple[Node, Node], None] = {}
    for link in links:
        if row_of[link.source] == row_of[link.target]:
            if link.source != link.target:
                result.beside.setdefault(link.source, []).append(link.target)
                result.beside.setdefault(link.target, []).append(link.source)
            continue
        bundle, lower = bundle_of(link, row_of)
        bends = (Bend(bundle, row) for row in range(row_of[bundle.upper] + 1, row_of[lower]))
        pieces = list(pairwise((bundle.upper, *bends, lower)))
        pairs |= dict.fromkeys(pieces)
        if link.kind == "reports to":
            result.reports.update(pieces)
    for upper, lower in pairs:
        if isinstance(lower, Bend) and lower not in result.above:
            result.rows[lower.row].append(lower)
        result.below.setdefault(upper, []).append(lower)
        result.above.setdefault(lower, []).append(upper)
    return result


def _start(grid: Grid) -> None:
    """Order the rows as the nodes are met on the way down, which draws a tree without a crossing."""
    met: dict[Node, int] = {}
    waiting = [node for row in reversed(grid.rows) for node in reversed(row)]
    while waiting:
        node = waiting.pop()
        if node not in met:
            met[node] = len(met)
            waiting += reversed(grid.below.get(node, []) + grid.beside.get(node, []))
    for row in grid.rows:
        row.sort(key=met.__getitem__)


def _sweep(grid: Grid, *, down: bool) -> None:
    """Sort each row by the mean place of its nodes' neighbours in the row before and in the row itself."""
    near = grid.above if down else grid.below
    place = {node: (i + 0.5) / len(row) for row in grid.rows for i, node in enumerate(row)}
    for row in grid.rows if down else reversed(grid.rows):
        wish = {node: _mean([place[other] for other in _near(grid, near, node)], place[node]) for node in row}
        row.sort(key=wish.__getitem__)
        place |= {node: (i + 0.5) / len(row) for i, node in enumerate(row)}


def _near(grid: Grid, near: Mapping[Node, list[Node]], node: Node) -> list[Node]:
    return near.get(node, []) + grid.beside.get(node, [])


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _swap(grid: Grid, fewest: float) -> None:
    """Swap neighbours in a row as long as that helps, a few rounds at most."""
    for _ in range(4):
        before = fewest
        for row in grid.rows:
            for i in range(len(row) - 1):
                row[i], row[i + 1] = row[i + 1], row[i]
                cost = _cost(grid)
                if cost < fewest:
                    fewest = cost
                else:
                    row[i], row[i + 1] = row[i + 1], row[i]
        if fewest == before:
            return


def _cost(grid: Grid) -> float:
    """How many links cross, those of reports counted double; then how far they go aside.

    A link within a row counts half for each node that it passes.
    """
    place = {node: i for row in grid.rows for i, node in enumerate(row)}
    share = {node: (i + 0.5) / len(row) for row in grid.rows for i, node in enumerate(row)}
    crossings, aside = 0, 0.0
    for row in grid.rows:
        ends: list[int] = []
        for node in row:
            near = grid.below.get(node, [])
            lower = sorted(place[other] for other in near for _ in range(1 + ((node, other) in grid.reports)))
            crossings += sum(len(ends) - bisect_right(ends, end) for end in lower)
            for end in lower:
                insort(ends, end)
            aside += sum(abs(share[node] - share[other]) for other in near)
    passed = sum(abs(place[a] - place[b]) - 1 for a, others in grid.beside.items() for b in others)
    return crossings + passed / 4 + aside / 100  # a link within a row is met from both its ends


def columns(grid: Grid, sizes: Mapping[str, Size], wider: Mapping[tuple[str, str], float]) -> dict[Node, float]:
    """The x of each node's centre: near its neighbours, far enough from those in its row.

    Args:
        grid: The nodes in order.
        sizes: The size of each box.
        wider: Pixels that must be free between two neighbouring boxes, where it is more than usual.
    """
    gaps = [[_gap(a, b, sizes, wider) for a, b in pairwise(row)] for row in grid.rows]
    x: dict[Node, float] = {}
    for row, gap in zip(grid.rows, gaps, strict=True):
        x |= zip(row, accumulate(gap, initial=-sum(gap) / 2), strict=True)
    rows = list(zip(grid.rows, gaps, strict=True))
    steps = _SETTLING if len(x) <= _SMALL else _SETTLING // 4
    for step in range(steps):
        down = step % 2 == 0
        # At first only the row before pulls, which is quick.
        near = [grid.above, grid.below] if step >= _QUICK else [grid.above if down else grid.below]
        for row, gap in rows[:: 1 if down else -1]:
            x |= zip(row, _settle([_pull(grid, node, x, near) for node in row], gap), strict=True)
    for row, gap in reversed(rows):
        x |= zip(row, _settle([_over_reports(grid, node, x) for node in row], gap), strict=True)
    return x


def _over_reports(grid: Grid, node: Node, x: Mapping[Node, float]) -> tuple[float, float]:
    """The middle of a manager's reports; other nodes give little way."""
    reports = [x[other] for other in grid.below.get(node, []) if (node, other) in grid.reports]
    return ((min(reports) + max(reports)) / 2, 1) if reports and isinstance(node, str) else (x[node], 50)


def _gap(a: Node, b: Node, sizes: Mapping[str, Size], wider: Mapping[tuple[str, str], float]) -> float:
    left = sizes[a].width / 2 + sizes[a].aside if isinstance(a, str) else 0
    right = sizes[b].width / 2 if isinstance(b, str) else 0
    if isinstance(a, str) and isinstance(b, str):
        return left + right + max(SPACE, wider.get((a, b), 0))
    return left + right + (STRAND if not left and not right else LANE)


def _pull(
    grid: Grid, node: Node, x: Mapping[Node, float], near: Sequence[Mapping[Node, list[Node]]]
) -> tuple[float, float]:
    """Where the neighbours of a node want it, and how much: passing links most, so that they are straight."""
    total = weight = 0.0
    for side in near:
        for other in side.get(node, []):
            strength = (1, 1, 16)[isinstance(node, Bend) + isinstance(other, Bend)]
            strength *= 4 if (node, other) in grid.reports or (other, node) in grid.reports else 1
            total, weight = total + strength * x[other], weight + strength
    return (total / weight, weight) if weight else (x[node], 0.05)


def _settle(pulls: Sequence[tuple[float, float]], gaps: Sequence[float]) -> Iterator[float]:
    """The places nearest to the wanted ones, by least squares, that are the gaps apart.

    Pools neighbours that want to be nearer than that (pool adjacent violators).
    """
    offsets = list(accumulate(gaps, initial=0.0))
    blocks: list[tuple[float, float, int]] = []
    for (wanted, strength), offset in zip(pulls, offsets, strict=True):
        mean, weight, count = wanted - offset, strength, 1
        while blocks and blocks[-1][0] > mean:
            other, other_weight, other_count = blocks.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + other_count
        blocks.append((mean, weight, count))
    places = [mean for mean, _, count in blocks for _ in range(count)]
    return (place + offset for place, offset in zip(places, offsets, strict=True))
