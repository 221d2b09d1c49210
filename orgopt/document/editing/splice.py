"""Changes of a program's text at spans: what edits are made of. Every change is parsed again."""

import re
from collections.abc import Iterable

from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.signs import part_of
from orgopt.document.reading.field import Field
from orgopt.document.reading.fields import bullets, fields
from orgopt.document.reading.reader import Reading, read
from orgopt.document.text.program import LINE_END, Program, Section, Span, parse
from orgopt.errors import DocumentError


def places(program: Program, role_id: str) -> tuple[Entry, ...]:
    """Where a role is written.

    Raises:
        DocumentError: There is no such role.
    """
    roles = read(program).roles
    if role_id not in roles:
        raise DocumentError(f"{program.source}: no role '{role_id}'; the roles are: {', '.join(roles) or 'none'}")
    return roles[role_id]


def splice(program: Program, span: Span, text: str) -> Program:
    """The program with a span replaced, parsed again."""
    return parse(program.text[: span.start] + text + program.text[span.end :], program.source, program.root)


def insert_lines(program: Program, at: int, text: str) -> Program:
    """Insert whole lines at the start of a line, or at the end of the text."""
    start = "" if at == 0 or program.text[at - 1] in "\r\n" else program.newline
    return splice(program, Span(at, at), start + text)


def insert_block(program: Program, at: int, text: str) -> Program:
    """Insert lines as a block of their own: a blank line before and, unless it ends the file, after."""
    before, after = program.text[:at], program.text[at:]
    starts = not before.strip("\ufeff") or any(
        block.kind == "file" and block.span.end == at for block in program.blocks
    )
    needed = int(before.endswith("-->")) if starts else 2 - min(2, _ends(before))  # a mark may end the text
    gap = program.newline * needed
    tail = program.newline if after and not after.startswith(("\n", "\r")) else ""
    return splice(program, Span(at, at), gap + text + tail)


def _ends(text: str) -> int:
    """How many line ends a text ends with."""
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    return len(normal) - len(normal.rstrip("\n"))


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


def add_section(program: Program, text: str) -> Program:
    """Add the Markdown of a role where the others are."""
    reading = read(program)
    require_markdown(program, reading)
    sections = [e.section for entries in reading.roles.values() for e in entries if e.kind == "section" and e.section]
    if "roles" in reading.parts or not sections:
        program = with_roles(program)
        part = read(program).parts["roles"]
        end = next((child.span.start for child in part.children if part_of(child.title)), part.span.end)
        level = part.level + 1
    else:
        end, level = sections[-1].span.end, sections[-1].level
    text = at_level(text.strip(), level)
    return insert_block(program, end, LINE_END.sub(program.newline, text) + program.newline)


def require_markdown(program: Program, reading: Reading) -> None:
    """Refuse a change that only Markdown can take.

    Raises:
        DocumentError: The program is the YAML file of a crew.
    """
    if any(entry.kind == "key" for entries in reading.roles.values() for entry in entries):
        remedy = f"write it as Markdown first: orgopt fmt {program.source} --out team.md"
        raise DocumentError(f"{program.source}: a crew's YAML file takes no such change; {remedy}")


def set_field(program: Program, role_id: str | None, key: str, value: str | None) -> Program:
    """Set a field of a role, or of the section Rhythm, in place or as a new one; None removes it."""
    if role_id is None:
        require_markdown(program, read(program))
        part = read(program).parts.get("rhythm")
        if part is None:
            text = f"{heading_marks(read(program))} Rhythm{program.newline * 2}- **{key}:** {value}{program.newline}"
            return program if value is None else insert_block(program, main_end(program), text)
        return _set_in_section(program, part, key, value)
    entries = places(program, role_id)
    if entries[0].kind == "plain":
        program = with_roles(program)
        entries = places(program, role_id)
    same = [field for entry in entries for field in entry.fields if field.key == key.lower()]
    if same:
        return replace_field(program, same[-1], value)
    if value is None:
        return program
    section = next((entry.section for entry in entries if entry.section), None)
    if section:
        return _set_in_section(program, section, key, value)
    item = next((entry for entry in entries if entry.kind == "item"), None)
    if item:
        line = program.first_line(item.span)
        # Below `1. Name` what belongs to it is indented by three.
        lead = re.match(r"\s*(?:\d{1,3}[.)]|[-*+])\s+", program.slice(line))
        indent = " " * max(2, len(lead[0].expandtabs(4)) if lead else 2)
        return splice(program, Span(line.end, line.end), f"{program.newline}{indent}- **{key}:** {value}")
    if entries[0].kind == "key":
        return _set_in_crew(program, entries[0], key, value)
    text = f"# {entries[0].name.text}{program.newline}- **{key}:** {value}{program.newline}"
    return add_section(program, text)


def _set_in_crew(program: Program, entry: Entry, key: str, value: str) -> Program:
    """Give an agent of a crew's YAML file a key, indented as those that it has."""
    first, second = list(program.lines(entry.span))[:2]
    indent = re.match(r"[ \t]*", program.slice(second))
    quoted = f'"{value}"' if re.search(r"[:#\[\]{},&*!|>%@`\"']", value) else value
    name = key.lower().replace(" ", "_")
    return splice(
        program, Span(first.end, first.end), f"{indent[0] if indent else '  '}{name}: {quoted}{program.newline}"
    )


def _set_in_section(program: Program, section: Section, key: str, value: str | None) -> Program:
    found = [field for field in fields(program, section) if field.form != "front matter"]
    own = [field for field in found if field.key == key.lower()]
    if own:
        return replace_field(program, own[-1], value)
    if value is None:
        return program
    line = f"- **{key}:** {value}{program.newline}"
    listed = {bullet.line for bullet in bullets(program, section)}
    bulleted = [field for field in found if field.line in listed]
    if bulleted:
        return insert_lines(program, bulleted[-1].line.end, line)
    at = section.heading.span.end
    if section.level == 0:  # a file: below its own title or its front matter
        front = [block.span.end for block in section.blocks if block.kind == "front_matter"]
        titled = bool(section.children) and section.children[0].level == 1
        at = section.children[0].heading.span.end if titled else max([at, *front])
    if re.match(r"\s*^(?: {4}|\t)", program.text[at:], re.MULTILINE):
        line = line.removeprefix("- ")  # below a bullet, indented code would be the bullet's
    return insert_block(program, at, line)


def replace_field(program: Program, field: Field, value: str | None) -> Program:
    """Give a field another value in its own form, or remove it."""
    span = field.value_span
    if value is None:
        if field.form == "cell":
            return splice(program, span, "")
        if field.form == "heading":
            raise DocumentError(f"{program.source}: the headcount beside a name cannot be removed")
        return splice(program, field.line, "")
    if field.form == "cell":
        value = value.replace("|", "\\|")
    quoted = program.text[span.start - 1 : span.start] in {'"', "'"}
    if field.form == "front matter" and not quoted and re.search(r"[:#\[\]{},&*!|>%@`\"']", value):
        value = f'"{value}"'
    if (match := re.fullmatch(r"([×xX]\s*)\d+", program.slice(span))) and value.isdigit():
        span = Span(span.start + len(match[1]), span.end)
    if span.start == span.end and program.text[span.start - 1] not in " \t":
        value = f" {value}"
    return splice(program, span, value)


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
