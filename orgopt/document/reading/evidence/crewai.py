"""Rosters in YAML as evidence: a key for each agent, with a `role` and a `goal` below it as CrewAI has them, or a list.

The items of a list have a name, or an id, and something that says what they do. Tasks that stand in a file `tasks.yaml`
beside it are part of the charters of the agents that they name. All is read line by line, as front matter is: nothing
in it is expanded, so that an anchor is a word, and what an alias stands for is not known.
"""

import re
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import PurePosixPath
from typing import NamedTuple

from orgopt.basics.slug import slug
from orgopt.document.grammar.key_table import canonical
from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, mind, told_apart
from orgopt.document.reading.evidence.signs import Arrow, Group
from orgopt.document.reading.field import Field
from orgopt.document.reading.names import Name, is_blank, read_name
from orgopt.document.text.program import Program, Span, printable

_IS = re.compile(r"\ufeff?(?:[ \t]*(?:#[^\n]*)?\r?\n|---[ \t]*\r?\n)*[A-Za-z_][\w.-]*:[ \t]*(?:\r?\n|[^\n]*\n)")
_HAS = re.compile(r"^(?:[ \t]+|[ \t]*-[ \t]+)(?:role|goal|backstory|description|name|id|agent)[ \t]*:", re.MULTILINE)
_KEY = re.compile(r"(?P<in>[ \t]*)(?:-[ \t]+)?(?P<key>[A-Za-z_][\w .-]{0,60}?):(?:[ \t]+(?P<value>.*?))?[ \t]*$")
_BLOCK = re.compile(r"[|>][+-]?\d?$")
_ALIAS, _ANCHOR = re.compile(r"\*[\w-]+"), re.compile(r"&[\w-]+[ \t]+")
_WORD = re.compile(r"[\w-]+")
_ITEM = re.compile(r"-[ \t]+")
_SAYS = {"role", "goal", "backstory", "description"}
_NAMES = {"name", "id", "agent"}
_TOLD = {"description", "expected_output"}
_FEWEST = 2  # of `role`, `goal`, `backstory`, `description` and `name`, that make a key an agent


class _Line(NamedTuple):
    """A line of the form `key: value`, and all lines that belong to it; those of the whole item for its first key."""

    indent: int
    key: str
    value: str
    key_span: Span
    value_span: Span
    whole: Span
    item_indent: int = -1

    @property
    def item(self) -> bool:
        """Whether a dash stands before it."""
        return self.item_indent >= 0


def crew_group(program: Program) -> Group | None:
    """The agents of a YAML file, or None for any other text."""
    files = [block.span.start for block in program.blocks if block.kind == "file"]
    whole = Span(0, files[0] if files else len(program.text))
    text = program.slice(whole)
    if not _IS.match(text) or not _HAS.search(text) or "\n## " in text:
        return None
    lines = _lines(program, whole)
    found: list[Entry] = []
    for number, line in enumerate(lines):
        inner = list(takewhile(lambda one, of=line: one.whole.end <= of.whole.end, islice(lines, number + 1, None)))
        if line.item:
            own = [line, *(one for one in inner if one.indent == line.indent)]
            listed = _NAMES & {one.key for one in own} and any(_does(one) for one in own)
            above = next((one for one in reversed(lines[:number]) if one.indent < line.item_indent), None)
            if listed and (above is None or (not above.item and says("team", above.key))):
                found.append(_entry(program, line._replace(value=""), own))
            continue
        own = (
            [one for one in inner if one.indent == inner[0].indent and not one.item] if inner and not line.value else []
        )
        keys = {one.key for one in own if _does(one) or one.key == "name"}
        above = next((one for one in reversed(lines[:number]) if one.indent < line.indent), None)
        of_team = above is not None and above.indent == 0 and is_word("team", above.key) and "description" in keys
        if (len(keys) >= _FEWEST and keys & {"role", "goal"}) or of_team:
            found.append(_entry(program, line, own))
    if not found:
        return None
    tasks = _tasks(program, found) if files else []
    entries = (*found, *_told(program, tasks))
    return Group(entries=entries, score=6.0, span=whole, what="agents of a crew", links=tuple(_needs(program, tasks)))


def _does(line: _Line) -> bool:
    return line.key in _SAYS or is_word("duty", line.key.replace("_", " "))


class _Task(NamedTuple):
    """A task, who does it, and its keys."""

    name: str
    agent: _Line
    own: list[_Line]

    @property
    def by(self) -> str:
        """The id of whoever does it."""
        return slug(self.agent.value.strip("\"'"))


