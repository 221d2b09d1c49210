"""The Mermaid drawing of an organization."""

import json

from orgopt.document.grammar.numbers import format_risk
from orgopt.draw.content import content, settings, standup
from orgopt.draw.layers import rows
from orgopt.draw.style import LIGHT
from orgopt.draw.text import clean
from orgopt.org import Link, LinkKind, Org

_ARROWS: dict[LinkKind, str] = {
    "reports to": "-->",
    "shares with": "-.->",
    "delegates to": "==>",
    "reviews": "--x",
}
_CLASSES = (
    f"  classDef submits fill:{LIGHT['done']},stroke:{LIGHT['done-edge']},color:{LIGHT['ink']}",
    f"  classDef empty fill:{LIGHT['empty']},stroke:{LIGHT['edge']},color:{LIGHT['faint']},stroke-dasharray:4 3",
    f"  classDef note fill:#fff8dc,stroke:#c9b458,color:{LIGHT['ink']}",
)


def mermaid(org: Org) -> str:
    """The organization as a Mermaid flowchart.

    Nodes are numbered, since words such as `end` and `click` mean something to Mermaid.
    """
    shown = content(org)
    node = {role.id: f"r{i}" for i, role in enumerate(shown.roles)}
    submitters = set(org.submitters())
    title = clean(org.title)
    lines = [*(["---", f"title: {json.dumps(title, ensure_ascii=False)}", "---"] if title else []), "flowchart BT"]
    # Mermaid breaks cycles where it meets them: from the bottom row, reports first, it puts most managers on top.
    row_of = rows(list(node), shown.links).row_of
    for role in sorted(shown.roles, key=lambda role: -row_of[role.id]):
        label = f"{_plain(role.name)} ×{role.headcount}<br/>{_plain(role.agent)}, risk {format_risk(org.risk_of(role))}"
        label += "".join(f"<br/>{_plain(line)}" for line in settings(org, role))
        mark = ":::empty" if not role.headcount else ":::submits" if role.id in submitters else ""
        lines.append(f'  {node[role.id]}["{label}"]{mark}')
    links = sorted(shown.links, key=lambda link: link.kind != "reports to")
    lines += [f'  {node[link.source]} {_arrow(link)}|"{_words(link)}"| {node[link.target]}' for link in links]
    notes = [standup(org), shown.left_out]
    lines += [f'  note{i}>"{_plain(note)}"]:::note' for i, note in enumerate(notes) if note]
    return "\n".join([*lines, *_CLASSES]) + "\n"


def _arrow(link: Link) -> str:
    arrow = _ARROWS[link.kind]
    return f"<{arrow}" if link.mutual else arrow


def _words(link: Link) -> str:
    return link.kind + (f" #40;{_plain(link.pattern)}#41;" if link.pattern else "")


def _plain(text: str) -> str:
    """Text that Mermaid takes for nothing but text: neither its own syntax nor HTML nor Markdown."""
    # A line that starts with `-` would be a list.
    return "".join(c if c.isalnum() or c in " ," or (c == "-" and i) else _code(c) for i, c in enumerate(clean(text)))


def _code(char: str) -> str:
    # Mermaid looks for `$$` and `fa:` after it has decoded: a space of no width keeps them apart.
    return f"#{ord(char)};" + ("#8203;" if char in "$:" else "")
