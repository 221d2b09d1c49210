"""Sections, files and labelled paragraphs: a key is a line among those of its role, a role a block below the last."""

import re

from orgopt.document.editing.draft import Draft, NewRole
from orgopt.document.editing.forms.like import (
    count_text,
    counted,
    field_line,
    like_of,
    line_fields,
    named_line,
    peers,
    word_of,
)
from orgopt.document.editing.splice import at_level, yaml_value
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.signs import part_of
from orgopt.document.reading.field import Field
from orgopt.document.reading.front_matter import front_matter
from orgopt.document.reading.written_fields import bullets
from orgopt.document.text.program import Block, Program, Span

_CANONICAL = re.compile(r"- \*\*[^*\n]+:\*\* [^\n]*")
_INDENTED = re.compile(r"\s*^(?: {4}|\t)", re.MULTILINE)


def set_key(draft: Draft, role: str, entry: Entry, key: str, value: str) -> bool:
    """Give a role a key that it has not got."""
    program = draft.program
    front = front_block(entry)
    own = line_fields(entry)
    if front and not own:
        _front_line(draft, front, key, value)
        return True
    word = word_of(program, draft.reading, key)
    if own or (own := _bold_bullets(program, entry)):
        draft.lines(own[-1].line.end, field_line(program, own[-1], word, value))
        return True
    like = like_of(draft.reading, entry, key, role)
    line = field_line(program, like, word, value).lstrip() if like else f"- **{word}:** {value}"
    at = _below_title(entry)
    if entry.kind == "paragraph" and program.text[at : at + 1] not in {"", "\r", "\n"}:  # its text follows at once
        lines = [one for one in program.lines(entry.span) if program.slice(one).strip()]
        at = lines[-1].end
    if _INDENTED.match(program.text, at):
        line = line.removeprefix("- ")  # below a bullet, indented code would be the bullet's
    draft.block(at, line)
    return True


def _bold_bullets(program: Program, entry: Entry) -> list[Field]:
    """The bullets of a role that are fields with unknown keys."""
    if entry.section is None:
        return []
    listed = {bullet.line for bullet in bullets(program, entry.section)}
    return [field for field in entry.unknown if field.line in listed and field.form == "bold"]


def front_block(entry: Entry) -> Block | None:
    """The front matter of a role that is a file."""
    if entry.kind != "file" or entry.section is None:
        return None
    return next((block for block in entry.section.blocks if block.kind == "front_matter"), None)


def front_key(key: str, like: str) -> str:
    """A key as front matter has it, with the sign between its words that others have."""
    return key.lower().replace(" ", "-" if re.search(r"^\w+-\w[\w-]*:", like, re.MULTILINE) else "_")


def _front_line(draft: Draft, block: Block, key: str, value: str) -> None:
    program = draft.program
    found = front_matter(program, block)
    at = max((field.line.end for field in found), default=program.first_line(block.span).end + len(program.newline))
    draft.lines(at, f"{front_key(key, program.slice(block.span))}: {yaml_value(value)}")


def _below_title(entry: Entry) -> int:
    """Where the first field of a role is written: below its title, or the front matter of its file."""
    section = entry.section
    if section is None:
        return entry.prose[0].start if entry.prose else entry.span.end
    at = section.heading.span.end
    if section.level == 0:
        front = [block.span.end for block in section.blocks if block.kind == "front_matter"]
        titled = bool(section.children) and section.children[0].level == 1
        at = section.children[0].heading.span.end if titled else max([at, *front])
    return at


def add(draft: Draft, new: NewRole, last: Entry) -> list[tuple[str, str]]:
    """Add a role below the last of its peers; gives the fields that could not be written there."""
    program = draft.program
    at = _end(draft, last)
    others = list(peers(draft.reading, last.kind))
    own = [field for peer in reversed(others) for field in line_fields(peer)]
    count = counted(others)
    canonical = last.kind == "section" and not count and not re.search(r"\d+[.):]", _head(program, last))
    canonical = canonical and all(word_of(program, draft.reading, key) == key for key, _ in new.fields)
    model = next((peer for peer in others if line_fields(peer) and _text(program, peer)), last)
    shape = next((peer for peer in others if line_fields(peer)), last)
    spaced = program.slice(Span(_head_end(program, shape), shape.span.end)).startswith(("\n", "\r"))
    if (
        canonical
        and program.slice(last.span).startswith("#")
        and (not own or (_is_canonical(program, own[0]) and not spaced))
    ):
        draft.block(at, at_level(new.text.strip(), last.section.level if last.section else 3))
        return []
    lines = _head_lines(draft, new, last, count)
    fields = [
        field_line(program, own[0], word_of(program, draft.reading, key), value) if own else f"- **{key}:** {value}"
        for key, value in new.fields
        if not (count and key.lower() == "headcount")
    ]
    charter = at_level(new.charter, last.section.level + 1) if last.section and "#" in new.charter else new.charter
    below = bool(line_fields(model)) and _starts(program, model) < line_fields(model)[0].line.start
    parts = [charter, "\n".join(fields)] if below else ["\n".join(fields), charter]
    parts = [part for part in parts if part]
    tight = below and not _blank_before(program, line_fields(model)[0])
    body = ("\n" if tight else "\n\n").join(parts)
    draft.block(at, "\n".join([*lines, *([""] if spaced and body else []), *([body] if body else [])]))
    return []


def _head(program: Program, entry: Entry) -> str:
    return program.text[entry.span.start : entry.name.span.start]


def _is_canonical(program: Program, field: Field) -> bool:
    return _CANONICAL.fullmatch(program.slice(field.line).rstrip("\r\n")) is not None


def _end(draft: Draft, last: Entry) -> int:
    """Where a role is added: at the end of the section Roles, before a part in it, else below the last role."""
    part = draft.reading.parts.get("roles")
    if part and last.kind == "section" and part.span.start < last.span.start < part.span.end:
        return next((child.span.start for child in part.children if part_of(child.title)), part.span.end)
    return last.span.end


def _head_lines(draft: Draft, new: NewRole, last: Entry, count: Entry | None) -> list[str]:
    """The heading, or the label, of a new role."""
    program = draft.program
    line = program.first_line(last.span)
    start, closing = named_line(program, line, last, new.name)
    number = {key.lower(): value for key, value in new.fields}.get("headcount", "1")
    beside = count_text(program, count, number) if count else ""
    label = ":" if last.kind == "paragraph" and program.slice(line).rstrip().endswith(":") else ""
    if last.kind == "section" and not program.slice(line).lstrip().startswith("#"):  # underlined
        return [new.name + beside, ("=" if last.section and last.section.level == 1 else "-") * len(new.name)]
    return [start + closing + beside + label]


def _head_end(program: Program, entry: Entry) -> int:
    return program.end_of_line(entry.span.start)


def _text(program: Program, entry: Entry) -> str:
    return "".join(program.slice(span) for span in entry.prose).strip()


def _starts(program: Program, entry: Entry) -> int:
    """Where the charter of a role starts, without fields whose keys are unknown."""
    unknown = {field.line.start for field in entry.unknown}
    lines = (line for span in entry.prose if span.end > span.start for line in program.lines(span))
    text = (line.start for line in lines if program.slice(line).strip() and line.start not in unknown)
    return next(text, entry.span.end)


def _blank_before(program: Program, field: Field) -> bool:
    return not program.line(max(1, program.position(field.line.start)[0] - 1)).strip()