def _tasks(program: Program, agents: list[Entry]) -> list[_Task]:
    """The tasks of agents that are known."""
    known = {entry.name.id for entry in agents}
    found: list[_Task] = []
    for section in program.sections:
        if section.level or PurePosixPath(section.title).stem.lower() != "tasks":
            continue
        lines = _lines(program, Span(section.heading.span.end, section.span.end))
        for number, line in enumerate(lines):
            inner = [one for one in lines[number + 1 :] if one.whole.end <= line.whole.end]
            own = [one for one in inner if one.indent == inner[0].indent] if inner else []
            agent = next((one for one in own if one.key == "agent" and slug(one.value.strip("\"'")) in known), None)
            if agent:
                found.append(_Task(line.key, agent, own))
    return found


def _told(program: Program, tasks: list[_Task]) -> Iterator[Entry]:
    """What tasks say that the agents do whom they name, an entry for each of these."""
    by: dict[str, list[_Task]] = {}
    for task in tasks:
        by.setdefault(task.by, []).append(task)
    for same in by.values():
        agent, own = same[0].agent, same[0].own
        prose = tuple(_text(program, one) for task in same for one in task.own if one.key in _TOLD)
        name = _name(agent.value, agent.value_span.start)
        yield Entry(kind="item", name=name, span=Span(own[0].whole.start, own[-1].whole.end), prose=prose)


def _needs(program: Program, tasks: list[_Task]) -> Iterator[Arrow]:
    """Who hears of whose results: a task has those of the tasks that its `context` names."""
    by = {task.name: task.by for task in tasks}
    for task in tasks:
        for line in (one for one in task.own if one.key == "context"):
            for name in _WORD.findall(program.slice(line.whole).partition(":")[2]):
                if (source := by.get(name, task.by)) != task.by:
                    at = line.whole
                    yield Arrow(source=source, target=task.by, kind="shares with", mutual=False, span=at, implied=True)


def _lines(program: Program, whole: Span) -> list[_Line]:
    every = list(program.lines(whole)) if whole.start < whole.end else []
    texts = [program.slice(line).rstrip("\r\n") for line in every]
    found: list[_Line] = []
    inside = -1  # the indent of a key whose value is a block of text
    for number, (line, text) in enumerate(zip(every, texts, strict=True)):
        dash = len(text) - len(text.lstrip())
        indent = dash + (len(item[0]) if (item := _ITEM.match(text, dash)) else 0)
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        if inside >= 0 and dash > inside:
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
            if len(texts[after]) - len(texts[after].lstrip()) <= dash:
                break
            last = after
        start = line.start + (match.start("value") if match["value"] is not None else len(text))
        key_span = Span(line.start + match.start("key"), line.start + match.end("key"))
        value_span = Span(start, start + len(value))
        if last > number and not item and (inside >= 0 or not value):
            value_span = Span(every[number + 1].start, every[last].start + len(texts[last]))
        whole_line = Span(line.start, every[last].end)
        found.append(_Line(indent, match["key"], value, key_span, value_span, whole_line, dash if item else -1))
    return found


def _entry(program: Program, line: _Line, own: list[_Line]) -> Entry:
    by = {one.key: one for one in own}
    named = by.get("name") if "name" in by and not is_blank(by["name"].value) else by.get("role") if line.item else None
    named = named or (by.get("id") or by.get("agent") if line.item else None)
    name = _name(named.value, named.value_span.start) if named and named.value else _name(line.key, line.key_span.start)
    role = " ".join(program.slice(by["role"].value_span).split()).strip("\"'") if "role" in by else ""
    title = role if len(role) <= 60 else ""
    other = by["id"].value.strip("\"'") if line.item and "id" in by else line.key
    name = name._replace(raw=other, title=printable(title))
    every = [_field(one) for one in own]
    known, misread = told_apart(field for field in every if field.value)
    prose = tuple(_text(program, one) for one in own if _does(one))
    return Entry(
        kind="key",
        name=name,
        span=line.whole,
        fields=tuple(known),
        misread=tuple(misread),
        prose=prose,
        mind=mind(every) or next((key for key in ("goal", "backstory") if key in by), ""),
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
    """The text of a key, without its quotes and its anchor; what an alias stands for is not known."""
    span = line.value_span
    text = program.slice(span)
    if _ALIAS.fullmatch(text):
        return Span(span.end, span.end)
    start = match.end() if (match := _ANCHOR.match(text)) else 0
    quoted = len(text) - start > 1 and text[start] in "\"'" and text[-1] == text[start]
    return Span(span.start + start + quoted, span.end - quoted)
