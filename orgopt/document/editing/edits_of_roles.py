"""Edits of whole roles: add, remove, duplicate, merge, split. Each is made of smaller changes of the text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from orgopt.basics.slug import slug
from orgopt.document.editing.base import Edit, SetKey
from orgopt.document.editing.canonical import role_text
from orgopt.document.editing.draft import Draft, NewRole, places
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink
from orgopt.document.editing.forms import charts, crews, lists
from orgopt.document.editing.forms.finish import finish
from orgopt.document.editing.forms.rosters import add_apart
from orgopt.document.editing.splice import at_level
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.reading.entry import Entry, is_known
from orgopt.document.reading.evidence.headings import section_entry
from orgopt.document.reading.reader import read
from orgopt.document.reading.role import prose
from orgopt.document.text.parser import parse
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError
from orgopt.org import MAX_HEADCOUNT, Link, Org, Role


@dataclass(frozen=True, slots=True)
class AddRole(Edit):
    """Add a role from its Markdown: a `### Name` heading, fields and a charter."""

    text: str

    @property
    def name(self) -> str:
        """The name of the role, as its heading has it."""
        program = parse(self.text)
        return section_entry(program, program.sections[0]).name.text if program.sections else ""

    def plan(self, draft: Draft) -> None:
        role_id = slug(self.name)
        if not role_id:
            raise DocumentError("a role to add is Markdown that begins with a heading, its name")
        if role_id in draft.reading.roles or role_id in draft.added:
            raise DocumentError(f"{draft.program.source}: role '{self.name}' is already there")
        draft.added[role_id] = self._role()
        draft.names[role_id] = draft.added[role_id].name

    def _role(self) -> NewRole:
        program = parse(self.text)
        entry = section_entry(program, program.sections[0])
        fields = [
            (KEYS[field.key].name if field.key in KEYS else field.key.capitalize(), field.value)
            for field in entry.fields
            if is_known(field)
        ]
        charter = prose("".join(program.slice(span) for span in entry.prose))
        return NewRole(entry.name.text, fields, charter, self.text)

    def apply(self, program: Program) -> Program:
        draft = Draft(program)
        self.plan(draft)
        try:
            after = _with_role(program, finish(draft), self.name)
        except DocumentError:  # the roster is none with such a name in it
            apart = Draft(program)
            apart.added |= {slug(self.name): self._role()}
            add_apart(apart)
            after = _with_role(program, apart.written(), self.name)
        return self._keyed(after)

    def _keyed(self, program: Program) -> Program:
        """A program with the role, if all keys that it shall have are read there; else with those that are not, too."""
        for name, text in self._role().fields:
            key, role = KEYS.get(name.lower()), read(program).org.role(slug(self.name))
            try:
                value = key.parse(text) if key else None
            except ValueError:  # a library's, which says so
                continue
            if key and role and getattr(role, key.attribute) != value:
                program = SetKey(role.id, name.lower(), value).apply(program)
        return program

    def describe(self, org: Org) -> str:  # noqa: ARG002
        return f"+ role {self.name}"


@dataclass(frozen=True, slots=True)
class RemoveRole(Edit):
    """Remove a role (by id) with its links and its seat in the stand-up."""

    role: str

    def plan(self, draft: Draft) -> None:
        program, reading = draft.program, draft.reading
        entries = draft.places(self.role)
        if entries[0].kind == "plain":
            raise DocumentError(f"{program.source}: a document without roles has no role to remove")
        own = [entry.span for entry in entries]
        drawn = any(entry.kind == "node" for entry in entries) or any(lists.bare(draft, e) for e in _items(entries))
        for link, place in zip(reading.org.links, reading.links, strict=True):
            # What stands in the role itself goes with it.
            inside = any(span.start <= place.span.start < span.end for span in own)
            if self.role in (link.source, link.target) and not inside and not (place.drawn and drawn):
                RemoveLink(link).plan(draft)
        standup = reading.org.standup
        if standup and self.role in standup.attendees:
            left = tuple(role for role in standup.attendees if role != self.role)
            SetKey(None, "stand-up", replace(standup, attendees=left) if left else None).plan(draft)
        for entry in entries:
            if entry.kind == "key":
                crews.remove(draft, entry)
            elif entry.kind == "node":
                charts.remove(draft, self.role, entry)
            elif entry.kind == "item" and lists.bare(draft, entry):
                lists.remove(draft, entry)
            else:
                draft.replace(entry.span, "")

    def apply(self, program: Program) -> Program:
        draft = Draft(program)
        self.plan(draft)
        before, after = set(read(program).roles) - {self.role}, finish(draft)
        found = set(read(after).roles)
        if before - found or self.role in found:
            raise DocumentError(f"{program.source}: without '{self.role}', others would no longer be read as roles")
        return after

    def describe(self, org: Org) -> str:
        return f"− role {org.name(self.role)}"


@dataclass(frozen=True, slots=True)
class DuplicateRole(Edit):
    """Add a role of another name with the keys, the charter and the links of a role (by id)."""

    role: str
    name: str

    def plan(self, draft: Draft) -> None:
        reading = draft.reading
        role = _role(draft.program, reading.org, self.role)
        brief, charter = _told(draft, role)
        copy = replace(role, id=slug(self.name), name=self.name, charter=charter)
        AddRole(role_text(copy)).plan(draft)
        if copy.id in draft.added:  # a name such as `R: 2` is read as another
            draft.added[copy.id].brief = brief
        for link in list(_links_of(reading.org.links, self.role, copy.id)):
            AddLink(link).plan(draft)

    def apply(self, program: Program) -> Program:
        draft = Draft(program)
        try:
            self.plan(draft)
            return _with_role(program, finish(draft), self.name)
        except DocumentError:  # one by one, each with the places that it falls back to
            org = read(program).org
            charter = _told(Draft(program), _role(program, org, self.role))[1]
            copy = replace(_role(program, org, self.role), id=slug(self.name), name=self.name, charter=charter)
            program = AddRole(role_text(copy)).apply(program)
            for link in list(_links_of(org.links, self.role, copy.id)):
                program = AddLink(link).apply(program)
            return program

    def describe(self, org: Org) -> str:
        return f"+ role {self.name}, as {org.name(self.role)}"


@dataclass(frozen=True, slots=True)
class MergeRoles(Edit):
    """Move the agents of a role (by id) into another, which takes its links; then remove it."""

    role: str
    into: str

    def apply(self, program: Program) -> Program:
        reading = read(program)
        role, into = (_role(program, reading.org, name) for name in (self.role, self.into))
        if role.id == into.id:
            raise DocumentError(f"{program.source}: '{role.id}' cannot be merged into itself")
        headcount = min(MAX_HEADCOUNT, role.headcount + into.headcount)
        program = SetKey(into.id, "headcount", headcount).apply(program)
        for link in list(_links_of(reading.org.links, role.id, into.id)):
            if link.kind == "shares with" or link.source != link.target:
                program = AddLink(link).apply(program)
        return RemoveRole(role.id).apply(program)

    def describe(self, org: Org) -> str:
        return f"− role {org.name(self.role)}, merged into {org.name(self.into)}"


@dataclass(frozen=True, slots=True)
class SplitRole(Edit):
    """Take some agents out of a role (by id) into a new role with the same keys, charter and links."""

    role: str
    name: str
    headcount: int

    def apply(self, program: Program) -> Program:
        role = _role(program, read(program).org, self.role)
        if not 0 < self.headcount <= role.headcount:
            raise DocumentError(
                f"{program.source}: '{role.id}' has {role.headcount} agents, not {self.headcount} to spare"
            )
        program = DuplicateRole(self.role, self.name).apply(program)
        program = SetKey(self.role, "headcount", role.headcount - self.headcount).apply(program)
        return SetKey(slug(self.name), "headcount", self.headcount).apply(program)

    def describe(self, org: Org) -> str:
        return f"+ role {self.name}, {self.headcount} of {org.name(self.role)}"


def _told(draft: Draft, role: Role) -> tuple[str | None, str]:
    """What a roster says of a role beside its file, and its charter, without its name as the first line."""
    program, entries = draft.program, draft.places(role.id)
    texts = {entry.kind: prose("".join(program.slice(span) for span in entry.prose)) for entry in entries}
    charter = texts.get("file", role.charter)
    brief = next((texts[kind] for kind in ("row", "item") if kind in texts), None) if "file" in texts else None
    first, _, rest = charter.partition("\n")
    return brief, rest.strip() if slug(first.strip("# ")) in {role.id, slug(role.name)} else charter


def _items(entries: Iterable[Entry]) -> Iterator[Entry]:
    return (entry for entry in entries if entry.kind == "item")


def _with_role(before: Program, after: Program, name: str) -> Program:
    """A program that has one role more.

    Raises:
        DocumentError: It has others, too, or others are gone.
    """
    old, new = set(read(before).roles) - {"researcher"}, set(read(after).roles) - {"researcher"}
    if old - new:
        raise DocumentError(f"{before.source}: with the role '{name}' there, others would no longer be read as roles")
    if new - old != {slug(name)} - {"researcher"}:
        raise DocumentError(f"{before.source}: cannot take the role '{name}': its text has other roles")
    return after


def _role(program: Program, org: Org, role_id: str) -> Role:
    places(program, role_id)  # says which roles there are
    return org.role(role_id) or Role(id=role_id, name=role_id)


def _links_of(links: Iterable[Link], role: str, other: str) -> Iterator[Link]:
    """The links of a role as those of another."""
    for link in links:
        if role in (link.source, link.target):
            source, target = (other if end == role else end for end in (link.source, link.target))
            yield replace(link, source=source, target=target)


def library_text(program: Program, role_id: str) -> str:
    """The Markdown of a role of a library, as `AddRole` takes it."""
    entry = places(program, role_id)[0]
    if entry.section and entry.kind == "section":
        return at_level(program.slice(entry.span).strip(), 3) + "\n"
    role = read(program).org.role(role_id)
    return role_text(role) if role else ""
