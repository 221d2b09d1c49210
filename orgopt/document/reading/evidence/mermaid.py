"""Charts of Mermaid as evidence: nodes with labels, and arrows, in a fence or in a file of their own.

Read are `graph` and `flowchart`. An arrow without words, in a chart of an organization, points from whoever leads to
whoever reports; orgopt's own charts say on each arrow what it is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from orgopt.document.grammar.key_table import LINK_KEYS
from orgopt.document.grammar.words import normal
from orgopt.document.reading.entry import Entry, count
from orgopt.document.reading.evidence.signs import Arrow, Group, never, person, share, short, somebody
from orgopt.document.reading.names import read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.text.parser import CHART
from orgopt.document.text.program import Block, Program, Span

_OPEN = re.compile(r"[ \t]*(?:```|~~~)[ \t]*mermaid", re.IGNORECASE)
_KIND = re.compile(r"\s*(?:graph|flowchart)(?:\s+(?:TB|TD|BT|RL|LR))?\s*;?\s*$", re.IGNORECASE)
_NODE = re.compile(
    r"\s*(?P<id>[^\W\d][\w.-]*?)(?=[\s\[({>&;:]|--|==|-\.|<|$)(?:(?P<open>[\[({>]{1,3}[/\\]?)(?P<label>\"[^\"]*\"|[^\[\](){}|]*)[/\\]?[\])}]{1,3})?(?::::\w+)?"
)
_ARROW = re.compile(
    r"\s*(?P<head>[<xo](?=[-=]))?(?P<line>--|==|-\.)(?:\s*(?P<text>[^-=.|>\s][^|>]*?)\s*(?=-->|---|==>|-\.->|\.->|--x))?"
    r"(?P<more>[-=.]*)(?P<tip>[>xo]?)(?:[ \t]*\|(?P<said>[^|]*)\|)?"
)
_SKIP = re.compile(r"\s*(?:%%|style\b|classDef\b|class\b|click\b|linkStyle\b|direction\b|end\b|subgraph\b|$)")
_TAG = re.compile(r"</?(?:b|i|u|em|strong|small|sub|sup)>", re.IGNORECASE)
_CODE = re.compile(r"#(\d{1,5});")
_VARIANT = re.compile(r"(.{3,}?)\s+(?:\d{1,2}|[A-Z])$")
_OWN = re.compile(r"\s×(\d{1,3})$")
_PARTICIPANT = re.compile(r"(?:participant|actor)\s+(?P<id>[\w.-]+)(?:\s+as\s+(?P<name>.+))?$", re.IGNORECASE)
_MESSAGE = re.compile(r"(?P<source>[\w.-]+)\s*(?:->>|->|-\)|-x)\s*[+-]?\s*(?P<target>[\w.-]+)\s*:")
_MOST = 400  # lines
_COUNTED = 0.8  # of the nodes of a chart, whose labels say of how many agents each is
_KINDS = {normal(key): way for key, way in reversed(LINK_KEYS.items())}  # of two keys that are one word the first


class Edge(NamedTuple):
    """An arrow between two nodes, and how it is drawn."""

    source: str
    target: str
    line: str
    said: str
    both: bool
    tip: str
    span: Span
    text: str


class Chart(NamedTuple):
    """A chart: its nodes by their ids, how they are written where they have a label, its arrows, its boxes."""

    nodes: dict[str, Entry]
    written: dict[str, tuple[Span, str]]
    edges: list[Edge]
    boxes: dict[str, list[str]]
    choices: list[str]
    titles: list[str]


@of_block
def mermaid_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of a chart."""
    chart = chart_of(program, block)
    if chart is None:
        return None
    nodes, _, edges, boxes, choices, _ = chart
    found = {i: e for i, e in nodes.items() if i not in boxes and e.name.id and not i.startswith("note")}
    counted = len(found) > 1 and share(e.name.digits is not None for e in found.values()) >= _COUNTED
    people_ = {
        i: e
        for i, e in found.items()
        if counted or (short(e.name.text) and not (never(e.name.text) and not person(e.name.text)))
    }
    worded = share(bool(said_by(edge)) for edge in edges)
    some = share(map(somebody, people_.values()))
    score = (
        max(0.0, min(above, 2.0))
        + 2.0 * (some >= 0.6)
        + 1.0 * (0.3 <= some < 0.6)
        + 2.0 * (worded >= 0.8 and bool(edges))
        + 3.0 * counted
    )
    solid = [edge for edge in _into_boxes(edges, boxes, people_) if edge.line != "-."]
    score += 1.5 * (_is_tree([edge for edge in solid if not edge.said], people_) or _is_tree(solid, people_))
    score -= 1.0 * (len(people_) < 2) + 2.0 * (2 * len(people_) < len(found))
    score -= 2.0 * (len(chart.titles) > 1 and share(map(never, chart.titles)) >= 0.5)  # what comes after what
    bases = [base[1] for entry in people_.values() if (base := _VARIANT.match(entry.name.text)) and not person(base[1])]
    score -= 2.0 * (len(bases) > len(set(bases)))  # one step for each of several things
    score -= 2.0 * (len(choices) > 0 and not worded)  # who decides what, and what comes next
    links = tuple(_arrows(edges, boxes, people_))
    entries = tuple(people_.values())
    return Group(entries=entries, score=score, span=block.span, what="a chart", links=links) if entries else None


