"""The agents of CrewAI as evidence: a YAML file with a key for each, which has a `role` and a `goal` below it.

It is read line by line, as front matter is: nothing in it is expanded.
"""

import re
from itertools import islice, takewhile
from typing import NamedTuple

from orgopt.document.grammar.keys import canonical
from orgopt.document.reading.entry import Entry, mind, told_apart
from orgopt.document.reading.evidence.signs import Group
from orgopt.document.reading.field import Field
from orgopt.document.reading.names import Name, read_name
from orgopt.document.text.program import Program, Span, printable

_IS = re.compile(r"\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n|---[ \t]*\r?\n)*[A-Za-z_][\w.-]*:[ \t]*(?:\r?\n|[^\n]*\n)")
_HAS = re.compile(r"^(?P<in>[ \t]+)(?:role|goal|backstory):", re.MULTILINE)
_KEY = re.compile(r"(?P<in>[ \t]*)(?:-[ \t]+)?(?P<key>[A-Za-z_][\w .-]{0,60}?):(?:[ \t]+(?P<value>.*?))?[ \t]*$")
_BLOCK = re.compile(r"[|>][+-]?\d?$")
_SAYS = {"role", "goal", "backstory", "description"}
_FEWEST = 2  # of `role`, `goal`, `backstory`, `description` and `name`, that make a key an agent


class _Line(NamedTuple):
    """A line of the form `key: value`, and all lines that belong to it."""

    indent: int
    key: str
    value: str
    key_span: Span
    value_span: Span
    whole: Span


def crew_group(program: Program) -> Group | None:
    """The agents of a YAML file, or None for any other text."""
    if not _IS.match(program.text) or not _HAS.search(program.text) or "\n## " in program.text:
        return None
    lines = _lines(program)
    found: list[Entry] = []
    for number, line in enumerate(lines):
        inner = list(takewhile(lambda one, of=line: one.whole.end <= of.whole.end, islice(lines, number + 1, None)))
        own = [one for one in inner if one.indent == inner[0].indent] if inner and not line.value else []
        keys = {one.key for one in own}
        if len(keys & {*_SAYS, "name"}) >= _FEWEST and keys & {"role", "goal"}:
            found.append(_entry(program, line, own))
    if not found:
        return None
    return Group(entries=tuple(found), score=6.0, span=Span(0, len(program.text)), what="agents of a crew")


def _lines(program: Program) -> list[_Line]:
    every = list(program.lines(Span(0, len(program.text))))
    texts = [program.slice(line).rstrip("\r\n") for line in every]
    found: list[_Line] = []
    inside = -1  # the indent of a key whose value is a block of text
    for number, (line, text) in enumerate(zip(every, texts, strict=True)):
        indent = len(text) - len(text.lstrip())
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        if inside >= 0 and indent > inside:
            continue
        inside = -1
        if not (match := _KEY.match(text)):
            continue
        value = match["value"] or ""
        if _BLOCK.fullmatch(value):
            inside = indent
        last = number
        for after in range(number + 1, len(every)):
            if not texts[after].strip():
                continue
            if len(texts[after]) - len(texts[after].lstrip()) <= indent:
                break
            last = after
        start = line.start + (match.start("value") if match["value"] is not None else len(text))
        key_span = Span(line.start + match.start("key"), line.start + match.end("key"))
        value_span = Span(start, start + len(value))
        if last > number and (inside >= 0 or not value):
            value_span = Span(every[number + 1].start, every[last].start + len(texts[last]))
        found.append(_Line(indent, match["key"], value, key_span, value_span, Span(line.start, every[last].end)))
    return found


def _entry(program: Program, line: _Line, own: list[_Line]) -> Entry:
    by = {one.key: one for one in own}
    named = by.get("name")
    name = _name(named.value, named.value_span.start) if named and named.value else _name(line.key, line.key_span.start)
    role = " ".join(program.slice(by["role"].value_span).split()).strip("\"'") if "role" in by else ""
    title = role if len(role) <= 60 else ""
    name = name._replace(raw=line.key, title=printable(title))
    every = [_field(one) for one in own]
    known, misread = told_apart(field for field in every if field.value)
    prose = tuple(_text(program, one) for one in own if one.key in _SAYS)
    return Entry(
        kind="key",
        name=name,
        span=line.whole,
        fields=tuple(known),
        misread=tuple(misread),
        prose=prose,
        mind=mind(every) or "goal",
    )


def _name(text: str, at: int) -> Name:
    bare = text.strip("\"'")
    return read_name(bare, at + text.find(bare))


def _field(line: _Line) -> Field:
    value = re.sub(r"\s+#.*$", "", line.value).strip()
    quoted = value[:1] in {'"', "'"} and value[-1:] == value[:1] and len(value) > 1
    start = line.value_span.start + quoted
    value = value[1:-1] if quoted else value
    return Field(canonical(line.key), value, line.key_span, Span(start, start + len(value)), line.whole, "front matter")


def _text(program: Program, line: _Line) -> Span:
    span = line.value_span
    text = program.slice(span)
    quoted = len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]
    return Span(span.start + quoted, span.end - quoted)
