"""Reading a Program as an Org, with a finding for everything that was inferred or not understood."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple, TypeVar

from orgopt.document import values
from orgopt.document.program import Bullet, Field, Program, Section, Span, printable
from orgopt.org import AGENTS, Link, Org, Role, Standup, slug

PARTS = ("roles", "links", "rhythm")
ROLE_KEYS = ("headcount", "agent", "risk tolerance")
RHYTHM_KEYS = ("stand-up", "risk tolerance")
PLANNED_KEYS = ("model", "persona", "memory", "focus", "confirm", "stop early", "copy rule")
"""Keys of the document format that this version reads and does not execute."""

Severity = Literal["error", "warning", "info"]
T = TypeVar("T")


class Finding(NamedTuple):
    """One remark about a document: an error forbids running it."""

    code: str
    severity: Severity
    message: str
    span: Span
    help: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An Org and where its parts stand in the program.

    Attributes:
        org: The organization; parts with errors are left out or take their defaults.
        findings: What was inferred or not understood, in document order.
        roles: The section of each role, by id; empty for a document without roles.
        links: The bullets of `org.links`, in the same order.
        parts: The sections named `roles`, `links` and `rhythm`, where there are.
    """

    org: Org
    findings: tuple[Finding, ...]
    roles: dict[str, Section]
    links: tuple[Bullet, ...]
    parts: dict[str, Section]


def read(program: Program) -> Reading:
    """The organization that a program describes. Never fails: what is wrong becomes findings."""
    return _Reader(program).read()


