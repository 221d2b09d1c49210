"""Lines of names as evidence: `Ada (ada), Bob (bob)` below a heading of a team, or a person's name a line."""

import re
from collections.abc import Iterator

from orgopt.document.reading.entry import Entry, count
from orgopt.document.reading.evidence.signs import ENOUGH, Group, never, person, share, short, team
from orgopt.document.reading.names import read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.text.program import Block, Program, Span

_OF_TEAM = 1.5  # of a heading, from which on it speaks of a team
_FENCE = re.compile(r"\s*(?:```|~~~|<)")
_PART = re.compile(r"[^,、，;；()（）]+[(（]@?[^()（）,、，]{2,30}[)）]")
_LEAD = re.compile(r"[^,、，()（）\[\]:：]{1,24}[:：]\s*(?!//)")  # `Members: …`
# Behind a label or a bullet, names in code with commas between them; a label alone.
_LABEL = re.compile(r"\s*(?:[-*+]\s+)?(?:\*\*[^*`]{1,60}\*\*|[^\s*`:：][^*`:：]{0,40})[:：]?")
_CODES = re.compile(
    r"\s*(?:[-*+]\s+)?(?:(?:\*\*[^*`]{1,60}\*\*[:：]?|[^\s*`:：][^*`:：]{0,40}[:：])\s+)?"
    r"(?P<codes>`[a-z][\w-]{1,40}`[^`\w,]{0,3}(?:,\s+`[a-z][\w-]{1,40}`[^`\w,]{0,3})+)"
)
_CODE = re.compile(r"`([a-z][\w-]*)`")
_MOST_ARE = 0.6  # of names in code
_BETWEEN = re.compile(r"[\s,、，;；.&]*(?:(?:and|und|et|y|e|и)\s+)?", re.IGNORECASE)
# Two to five words that begin with capitals, one of them perhaps an initial: `Juan A. Puerto`.
_PERSON = re.compile(
    r"[\s'\"*_>-]*(?P<name>[^\W\d_a-zà-ÿа-я][\w'’-]*\.?(?:\s+[^\W\d_a-zà-ÿа-я](?:[\w'’-]*\w)?\.?){1,4})[\s'\"*_,]*$"
)
_FEWEST = 2
_LONGEST = 600  # characters of a line; longer ones are prose, and their forms would cost the square of it


@of_block
def line_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of the names in the lines of a block."""
    if _FENCE.match(program.slice(program.first_line(block.span))):
        return None
    lines = [line for line in program.lines(block.span) if program.slice(line).strip()]
    if any(line.end - line.start > _LONGEST for line in lines):
        return None
    found = list(_with_handles(program, lines)) or list(_in_code(program, lines)) if above >= _OF_TEAM else []
    if not found and lines and block.kind != "list":
        title = program.slice(lines[0]).strip(" '\"*_:：#\r\n")
        headed = team(title.split(" — ")[0].split(" - ")[0]) > 0
        own = lines[1:] if headed else lines
        found = list(_a_line_each(program, own)) if headed or above >= _OF_TEAM else []
    return Group(entries=tuple(found), score=ENOUGH, span=block.span, what="lines") if len(found) >= _FEWEST else None


def _with_handles(program: Program, lines: list[Span]) -> Iterator[Entry]:
    """Names with something in brackets behind each, and nothing else."""
    if len(lines) != 1:
        return
    text, found = program.slice(lines[0]).rstrip(), list[Entry]()
    at = lead.end() if (lead := _LEAD.match(text)) else 0
    while at < len(text):
        at = between.end() if (between := _BETWEEN.match(text, at)) else at
        if at >= len(text):
            break
        part = _PART.match(text, at)
        entry = _entry(part[0], lines[0].start + at) if part else None
        if not part or not entry:
            return
        found.append(entry)
        at = part.end()
    yield from found


def _in_code(program: Program, lines: list[Span]) -> Iterator[Entry]:
    """Names of agents in code behind labels, and nothing else; most say what they are."""
    found: list[Entry] = []
    for line in lines:
        text = program.slice(line).rstrip()
        match = _CODES.fullmatch(text)
        if not match:
            if not _LABEL.fullmatch(text):
                return
            continue
        for code in _CODE.finditer(text, match.start("codes")):
            entry = _entry(code[1], line.start + code.start(1))
            found += [entry] if entry else []
    if share(person(entry.name.text.replace("-", " ")) for entry in found) >= _MOST_ARE:
        yield from found


def _a_line_each(program: Program, lines: list[Span]) -> Iterator[Entry]:
    """Names of people, one a line, and nothing else."""
    matches = [_PERSON.match(program.slice(line).rstrip()) for line in lines]
    found = [
        entry
        for line, match in zip(lines, matches, strict=True)
        if match and (entry := _entry(match["name"], line.start + match.start("name")))
    ]
    if len(found) == len(lines):
        yield from found


def _entry(raw: str, at: int) -> Entry | None:
    name = read_name(raw, at)
    if not name.id or not short(name.text) or never(name.text):
        return None
    return Entry(kind="node", name=name, span=Span(at, at + len(raw)), fields=count(name))
