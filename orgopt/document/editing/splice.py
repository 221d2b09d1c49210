"""Changes of a program's text at spans, and where things go that have no form of their own."""

import re
from collections.abc import Iterable

from orgopt.document.reading.reader import Reading, read
from orgopt.document.text.parser import parse
from orgopt.document.text.program import LINE_END, Program, Span
from orgopt.errors import DocumentError

_SPECIAL = re.compile(r"[:#\[\]{},&*!|>%@`\"']")


def splice(program: Program, span: Span, text: str) -> Program:
    """The program with a span replaced, parsed again."""
    return parse(program.text[: span.start] + text + program.text[span.end :], program.source, program.root)


def insert_block(program: Program, at: int, text: str) -> Program:
    """Insert lines as a block of their own: a blank line before and, unless it ends the file, after."""
    before, after = block_gaps(program, program.text[:at], at, program.text[at:])
    return splice(program, Span(at, at), before + text + after)


def block_gaps(program: Program, before: str, at: int, after: str) -> tuple[str, str]:
    """The line ends that a block needs before and behind it to be one.

    Args:
        program: Whose line ends they are, and whose marks of files.
        before: The text above the block.
        at: Where the block goes in the program's text.
        after: The text below it.
    """
    behind = program.newline if after and not after.startswith(("\n", "\r")) else ""
    if not before.strip("\ufeff") or any(block.kind == "file" and block.span.end == at for block in program.blocks):
        return program.newline * before.endswith("-->"), behind  # a mark may end the text
    tail = before[-4:].replace("\r\n", "\n").replace("\r", "\n")
    return program.newline * (2 - min(2, len(tail) - len(tail.rstrip("\n")))), behind


def main_end(program: Program) -> int:
    """The end of the main file."""
    return next((block.span.start for block in program.blocks if block.kind == "file"), len(program.text))


def heading_marks(reading: Reading) -> str:
    """The heading marks of the sections Roles, Links and Rhythm, which are sisters."""
    level = next((section.level for section in reading.parts.values()), 2)
    return "#" * level


def with_roles(program: Program) -> Program:
    """The program with a section Roles: a plain instruction file gets its one role written out."""
    reading = read(program)
    empty = reading.plain and "roles" in reading.parts
    if "roles" in reading.parts and not empty:
        return program
    lines = [] if empty else [f"{heading_marks(reading)} Roles", ""]
    if reading.plain:
        ((role, (entry,)),) = zip(reading.org.roles, reading.roles.values(), strict=True)
        lines += [f"{heading_marks(reading)}# {role.name}", "", f"- **Headcount:** {role.headcount}"]
        known = [field for field in entry.fields if field.key != "headcount"]
        lines += [*(f"- **{field.key.capitalize()}:** {field.value}" for field in known), ""]
    others = [reading.parts[name].span.start for name in ("links", "rhythm") if name in reading.parts]
    end = reading.parts["roles"].span.end if empty else min([*others, main_end(program)])
    written = insert_block(program, end, program.newline.join(lines))
    if "roles" not in read(written).parts or (empty and read(written).plain):
        raise DocumentError(f"{program.source}: ends inside an unclosed block: close it before roles are added")
    return written


def at_level(text: str, level: int) -> str:
    """A role's Markdown with its headings moved so that the first has a level and none below it has less."""
    program = parse(text)
    headings = [block for block in program.blocks if block.kind == "heading" and text[block.span.start] == "#"]
    shift = level - headings[0].level if headings else 0
    for block in reversed(headings):
        start = block.span.start
        text = text[:start] + "#" * min(6, max(level, block.level + shift)) + text[start + block.level :]
    return text


def require_markdown(program: Program, reading: Reading) -> None:
    """Refuse a change that only Markdown can take.

    Raises:
        DocumentError: The program is the YAML file of a crew.
    """
    if any(entry.kind == "key" for entries in reading.roles.values() for entry in entries):
        remedy = f"write it as Markdown first: orgopt fmt {program.source} --out team.md"
        raise DocumentError(f"{program.source}: a crew's YAML file takes no such change; {remedy}")


def yaml_value(value: str) -> str:
    """A value as YAML has it, quoted where it must be."""
    if not _SPECIAL.search(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if '"' in value else f'"{value}"'


def set_prose(program: Program, spans: Iterable[Span], text: str, at: int) -> Program:
    """Replace the text that stands in some spans; where there is none, add it as a block at an offset."""
    text = LINE_END.sub(program.newline, text.strip())
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and joined[-1].end == span.start:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    filled = [_trimmed(program, span) for span in joined if program.slice(span).strip()]
    if not filled:
        return insert_block(program, at, text + program.newline) if text else program
    for span in reversed(filled[1:]):
        program = splice(program, span, "")
    return splice(program, filled[0], text)


def _trimmed(program: Program, span: Span) -> Span:
    """A span without the blanks around its text."""
    text = program.slice(span)
    start = span.start + len(text) - len(text.lstrip())
    return Span(start, span.start + len(text.rstrip()))
