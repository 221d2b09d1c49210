"""Chains of names as evidence, below the heading of a team: `Scout agent → Writer agent → Editor agent`.

A chain of steps, of files or of services looks the same: so nearly all of its names must be those of somebody.
"""

import re
from collections.abc import Iterator

from orgopt.document.grammar.words import is_word
from orgopt.document.reading.entry import Entry, count
from orgopt.document.reading.evidence.signs import ENOUGH, Group, never, share, short, somebody
from orgopt.document.reading.names import read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.text.program import Block, Program, Span

_TIP = r"[─━═-]{0,40}[→⟶➜➔➝⇒▶►](?:\ufe0f)?|(?<![<\w-])[-=]{1,4}>(?!=)"
ARROW = re.compile(rf"\s*(?:{_TIP})\s*")
BACK = re.compile(r"[←⟵⇐↔⇄]|<[-=]")
"""In a line with such signs, who says `A ← B` may mean either."""
LEAD = re.compile(r"\s*(?:[-*+•>]\s+|\d{1,3}[.)]\s+|[#`\s])*")
LABEL = re.compile(r".*[:：][*_]*\s+|.*：", re.DOTALL)
_AGENT = re.compile(r"agent|智能体|エージェント|에이전트|агент", re.IGNORECASE)
_MARKS = " \t*_`[]\"'“”「」"
_MOST = 400  # characters of a line; longer ones are prose
_FEWEST = 3
_ALMOST_ALL = 0.8  # of the names


@of_block
def chain_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of those whom chains of a block name."""
    found: list[Entry] = []
    named = 0
    for line in program.lines(block.span):
        text = program.slice(line).rstrip("\r\n")
        if len(text) <= _MOST and ARROW.search(text) and not BACK.search(text):
            parts = list(_parts(text, line))
            named += len(parts)
            found += [entry for entry in parts if short(entry.name.text) and not never(entry.name.text)]
    ids = {entry.name.id for entry in found}
    if len(ids) < _FEWEST or len(found) < _ALMOST_ALL * named or share(map(somebody, found)) < _ALMOST_ALL:
        return None
    called = share(bool(_AGENT.search(entry.name.text)) for entry in found) >= _ALMOST_ALL
    score = ENOUGH if above > 0 or (called and above >= 0) else 0.0
    return Group(entries=tuple(found), score=score, span=block.span, what="a chain")


def _parts(text: str, line: Span) -> Iterator[Entry]:
    """What stands between the arrows of a line, without people who only ask and get."""
    at = lead.end() if (lead := LEAD.match(text)) else 0
    label = LABEL.match(text, at, arrow.start() if (arrow := ARROW.search(text, at)) else at)
    at = label.end() if label else at
    for arrow in (*ARROW.finditer(text, at), None):
        raw = text[at : arrow.start() if arrow else len(text)]
        name = read_name(raw.strip(_MARKS), line.start + at + len(raw) - len(raw.lstrip(_MARKS)))
        at = arrow.end() if arrow else at
        if name.id and not is_word("human", name.text):
            yield Entry(kind="node", name=name, span=name.span, fields=count(name))
