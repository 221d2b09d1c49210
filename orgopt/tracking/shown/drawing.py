"""What pictures in MLflow are drawn with: standalone SVG with its colours in it."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from orgopt.report.scale import Scale, ticks
from orgopt.study.wording import plain

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 300, 46, 16, 36, 38
INK, PALE, LINE = "#1b1b1b", "#666", "#e4e4e4"
DASHED = 'stroke-dasharray="4 3"'
SOLID = 'stroke-dasharray="none"'


class Key(NamedTuple):
    """An entry of a legend: a dot, or a line with some strokes."""

    words: str
    colour: str
    line: str = ""


def grid(y: Scale, left: float, right: float) -> Iterator[str]:
    """Lines of a scale with their values."""
    for value in ticks(y, 6):
        colour = "#999" if abs(value) < 1e-9 else LINE
        yield f'<line x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="{colour}"/>'
        yield text(left - 6, y(value) + 4, plain(value), PALE, "end")


def line(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    """A line through some places."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def bar(x: float, low: float, high: float, colour: str) -> str:
    """An upright line from one end to the other."""
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="{colour}" stroke-width="1.5"/>'


def dot(x: float, y: float, size: float = 2.5, colour: str = "#b5b5b5") -> str:
    """A candidate, or another point."""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size}" fill="{colour}"/>'


def text(x: float, y: float, words: str, colour: str, anchor: str = "middle") -> str:
    """Words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def svg(title: str, parts: Sequence[str], keys: Sequence[Key], height: float = HEIGHT, under: str = "") -> str:
    """A picture with its title, a line under it, and its legend."""
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    shown, at = list[str](), float(LEFT)
    for words, colour, line in keys:
        stroke = f'stroke="{colour}" stroke-width="2.5" {line}'
        mark = f'<line x1="{at}" x2="{at + 18}" y1="{height - 8}" y2="{height - 8}" {stroke}/>'
        shown += [
            mark if line else dot(at + 12, height - 8, 4, colour),
            text(at + 24, height - 4, words, PALE, "start"),
        ]
        at += 40 + 6.2 * len(words)
    top = 15 if under else 18
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size} font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="{top}" font-size="14" font-weight="600" fill="{INK}">{escape(title)}</text>',
        *([text(LEFT, 31, under, PALE, "start")] if under else []),
    ]
    return "\n".join([*head, *parts, *shown, "</svg>", ""])
