"""Files of roles: a new role is a file beside theirs, with front matter or a title as they have."""

import re
from pathlib import PurePosixPath

from orgopt.basics.slug import slug
from orgopt.document.editing.draft import Draft, NewRole
from orgopt.document.editing.forms.like import field_line, fields_of, line_fields
from orgopt.document.editing.forms.sections import front_block, front_key
from orgopt.document.editing.splice import at_level, yaml_value
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.field import Field
from orgopt.document.reading.front_matter import front_matter
from orgopt.document.text.program import LINE_END, Program, Section, Span

_SHORT = 200  # characters of a description


def path_for(draft: Draft, new: NewRole, last: Entry) -> str:
    """The path of the file of a new role: that of another with the new name in place of the other's; free."""
    path, old = last.name.path, last.name.id
    parts = PurePosixPath(path).parts
    folder, stem, suffix = parts[:-1], PurePosixPath(path).stem, PurePosixPath(path).suffix
    name = slug(new.name)
    sign = "_" if "_" in stem and "-" not in stem else "-"
    own = name.replace("-", sign)
    own = own.title() if stem.istitle() and stem != stem.lower() else own
    if slug(stem) != old and old in map(slug, folder):  # `agents/lead/charter.md`
        parts = [own if slug(part) == old else part for part in folder]
        return PurePosixPath(*parts, PurePosixPath(path).name).as_posix()
    taken = {block.title for block in draft.program.blocks if block.kind == "file"}
    found = PurePosixPath(*folder, own + suffix).as_posix()
    return found if found not in taken else PurePosixPath(*folder, f"{own}-2{suffix}").as_posix()


def add(draft: Draft, new: NewRole, last: Entry, path: str) -> list[tuple[str, str]]:
    """Add a file for a role, as that of another is."""
    program = draft.program
    section = last.section
    if section is None:
        return [*new.fields, ("charter", new.charter)]
    front = front_block(last)
    title = section.children[0] if section.children and section.children[0].level == 1 else None
    head: list[str] = []
    fields = fields_of(new)
    named = False
    if front:
        head, named = (
            ["---", *_front(program, new, front_matter(program, front), program.slice(front.span)), "---", ""],
            True,
        )
        fields = []
    heading = _title(program, new, title) if title and slug(title.title).startswith(last.name.id) else ""
    if not heading and not named and slug(PurePosixPath(path).stem) != slug(new.name):
        heading = f"# {new.name}"
    own = line_fields(last)
    lines = [field_line(program, own[-1], key, value) if own else f"- **{key}:** {value}" for key, value in fields]
    charter = at_level(new.charter, 2) if heading and "#" in new.charter else new.charter
    body = [part for part in (heading, "\n".join(lines), charter.strip()) if part]
    text = "\n".join(head) + "\n" * bool(head) + "\n\n".join(body) + "\n" * bool(body)
    mark = f"<!-- file: {path} -->\n"
    # The line end before the mark is its own; the last file may end without one.
    draft.replace(_at_end(program), "\n" * bool(program.text) + mark + LINE_END.sub(program.newline, text))
    return []


def _at_end(program: Program) -> Span:
    end = len(program.text)
    return Span(end, end)


def _title(program: Program, new: NewRole, title: Section) -> str:
    """The title of a file, as another's: `# Lead — Lead Engineer` is that of the role alone here."""
    return (
        f"# {new.name}"
        if program.slice(title.heading.span).lstrip().startswith("#")
        else f"{new.name}\n{'=' * len(new.name)}"
    )


def _front(program: Program, new: NewRole, like: list[Field], text: str) -> list[str]:
    """Front matter in the form of another's: its name and description, and the keys of the role."""
    lines: list[str] = []
    values = {key.lower(): value for key, value in new.fields}
    first = re.split(r"(?<=[.!?])\s", " ".join(new.charter.split()), maxsplit=1)[0][:_SHORT]
    written: set[str] = set()
    for field in like:
        if field.key == "name":
            own = field.value == slug(field.value)
            lines.append(f"{program.slice(field.key_span)}: {slug(new.name) if own else yaml_value(new.name)}")
        elif field.key in {"description", "role"}:
            lines.append(f"{program.slice(field.key_span)}: {yaml_value(first or new.name)}")
        elif field.key in values:
            lines.append(f"{program.slice(field.key_span)}: {yaml_value(values[field.key])}")
            written.add(field.key)
    if all(field.key != "name" for field in like):
        lines.insert(0, f"name: {yaml_value(new.name)}")
    rest = fields_of(new, but=written)
    return [*lines, *(f"{front_key(key, text)}: {yaml_value(value)}" for key, value in rest)]
