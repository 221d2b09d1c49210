"""The YAML file of a CrewAI project: a key is a line of an agent, a role an agent in the form of the last."""

import re

from orgopt.basics.slug import slug
from orgopt.document.editing.draft import Draft, NewRole
from orgopt.document.editing.forms.like import fields_of, one_line, peers
from orgopt.document.editing.splice import yaml_value
from orgopt.document.reading.entry import Entry
from orgopt.document.text.program import LINE_END, Program, Span

_KEY = re.compile(r"(?P<in>[ \t]+)(?P<key>[A-Za-z_][\w -]*):(?P<gap>[ \t]*)(?P<value>.*)$")
_TEXTS = ("role", "goal", "backstory", "description")


def set_key(draft: Draft, entry: Entry, key: str, value: str) -> None:
    """Give an agent a key, below the last of orgopt's that it has, else below its name."""
    program = draft.program
    first, second = list(program.lines(entry.span))[:2]
    indent = re.match(r"[ \t]*", program.slice(second))
    at = entry.fields[-1].line.end if entry.fields else first.end
    at = min(at, _end(program, entry))
    draft.lines(at, f"{indent[0] if indent else '  '}{key.lower().replace(' ', '_')}: {yaml_value(value)}")


def add(draft: Draft, new: NewRole, last: Entry) -> list[tuple[str, str]]:
    """Add an agent below the last."""
    program = draft.program
    number = _written(program, last)
    name = slug(new.name).replace("-", "_")
    named = ""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):  # a key is of Latin letters
        named, name = new.name, f"agent_{len(draft.reading.roles) + 1}"
    lines = [f"{program.slice(program.first_line(last.span)).split(':')[0].replace(last.name.raw, name)}:"]
    indent = next((match["in"] for _, match in number), "  ")
    texts = {"role": new.name, "goal": new.charter or new.name, "backstory": new.charter or new.name}
    texts["description"] = new.charter or new.name
    told = [key for key, _ in number if key in _TEXTS] or ["role", "goal"]
    lines += [f"{indent}name: {yaml_value(named)}"] if named else []
    for key, match in number:
        if key not in told:
            continue
        text = texts[key] if key == "role" or key == _home(told) else new.name
        lines += _text(indent, key, match["value"], text)
    fields = fields_of(new, but=["agent"] if dict(new.fields).get("Agent") == "llm" else [])
    lines += [f"{indent}{key.lower().replace(' ', '_')}: {yaml_value(value)}" for key, value in fields]
    gap = any(
        re.search(r"(?:\r\n|\n|\r)[ \t]*(?:\r\n|\n|\r)\s*$", program.text[: entry.span.start])
        for entry in list(peers(draft.reading, "key"))[1:]
    )
    at = _end(program, last)
    draft.lines(at, *([""] if gap else []), *lines)
    return []


def _home(told: list[str]) -> str:
    """The key that takes the charter."""
    return next((key for key in ("goal", "backstory", "description") if key in told), told[-1])


def _written(program: Program, entry: Entry) -> list[tuple[str, re.Match[str]]]:
    """The keys of an agent, in order."""
    lines = [program.slice(line).rstrip("\r\n") for line in program.lines(entry.span)][1:]
    found = [match for line in lines if (match := _KEY.match(line))]
    least = min((len(match["in"]) for match in found), default=0)
    return [(match["key"].lower(), match) for match in found if len(match["in"]) == least]


def set_texts(draft: Draft, entry: Entry, text: str) -> None:
    """Rewrite what an agent is told: a line for each of its texts where there are as many, else all but its role."""
    program = draft.program
    spans = sorted(entry.prose)
    lines = [line for line in text.strip().split("\n") if line.strip()]
    role = next((span for span in spans if _key_of(program, span) == "role"), None)
    if role and len(lines) != len(spans):
        if lines and one_line(lines[0]) == one_line(program.slice(role)):
            lines = lines[1:]
        spans = [span for span in spans if span != role] or spans
    if len(lines) < len(spans):
        spans = spans[: max(1, len(lines))]  # what it is told beside that stays
    for number, span in enumerate(spans):
        last = number == len(spans) - 1
        own = lines[number:] if last else lines[number : number + 1]
        _fill(draft, span, own or [""])


def _key_of(program: Program, span: Span) -> str:
    """The key whose text stands in a span."""
    line = program.line_span(program.position(span.start)[0])
    match = _KEY.match(program.slice(line).rstrip("\r\n"))
    if match is None or line.start + match.start("value") > span.start:
        number = program.position(span.start)[0] - 1
        match = _KEY.match(program.line(number)) if number else None
    return match["key"].lower() if match else ""


def _fill(draft: Draft, span: Span, lines: list[str]) -> None:
    program = draft.program
    line = program.line_span(program.position(span.start)[0])
    if _KEY.match(program.slice(line).rstrip("\r\n")) and program.text[line.start : span.start].strip():
        sign = program.text[span.start - 1]
        text = " ".join(" ".join(lines).split())
        if sign == '"':
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        elif sign == "'":
            text = text.replace("'", "''")
        draft.replace(span, text if sign in "\"'" else yaml_value(text))
        return
    indent = re.match(r"[ \t]*", program.slice(line))
    lead = indent[0] if indent else "    "
    inner = [one for one in lines if one.strip()] or [""]
    text = program.newline.join(lead + one.strip() for one in inner)
    draft.replace(span, text if span.start == line.start else text[len(lead) :])


def _text(indent: str, key: str, like: str, text: str) -> list[str]:
    """A text as another agent has it: in a block below its key, or on the line."""
    if re.fullmatch(r"[|>][+-]?\d?", like.strip()):
        return [f"{indent}{key}: {like.strip()}", *(f"{indent * 2}{line}".rstrip() for line in LINE_END.split(text))]
    line = " ".join(text.split())
    if like[:1] == "'":
        quoted = "'" + line.replace("'", "''") + "'"
    else:
        quoted = '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"' if like[:1] == '"' else yaml_value(line)
    return [f"{indent}{key}: {quoted}"]


def remove(draft: Draft, entry: Entry) -> None:
    """Take an agent out, with the blank lines below it."""
    program = draft.program
    end = entry.span.end
    while end < len(program.text) and not program.slice(program.line_span(program.position(end)[0])).strip():
        end = program.line_span(program.position(end)[0]).end
    draft.replace(Span(entry.span.start, end), "")


def _end(program: Program, entry: Entry) -> int:
    lines = [line for line in program.lines(entry.span) if program.slice(line).strip()]
    return lines[-1].end