def chart_of(program: Program, block: Block) -> Chart | None:
    """The chart in a fence, or of a file of its own, or None for any other block."""
    fenced = _OPEN.match(program.slice(program.first_line(block.span))) is not None
    if not fenced and not (block.kind == "other" and CHART.match(program.text, block.span.start, block.span.end)):
        return None
    chart = Chart({}, {}, [], {}, [], [])
    open_: list[str] = []
    started = titled = False
    for line in list(program.lines(block.span))[fenced:_MOST]:
        text = program.slice(line).rstrip("\r\n").rstrip().lstrip("\ufeff")
        if not started:
            if text.strip() == "---" or titled:  # its own front matter: a title, settings
                titled ^= text.strip() == "---"
                continue
            started = bool(_KIND.match(text))
            if not started and text.strip() and not text.strip().startswith("%%"):
                return None
            continue
        if text.strip()[:3] in {"```", "~~~"}:
            break
        _box(text, open_, chart)
        chart.choices.extend(re.findall(r"([\w.-]+)\{[^{]", text))
        if not _SKIP.match(text):
            known = len(chart.nodes)
            _read_line(text, line, chart)
            for name in open_:
                chart.boxes[name] += list(chart.nodes)[known:]
    return chart


def sequence_of(program: Program, span: Span) -> Iterator[tuple[str, str, Span]]:
    """The messages of a sequence diagram, as the names of who sends and who gets each, and its line; no answers."""
    lines = list(program.lines(span))
    if not lines or not _OPEN.match(program.slice(lines[0])):
        return
    called: dict[str, str] = {}
    started = False
    for line in lines[1:_MOST]:
        text = program.slice(line).strip()
        started = started or text == "sequenceDiagram"
        if not started:
            continue
        if who := _PARTICIPANT.match(text):
            called[who["id"]] = _TAG.sub("", re.split(r"<br\s*/?>", who["name"] or who["id"])[0]).strip()
        elif message := _MESSAGE.match(text):
            yield (
                called.get(message["source"], message["source"]),
                called.get(message["target"], message["target"]),
                line,
            )


def _box(text: str, open_: list[str], chart: Chart) -> None:
    """Note the box that a line opens or closes."""
    if box := re.match(r"\s*subgraph\b\s*([\w.-]*)\s*[\[\"]*([^\]\"]*)", text):
        open_.append(box[1])
        chart.titles.append(box[2] or box[1])
        chart.boxes.setdefault(box[1], [])
    elif text.strip() == "end" and open_:
        open_.pop()


def _is_tree(edges: list[Edge], nodes: dict[str, Entry]) -> bool:
    """Whether arrows lead from one top to all others, as in a chart of an organization; few have two above them."""
    below = [edge.target for edge in edges if edge.source in nodes and edge.target in nodes]
    tops = {edge.source for edge in edges if edge.source in nodes} - set(below)
    return bool(below) and len(tops) == 1 and len(below) <= 1.1 * len(set(below)) + 1


def _read_line(text: str, line: Span, chart: Chart) -> None:
    """The nodes and the arrows of a line, such as `A[Lead] --> B & C`."""
    at, left = 0, list[str]()
    arrow: re.Match[str] | None = None
    while at < len(text):
        here: list[str] = []
        while match := _NODE.match(text, at):
            here.append(match["id"])
            _note(match, line, chart)
            at = match.end()
            if not (more := re.compile(r"\s*&").match(text, at)):
                break
            at = more.end()
        if arrow:
            for source in left:
                chart.edges.extend(_edge(arrow, source, target, line) for target in here)
        left = here
        arrow = _ARROW.match(text, at) if here else None
        if not arrow or arrow.end() == at:
            return
        at = arrow.end()


