"""Charts of Mermaid: a role is a node, a headcount stands in its label, a link is an arrow."""

import re
from functools import lru_cache

from orgopt.basics.slug import slug
from orgopt.document.editing.draft import Draft, NewRole
from orgopt.document.editing.forms.like import count_text, counted, fields_of
from orgopt.document.editing.forms.tables import block_of
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.mermaid import Chart, Edge, chart_of
from orgopt.document.text.program import Block, Program, Span
from orgopt.errors import DocumentError
from orgopt.org import Link

_DRAWN = "a role that is drawn cannot be removed there; `orgopt fmt FILE --out NEW` writes the document in words"
_FENCE = re.compile(r"[ \t]*(?:```|~~~)")
_SHAPES = {"[": "]", "(": ")", "{": "}", "([": "])", "((": "))", "{{": "}}", "[[": "]]"}


def is_chart(program: Program, entry: Entry) -> bool:
    """Whether a node is one of a chart, and not of a drawn tree."""
    return _chart(program, block_of(program, entry)) is not None


@lru_cache(maxsize=8)  # asked for by each link
def _chart(program: Program, block: Block) -> Chart | None:
    return chart_of(program, block) if block.kind == "other" else None


def node_of(program: Program, entry: Entry) -> str:
    """The id of a role's node."""
    chart = _chart(program, block_of(program, entry))
    return next((node for node, one in chart.nodes.items() if one.name.id == entry.name.id), "") if chart else ""


def add(draft: Draft, new: NewRole, last: Entry) -> list[tuple[str, str]]:
    """Add a node to the chart of another; gives the fields that it cannot have."""
    program = draft.program
    block = block_of(program, last)
    chart = _chart(program, block)
    if chart is None:
        return [*new.fields, ("charter", new.charter)]
    number = next((value for key, value in new.fields if key.lower() == "headcount"), "1")
    like = counted(chart.nodes.values())
    count = count_text(program, like, number) if like or number != "1" else ""
    line = program.slice(last.span)
    indent = re.match(r"[ \t]*", line)
    draft.lines(
        _at(program, block, last), f"{indent[0] if indent else '    '}{_node(chart, program, last, new.name, count)}"
    )
    return [*fields_of(new, but=["headcount"]), *([("charter", new.charter)] if new.charter else [])]


def _node(chart: Chart, program: Program, last: Entry, name: str, count: str) -> str:
    """A node with the shape of another's, and an id of its own that is as long as theirs, or as the name."""
    node = new_id(chart, name)
    shape = re.search(r"[\[({]{1,2}(?=\"?[^\[({]*$)", program.text[last.span.start : last.name.span.start])
    opening = shape[0] if shape and shape[0] in _SHAPES else "["
    label = name + count
    quote = '"' if re.search(r"[^\w\s×./-]", label) or f'{opening}"' in program.slice(last.span) else ""
    return f"{node}{opening}{quote}{label.replace(chr(34), chr(39))}{quote}{_SHAPES[opening]}"


def new_id(chart: Chart, name: str) -> str:
    """An id for a node of a name, made as those of a chart are: a letter, initials, or the name."""
    parts = [part for part in slug(name).split("-") if part] or ["node"]
    short = all(len(node) <= 3 for node in chart.nodes)
    lower = all(node == node.lower() for node in chart.nodes)
    word = (
        "".join(part[:1] for part in parts)
        if short
        else "_".join(parts)
        if lower
        else "".join(p.title() for p in parts)
    )
    word = word.lower() if lower else word.upper() if short else word
    word = word if re.match(r"[^\W\d]", word) and word.lower() not in {"end", "style", "class", "click"} else f"N{word}"
    taken = {node.lower() for node in chart.nodes}
    numbered = (f"{word}{number}" for number in range(2, len(taken) + 3))
    return word if word.lower() not in taken else next(one for one in numbered if one.lower() not in taken)


def _at(program: Program, block: Block, last: Entry) -> int:
    """Where a line is added: below the last node's if that names it alone, else before what ends the chart."""
    alone = not re.search(r"--|==|-\.|~~~", program.slice(last.span))
    return last.span.end if alone else _end(program, block)