class _Reader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.findings: list[Finding] = []
        self.parts: dict[str, Section] = {}
        for section in program.sections:
            self._find_parts(section, is_role=False)

    def read(self) -> Reading:
        title = next((block for block in self.program.blocks if block.kind == "heading" and block.level == 1), None)
        mission = self._mission(title.span if title else None)
        sections: dict[str, Section] = {}
        roles: list[Role] = []
        children = self.parts["roles"].children if "roles" in self.parts else ()
        named = [section for section in children if section.title.lower() not in PARTS]
        roles += [role for section in named if (role := self._role(section, sections))]
        if not roles and "roles" in self.parts:
            heading = self.parts["roles"].heading.span
            self.add("ORG002", "error", "the section Roles has no roles", heading, "add '### Name' below it")
        elif not roles:
            roles, mission = [Role(id="researcher", name="Researcher", charter=mission)], ""
            self.add(
                "ORG001",
                "info",
                "no section Roles: read as one Researcher whose charter is the file",
                Span(0, len(self.program.line(1))),
                "add '## Roles' with a '### Name' for each role",
            )
        links, bullets = self._links()
        standup, risk = self._rhythm({role.id: role.name for role in roles})
        org = Org(
            title=title.title if title else "",
            mission=mission,
            roles=tuple(roles),
            links=tuple(links),
            standup=standup,
            **({} if risk is None else {"risk": risk}),
        )
        findings = tuple(sorted(self.findings, key=lambda finding: finding.span))
        return Reading(org=org, findings=findings, roles=sections, links=tuple(bullets), parts=self.parts)

    def _find_parts(self, section: Section, *, is_role: bool) -> None:
        """Note the sections Roles, Links and Rhythm; one below a role is part of its charter."""
        title = section.title.lower()
        if title in PARTS:
            if title in self.parts:
                message = f"a second section '{section.title}' is not read"
                self.add("ORG008", "warning", message, self._line(section.heading.span), "move it into the first")
            self.parts.setdefault(title, section)
        elif is_role:
            return
        elif close := get_close_matches(title, PARTS, n=1, cutoff=0.75):
            message = f"section '{section.title}' is not read"
            span = self._line(section.heading.span)
            self.add("ORG009", "warning", message, span, f"did you mean '{close[0].title()}'?")
        for child in section.children:
            self._find_parts(child, is_role=title == "roles")

    def add(self, code: str, severity: Severity, message: str, span: Span, help_: str = "") -> None:
        self.findings.append(Finding(code, severity, message, span, help_))

    def value(self, code: str, parse: Callable[[str], T], field: Field) -> T | None:
        """The parsed value of a field, or None with a finding."""
        try:
            return parse(field.value)
        except ValueError as error:
            message, _, help_ = str(error).partition("; ")
            self.add(code, "error", message, field.value_span, help_)
            return None

    def fields(self, section: Section, known: tuple[str, ...]) -> dict[str, Field]:
        """The last field of each key; unknown, repeated and not yet executed keys become findings."""
        found: dict[str, Field] = {}
        fields = self.program.fields(section)
        read = {field.line.start for field in fields}
        for bullet in self.program.bullets(section):
            key, _, value = bullet.text.replace("*", "").partition(":")
            word = next((k for k in known if key.strip().lower() in {k, *(f"{k} {value}" for value in AGENTS)}), None)
            if word and bullet.line.start not in read:
                help_ = f"write '- **{word.capitalize()}:** {value.strip() or '…'}'"
                self.add("ORG017", "warning", f"'{printable(bullet.text)}' is not read", bullet.text_span, help_)
        for field in fields:
            if field.key in PLANNED_KEYS and field.key not in known:
                message = f"'{field.key}' is read but has no effect in this version"
                self.add("ORG007", "warning", message, field.key_span)
            elif field.key not in known:
                close = get_close_matches(field.key, known, n=1)
                help_ = f"did you mean '{close[0]}'?" if close else f"keys here: {', '.join(known)}"
                self.add("ORG005", "warning", f"unknown key '{field.key}'", field.key_span, help_)
            else:
                if field.key in found:
                    self.add("ORG006", "warning", f"'{field.key}' is given twice: the last counts", field.key_span)
                found[field.key] = field
        return found

    def _mission(self, title: Span | None) -> str:
        """The text outside the sections Roles, Links and Rhythm and the title."""
        taken = [section.span for section in self.parts.values()] + ([title] if title else [])
        parts = [
            self.program.slice(block.span)
            for block in self.program.blocks
            if block.kind != "front_matter" and not any(s.start <= block.span.start < s.end for s in taken)
        ]
        return "".join(parts).strip()

    def _role(self, section: Section, sections: dict[str, Section]) -> Role | None:
        role_id = slug(section.title)
        span = self._line(section.heading.span)
        if not role_id:
            self.add(
                "ORG004", "error", f"role name '{section.title}' has no ASCII letter or digit", span, "ids are ASCII"
            )
            return None
        if role_id in sections:
            self.add("ORG003", "error", f"role '{section.title}' is defined twice", span, "rename or remove one")
            return None
        sections[role_id] = section
        given: dict[str, Any] = {}
        fields = self.fields(section, ROLE_KEYS)
        for key, code, name, parse in (
            ("headcount", "ORG010", "headcount", values.parse_headcount),
            ("agent", "ORG011", "agent", values.parse_agent),
            ("risk tolerance", "ORG012", "risk", values.parse_risk),
        ):
            if key in fields and (value := self.value(code, parse, fields[key])) is not None:
                given[name] = value
        return Role(id=role_id, name=section.title, charter=self._charter(section), **given)

    def _charter(self, section: Section) -> str:
        """A role's prose: its section without the bullets that are fields."""
        lines = {field.line.start: field.line for field in self.program.fields(section)}
        parts: list[str] = []
        at = section.heading.span.end
        for start in sorted(lines):
            parts.append(self.program.text[at:start])
            at = lines[start].end
        return "".join([*parts, self.program.text[at : section.span.end]]).strip()

    def _links(self) -> tuple[list[Link], list[Bullet]]:
        links: list[Link] = []
        bullets: list[Bullet] = []
        for bullet in self.program.bullets(self.parts["links"]) if "links" in self.parts else ():
            if kind := values.planned_link(bullet.text):
                self.add("ORG018", "warning", f"'{kind}' is read but has no effect in this version", bullet.text_span)
                continue
            try:
                link, pattern = values.parse_link(bullet.text)
            except ValueError as error:
                message, _, help_ = str(error).partition("; ")
                self.add("ORG016", "error", message, bullet.text_span, help_)
                continue
            if pattern not in {"", "full"}:
                message = f"pattern '({pattern})' is read as '(full)' in this version"
                self.add("ORG018", "warning", message, bullet.text_span)
            if any(link.key == other.key for other in links):
                self.add("ORG019", "warning", "this link is given twice", bullet.text_span, "remove one")
                continue
            links.append(link)
            bullets.append(bullet)
        return links, bullets

    def _rhythm(self, names: dict[str, str]) -> tuple[Standup | None, float | None]:
        if "rhythm" not in self.parts:
            return None, None
        fields = self.fields(self.parts["rhythm"], RHYTHM_KEYS)
        risk = self.value("ORG012", values.parse_risk, fields["risk tolerance"]) if "risk tolerance" in fields else None
        if "stand-up" not in fields:
            return None, risk
        field = fields["stand-up"]
        standup = self.value("ORG013", values.parse_standup, field)
        for role_id in standup.attendees if standup else ():
            if role_id not in names:
                known = f"the roles are: {', '.join(names.values())}"
                self.add("ORG013", "error", f"unknown attendee '{role_id}'", field.value_span, known)
        return standup, risk

    def _line(self, span: Span) -> Span:
        """The first line of a span, without its end."""
        return Span(span.start, span.start + len(self.program.line(self.program.position(span.start)[0])))


def errors(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings that forbid running the document."""
    return (finding for finding in findings if finding.severity == "error")
