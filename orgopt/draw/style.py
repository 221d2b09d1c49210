"""The colours of charts, and the style sheet of the SVG; each rule is within `.org`, for pages that inline it."""

from collections.abc import Mapping


def pixels(number: float) -> str:
    """A number of pixels, to a tenth."""
    return f"{round(number, 1) + 0.0:g}"


_SHAPE = """
.org text { font: 11px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
.org .title { font-size: 16px; font-weight: 600 }
.org .name { font-size: 13px; font-weight: 600 }
.org .count { font-size: 13px }
.org .end { text-anchor: end }
.org .label { text-anchor: middle; paint-order: stroke; stroke-width: 7px; stroke-linejoin: round }
.org path, .org line, .org .clock { fill: none; stroke-width: 1.5px }
.org .clock { stroke-width: 1.2px }
.org path:hover { stroke-width: 3.5px }
.org .box, .org .swatch { stroke-width: 1.4px }
.org .empty { stroke-dasharray: 4 3 }
.org .band { stroke: none }
.org .shares { stroke-dasharray: 6 4 }
.org .delegates { stroke-dasharray: 1.5 3.5; stroke-width: 2px }
.org .reviews { stroke-dasharray: 10 3 2 3 }
.org .label, .org .head path { stroke-dasharray: none }
"""

LIGHT = {
    "paper": "#ffffff", "band": "#e9eef4",
    "ink": "#17222e", "faint": "#566575", "box": "#f3f6fa", "edge": "#8496a9", "done": "#e6f4e8",
    "done-edge": "#3c8a4c", "empty": "#fbfbfc", "track": "#d8dfe7", "risk": "#d06a4a",
    "reports": "#2f6db3", "shares": "#b8650a", "delegates": "#7a4fc0", "reviews": "#c0325f",
}  # fmt: skip
_DARK = {
    "paper": "#12181f", "band": "#1a2430",
    "ink": "#e6edf4", "faint": "#9fb0c0", "box": "#1d2731", "edge": "#5b7086", "done": "#17301d",
    "done-edge": "#5fae6e", "empty": "#161d24", "track": "#34424f", "risk": "#e58a68",
    "reports": "#6fa8e6", "shares": "#e29a45", "delegates": "#b294ec", "reviews": "#ee7a9c",
}  # fmt: skip


def _colors(colors: Mapping[str, str]) -> str:
    # No custom properties: not every viewer of SVG knows them.
    links = [
        f".org .{kind} {{ stroke: {colors[kind]} }} .org .head.{kind} path {{ fill: {colors[kind]}; stroke: none }} "
        f".org .label.{kind} {{ fill: {colors[kind]}; stroke: {colors['paper']} }} "
        f".org .label.{kind}.on-band {{ stroke: {colors['band']} }}"
        for kind in ("reports", "shares", "delegates", "reviews")
    ]
    rules = [
        f".org .paper {{ fill: {colors['paper']} }}",
        f".org text {{ fill: {colors['ink']} }} .org .small, .org .count {{ fill: {colors['faint']} }}",
        f".org .band, .org .swatch.band {{ fill: {colors['band']} }}",
        f".org .box, .org .swatch {{ fill: {colors['box']}; stroke: {colors['edge']} }}",
        f".org .submits {{ fill: {colors['done']}; stroke: {colors['done-edge']} }}",
        f".org .empty {{ fill: {colors['empty']} }}",
        f".org .track {{ fill: {colors['track']} }} .org .risk {{ fill: {colors['risk']} }}",
        f".org .clock {{ stroke: {colors['faint']} }}",
    ]
    return "\n".join([*rules, *links])


_BADGE = """
.org .badge rect, .org .swatch.badge { stroke-width: 1.2px }
.org .badge text { font-weight: 600; text-anchor: middle }
.org .unsure rect, .org .swatch.unsure { stroke-dasharray: 2.5 2 }
"""
_BADGE_LIGHT = {"plus": ("#1c5fa8", "#ffffff"), "minus": ("#a8321d", "#ffffff"), "unsure": ("#ffffff", "#566575")}
_BADGE_DARK = {"plus": ("#8cc0f5", "#0d1a28"), "minus": ("#f5a28c", "#2b0f08"), "unsure": ("#12181f", "#9fb0c0")}


def _badges(colors: Mapping[str, tuple[str, str]]) -> str:
    return "\n".join(
        f".org .{name} rect, .org .swatch.{name} {{ fill: {fill}; stroke: {ink if name == 'unsure' else fill} }} "
        f".org .{name} text {{ fill: {ink} }}"
        for name, (fill, ink) in colors.items()
    )


STYLE = f"{_SHAPE}{_colors(LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{_colors(_DARK)}\n}}\n"
"""The rules of a plain drawing."""

WEIGHT_STYLE = f"{_BADGE}{_badges(_BADGE_LIGHT)}\n@media (prefers-color-scheme: dark) {{\n{_badges(_BADGE_DARK)}\n}}\n"
"""The rules that effects of parts need beside those."""