def _end(program: Program, block: Block) -> int:
    """The end of the lines of a chart, without what colours it."""
    lines = [line for line in list(program.lines(block.span))[1:] if not _FENCE.match(program.slice(line))]
    kept = [
        line for line in lines if re.match(r"\s*(?!classDef|class |style |linkStyle|click|%%)\S", program.slice(line))
    ]
    return kept[-1].end if kept else block.span.end


def add_arrow(draft: Draft, link: Link, block: Block) -> bool:
    """Draw a link in a chart, if that has both ends."""
    program = draft.program
    chart = _chart(program, block)
    if chart is None or link.pattern or link.source == link.target:
        return False
    by_role = {entry.name.id: node for node, entry in chart.nodes.items()}
    by_role |= {role: new_id(chart, new.name) for role, new in draft.added.items() if role not in by_role}
    if link.source not in by_role or link.target not in by_role:
        return False
    source, target = by_role[link.source], by_role[link.target]
    plain = any(not edge.said and edge.line != "-." for edge in chart.edges)
    worded = any(edge.said for edge in chart.edges)
    if link.kind == "reports to" and (plain or not worded):
        text = f"{target} --> {source}"
    else:
        text = f"{source} {'<-->' if link.mutual else '-->'}|{link.kind}| {target}"
    edges = [edge.span for edge in chart.edges]
    at = edges[-1].end if edges else _end(program, block)
    indent = re.match(r"[ \t]*", program.slice(edges[-1] if edges else next(iter(chart.nodes.values())).span))
    draft.lines(at, f"{indent[0] if indent else '    '}{text}")
    return True


def remove_arrow(draft: Draft, link: Link, block: Block) -> bool:
    """Take a link out of a chart; whether there is one."""
    chart = _chart(draft.program, block)
    if chart is None:
        return False
    pair = {node for node, entry in chart.nodes.items() if entry.name.id in {link.source, link.target}}
    for line in dict.fromkeys(edge.span for edge in chart.edges if {edge.source, edge.target} == pair):
        kept = [edge for edge in chart.edges if edge.span == line and {edge.source, edge.target} != pair]
        _rewrite(draft, chart, line, kept, set())
    return True


def remove(draft: Draft, role: str, entry: Entry) -> None:
    """Take a role's node out of its chart, with its arrows.

    Raises:
        DocumentError: It is no chart, but a tree drawn with lines.
    """
    program = draft.program
    chart = _chart(program, block_of(program, entry))
    if chart is None:
        raise DocumentError(f"{program.source}: {_DRAWN}")
    gone = {node for node, one in chart.nodes.items() if one.name.id == role}
    lines = dict.fromkeys(edge.span for edge in chart.edges if {edge.source, edge.target} & gone)
    for line in lines:
        kept = [edge for edge in chart.edges if edge.span == line and not {edge.source, edge.target} & gone]
        _rewrite(draft, chart, line, kept, gone)
    for node in gone:
        own = chart.nodes[node].span
        if own not in lines:
            draft.replace(own, "")


def _rewrite(draft: Draft, chart: Chart, line: Span, kept: list[Edge], gone: set[str]) -> None:
    """A line of a chart without some arrows: nodes that it names first stay, each on a line of its own."""
    program = draft.program
    text = program.slice(line)
    indent = re.match(r"[ \t]*", text)
    lead = indent[0] if indent else ""
    here = {node: label for node, (at, label) in chart.written.items() if at == line and node not in gone}
    lines = [f"{lead}{label}" for node, label in here.items() if label != node or not _stays(chart, node, line, kept)]
    lines += [f"{lead}{edge.source} {edge.text} {edge.target}" for edge in kept]
    draft.replace(line, "".join(one + program.newline for one in lines))


def _stays(chart: Chart, node: str, line: Span, kept: list[Edge]) -> bool:
    """Whether an arrow that is left names a node."""
    others = [edge for edge in chart.edges if edge.span != line]
    return any(node in {edge.source, edge.target} for edge in (*others, *kept))
