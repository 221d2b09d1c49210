"""Trees drawn with lines, in a fence, as evidence: names on branches, those below reporting to those above."""

import re

from orgopt.document.reading.entry import Entry, count
from orgopt.document.reading.evidence.signs import Arrow, Group, never, people, share, short, somebody, team
from orgopt.document.reading.names import read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.text.program import Block, Program, Span

_BRANCH = re.compile(r"(?P<lead>[\s│|]*)(?:[├└╰]|[+|`](?=--))[─\-╴]{1,3}\s*(?P<text>\S.*?)\s*$")
_REST = re.compile(r"\s{2,}(?=\S)|\s+(?:#|←|→|<-|->|//)\s*")  # what follows a name on its line
_FILE = re.compile(r"[/\\]\s*$|\.[A-Za-z0-9]{1,5}$|^\.")


@of_block
def tree_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of a tree."""
    found: list[Entry] = []
    arrows: list[Arrow] = []
    bosses: list[tuple[int, Entry]] = []
    branches = files = 0
    for line in program.lines(block.span):
        text = program.slice(line).rstrip("\r\n")
        match = _BRANCH.match(text)
        if not match:
            bosses = []
            continue
        branches += 1
        raw = _REST.split(match["text"], maxsplit=1)[0]
        files += bool(_FILE.search(raw))
        at = line.start + match.start("text")
        name = read_name(raw, at)
        depth = len(match["lead"].expandtabs(4))
        bosses = [(d, e) for d, e in bosses if d < depth]
        if not name.id or not short(name.text) or never(name.text) or team(raw):
            continue
        rest = Span(at + len(raw), line.start + len(text))
        entry = Entry(kind="node", name=name, span=line, fields=count(name), prose=(rest,))
        if bosses:
            boss = bosses[-1][1]
            arrows.append(Arrow(source=name.id, target=boss.name.id, kind="reports to", mutual=False, span=line))
        found.append(entry)
        bosses.append((depth, entry))
    if len(found) < 2 or 2 * len(found) < branches:
        return None
    score = above + people(found) + 1.5 - 4.0 * (files > 0.2 * branches)
    score -= 1.5 * (share(map(somebody, found)) < 0.3)
    score -= 3.0 * (len({entry.name.id for entry in found}) < 0.7 * len(found))  # what happens, one after the other
    return Group(entries=tuple(found), score=score, span=block.span, what="a tree", links=tuple(arrows))
