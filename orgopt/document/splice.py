"""Changes of a program's text at spans: what edits are made of. Every change is parsed again."""

from orgopt.document.program import Program, Section, Span, parse
from orgopt.document.read import Reading, read
from orgopt.errors import DocumentError


def role_section(program: Program, role_id: str) -> Section:
    """The section of a role.

    Raises:
        DocumentError: There is no such role.
    """
    roles = read(program).roles
    if role_id not in roles:
        raise DocumentError(f"{program.source}: no role '{role_id}'; the roles are: {', '.join(roles) or 'none'}")
    return roles[role_id]


def splice(program: Program, span: Span, text: str) -> Program:
    """The program with a span replaced, parsed again."""
    return parse(program.text[: span.start] + text + program.text[span.end :], program.source)


def on_new_line(program: Program, at: int, text: str) -> str:
    """The text, preceded by a line end when the line before `at` has none."""
    return text if at == 0 or program.text[at - 1] in "\r\n" else program.newline + text


def insert_block(program: Program, at: int, text: str) -> Program:
    """Insert lines as a block of their own: a blank line before and, unless it ends the file, after."""
    before, after = program.text[:at], program.text[at:]
    gap = "" if not before else program.newline * (2 - min(2, _ends(before)))
    tail = program.newline if after and not after.startswith(("\n", "\r")) else ""
    return parse(before + gap + text + tail + after, program.source)


def _ends(text: str) -> int:
    """How many line ends a text ends with."""
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    return len(normal) - len(normal.rstrip("\n"))


def with_roles(program: Program) -> Program:
    """The program with a section Roles: a plain instruction file gets its one Researcher written out."""
    reading = read(program)
    if "roles" in reading.parts:
        return program
    lines = ["## Roles", "", "### Researcher", "", "- **Headcount:** 1", ""]
    parts = [reading.parts[name].span.start for name in ("links", "rhythm") if name in reading.parts]
    written = insert_block(program, min(parts, default=len(program.text)), program.newline.join(lines))
    if "roles" not in read(written).parts:
        raise DocumentError(f"{program.source}: ends inside an unclosed block: close it before roles are added")
    return written


def heading_marks(reading: Reading) -> str:
    """The heading marks of the section Roles, which its sisters share."""
    return "#" * reading.parts["roles"].level if "roles" in reading.parts else "##"


def at_level(text: str, level: int) -> str:
    """A role's Markdown with its headings moved so that the first has a level."""
    program = parse(text)
    headings = [block for block in program.blocks if block.kind == "heading" and text[block.span.start] == "#"]
    shift = level - headings[0].level if headings else 0
    for block in reversed(headings):
        start = block.span.start
        text = text[:start] + "#" * min(6, max(1, block.level + shift)) + text[start + block.level :]
    return text


def set_field(program: Program, role_id: str | None, key: str, value: str) -> Program:
    """Set a field of a role's section, or of the section Rhythm, in place or as a new bullet."""
    if role_id is None:
        part = read(program).parts.get("rhythm")
        if part is None:
            text = f"{heading_marks(read(program))} Rhythm{program.newline * 2}- **{key}:** {value}{program.newline}"
            return insert_block(program, len(program.text), text)
        section = part
    else:
        program = with_roles(program) if role_id == "researcher" else program
        section = role_section(program, role_id)
    fields = program.fields(section)
    same = [field for field in fields if field.key == key.lower()]
    if same:
        return splice(
            program, same[-1].value_span, value if program.slice(same[-1].value_span) or same[-1].value else f" {value}"
        )
    line = f"- **{key}:** {value}{program.newline}"
    if fields:
        at = fields[-1].line.end
        return splice(program, Span(at, at), on_new_line(program, at, line))
    return insert_block(program, section.heading.span.end, line)
