"""Lists: a key is a bullet below that of its role, a role a bullet below the last, or below whom it reports to."""

import re
from collections.abc import Iterator

from orgopt.document.editing.draft import Draft, NewRole
from orgopt.document.editing.forms.like import (
    count_text,
    counted,
    field_line,
    fields_of,
    like_of,
    line_fields,
    named_line,
    one_line,
    peers,
    word_of,
)
from orgopt.document.editing.forms.tables import block_of
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.names import FILE
from orgopt.document.reading.written_fields import Bullet, block_bullets
from orgopt.document.text.program import Program, Span

_LEAD = re.compile(r"(?P<indent>[ \t]*)(?P<mark>\d{1,3}[.)]|[-*+])(?P<gap>[ \t]+)")
_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\([^)]*\)")


def bare(draft: Draft, entry: Entry) -> bool:
    """Whether a bullet is one of a list whose levels say who reports to whom: below it stand roles alone."""
    return any(place.drawn and place.span == one.span for one in _items(draft, entry) for place in draft.reading.links)


def _items(draft: Draft, entry: Entry) -> Iterator[Entry]:
    """The roles of the list of one."""
    block = block_of(draft.program, entry)
    return (one for one in peers(draft.reading, "item") if block.span.start <= one.span.start < block.span.end)


def set_key(draft: Draft, role: str, entry: Entry, key: str, value: str) -> bool:
    """Give a role a key as a bullet below its own."""
    if bare(draft, entry):
        return False
    program = draft.program
    like = like_of(draft.reading, entry, key, role)
    word = word_of(program, draft.reading, key)
    line = field_line(program, like, word, value).lstrip() if like else f"- **{word}:** {value}"
    own = line_fields(entry)
    at = own[-1].line.end if own else _end_of_text(program, entry)
    draft.lines(at, _indent(program, entry, like.line if like else None) + line)
    return True


def _indent(program: Program, entry: Entry, like: Span | None) -> str:
    """How far what stands below a bullet is indented: as below another one, else as far as its text."""
    own = _LEAD.match(program.slice(entry.span))
    if own is None:
        return "  "
    if like and (match := _LEAD.match(program.slice(like))) and len(match["indent"]) > len(own["indent"]):
        return match["indent"]
    return own["indent"] + " " * max(2, len((own["mark"] + own["gap"]).expandtabs(4)))


def _end_of_text(program: Program, entry: Entry) -> int:
    """The end of a bullet's own text, which may go on in lines below it."""
    first, *others = program.lines(entry.span)
    end = first.end
    while end < len(program.text):
        line = others.pop(0) if others else program.line_span(program.position(end)[0])
        text = program.slice(line)
        if not text.strip() or _LEAD.match(text) or not text.startswith((" ", "\t")):
            break
        end = line.end
    return end


def add(draft: Draft, new: NewRole, last: Entry, path: str = "") -> list[tuple[str, str]]:
    """Add a bullet below the last role's; gives the fields that it cannot have."""
    program = draft.program
    every = list(_items(draft, last))
    bullet = _bullet(program, last)
    line = Span(bullet.line.start, bullet.line.start + len(program.slice(bullet.line).rstrip()))
    start, closing = named_line(program, line, last, new.name)
    text = program.slice(line)
    if _LINK.search(text) and "[" in start:
        closing = f"]({path})" + "*" * start.count("*") if path else ""
        start = start if path else start.replace("[", "", 1)
    number = next((value for key, value in new.fields if key.lower() == "headcount"), "1")
    levels = bare(draft, last)
    count = counted(every)
    if levels and number != "1" and not count:
        closing += f" ×{number}"
    closing += count_text(program, count, number) if count else ""
    between = _between(program, every)
    charter = "" if levels else one_line(new.charter if new.brief is None else new.brief)
    said = path if FILE.fullmatch(_rest(program, last)) and path else charter
    head = start + closing + (between + said if said else "")
    at = _end(draft, last, levels)
    if levels and at == block_of(program, last).span.end:
        head = head.lstrip()
    own = [f for peer in every for f in line_fields(peer)]
    fields = [] if levels else fields_of(new, but=["headcount"] if count else [])
    if own and not count and not levels:
        fields = new.fields
    like = own[0] if own else None
    lines = [
        _indent(program, last, like.line if like else None)
        + (field_line(program, like, word_of(program, draft.reading, k), v).lstrip() if like else f"- **{k}:** {v}")
        for k, v in fields
    ]
    draft.lines(at, head, *lines)
    if levels:
        left = fields_of(new, but=["headcount"])
        return [*left, *([("charter", new.charter)] if new.charter else [])]
    return []


