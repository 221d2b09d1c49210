"""Who hands work to whom as diagrams draw it that are no rosters: flowcharts with steps, and sequences of messages.

Only arrows between those whom the rest of a document names count, and what leads from one to another through a choice.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from orgopt.document.reading.evidence.mermaid import Chart, chart_of, said_by, sequence_of
from orgopt.document.reading.evidence.signs import Arrow
from orgopt.document.reading.handovers import Names
from orgopt.document.text.program import Program, Span

_CHOICES = 3  # one behind the other, at most


def drawn_in_diagrams(
    program: Program, roles: Mapping[str, object], resolve: Callable[[str], str], taken: tuple[Span, ...]
) -> Iterator[Arrow]:
    """The links of a document's flowcharts and sequence diagrams between its roles.

    Args:
        program: The document.
        roles: Its roles by their ids.
        resolve: Gives the id of a role by any of its names.
        taken: Spans that are read elsewhere.
    """
    if len(roles) < 2:
        return
    names = Names(roles, resolve)
    for block in program.blocks:
        if block.kind != "other" or any(span.start <= block.span.start < span.end for span in taken):
            continue
        if chart := chart_of(program, block):
            yield from _in_chart(chart, names)
        else:
            yield from _in_sequence(program, block.span, names)


def _in_chart(chart: Chart, names: Names) -> Iterator[Arrow]:
    """The arrows of a flowchart between roles; what its words say counts, all else only where nobody says more."""
    ids = {node: _whom(entry.name.text, entry.name.title, names) for node, entry in chart.nodes.items()}
    for node in chart.boxes:
        ids.pop(node, None)
    for edge in chart.edges:
        if edge.tip == "x":
            continue
        for target in _reached(edge.target, chart, ids):
            source = ids.get(edge.source)
            if not source or source == target:
                continue
            if (worded := said_by(edge)) and ids.get(edge.target) == target:
                kind, way = worded
                ends = (target, source) if way == "←" else (source, target)
                yield Arrow(source=ends[0], target=ends[1], kind=kind, mutual=way == "↔", span=edge.span)
            elif edge.tip and not (edge.said and edge.line == "-."):  # what a dotted arrow says may be anything
                yield Arrow(
                    source=source, target=target, kind="delegates to", mutual=False, span=edge.span, implied=True
                )


def _reached(node: str, chart: Chart, ids: Mapping[str, str], depth: int = _CHOICES) -> Iterator[str]:
    """The roles that an arrow to a node leads to: its own, those in its box, or those behind a choice."""
    if ids.get(node):
        yield ids[node]
    elif node in chart.boxes:
        led = {edge.target for edge in chart.edges}
        yield from (ids[one] for one in chart.boxes[node] if ids.get(one) and one not in led)
    elif node in chart.choices and depth:
        for edge in chart.edges:
            if edge.source == node and edge.tip:
                yield from _reached(edge.target, chart, ids, depth - 1)


def _in_sequence(program: Program, span: Span, names: Names) -> Iterator[Arrow]:
    """The messages of a sequence diagram between roles; what comes back to whoever asked first is an answer."""
    seen: set[frozenset[str]] = set()
    for source, target, line in sequence_of(program, span):
        ends = names.one(source), names.one(target)
        if all(ends) and ends[0] != ends[1] and frozenset(ends) not in seen:
            seen.add(frozenset(ends))
            yield Arrow(source=ends[0], target=ends[1], kind="delegates to", mutual=False, span=line, implied=True)


def _whom(text: str, title: str, names: Names) -> str:
    """The role that a node names, alone or beside what it is."""
    return names.one(text) or (names.one(title) if title else "") or names.one(re.split(r"[:：]\s", text)[0])
