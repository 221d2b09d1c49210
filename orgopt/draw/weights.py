"""Effects of parts on a chart: signed numbers at boxes, links and the clock, and strokes as wide as they are large."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orgopt.draw.labels import Taken, in_order
from orgopt.draw.places import Box
from orgopt.draw.routes import Picture
from orgopt.draw.style import pixels
from orgopt.draw.text import text_width

_SIZE, _HEIGHT = 11, 16
_THIN, _WIDEST = 1.5, 6.0  # pixels of a stroke

LinkKey = tuple[str, str, str, bool]


class Weight(NamedTuple):
    """What a part brings: the loss without it, and whether that is more than noise."""

    effect: float
    shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Effects of roles by id, of links by `Link.key`, and of the stand-up; parts without one are drawn as ever."""

    roles: Mapping[str, Weight] = field(default_factory=dict[str, Weight])
    links: Mapping[LinkKey, Weight] = field(default_factory=dict[LinkKey, Weight])
    standup: Weight | None = None

    def every(self) -> list[Weight]:
        """All effects, in no order that matters."""
        return [*self.roles.values(), *self.links.values(), *([self.standup] if self.standup else [])]


NONE = Weights()


def stroke(weights: Weights, weight: Weight | None, thinnest: float = _THIN) -> str:
    """The attribute that makes a stroke as wide as an effect is large among all; empty without one."""
    if weight is None:
        return ""
    largest = max(abs(other.effect) for other in weights.every()) or 1
    return f' style="stroke-width:{pixels(thinnest + (_WIDEST - thinnest) * abs(weight.effect) / largest)}px"'


def badges(weights: Weights, drawn: Picture, space: Taken) -> Iterator[str]:
    """Badges at boxes and links; those of links where there is `space`, or else at their last place."""
    for role, weight in weights.roles.items():
        if box := drawn.boxes.get(role):
            width = badge_width(weight)
            spot = Box(box.x + box.width - width - 6, box.y - _HEIGHT / 2, width, _HEIGHT)
            space.take(spot)
            yield badge(weight, spot)
    for route in in_order(drawn.routes):
        if weight := weights.links.get(route.link.key):
            width = badge_width(weight)
            x, y = route.labels[-1]
            spot = space.find(route, width, _HEIGHT) or Box(x - width / 2, y - _HEIGHT / 2, width, _HEIGHT)
            yield badge(weight, spot)


def standup_badge(weight: Weight, x: float, y: float) -> str:
    """The badge beside the words about the stand-up, its left end at x and its middle at y."""
    return badge(weight, Box(x, y - _HEIGHT / 2, badge_width(weight), _HEIGHT))


def badge(weight: Weight, spot: Box) -> str:
    """A pill with a signed number."""
    name = _class(weight)
    x, y = pixels(spot.x + spot.width / 2), pixels(spot.y + _HEIGHT - 4.2)
    return (
        f'<g class="badge {name}"><rect x="{pixels(spot.x)}" y="{pixels(spot.y)}" width="{pixels(spot.width)}" '
        f'height="{_HEIGHT}" rx="{_HEIGHT / 2:g}"/><text x="{x}" y="{y}">{_text(weight)}</text></g>'
    )


def legend(weights: Weights) -> Iterator[tuple[str, str]]:
    """The classes of the badges there are, and what each means."""
    present = {_class(weight) for weight in weights.every()}
    words = {"plus": "lost without it", "minus": "gained without it", "unsure": "no difference"}
    yield from ((f"swatch badge {name}", text) for name, text in words.items() if name in present)


def _class(weight: Weight) -> str:
    return "unsure" if not weight.shown else "plus" if weight.effect > 0 else "minus"


def _text(weight: Weight) -> str:
    number = f"{abs(weight.effect):.2f}"
    sign = "" if not float(number) else "+" if weight.effect > 0 else "−"
    return sign + number


def badge_width(weight: Weight) -> float:
    """In pixels."""
    return text_width(_text(weight), _SIZE) + 8