def set_text(draft: Draft, entry: Entry, text: str) -> bool:
    """Write what a role does behind its name, where nothing is said yet; false in a list of levels."""
    if bare(draft, entry):
        return False
    if text:
        program = draft.program
        line = program.first_line(_bullet(program, entry).line)
        end = line.start + len(program.slice(line).rstrip())
        draft.replace(Span(end, line.end), _between(program, list(_items(draft, entry))).rstrip() + " " + text)
    return True


def _bullet(program: Program, entry: Entry) -> Bullet:
    block = block_of(program, entry)
    found = [one for bullet in block_bullets(program, block) for one in (bullet, *bullet.nested)]
    return next(one for one in found if one.line.start == entry.span.start)


def _rest(program: Program, entry: Entry) -> str:
    return program.slice(entry.prose[0]).strip() if entry.prose else ""


def _between(program: Program, every: list[Entry]) -> str:
    """What stands between a name and what is said about it."""
    for entry in reversed(every):
        if entry.prose and program.slice(entry.prose[0]).strip():
            between = re.search(
                r"(?:\s*(?:[—–:：→]|-{1,2}))\s*$", program.text[entry.name.span.end : entry.prose[0].start]
            )
            if between:
                return between[0]
    return " — "


def _end(draft: Draft, last: Entry, levels: bool) -> int:
    """The end of the last role's lines, before blank ones."""
    program = draft.program
    span = block_of(program, last).span if levels else last.span
    lines = [line for line in program.lines(span) if program.slice(line).strip()]
    return lines[-1].end if lines and not levels else _end_of_text(program, last) if not levels else lines[-1].end


def put_below(draft: Draft, entry: Entry, boss: Entry | None) -> bool:
    """Move a bullet below that of whom it reports to, or to the end of the list where that is nobody."""
    program = draft.program
    block = block_of(program, entry)
    lines = [line for line in program.lines(block.span) if program.slice(line).strip()]
    own = program.slice(entry.span).rstrip("\r\n")
    lead = _LEAD.match(own)
    nested = any(one.nested for one in block_bullets(program, block) if one.line == entry.span)
    if lead is None or nested or (boss and block_of(program, boss) != block):
        return False
    if boss is None:
        draft.replace(entry.span, "")
        draft.lines(lines[-1].end, own.lstrip())
        return True
    bullet = next((one for one in block_bullets(program, block) if one.line.start == boss.span.start), None)
    if bullet is None or lead["indent"]:  # a list has two levels
        return False
    inner = bullet.nested[-1].line if bullet.nested else None
    indent = _LEAD.match(program.slice(inner)) if inner else None
    draft.replace(entry.span, "")
    draft.lines(bullet.span.end, (indent["indent"] if indent else "  ") + own)
    return True


def remove(draft: Draft, entry: Entry) -> None:
    """Take a role out of a list of levels; those below it stand where it stood."""
    program = draft.program
    found = next((one for one in block_bullets(program, block_of(program, entry)) if one.line == entry.span), None)
    draft.replace(entry.span, "")
    for one in found.nested if found else ():
        draft.replace(one.line, program.slice(one.line).lstrip())
