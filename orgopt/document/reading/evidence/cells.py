"""Tables as evidence whose cells name several in code: `| Lead | Subagents |`, or phases and their agents."""

import re
from typing import NamedTuple

from orgopt.document.grammar.words import is_word, normal, says
from orgopt.document.reading.entry import Entry, count
from orgopt.document.reading.evidence.signs import ENOUGH, Arrow, Group, person, share, short
from orgopt.document.reading.names import Name, is_blank, read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.reading.written_fields import Row, rows, unmarked
from orgopt.document.text.program import Block, Program

_CODE = re.compile(r"`@?(?P<name>[^\W\d][\w-]*(?:[ /][\w-]+)*)`")
_BESIDE = re.compile(r"[(（][^()（）]*[)）]|<br\s*/?>|[\s,、，;；/&+·•-]|\band\b|\bund\b")
_FEWEST, _MOST_REST = 3, 0.25  # names; letters of a cell beside them
_CALLED = 0.5  # of the names, that say what somebody does, where no heading speaks of a team


class _Named(NamedTuple):
    name: Name
    boss: Name | None


@of_block
def cell_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of those whom the cells of a column name in code, below whoever the first column names."""
    header, body = rows(program, block)
    titles = [unmarked(cell.text) for cell in header.cells]
    column = next((i for i, title in enumerate(titles) if i and _of_agents(title)), None)
    if column is None or above < 0 or not body:
        return None
    led = is_word("agent", titles[0]) or is_word("name", titles[0])
    found = [one for row in body for one in _names(row, column, led=led)]
    several = sum(len(_names(row, column, led=False)) > 1 for row in body)
    called = share(person(one.name.text.replace("-", " ")) for one in found)
    if len(found) < _FEWEST or 2 * several < len(body) or not (led or called >= _CALLED or above > 0):
        return None
    links = tuple(
        Arrow(source=one.name.id, target=one.boss.id, kind="reports to", mutual=False, span=one.name.span)
        for one in found
        if one.boss and one.boss.id != one.name.id
    )
    entries = tuple(Entry(kind="node", name=one.name, span=one.name.span, fields=count(one.name)) for one in found)
    return Group(entries=entries, score=ENOUGH, span=block.span, what="cells of a table", links=links)


def _of_agents(title: str) -> bool:
    """Whether a column's title says that agents stand in it, several in a cell."""
    plural = title.rstrip().lower().endswith(("s", "en", "智能体", "エージェント", "에이전트"))
    *_, last = normal(title).split() or [""]
    return plural and (says("agent", last) or is_word("team", title))


def _names(row: Row, column: int, *, led: bool) -> list[_Named]:
    """The names in code of a cell that has little else."""
    if column >= len(row.cells):
        return []
    cell = row.cells[column]
    rest = _BESIDE.sub("", _CODE.sub("", cell.text))
    if not cell.text or len(rest) > _MOST_REST * len(cell.text):
        return []
    first = row.cells[0]
    boss = read_name(first.text, first.span.start) if led and not is_blank(first.text) else None
    names = [read_name(m["name"], cell.span.start + m.start("name")) for m in _CODE.finditer(cell.text)]
    return [_Named(name, boss) for name in names if name.id and short(name.text)]
