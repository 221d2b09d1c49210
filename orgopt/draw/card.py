"""The card of a role: its words in lines that fit, its size, and its drawing."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from orgopt.document.grammar.numbers import format_risk
from orgopt.draw.content import settings
from orgopt.draw.places import Box
from orgopt.draw.style import pixels
from orgopt.draw.text import BOLD, clean, right_to_left, text_width, wrap
from orgopt.org import Org, Role

PAD = 12
NARROWEST, WIDEST = 148, 212  # pixels of a box
NAME, SMALL = 13, 11  # font sizes in pixels
NAME_LINE, SMALL_LINE = 17, 15  # from one line to the next
_NAME_LINES, _SMALL_LINES = 3, 2  # of one name, and of one of the other texts
_RISK_BAR = 34


class Card(NamedTuple):
    """What a card shows.

    Attributes:
        name: The name in lines.
        agent: The agent in lines, beside the risk.
        settings: The other texts in lines, each with the text that it is of.
        risk: The role's risk tolerance.
    """

    role: Role
    name: Sequence[str]
    agent: Sequence[str]
    settings: Sequence[tuple[str, str]]
    risk: float

    @property
    def height(self) -> float:
        """In pixels."""
        small = len(self.agent) + len(self.settings)
        return 22 + NAME_LINE * len(self.name) + SMALL_LINE * small


def card_width(org: Org, roles: Sequence[Role]) -> float:
    """The width of all cards of a drawing, by the longest of their texts."""
    names = (text_width(clean(role.name) + _count(role), NAME * BOLD) for role in roles)
    details = (text_width(role.agent, SMALL) + _beside_agent(org.risk_of(role)) for role in roles)
    extras = (text_width(clean(line), SMALL) for role in roles for line in settings(org, role))
    widest = max((*names, *details, *extras), default=0) + 2 * PAD + 6
    return round(min(WIDEST, max(NARROWEST, widest)))


def card(org: Org, role: Role, width: float) -> Card:
    """The card of a role, `width` pixels wide."""
    room, risk = width - 2 * PAD, org.risk_of(role)
    return Card(
        role=role,
        name=wrap(role.name, room - text_width(_count(role), NAME * BOLD), NAME * BOLD, _NAME_LINES),
        agent=wrap(role.agent, room - _beside_agent(risk), SMALL, _SMALL_LINES),
        settings=[(line, text) for text in settings(org, role) for line in wrap(text, room, SMALL, _SMALL_LINES)],
        risk=risk,
    )


def draw_card(shown: Card, box: Box, *, submits: bool, style: str) -> Iterator[str]:
    """The card in its box, as SVG; `style` is an attribute of the box."""
    role = shown.role
    kind = "box empty" if not role.headcount else "box submits" if submits else "box"
    left, right, y = box.x + PAD, box.x + box.width - PAD, box.y + (box.height - shown.height) / 2
    yield (
        f'<g><title>{escape(clean(role.name))} ×{role.headcount}</title><rect class="{kind}" x="{pixels(box.x)}" '
        f'y="{pixels(box.y)}" width="{pixels(box.width)}" height="{pixels(box.height)}" rx="8"{style}/>'
    )
    mirrored = right_to_left(role.name)
    for i, line in enumerate(shown.name):
        start = f'x="{pixels(right)}" direction="rtl"' if mirrored else f'x="{pixels(left)}"'
        yield f'<text class="name" {start} y="{pixels(y + 22 + NAME_LINE * i)}">{escape(line)}</text>'
    count = f'class="count" x="{pixels(left)}"' if mirrored else f'class="count end" x="{pixels(right)}"'
    yield f'<text {count} y="{pixels(y + 22)}">{_count(role).strip()}</text>'
    y += 24 + NAME_LINE * len(shown.name)
    yield from _risk(shown.risk, right - _RISK_BAR, y)
    texts = [*((line, role.agent) for line in shown.agent), *shown.settings]
    for i, (line, text) in enumerate(texts):
        yield _small(line, text, left, y + SMALL_LINE * i)
    yield "</g>"


def _risk(risk: float, x: float, y: float) -> Iterator[str]:
    yield f'<text class="small end" x="{pixels(x - 5)}" y="{pixels(y)}">risk {format_risk(risk)}</text>'
    yield f'<rect class="track" x="{pixels(x)}" y="{pixels(y - 7)}" width="{_RISK_BAR}" height="6" rx="3"/>'
    if risk > 0:
        fill = max(6, _RISK_BAR * min(1, risk))
        yield f'<rect class="risk" x="{pixels(x)}" y="{pixels(y - 7)}" width="{pixels(fill)}" height="6" rx="3"/>'


def _small(line: str, text: str, x: float, y: float) -> str:
    return f'<text class="small" x="{pixels(x)}" y="{pixels(y)}">{escape(line)}{whole(line, text)}</text>'


def whole(line: str, text: str) -> str:
    """The whole text, which shows up where a pointer rests, for a line that is cut."""
    return f"<title>{escape(clean(text))}</title>" if line.endswith("…") else ""


def _count(role: Role) -> str:
    return f" ×{role.headcount}" if role.headcount else " left out"


def _beside_agent(risk: float) -> float:
    return text_width(f"risk {format_risk(risk)}", SMALL) + _RISK_BAR + 13
