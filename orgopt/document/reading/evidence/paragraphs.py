"""Paragraphs as evidence: labels such as `**1. Planner (…)**` or `Planner:`, each above what somebody does."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, count, is_known, mind, told_apart
from orgopt.document.reading.evidence.labelled import is_under
from orgopt.document.reading.evidence.signs import Group, attribute, never, people, share, short
from orgopt.document.reading.field import Field
from orgopt.document.reading.names import NUMBERED, read_name
from orgopt.document.reading.remembered import LONGEST, moved
from orgopt.document.reading.written_fields import block_fields
from orgopt.document.text.parser import alone
from orgopt.document.text.program import Block, Program, Section, Span

# A line of bold letters alone, a word or some before a colon, or a heading that lacks its blank.
_BOLD = re.compile(r"(?P<mark>\*\*|__)(?P<name>(?:(?!\*\*|__).){2,80})(?P=mark):?(?:\s*[（(][^）)]*[）)])?\s*$")
_TITLED = re.compile(r"(?P<mark>\*\*|__)(?:(?!\*\*|__).){2,60}(?P=mark)\s+(?:[-–—]|--)\s+[^.!?。:：]{2,60}$")
_DASHED = re.compile(r"(?P<name>[^\W\d_][^—–:：*`|<>\[\]]{1,50}?)\s+[—–-]\s+(?=\S)")  # `Tech Lead — reviews all.`
_COLON = re.compile(r"(?P<name>[^\W\d_][^:：*|<>\[\]]{1,50}):\s*$")
_TIGHT = re.compile(r"#{1,6}(?P<name>[^\s#!\d].{0,80}?)\s*$")
_ORDERED = re.compile(r"(?P<number>\d{1,2})[.)]\s+(?P<name>\S.{1,60})$")
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+|(?<!\w)@\w")
_FEWEST = 2
_MOST_KEY = 40
_OF_A_TEAM, _SERIES = 1.5, 3  # of a heading above a series of `Name — what it does`
_OF_TEAM = 3.0  # of a heading that speaks of a team and of nothing else


class _Label(NamedTuple):
    """A line that names what stands below it."""

    raw: str
    at: int
    line: Span
    numbered: bool = False
    dashed: bool = False


def paragraph_group(program: Program, section: Section | None, blocks: tuple[Block, ...], above: float) -> Group | None:
    """The group of the labels among the blocks of a section."""
    labels = [
        label
        for label in _labels(program, blocks)
        if not attribute(label.raw.strip("*_ :：")) and not is_under(label.raw)
    ]
    dashed = [label for label in labels if label.dashed]
    series = above >= _OF_A_TEAM and 2 * len(dashed) > len(blocks) and len(dashed) >= _SERIES
    labels = dashed if series else [label for label in labels if not label.dashed]
    if len(labels) < _FEWEST:
        return None
    ends = [*(label.line.start for label in labels[1:]), section.body.end if section else blocks[-1].span.end]
    found = [_entry_of(program, blocks, label, end) for label, end in zip(labels, ends, strict=True)]
    found = [entry for entry in found if entry and short(entry.name.text) and not never(entry.name.text)]
    if len(found) < max(_FEWEST, (len(labels) + 1) // 2):
        return None
    counted = share(label.numbered or label.raw[:1].isdigit() for label in labels) >= 0.6
    score = min(above, 2.0) + 1.0 * series + people(found) + 1.0 * counted
    score += 1.5 * (share(_says_role(program, entry) for entry in found) >= 0.6)
    score += 1.0 * (above >= _OF_TEAM and share(_reached(program, entry) for entry in found) >= 0.6)
    score += 2.0 * (2 * sum(bool(NUMBERED.search(label.raw)) for label in labels) >= len(labels))
    span = Span(found[0].span.start, found[-1].span.end)
    return Group(entries=tuple(found), score=score, span=span, what="paragraphs")


def _labels(program: Program, blocks: tuple[Block, ...]) -> Iterator[_Label]:
    last = 0
    for block in blocks:
        if block.kind == "list" and (label := _numbered(program, block, last)):
            last += 1
            yield label
        if block.kind != "paragraph":
            continue
        for number, line in enumerate(program.lines(block.span)):
            text = program.slice(line).rstrip()
            match = _TIGHT.match(text) or (None if number else _BOLD.match(text) or _COLON.match(text))
            if match:
                yield _Label(match["name"], line.start + match.start("name"), line)
            elif not number and _TITLED.match(text):
                yield _Label(text, line.start, line)
            elif not number and (dashed := _DASHED.match(text)):
                at = line.start + dashed.start("name")
                yield _Label(dashed["name"], at, Span(line.start, line.start + dashed.end()), dashed=True)


def _numbered(program: Program, block: Block, last: int) -> _Label | None:
    """The label that a list of one number is, above what somebody does: `2. Tester`, then a list of its own."""
    lines = program.lines(block.span)
    line = next(lines)
    match = _ORDERED.match(program.slice(line).rstrip())
    if not match or int(match["number"]) != last + 1 or any(program.slice(one).strip() for one in lines):
        return None
    return _Label(match["name"], line.start + match.start("name"), line, numbered=True)


def _entry_of(program: Program, blocks: tuple[Block, ...], label: _Label, end: int) -> Entry | None:
    """The entry of a label, known where its text was read before."""
    text = program.slice(Span(label.line.start, end))
    known = _known(text) if len(text) <= LONGEST else None
    return moved(known, label.line.start, None) if known else _entry(program, blocks, label, end)


@lru_cache(maxsize=1024)
def _known(text: str) -> Entry | None:
    """The entry of a label with which a text begins, or None where the text does not stand alone."""
    program = alone(text)
    label = next(_labels(program, program.blocks), None)
    whole = label and not label.line.start and not any(block.kind in {"heading", "file"} for block in program.blocks)
    return _entry(program, program.blocks, label, len(text)) if label and whole else None


def _entry(program: Program, blocks: tuple[Block, ...], label: _Label, end: int) -> Entry | None:
    name = read_name(label.raw, label.at)
    if not name.id:
        return None
    below = [block for block in blocks if label.line.end <= block.span.start < end]
    if below and below[0].kind == "other" and program.slice(below[0].span).lstrip()[:3] in {"```", "~~~"}:
        return None  # the title of an example
    every = list(block_fields(program, below))
    known, misread = told_apart(every)
    start, prose = label.line.end, list[Span]()
    for line in sorted(field.line for field in known):
        prose.append(Span(start, line.start))
        start = line.end
    return Entry(
        kind="paragraph",
        name=name,
        span=Span(label.line.start, end),
        fields=(*count(name), *known),
        misread=tuple(misread),
        prose=(*prose, Span(start, end)),
        mind=mind(every),
    )


def _reached(program: Program, entry: Entry) -> bool:
    """Whether an address of somebody stands below a label."""
    return bool(_ADDRESS.search(program.text, entry.name.span.end, entry.span.end))


def _keys(text: str) -> Iterator[str]:
    """What stands before the first colon of each line, without marks around it."""
    for line in text.splitlines():  # an expression would try all ways to divide many spaces
        key, colon, _ = line.replace("：", ":").partition(":")
        key = key.lstrip(" \t*_-").rstrip(" \t*_")
        if colon and 2 <= len(key) <= _MOST_KEY:
            yield key


def _says_role(program: Program, entry: Entry) -> bool:
    """Whether what stands below a label says what somebody is or does."""
    text = program.slice(Span(entry.name.span.end, entry.span.end))[:1200]
    lead = [*_keys(text)]
    own: tuple[Field, ...] = (*entry.fields, *entry.misread)
    return (
        any(is_word("duty", key) or is_word("role", key) for key in lead)
        or any(map(is_known, own))
        or says("role", lead[0] if lead else "")
    )
