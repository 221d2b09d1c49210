"""Edits of text: the title, the mission and the charters of roles."""

from dataclasses import dataclass, replace

from orgopt.document.editing.base import Edit
from orgopt.document.editing.draft import places
from orgopt.document.editing.splice import insert_block, set_prose, splice
from orgopt.document.findings import errors
from orgopt.document.reading.reader import read
from orgopt.document.reading.role import prose
from orgopt.document.text.program import Program, Section
from orgopt.errors import DocumentError
from orgopt.org import Org


@dataclass(frozen=True, slots=True)
class SetTitle(Edit):
    """Give the organization another title."""

    text: str

    def apply(self, program: Program) -> Program:
        title = " ".join(self.text.split())
        old = read(program).org.title
        heading = next((block for block in program.blocks if block.kind == "heading" and block.level == 1), None)
        if heading is None or not old:
            start = next((b.span.start for b in program.blocks if b.kind != "front_matter"), len(program.text))
            after = insert_block(program, start, f"# {title}{program.newline}")
        else:
            line = program.first_line(heading.span)
            after = (
                splice(program, heading.span, "")
                if not title
                else splice(program, line if program.text[line.start] == "#" else heading.span, f"# {title}")
            )
        return _only(program, after, replace(read(program).org, title=title), "this title")

    def describe(self, org: Org) -> str:
        return f"Title: {org.title or 'none'} → {self.text}"


@dataclass(frozen=True, slots=True)
class SetMission(Edit):
    """Rewrite the text that stands outside the roles, the links and the rhythm."""

    text: str

    def apply(self, program: Program) -> Program:
        reading = read(program)
        title = next((block for block in program.blocks if block.kind == "heading" and block.level == 1), None)
        at = title.span.end if title and reading.org.title else _body_start(program)
        after = set_prose(program, reading.mission, self.text, at)
        return _only(program, after, replace(reading.org, mission=prose(self.text)), "this mission")

    def describe(self, org: Org) -> str:
        return f"Mission: {_size(org.mission)} → {_size(self.text)}"


@dataclass(frozen=True, slots=True)
class SetCharter(Edit):
    """Rewrite the charter of a role (by id)."""

    role: str
    text: str

    def apply(self, program: Program) -> Program:
        reading = read(program)
        entries = places(program, self.role)
        sections = [entry for entry in entries if entry.section or entry.kind == "plain"]
        entry = (sections or list(entries))[0]
        text = self.text if sections else " ".join(self.text.split())
        if entry.kind == "row":
            text = text.replace("|", "\\|")
        after = set_prose(
            program, [span for e in entries for span in e.prose], text, _charter_start(program, entry.section)
        )
        roles = tuple(replace(r, charter=prose(text)) if r.id == self.role else r for r in reading.org.roles)
        return _only(program, after, replace(reading.org, roles=roles), f"this charter of '{self.role}'")

    def describe(self, org: Org) -> str:
        role = org.role(self.role)
        return f"{org.name(self.role)}: charter {_size(role.charter if role else '')} → {_size(self.text)}"


def _only(before: Program, after: Program, expected: Org, what: str) -> Program:
    """The program after a change of text, which must not change anything else.

    Raises:
        DocumentError: It did, as when a charter has a heading that ends the role.
    """
    reading = read(after)
    known = {finding.code for finding in errors(read(before).findings)}
    if reading.org != expected or {finding.code for finding in errors(reading.findings)} - known:
        raise DocumentError(f"{before.source}: {what} would be read as another organization: it has a heading or a key")
    return after


def _charter_start(program: Program, section: Section | None) -> int:
    """Where a charter is written when there was none: after the fields."""
    if section is None:
        return _body_start(program)
    if section.level == 0 and section.children and section.children[0].level == 1:
        section = section.children[0]
    return max([section.heading.span.end, *(block.span.end for block in section.blocks)])


def _body_start(program: Program) -> int:
    return next((block.span.start for block in program.blocks if block.kind != "front_matter"), len(program.text))


def _size(text: str) -> str:
    words = len(text.split())
    return f"{words} word{'s' * (words != 1)}" if words else "empty"
