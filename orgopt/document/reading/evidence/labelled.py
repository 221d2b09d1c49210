"""Lists as evidence below a line that says what they are: `**Agents:**`, `**Under the Lead:**`."""

import re
from collections.abc import Iterator
from dataclasses import replace

from orgopt.basics.slug import slug
from orgopt.document.reading.evidence.lists import list_group
from orgopt.document.reading.evidence.signs import ENOUGH, Arrow, Group, team
from orgopt.document.text.program import Block, Program

_NUMBER = re.compile(r"^(\d{1,3})[.)][ \t]", re.MULTILINE)
# A line above those who report to somebody: `**Under the Lead:**`.
_UNDER = re.compile(
    r"\s*(?:\*\*|__)?(?:under|led by|unter|sous|bajo|sob|subordinados a)\s+(?:the\s+)?"
    r"(?P<boss>[^*_:：]{2,60}?)\s*[:：]?\s*(?:\*\*|__)?\s*[:：]?\s*",
    re.IGNORECASE,
)
_LABEL = 2.5  # what a line such as `**Agents:**` says of the list below it


def _led(group: Group, boss: str) -> Group:
    """A list as those who report to whom the line above it names."""
    arrows = (
        Arrow(source=entry.name.id, target=boss, kind="reports to", mutual=False, span=entry.span)
        for entry in group.entries
        if entry.name.id != boss
    )
    return replace(group, score=max(group.score, ENOUGH), links=(*group.links, *arrows))


def is_under(text: str) -> bool:
    """Whether a line says to whom those in the list below it report."""
    return bool(_UNDER.fullmatch(text))


def listed_groups(program: Program, blocks: tuple[Block, ...], above: float) -> Iterator[Group]:
    """The groups of the lists among some blocks; one whose numbers go on from another's is of its kind."""
    last, score = 0, 0.0
    for before, block in zip((None, *blocks), blocks, strict=False):
        label = program.slice(before.span) if before and before.kind == "paragraph" else ""
        told = max(above, _LABEL if team(label.strip("*_ \r\n:：")) >= ENOUGH else 0.0)
        group = list_group(program, block, told) if block.kind == "list" else None
        if not group:
            continue
        if under := _UNDER.fullmatch(label):
            group = _led(group, slug(under["boss"]))
        numbers = [int(n) for n in _NUMBER.findall(program.slice(block.span))]
        if numbers and numbers[0] == last + 1 > 1:
            group = replace(group, score=max(group.score, score))
        last, score = numbers[-1] if numbers else 0, group.score
        yield group
