"""Where a key of a role, or of the whole organization, is written: in place, else where its siblings have theirs."""

import re

from orgopt.document.editing.draft import Draft
from orgopt.document.editing.forms import crews, lists, sections, tables
from orgopt.document.editing.forms.like import count_text, counted, field_line, peers
from orgopt.document.editing.splice import at_level, heading_marks, main_end, require_markdown, with_roles
from orgopt.document.reading.entry import Entry, EntryKind
from orgopt.document.reading.evidence.signs import part_of
from orgopt.document.reading.field import Field
from orgopt.document.reading.front_matter import front_matter
from orgopt.document.reading.written_fields import bullets, fields
from orgopt.document.text.program import Program, Section, Span
from orgopt.errors import DocumentError

_ORDER: tuple[EntryKind, ...] = ("file", "section", "paragraph", "key", "item", "row", "node", "plain")
_SPECIAL = re.compile(r"[:#\[\]{},&*!|>%@`\"']")


def set_field(draft: Draft, role: str, key: str, value: str | None) -> None:
    """Set a field of a role in place or as a new one; None removes it."""
    draft.settle(role)
    if any(e.kind == "row" and not tables.has_column(draft.program, e, key) for e in draft.places(role)):
        draft.settle(tables.COLUMNS)
    if draft.places(role)[0].kind == "plain":
        draft.flush(with_roles(draft.program))
    entries = draft.places(role)
    same = [field for entry in entries for field in entry.fields if field.key == key.lower()]
    if same:
        replace_field(draft, same[-1], value)
    elif value is not None and not any(_placed(draft, role, entry, key, value) for entry in _ordered(draft, role, key)):
        add_section(draft, f"# {entries[0].name.text}\n- **{key}:** {value}\n")
    if value is not None and not same:
        draft.unsettle(role)


def _ordered(draft: Draft, role: str, key: str) -> list[Entry]:
    """The places of a role: first those of a kind in which others have the key, then those that take one best."""
    reading = draft.reading
    usual = {
        entry.kind
        for other, entries in reading.roles.items()
        for entry in entries
        if other != role and any(field.key == key.lower() for field in entry.fields)
    }
    return sorted(reading.roles[role], key=lambda entry: (entry.kind not in usual, _ORDER.index(entry.kind)))


def _placed(draft: Draft, role: str, entry: Entry, key: str, value: str) -> bool:
    """Whether a new key could be written in a place of a role."""
    if key.lower() == "headcount" and (entry.kind == "node" or _counts(draft, entry)):
        return _count_beside(draft, entry, value)
    match entry.kind:
        case "file" | "section" | "paragraph":
            return sections.set_key(draft, role, entry, key, value)
        case "item":
            return lists.set_key(draft, role, entry, key, value)
        case "row":
            return tables.set_key(draft, entry, key, value)
        case "key":
            crews.set_key(draft, entry, key, value)
            return True
        case _:
            return False


def _counts(draft: Draft, entry: Entry) -> bool:
    """Whether a headcount stands beside the name, as it does for most others, or since nothing else can be there."""
    if entry.kind == "item" and lists.bare(draft, entry):
        return True
    if entry.kind == "row" and tables.has_column(draft.program, entry, "headcount"):
        return False
    return counted(peers(draft.reading, entry.kind)) is not None


def _count_beside(draft: Draft, entry: Entry, value: str) -> bool:
    program, end = draft.program, entry.name.span.end
    line = program.first_line(Span(entry.span.start, program.end_of_line(entry.name.span.start)))
    if entry.kind == "section":
        closing = re.search(r"(?:[ \t]+#+)?[ \t]*$", program.slice(line))
        end = line.start + closing.start() if closing else line.end
    elif entry.kind == "row":
        header, body = tables.rows(program, tables.block_of(program, entry))
        cells = [cell for row in body if row.line == entry.span for cell in row.cells]
        cell = next((cell for cell in cells if cell.span.start <= entry.name.span.start < cell.span.end), None)
        end = cell.span.end if cell and "](" not in cell.text and header else end
    elif entry.kind == "item":
        marks = re.match(r"[*_`]*", program.text[end:])
        end += len(marks[0]) if marks else 0
    draft.replace(Span(end, end), count_text(program, counted(peers(draft.reading, entry.kind)), value))
    return True


