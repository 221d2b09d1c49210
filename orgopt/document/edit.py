"""Edits: typed changes to a Program, and the edits between two programs.

An edit replaces the smallest span that it can, so untouched prose keeps its bytes. None can name a
budget, a metric, a seed or a command: documents have no words for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orgopt.document import values
from orgopt.document.program import Program, Span, parse
from orgopt.document.read import PARTS, Reading, read
from orgopt.document.splice import (
    at_level,
    heading_marks,
    insert_block,
    on_new_line,
    role_section,
    set_field,
    splice,
    with_roles,
)
from orgopt.errors import DocumentError
from orgopt.org import Link, Org, Role, Standup, slug


@dataclass(frozen=True, slots=True)
class SetHeadcount:
    """Give a role (by id) a number of agents, 0 to 64."""

    role: str
    headcount: int

    def apply(self, program: Program) -> Program:
        return set_field(program, self.role, "Headcount", str(self.headcount))

    def describe(self, org: Org) -> str:
        return f"{org.name(self.role)}: headcount {_role(org, self.role).headcount} → {self.headcount}"


@dataclass(frozen=True, slots=True)
class SetAgent:
    """Give a role (by id) another kind of agent."""

    role: str
    agent: str

    def apply(self, program: Program) -> Program:
        return set_field(program, self.role, "Agent", self.agent)

    def describe(self, org: Org) -> str:
        return f"{org.name(self.role)}: agent {_role(org, self.role).agent} → {self.agent}"


@dataclass(frozen=True, slots=True)
class SetRisk:
    """Set the risk tolerance, 0 to 1, of a role (by id), or of the whole organization (None)."""

    role: str | None
    risk: float

    def apply(self, program: Program) -> Program:
        return set_field(program, self.role, "Risk tolerance", values.format_risk(self.risk))

    def describe(self, org: Org) -> str:
        old = org.risk if self.role is None else org.risk_of(_role(org, self.role))
        name = "Rhythm" if self.role is None else org.name(self.role)
        return f"{name}: risk tolerance {values.format_risk(old)} → {values.format_risk(self.risk)}"


@dataclass(frozen=True, slots=True)
class SetStandup:
    """Set the stand-up, or switch it off (None)."""

    standup: Standup | None

    def apply(self, program: Program) -> Program:
        names = {role.id: role.name for role in read(program).org.roles}
        return set_field(program, None, "Stand-up", values.format_standup(self.standup, names))

    def describe(self, org: Org) -> str:
        old, new = org.standup, self.standup
        if old and new and (old.attendees, old.share) == (new.attendees, new.share):
            before, after = (values.format_interval(standup.every, standup.unit) for standup in (old, new))
        else:
            names = {role.id: role.name for role in org.roles}
            before, after = (values.format_standup(standup, names) for standup in (old, new))
        return f"Stand-up: {before} → {after}"


@dataclass(frozen=True, slots=True)
class AddLink:
    """Add a link between two roles of the document."""

    link: Link

    def apply(self, program: Program) -> Program:
        reading = read(program)
        if any(link.key == self.link.key for link in reading.org.links):
            return program
        names = {role.id: role.name for role in reading.org.roles}
        line = f"- {values.format_link(self.link, names)}{program.newline}"
        part = reading.parts.get("links")
        if part is None:
            before = reading.parts.get("rhythm")
            heading = f"{heading_marks(reading)} Links{program.newline * 2}{line}"
            return insert_block(program, before.span.start if before else len(program.text), heading)
        if bullets := program.bullets(part):
            return splice(
                program,
                Span(bullets[-1].line.end, bullets[-1].line.end),
                on_new_line(program, bullets[-1].line.end, line),
            )
        return insert_block(program, part.heading.span.end, line)

    def describe(self, org: Org) -> str:
        return f"+ {values.format_link(self.link, {role.id: role.name for role in org.roles})}"


@dataclass(frozen=True, slots=True)
class RemoveLink:
    """Remove a link."""

    link: Link

    def apply(self, program: Program) -> Program:
        found = _bullet(program, self.link)
        if found is None:
            raise DocumentError(f"{program.source}: no such link: {values.format_link(self.link, {})}")
        while found:  # a document may say it twice
            program = splice(program, found, "")
            found = _bullet(program, self.link)
        return program

    def describe(self, org: Org) -> str:
        return f"− {values.format_link(self.link, {role.id: role.name for role in org.roles})}"


@dataclass(frozen=True, slots=True)
class AddRole:
    """Add a role from its Markdown: a `### Name` heading, fields and a charter."""

    text: str

    @property
    def name(self) -> str:
        """The name of the role, as its heading has it."""
        return parse(self.text).sections[0].title

    def apply(self, program: Program) -> Program:
        program = with_roles(program)
        if slug(self.name) in read(program).roles:
            raise DocumentError(f"{program.source}: role '{self.name}' is already there")
        part = read(program).parts["roles"]
        end = next((child.span.start for child in part.children if child.title.lower() in PARTS), part.span.end)
        text = at_level(self.text.strip(), part.level + 1)
        return insert_block(program, end, program.newline.join(text.splitlines()) + program.newline)

    def describe(self, org: Org) -> str:  # noqa: ARG002  an edit is described against an organization
        return f"+ role {self.name}"


@dataclass(frozen=True, slots=True)
class RemoveRole:
    """Remove a role (by id) with its links and its seat in the stand-up."""

    role: str

    def apply(self, program: Program) -> Program:
        reading = read(program)
        for link in reading.org.links:
            if self.role in (link.source, link.target):
                program = RemoveLink(link).apply(program)
        standup = reading.org.standup
        if standup and self.role in standup.attendees:
            left = tuple(role for role in standup.attendees if role != self.role)
            program = SetStandup(replace(standup, attendees=left) if left else None).apply(program)
        return splice(program, role_section(program, self.role).span, "")

    def describe(self, org: Org) -> str:
        return f"− role {org.name(self.role)}"


Edit = SetHeadcount | SetAgent | SetRisk | SetStandup | AddLink | RemoveLink | AddRole | RemoveRole


def apply(edits: Sequence[Edit], program: Program) -> Program:
    """The program after the edits, in order.

    Raises:
        DocumentError: An edit names a role or a link that the program does not have.
    """
    for edit in edits:
        program = edit.apply(program)
    return program


def diff(a: Program, b: Program) -> tuple[Edit, ...]:
    """The edits that give `a` the organization of `b`: roles, their numbers, links and rhythm, not prose."""
    old, new = read(a), read(b)
    edits: list[Edit] = []
    gone = [role.id for role in old.org.roles if new.org.role(role.id) is None]
    for role in new.org.roles:
        before = old.org.role(role.id)
        if before is None:
            edits.append(AddRole(_role_text(b, new, role)))
        else:
            edits += _role_edits(before, role, new.org)
    edits += [RemoveRole(role_id) for role_id in gone]
    # Removing a role takes its links along.
    left = [link for link in old.org.links if link.source not in gone and link.target not in gone]
    edits += [RemoveLink(link) for link in left if link.key not in {other.key for other in new.org.links}]
    edits += [AddLink(link) for link in new.org.links if link.key not in {other.key for other in left}]
    if old.org.standup != new.org.standup:
        edits.append(SetStandup(new.org.standup))
    if old.org.risk != new.org.risk:
        edits.append(SetRisk(None, new.org.risk))
    return tuple(edits)


def describe(edits: Sequence[Edit], org: Org) -> list[str]:
    """A line for each of some edits on an organization."""
    # Links may name a role that an edit before them adds.
    added = tuple(Role(id=slug(edit.name), name=edit.name) for edit in edits if isinstance(edit, AddRole))
    named = replace(org, roles=(*org.roles, *added))
    return [edit.describe(named) for edit in edits]


def _role_edits(before: Role, after: Role, org: Org) -> list[Edit]:
    """The edits that give a role the numbers that it has in another organization."""
    edits: list[Edit] = []
    if before.headcount != after.headcount:
        edits.append(SetHeadcount(after.id, after.headcount))
    if before.agent != after.agent:
        edits.append(SetAgent(after.id, after.agent))
    inherits = org.risk if before.risk is None else before.risk
    if inherits != org.risk_of(after):
        edits.append(SetRisk(after.id, org.risk_of(after)))
    return edits


def _role(org: Org, role_id: str) -> Role:
    return org.role(role_id) or Role(id=role_id, name=role_id)


def _role_text(program: Program, reading: Reading, role: Role) -> str:
    if role.id in reading.roles:
        return program.slice(reading.roles[role.id].span)
    return f"### {role.name}\n\n- **Headcount:** {role.headcount}\n\n{role.charter}\n"


def _bullet(program: Program, link: Link) -> Span | None:
    """The line of a link, or None."""
    reading = read(program)
    bullets = zip(reading.org.links, reading.links, strict=True)
    return next((bullet.line for other, bullet in bullets if other.key == link.key), None)
