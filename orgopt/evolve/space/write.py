"""The edits between two organizations, and a document after many of them at the price of one.

`apply` parses and reads a document twice for every edit, which takes 5 ms. `write` gives the same bytes: it finds
where each edit of an ordinary document goes in its text as it is, and parses the result once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from orgopt.document.editing.base import Edit, SetKey, apply, names
from orgopt.document.editing.canonical import role_text
from orgopt.document.editing.diff import same
from orgopt.document.editing.links import AddLink, RemoveLink, SetPattern
from orgopt.document.editing.roles import AddRole, RemoveRole
from orgopt.document.editing.splice import at_level, heading_marks, main_end, with_roles
from orgopt.document.grammar.keys import KEYS
from orgopt.document.grammar.values import format_link, format_standup
from orgopt.document.reading.evidence.signs import part_of
from orgopt.document.reading.field import Field
from orgopt.document.reading.fields import bullets, fields
from orgopt.document.reading.reader import read
from orgopt.document.text.program import LINE_END, Program, Section, Span, parse
from orgopt.org import Org, Role


def edits_between(before: Org, after: Org) -> tuple[Edit, ...]:
    """The edits of roles' keys, roles, links and the stand-up that turn one organization into another."""
    edits: list[Edit] = []
    for role in after.roles:
        known = before.role(role.id)
        edits += _key_edits(known, role) if known else [AddRole(role_text(role))]
    gone = [role.id for role in before.roles if not after.role(role.id)]
    edits += [RemoveRole(role_id) for role_id in gone]
    old, new = ({link.key: link for link in org.links} for org in (before, after))
    edits += [AddLink(link) for key, link in new.items() if key not in old]
    edits += [SetPattern(link) for key, link in new.items() if key in old and old[key].pattern != link.pattern]
    left = [link for link in before.links if not {link.source, link.target} & set(gone)]
    edits += [RemoveLink(link) for link in left if link.key not in new]
    if before.standup != after.standup:
        edits.append(SetKey(None, "stand-up", after.standup))
    return tuple(edits)


def _key_edits(before: Role, after: Role) -> Iterator[Edit]:
    if before is after:
        return
    for name, key in KEYS.items():
        if key.role and (value := getattr(after, key.attribute)) != getattr(before, key.attribute):
            yield SetKey(after.id, name, None if value == "" else value)


def write(edits: Sequence[Edit], program: Program, after: Org) -> Program:
    """The program after some edits of `edits_between`, which give it the organization `after`.

    Raises:
        DocumentError: See `apply`.
    """
    if not edits:
        return program
    if read(program).plain and (isinstance(edits[0], AddRole) or (isinstance(edits[0], SetKey) and edits[0].role)):
        program = with_roles(program)  # as the first of such edits does
        base = read(program).org
        old = [replace(role, charter=base.roles[0].charter) for role in after.roles[:1]]
        after = replace(after, mission=base.mission, roles=(*old, *after.roles[1:]))
    written = _written(edits, program, after)
    # Whatever the text has that was not thought of here, such as an unclosed block, shows when it is read.
    return written if same(read(written).org, after) else apply(edits, program)


def _written(edits: Sequence[Edit], program: Program, after: Org) -> Program:
    """The program after some edits, at once where its form allows it, else kind by kind."""
    try:
        text = _Writer(program, after).text(edits)
    except _Unusual:
        kinds = [list(run) for _, run in groupby(edits, type)]
        if len(kinds) == 1:
            return apply(edits, program)
        for run in kinds:
            program = _written(run, program, after)
        return program
    return parse(text, program.source, program.root)


class _Unusual(Exception):  # noqa: N818  it never leaves this module
    """The document has a form that `apply` must edit."""


class _Piece(NamedTuple):
    """A change of the text. A block is set apart by blank lines, lines start on a line of their own."""

    span: Span
    text: str
    form: str = ""


