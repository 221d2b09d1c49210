"""Edits of text: the title, the mission and the charters of roles."""

from dataclasses import dataclass, replace

from orgopt.document.editing.base import Edit
from orgopt.document.editing.draft import Draft
from orgopt.document.editing.forms.charters import body_start, set_charter
from orgopt.document.editing.forms.finish import finish
from orgopt.document.editing.splice import insert_block, set_prose, splice
from orgopt.document.findings import errors
from orgopt.document.reading.reader import read
from orgopt.document.reading.role import prose
from orgopt.document.text.program import Program
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
        at = title.span.end if title and reading.org.title else body_start(program)
        after = set_prose(program, reading.mission, self.text, at)
        return _only(program, after, replace(reading.org, mission=prose(self.text)), "this mission")

    def describe(self, org: Org) -> str:
        return f"Mission: {_size(org.mission)} → {_size(self.text)}"


@dataclass(frozen=True, slots=True)
class SetCharter(Edit):
    """Rewrite the charter of a role (by id).

    What stands beside it is kept: fields with unknown keys, the path and the title of its file, what a roster says of
    it in a word. With `whole` all that is read as the charter is replaced.
    """

    role: str
    text: str
    whole: bool = False

    def plan(self, draft: Draft) -> None:
        set_charter(draft, self.role, self.text, whole=self.whole)

    def apply(self, program: Program) -> Program:
        draft = Draft(program)
        self.plan(draft)
        after, org = finish(draft), read(program).org
        found = read(after).org.role(self.role)
        charter = found.charter if found and not self.whole and _holds(found.charter, self.text) else prose(self.text)
        roles = tuple(replace(role, charter=charter) if role.id == self.role else role for role in org.roles)
        return _only(program, after, replace(org, roles=roles), f"this charter of '{self.role}'")

    def describe(self, org: Org) -> str:
        role = org.role(self.role)
        return f"{org.name(self.role)}: charter {_size(role.charter if role else '')} → {_size(self.text)}"


def _holds(charter: str, text: str) -> bool:
    """Whether a charter has all that a text says, in any lines."""
    return all(word in charter.split() for word in text.replace("|", "\\|").split()) or all(
        word in charter.split() for word in text.split()
    )


def _only(before: Program, after: Program, expected: Org, what: str) -> Program:
    """The program after a change of text, which must not change anything else.

    Raises:
        DocumentError: It did, as when a charter has a heading that ends the role.
    """
    reading = read(after)
    known = {finding.code for finding in errors(read(before).findings)}
    if (
        _unordered(reading.org) != _unordered(expected)
        or {finding.code for finding in errors(reading.findings)} - known
    ):
        raise DocumentError(f"{before.source}: {what} would be read as another organization: it has a heading or a key")
    return after


def _unordered(org: Org) -> tuple[object, ...]:
    """An organization in any order of its roles and links."""
    roles = sorted(org.roles, key=lambda role: role.id)
    return replace(org, roles=(), links=()), roles, sorted(org.links, key=lambda link: (link.key, link.pattern))


def _size(text: str) -> str:
    words = len(text.split())
    return f"{words} word{'s' * (words != 1)}" if words else "empty"