def add_section(draft: Draft, text: str) -> None:
    """Add the Markdown of a role as a section where others are, or below a new heading Roles."""
    reading = draft.reading
    found = [e.section for entries in reading.roles.values() for e in entries if e.kind == "section" and e.section]
    if "roles" in reading.parts or not found:
        if "roles" not in reading.parts or reading.plain:
            draft.flush()
            draft.flush(with_roles(draft.program))
        part = draft.reading.parts["roles"]
        end = next((child.span.start for child in part.children if part_of(child.title)), part.span.end)
        level = part.level + 1
    else:
        end, level = found[-1].span.end, found[-1].level
    draft.block(end, at_level(text.strip(), level))


def set_rhythm(draft: Draft, key: str, value: str | None) -> None:
    """Set a key of the whole organization in place or as a new one; None removes it."""
    draft.settle("")
    program, reading = draft.program, draft.reading
    require_markdown(program, reading)
    part = reading.parts.get("rhythm")
    if part is None:
        front = [
            f for block in program.blocks[:1] if block.kind == "front_matter" for f in front_matter(program, block)
        ]
        if own := [field for field in front if field.key == key.lower()]:
            replace_field(draft, own[-1], value)
        elif value is not None:
            draft.block(main_end(program), f"{heading_marks(reading)} Rhythm", "", f"- **{key}:** {value}", rank=2)
            draft.unsettle("")
        return
    found = [field for field in fields(program, part) if field.form != "front matter"]
    if own := [field for field in found if field.key == key.lower()]:
        replace_field(draft, own[-1], value)
    elif value is not None:
        _in_section(draft, part, found, key, value)
        draft.unsettle("")


def _in_section(draft: Draft, part: Section, found: list[Field], key: str, value: str) -> None:
    program = draft.program
    listed = {bullet.line for bullet in bullets(program, part)}
    if bulleted := [field for field in found if field.line in listed]:
        draft.lines(bulleted[-1].line.end, field_line(program, bulleted[-1], key, value))
        return
    indented = re.match(r"\s*^(?: {4}|\t)", program.text[part.heading.span.end :], re.MULTILINE)
    draft.block(part.heading.span.end, f"**{key}:** {value}" if indented else f"- **{key}:** {value}")


def replace_field(draft: Draft, field: Field, value: str | None) -> None:
    """Give a field another value in its own form, or remove it."""
    program, span = draft.program, field.value_span
    if value is None:
        if field.form == "cell":
            draft.replace(span, "")
        elif field.form == "heading":
            draft.replace(_count_span(program, field), "")
        else:
            draft.replace(field.line, "")
        return
    if field.form == "cell":
        value = value.replace("|", "\\|")
    quoted = program.text[span.start - 1 : span.start] in {'"', "'"}
    if field.form == "front matter" and not quoted and _SPECIAL.search(value):
        value = f'"{value}"'
    if (match := re.fullmatch(r"([×xX]\s*)\d+", program.slice(span))) and value.isdigit():
        span = Span(span.start + len(match[1]), span.end)
    if span.start == span.end and program.text[span.start - 1] not in " \t":
        value = f" {value}"
    draft.replace(span, value)


def _count_span(program: Program, field: Field) -> Span:
    """All of the count beside a name: its digits with the signs and brackets around them."""
    start, end = field.value_span
    line = program.line_span(program.position(start)[0])
    before = re.search(r"\s*[(（]?\s*[×xX]?\s*$", program.text[line.start : start])
    after = re.match(r"\s*(?:agents?\s*)?[)）]|\s*[×x]\s+", program.text[end : line.end])
    found = Span(start - len(before[0]) if before else start, end + (len(after[0]) if after else 0))
    if found.start >= line.start and not program.text[line.start : found.start].strip("#-*+ \t"):
        found = Span(start, found.end)  # `### 3× Explorer` keeps what stands before
    if not program.slice(found).strip():
        raise DocumentError(f"{program.source}: the headcount beside a name cannot be removed")
    return found