def _note(match: re.Match[str], line: Span, chart: Chart) -> None:
    nodes, node = chart.nodes, match["id"]
    if node in nodes and not match["label"]:
        return
    label = match["label"] if match["label"] and match["label"].strip('" ') else node
    at = line.start + match.start("label" if label is not node else "id")
    if label.startswith('"'):
        label, at = label[1:-1], at + 1
    label = _TAG.sub(lambda tag: "*" * len(tag[0]), label)  # marks, as long, so that the name stands where it stood
    label = _CODE.sub(lambda code: chr(int(code[1])) if int(code[1]) < 0x110000 and code[1] != "8203" else "", label)
    name = read_name(label.strip(), at + len(label) - len(label.lstrip()))
    if own := _OWN.search(name.text):
        span = Span(name.span.end - len(own[1]), name.span.end)
        name = name._replace(text=name.text[: own.start()], digits=(own[1], span))
    if label != node and name.text == label.strip() and ": " not in label:
        name = name._replace(title=name.title or node)
    elif label != node:
        name = name._replace(raw=node)
    chart.written.setdefault(node, (line, match[0].strip()))
    nodes[node] = Entry(kind="node", name=name, span=line, fields=count(name))


def _edge(arrow: re.Match[str], source: str, target: str, line: Span) -> Edge:
    said = (arrow["text"] or arrow["said"] or "").strip('" ')
    return Edge(source, target, arrow["line"], said, bool(arrow["head"]), arrow["tip"], line, arrow[0].strip())


def said_by(edge: Edge) -> tuple[str, str] | None:
    """The kind of a link that an arrow says in words, and its direction."""
    said = normal(re.sub(r"#\d+;|\(.*", "", edge.said))
    return _KINDS.get(said)


def _into_boxes(edges: list[Edge], boxes: dict[str, list[str]], nodes: dict[str, Entry]) -> Iterator[Edge]:
    """The arrows between nodes; one to a box leads to each node in it that nobody else leads."""
    plain = [edge for edge in edges if not edge.said and edge.line != "-." and edge.tip == ">"]
    line = _in_lines(plain)
    led = {edge.target for edge in plain if edge.source in nodes and edge.source not in line}
    for edge in edges:
        inner = [node for node in boxes.get(edge.target, ()) if node in nodes and node not in led]
        if edge.source in nodes and edge.target in nodes and edge.source != edge.target:
            yield edge
        elif edge.source in nodes and edge.source not in inner:
            yield from (edge._replace(target=node) for node in inner)


def _in_lines(edges: list[Edge]) -> set[str]:
    """The nodes of arrows that only go from one to the next: they say what comes next, and nobody leads."""
    near: dict[str, set[str]] = {}
    for edge in edges:
        near.setdefault(edge.source, set()).add(edge.target)
        near.setdefault(edge.target, set()).add(edge.source)
    below = Counter(edge.source for edge in edges)
    found, left = set[str](), set(near)
    while left:
        part, todo = set[str](), [left.pop()]
        while todo:
            part.add(node := todo.pop())
            todo += [other for other in near[node] if other not in part]
        left -= part
        if len(part) > 2 and max(below[node] for node in part) < 2:
            found |= part
    return found


def _go_round(ends: Iterable[tuple[str, str]]) -> bool:
    """Whether arrows lead back to where they come from: they say what comes next, and nobody leads."""
    below: dict[str, set[str]] = {}
    for source, target in ends:
        below.setdefault(target, set()).add(source)
    try:
        TopologicalSorter(below).prepare()
    except CycleError:
        return True
    return False


def _arrows(edges: list[Edge], boxes: dict[str, list[str]], nodes: dict[str, Entry]) -> Iterator[Arrow]:
    """What the arrows say; without words, and one behind the other, they say only what comes next."""
    line = _in_lines([edge for edge in edges if not edge.said and edge.line != "-." and edge.tip == ">"])
    drawn = list(_into_boxes(edges, boxes, nodes))
    tree = _is_tree([edge for edge in drawn if edge.line != "-."], nodes)
    plain = [edge for edge in drawn if not edge.said and edge.line != "-." and edge.tip == ">"]
    flow = _go_round((nodes[edge.source].name.id, nodes[edge.target].name.id) for edge in plain)
    for edge in drawn:
        ends = nodes[edge.source].name.id, nodes[edge.target].name.id
        direct = edge.target not in line or edge.source not in line
        if worded := said_by(edge):
            kind, way = worded
            source, target = ends[::-1] if way == "←" else ends
            yield Arrow(
                source=source, target=target, kind=kind, mutual=edge.both and kind == "shares with", span=edge.span
            )
        elif not edge.said and edge.line != "-." and (edge.tip == ">" or (tree and not edge.tip)) and direct:
            if flow:
                continue
            yield Arrow(source=ends[1], target=ends[0], kind="reports to", mutual=False, span=edge.span)
        elif not edge.said and edge.line == "-." and edge.tip == ">":
            yield Arrow(source=ends[0], target=ends[1], kind="shares with", mutual=edge.both, span=edge.span)
