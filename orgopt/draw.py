"""Drawings of an organization: Mermaid and SVG text. The terminal tree is the CLI's."""

from html import escape
from textwrap import shorten

import networkx as nx

from orgopt.document.values import format_risk, format_standup
from orgopt.org import Org, Role

BOX_W, BOX_H, GAP_X, GAP_Y, MARGIN = 176, 62, 44, 74, 28
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1b2a3a }
  .title { font-size: 16px; font-weight: 600 }
  .name { font-weight: 600 }
  .small { font-size: 11px; fill: #5b6b7c }
  .box { fill: #f4f8fc; stroke: #4a7db5; stroke-width: 1.4 }
  .submits { fill: #eaf5ea; stroke: #3f8f4f }
  .empty { fill: #fafafa; stroke: #b8c0c8; stroke-dasharray: 4 3 }
  .reports { stroke: #4a7db5; stroke-width: 1.6; fill: none }
  .shares { stroke: #d0802a; stroke-width: 1.4; stroke-dasharray: 5 4; fill: none }
"""

_MARKER = (
    '<marker id="{id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
    'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{color}"/></marker>'
)
_MARKERS = f"<defs>{_MARKER.format(id='to', color='#4a7db5')}{_MARKER.format(id='share', color='#d0802a')}</defs>"


def mermaid(org: Org) -> str:
    """The organization as a Mermaid flowchart."""
    lines = ["flowchart BT"]
    for role in org.roles:
        label = f"{_plain(role.name)} ×{role.headcount}<br/>{role.agent} · risk {format_risk(org.risk_of(role))}"
        lines.append(f'  {role.id}["{label}"]')
    for link in org.links:
        arrow = {"reports to": "-->", "shares with": "<-.->" if link.mutual else "-.->"}[link.kind]
        lines.append(f"  {link.source} {arrow}|{link.kind}| {link.target}")
    if org.standup:
        lines.append(f'  standup(["stand-up: {_plain(format_standup(org.standup))}"])')
    return "\n".join(lines) + "\n"


def svg(org: Org) -> str:
    """The organization as a stand-alone SVG: reporting lines run downward, sharing is dashed."""
    layers = _layers(org)
    widest = max((len(layer) for layer in layers), default=1)
    title = shorten(org.title or "Organization", 80, placeholder="…")
    footer = f"Stand-up: {format_standup(org.standup, {role.id: role.name for role in org.roles})}"
    width = max(
        2 * MARGIN + widest * (BOX_W + GAP_X) - GAP_X, 2 * MARGIN + 7 * len(footer), 9 * len(title) + 2 * MARGIN
    )
    top = MARGIN + 26
    height = top + len(layers) * (BOX_H + GAP_Y) - GAP_Y + MARGIN + 30
    place: dict[str, tuple[float, float]] = {}
    for row, layer in enumerate(layers):
        left = (width - (len(layer) * (BOX_W + GAP_X) - GAP_X)) / 2
        for column, role in enumerate(layer):
            place[role.id] = (left + column * (BOX_W + GAP_X), top + row * (BOX_H + GAP_Y))
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
        f"<style>{_STYLE}</style>",
        _MARKERS,
        f'<rect width="{width:g}" height="{height:g}" fill="white"/>',
        f'<text class="title" x="{MARGIN}" y="{MARGIN + 4}">{escape(title)}</text>',
        *(_link(place, link.source, link.target, link.kind, link.mutual) for link in org.links),
        *(_box(org, role, *place[role.id]) for role in org.roles),
        f'<text class="small" x="{MARGIN}" y="{height - MARGIN + 8:g}">{escape(footer)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _layers(org: Org) -> list[list[Role]]:
    """Roles by their distance from the top of the reporting lines, in document order within a layer."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(role.id for role in org.roles)
    graph.add_edges_from((link.target, link.source) for link in org.links if link.kind == "reports to")
    depth: dict[str, int] = {}
    if nx.is_directed_acyclic_graph(graph):
        for layer, nodes in enumerate(nx.topological_generations(graph)):
            depth |= dict.fromkeys(nodes, layer)
    layers: list[list[Role]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for role in org.roles:
        layers[depth.get(role.id, 0)].append(role)
    # A wide layer, such as many roles that do not report, is broken into rows of eight.
    return [layer[i : i + 8] for layer in layers for i in range(0, len(layer), 8)] or [[]]


def _box(org: Org, role: Role, x: float, y: float) -> str:
    kind = "empty" if not role.headcount else "submits" if role.id in org.submitters() else ""
    name = shorten(role.name, 20, placeholder="…")
    detail = f"{role.agent} · risk {format_risk(org.risk_of(role))}"
    return (
        f'<g><rect class="box {kind}" x="{x:g}" y="{y:g}" width="{BOX_W}" height="{BOX_H}" rx="9"/>'
        f'<text class="name" x="{x + 14:g}" y="{y + 26:g}">{escape(name)} ×{role.headcount}</text>'
        f'<text class="small" x="{x + 14:g}" y="{y + 45:g}">{escape(detail)}</text></g>'
    )


def _link(place: dict[str, tuple[float, float]], source: str, target: str, kind: str, mutual: bool) -> str:
    (x1, y1), (x2, y2) = place[source], place[target]
    style, marker = ("reports", "to") if kind == "reports to" else ("shares", "share")
    ends = f'marker-end="url(#{marker})"' + (f' marker-start="url(#{marker})"' if mutual else "")
    offset = 12 if kind == "shares with" else 0  # keeps both kinds of link between two roles apart
    if source == target:
        x, y = x1 + BOX_W, y1 + BOX_H / 2
        path = f"M{x:g} {y - 12:g}c30 -14 30 38 0 24"
    elif y1 == y2:
        left, right = sorted((x1, x2))
        y = y1 + BOX_H / 2 + offset
        if right - left > BOX_W + GAP_X + 1:  # passes below the boxes between them
            a, b, low = x1 + BOX_W / 2 + offset, x2 + BOX_W / 2 + offset, y1 + BOX_H
            path = f"M{a:g} {low:g}C{a:g} {low + 46:g} {b:g} {low + 46:g} {b:g} {low:g}"
        else:
            a, b = (left + BOX_W, right) if x1 < x2 else (right, left + BOX_W)
            path = f"M{a:g} {y:g}L{b:g} {y:g}"
    else:
        up = y1 > y2
        a, b = (x1 + BOX_W / 2 + offset, x2 + BOX_W / 2 + offset)
        ya, yb = (y1, y2 + BOX_H) if up else (y1 + BOX_H, y2)
        middle = (ya + yb) / 2
        path = f"M{a:g} {ya:g}C{a:g} {middle:g} {b:g} {middle:g} {b:g} {yb:g}"
    return f'<path class="{style}" d="{path}" {ends}><title>{escape(f"{source} {kind} {target}")}</title></path>'


def _plain(text: str) -> str:
    """Text that Mermaid takes for nothing but text."""
    return "".join(char if char.isalnum() or char in " -–.,:" else f"#{ord(char)};" for char in text)
