"""Where the words of links stand: at their lines, over no box and no other words."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from orgopt.draw.places import HIGH, Box
from orgopt.draw.routes import Picture, Point, Route, at, rungs

_BESIDE = 5  # pixels between words and the line that they are beside
_CELL = 64  # pixels of the squares by which what is near is found


class Taken:
    """What of a picture is taken already.

    Args:
        drawn: Its boxes are taken from the start.
        margin: How far outside the boxes and lines something may stand, in pixels.
    """

    def __init__(self, drawn: Picture, margin: float) -> None:
        self._left, self._right = -margin, drawn.width + margin
        self._near: defaultdict[tuple[int, int], list[Box]] = defaultdict(list)
        for box in drawn.boxes.values():
            self.take(box)

    def take(self, box: Box) -> None:
        """Nothing else is put here."""
        for cell in _cells(box):
            self._near[cell].append(box)

    def free(self, box: Box) -> bool:
        """Whether a box is within the picture and over nothing else."""
        if box.x < self._left or box.x + box.width > self._right:
            return False
        return not any(_overlap(box, other) for cell in _cells(box) for other in self._near[cell])

    def find(self, route: Route, width: float, height: float = HIGH) -> Box | None:
        """The best free place for words of a size at a link, which is taken then; None where there is none."""
        spots = (Box(x - width / 2, y - height / 2, width, height) for x, y in _places(route, width))
        spot = next((spot for spot in spots if self.free(spot)), None)
        if spot:
            self.take(spot)
        return spot


def in_order(routes: Sequence[Route]) -> list[Route]:
    """The routes, those with the fewest places first, then from left to right, so that most words find one."""
    return sorted(routes, key=lambda route: (len(route.labels), *route.labels[0]))


def _places(route: Route, width: float) -> Iterator[Point]:
    """The middles of words: where the route wants them, then anywhere on it from its end, then beside it."""
    yield from route.labels
    pieces = [route.path[i : i + 4] for i in range(0, len(route.path) - 1, 3)]
    along = [point for piece in reversed(pieces) for point in _along(piece)]
    yield from along
    for side in (1, -1):
        yield from ((x + side * (width / 2 + _BESIDE), y) for x, y in along)


def _along(piece: Sequence[Point]) -> list[Point]:
    down = piece[-1][1] - piece[0][1] > 2 * HIGH
    return rungs(piece) if down else [at(piece, t / 10) for t in (5, 4, 6, 3, 7, 2, 8)]


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    for column in range(int(box.x // _CELL), int((box.x + box.width) // _CELL) + 1):
        for row in range(int(box.y // _CELL), int((box.y + box.height) // _CELL) + 1):
            yield column, row


def _overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height