class _Writer:
    """Where edits go in the text of a program."""

    def __init__(self, program: Program, after: Org) -> None:
        self.program, self.reading, self.names = program, read(program), names(after)
        self.pieces: list[_Piece] = []
        if "roles" not in self.reading.parts or any(block.kind == "file" for block in program.blocks):
            raise _Unusual

    def text(self, edits: Sequence[Edit]) -> str:
        """The text after the edits; those at one place come in their order."""
        for edit in edits:
            self._place(edit)
        if added := [edit.link for edit in edits if isinstance(edit, AddLink)]:
            self._add_links([f"- {format_link(link, self.names)}" for link in added])
        for edit in edits:
            if isinstance(edit, SetKey) and edit.role is None:
                self._set_standup(format_standup(edit.value, self.names))
        text, out, at = self.program.text, "", 0
        for span, inserted, form in sorted(self.pieces, key=lambda piece: piece.span):
            out += text[at : span.start]
            at = max(at, span.end)
            out += self._gap(out, form) + inserted
            if form == "block" and text[at:] and not text[at:].startswith(("\n", "\r")):
                out += self.program.newline
        return out + text[at:]

    def _gap(self, before: str, form: str) -> str:
        tail = before[-4:].replace("\r\n", "\n").replace("\r", "\n")
        ends = len(tail) - len(tail.rstrip("\n"))
        return self.program.newline * max(0, {"": 0, "lines": 1, "block": 2}[form] - ends)

    def _place(self, edit: Edit) -> None:
        match edit:
            case SetKey(role=str(role)):
                self._set_key(role, edit)
            case AddRole():
                self._add_role(edit.text)
            case RemoveLink() | SetPattern():
                self._change_link(edit)
            case SetKey() | AddLink():
                pass  # in their turn
            case _:
                raise _Unusual

    def _set_key(self, role: str, edit: SetKey) -> None:
        entry, *others = self.reading.roles[role]
        if others or entry.kind != "section" or entry.section is None or edit.value is None:
            raise _Unusual
        key, own = KEYS[edit.key], [field for field in entry.fields if field.key == edit.key]
        self._set_field(entry.section, key.name, key.format(edit.value), own)

    def _set_standup(self, value: str) -> None:
        section = self.reading.parts.get("rhythm")
        if section:
            own = [field for field in fields(self.program, section) if field.key == "stand-up"]
            self._set_field(section, "Stand-up", value, own)
        else:
            self._block(main_end(self.program), f"{heading_marks(self.reading)} Rhythm", "", f"- **Stand-up:** {value}")

    def _set_field(self, section: Section, key: str, value: str, own: list[Field]) -> None:
        if own:
            field = own[-1]
            if field.form not in {"bold", "plain"} or field.value[:1] in {"", "x", "X", "×"}:
                raise _Unusual
            self.pieces.append(_Piece(field.value_span, value))
        else:
            listed = {bullet.line for bullet in bullets(self.program, section)}
            found = fields(self.program, section)
            ends = [field.line.end for field in found if field.line in listed]
            if not ends or any(field.key == key.lower() for field in found):
                raise _Unusual
            self._lines(ends[-1], f"- **{key}:** {value}")

    def _add_role(self, text: str) -> None:
        part = self.reading.parts["roles"]
        at = next((child.span.start for child in part.children if part_of(child.title)), part.span.end)
        text = text.strip() if part.level == 2 else at_level(text.strip(), part.level + 1)
        self._block(at, LINE_END.sub(self.program.newline, text))

    def _add_links(self, lines: list[str]) -> None:
        part, rhythm = (self.reading.parts.get(name) for name in ("links", "rhythm"))
        ends = [place.line.end for place in self.reading.links if place.field is None]
        if part and ends:
            self._lines(ends[-1], *lines)
        elif part:
            self._block(part.heading.span.end, *lines)
        else:
            at = rhythm.span.start if rhythm else main_end(self.program)
            self._block(at, f"{heading_marks(self.reading)} Links", "", *lines)

    def _change_link(self, edit: RemoveLink | SetPattern) -> None:
        found = zip(self.reading.org.links, self.reading.links, strict=True)
        link, place = next((link, place) for link, place in found if link.key == edit.link.key)
        if place.field:
            raise _Unusual
        if isinstance(edit, RemoveLink):
            self.pieces.append(_Piece(place.line, ""))
        else:
            self.pieces.append(_Piece(place.span, format_link(replace(link, pattern=edit.link.pattern), self.names)))

    def _lines(self, at: int, *lines: str) -> None:
        text = "".join(line + self.program.newline for line in lines)
        self.pieces.append(_Piece(Span(at, at), text, "lines"))

    def _block(self, at: int, *lines: str) -> None:
        text = "".join(line + self.program.newline for line in lines)
        self.pieces.append(_Piece(Span(at, at), text, "block"))
