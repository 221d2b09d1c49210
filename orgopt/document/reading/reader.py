"""Reading a Program as an Org, with a finding for everything that was inferred or not understood.

Text to sections is `document.text.program`, front matter is `front_matter`; here is what they mean.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import takewhile
from typing import Any

from orgopt.basics.nearest import some
from orgopt.basics.slug import slug
from orgopt.document.findings import Finding, Notes, errors
from orgopt.document.grammar import rhythm
from orgopt.document.grammar.key_table import KEYS, LINK_KEYS, RHYTHM_KEYS, SEARCH_KEYS
from orgopt.document.reading.charters import said_of_themselves
from orgopt.document.reading.diagrams import drawn_in_diagrams
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.folders import beats, duties, folder_of, of_one, plain_entry
from orgopt.document.reading.evidence.signs import Arrow, Group
from orgopt.document.reading.field import Field
from orgopt.document.reading.front_matter import front_matter
from orgopt.document.reading.handovers import handed_over
from orgopt.document.reading.links import LinkPlace, read_links
from orgopt.document.reading.names import Name
from orgopt.document.reading.parts import choose_parts
from orgopt.document.reading.reading import Reading
from orgopt.document.reading.role import RoleReader
from orgopt.document.reading.role_aliases import abbreviated, also, drawn_again, names_of, others
from orgopt.document.reading.sentences import called, said_in_sentences
from orgopt.document.reading.written_fields import block_fields, fields, named
from orgopt.document.text.program import Program, Section, Span, apart, printable
from orgopt.org import Org, Standup

__all__ = ["Finding", "LinkPlace", "Reading", "errors", "read"]


@lru_cache(maxsize=32)  # every edit reads its program several times
def read(program: Program) -> Reading:
    """The organization that a program describes. Never fails: what is wrong becomes findings."""
    return _Reader(program).read()


class _Reader:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.notes = Notes()
        self.parts: dict[str, Section] = {}
        self.roles: dict[str, tuple[Entry, ...]] = {}
        self.search = False
        self.ids: dict[str, str] = {}  # other names by which a role goes
        self.called: dict[str, str] = {}  # those under which it stood somewhere
        self.files: dict[tuple[str, bool], str] = {}  # roles by their file, and whether they are it or link to it

    def read(self) -> Reading:
        title = next((block for block in self.program.blocks if block.kind == "heading" and block.level == 1), None)
        self.parts, roster = choose_parts(self.program, self.notes)
        found = list(roster.entries)
        for entry in found:
            self._place(entry)
        if title and any(entry.span.start <= title.span.start < entry.span.end for entry in found):
            title = None
        mission = self._mission(title.span if title else None, found)
        if not self.roles:
            entry, mission = plain_entry(self.program, mission), ()
            self.roles[entry.name.id] = (entry,)
            self._nobody(entry, roster.doubtful)
        self._left(roster.left)
        self.search = self._is_search()
        of = RoleReader(self.program, self.notes, self.parts, only=len(self.roles) == 1, search=self.search)
        roles = tuple(of.role(role_id, places) for role_id, places in self.roles.items())
        section = self.parts.get("links")
        drawn = (*roster.links, *self._handed_over())
        links, places = read_links(self.program, self.notes, section, self.roles, self._resolve, drawn)
        org = Org(
            title=title.title if title else "",
            mission=of.text(mission),
            roles=roles,
            links=tuple(links),
            **self._rhythm({role.id: role.name for role in roles}, mission),
        )
        findings = tuple(sorted(self.notes.found, key=lambda finding: (finding.span, finding.code)))
        return Reading(
            org=org, findings=findings, roles=self.roles, links=tuple(places), parts=self.parts, mission=mission
        )

    def _handed_over(self) -> Iterator[Arrow]:
        """The links that arrows and sentences tell outside of Links and of a section Roles."""
        kept = [part for key, part in self.parts.items() if key != "roles" or part.title.lower() == "roles"]
        taken = tuple(part.span for part in kept)
        if not any(entry.kind in {"plain", "key"} for entries in self.roles.values() for entry in entries):
            yield from handed_over(self.program, self.roles, self._resolve, taken)
            names = called(self.roles)
            yield from said_in_sentences(self.program, self.roles, names, taken)
            yield from said_of_themselves(self.program, self.roles, names, taken)
            yield from drawn_in_diagrams(self.program, self.roles, self._resolve, taken)

    def _first_line(self) -> Span:
        return self.program.first_line(Span(0, len(self.program.text)))

    def _nobody(self, entry: Entry, doubtful: tuple[Group, ...]) -> None:
        """Say that no role was found, and what came near to it."""
        name, help_ = entry.name.text, "add '## Roles' with a '### Name' for each role"
        if "roles" in self.parts:
            heading = self.program.first_line(self.parts["roles"].heading.span)
            message = f"the section Roles names nobody: the document is read as one {name}"
            severity = "warning" if self._of_parts() else "info"  # other documents tell of roles in prose
            self.notes.add("ORG002", severity, message, heading, "give it a '### Name' for each role, or another title")
        else:
            message = f"no section Roles: read as one {name} whose charter is the file"
            self.notes.add("ORG001", "info", message, self._first_line(), help_)
        for group in doubtful:
            seen = some([entry.name.text for entry in group.entries][:5])
            message = f"{group.what} may be roles ({printable(seen)}), and are not read as such"
            help_ = "if they are, put them under '## Roles', each a '### Name', a bullet or a row"
            self.notes.add("ORG044", "info", message, self.program.first_line(group.span), help_)

    def _of_parts(self) -> bool:
        """Whether all chapters of the document are Roles, Links and Rhythm, so that it is meant as an organization."""
        chapters = [section for section in self.program.walk() if section.level == 2]
        parts = {section.span for section in self.parts.values()}
        return bool(chapters) and all(section.span in parts for section in chapters)

    def _left(self, left: tuple[Entry, ...]) -> None:
        """Say of people below a role that they are read as what it does."""
        lost = [entry for entry in left if entry.name.id not in self.roles]
        if not lost:
            return
        seen = some([entry.name.text for entry in lost][:5])
        message = f"{printable(seen)} may be roles, and are read as text of others"
        help_ = "if they are, give each a bullet of its own, with '- **Reports to:** …' below it"
        self.notes.add("ORG044", "info", message, lost[0].name.span, help_)

    def _place(self, entry: Entry) -> None:
        """Note where a role is written."""
        name = entry.name
        if not name.id:
            if self._declared(entry):
                message = f"the role name '{name.text}' has no letter or digit"
                self.notes.add("ORG004", "error", message, name.span, "give it a name of letters")
            return
        is_file = entry.kind == "file"
        linked = self.files.get((name.path, not is_file), self._same(entry))
        if self._twice(linked, entry) and slug(name.full) not in {"", name.id, *self.roles}:
            # `Digger (north)` and `Digger (south)` are two.
            entry = replace(entry, name=name._replace(text=name.full))
            name, linked = entry.name, entry.name.id
        if self._twice(linked, entry):
            self._again(linked, entry)
            return
        before = self.roles.get(linked, ())
        again = any(other.kind == entry.kind for other in before)
        if again and entry.kind != "section" and not any(field.key in LINK_KEYS for field in entry.fields):
            return  # mentioned, and linked to nobody
        if again and entry.kind == "section":
            said = any(f.code == "ORG003" and f.severity == "warning" for f in self.notes.found)
            same = any(other.kind == entry.kind and other.name.raw == name.raw for other in before)
            severity = "warning" if same and not said else "info"  # under another title it may be meant
            self.notes.add("ORG003", severity, f"role '{name.text}' is described twice", name.span, "make it one")
        self.roles[linked] = (*before, entry)
        if name.id != linked:
            self.called.setdefault(name.id, linked)
        if name.path:
            self.files.setdefault((name.path, is_file), linked)
        self._go_by(name, linked)
        if name.raw not in {name.text, name.path} and entry.kind in {"section", "item"} and name.title:
            message = f"'{name.raw}' is read as the role {name.text}"
            self.notes.add("ORG021", "info", printable(message), name.span)

    def _same(self, entry: Entry) -> str:
        """The id of the role that an entry names again: by its number, or with or without `Agent` behind its name."""
        name, own = entry.name, entry.name.id
        if own in self.roles or own in self.called:
            return own if own in self.roles else self.called[own]
        for known in filter(None, (self.ids.get(slug(name.raw)), self.ids.get(own))):
            elsewhere = [other for other in self.roles.get(known, ()) if self._block(other) != self._block(entry)]
            if drawn_again(entry, elsewhere) or abbreviated(entry, elsewhere):
                return known
        found = (*others(name), *(self.ids.get(other, "") for other in also(name)))
        if self.roles.keys().isdisjoint(found):
            return own
        known = (other for other in found if other in self.roles)
        return next((i for i in known if all(other.kind != entry.kind for other in self.roles[i])), own)

    def _go_by(self, name: Name, role_id: str) -> None:
        """Note the other names by which a role goes: `Agent 3` for one who is called so in front of the name."""
        for other in names_of(name):
            self.ids.setdefault(other, role_id)

    def _again(self, role_id: str, entry: Entry) -> None:
        """Say of a role that it stands twice in one place, and read one person who is two things as one role."""
        name = entry.name
        if entry.kind in {"row", "item"} and not self._declared(entry):
            self.notes.add("ORG003", "info", f"'{name.text}' stands here again: it is read as one role", name.span)
            self.roles[role_id] = (*self.roles[role_id], entry)
            return
        self.notes.add("ORG003", "error", f"role '{name.text}' is defined twice", name.span, "rename or remove one")

    def _declared(self, entry: Entry) -> bool:
        """Whether a role stands in a section Roles, where each is meant as one."""
        part = self.parts.get("roles")
        return part is not None and part.title.lower() == "roles" and part.span.start < entry.span.start < part.span.end

    def _twice(self, role_id: str, entry: Entry) -> bool:
        """Whether a role stands twice in one place: in a section Roles, in one table, in one list."""
        part = self.parts.get("roles")
        for other in self.roles.get(role_id, ()):
            if other.kind != entry.kind:
                continue
            inside = part is not None and all(part.span.start < e.span.start < part.span.end for e in (other, entry))
            if entry.kind == "file" or (inside and entry.kind == "section"):
                return True
            if entry.kind in {"row", "item"} and self._block(other) == self._block(entry):
                return True
        return False

    def _block(self, entry: Entry) -> int:
        return bisect_right(self.program.blocks, entry.span.start, key=lambda block: block.span.start)

    def _mission(self, title: Span | None, found: list[Entry]) -> tuple[Span, ...]:
        """The spans of the text outside the roles, the parts and the title."""
        taken = [section.span for section in self.parts.values()] + ([title] if title else [])
        taken += [entry.span for entry in found]
        files = [section for section in self.program.sections if section.level == 0 and of_one(section)]
        # What one agent does again and again is told with the text of its document.
        told = duties(self.program, (file for file in files if not folder_of(file))) if len(found) < 2 else []
        taken += [section.span for section in files if section not in told]
        prose = (block for block in self.program.blocks if block.kind not in {"front_matter", "file"})
        return tuple(block.span for block in apart(prose, taken))

    def _resolve(self, name: str) -> str:
        """The id of a role by any of its names."""
        word = name.removeprefix("the-")
        return (
            name if name in self.roles else self.ids.get(name, self.ids.get(word, word if word in self.roles else name))
        )

    def _front(self) -> list[Field]:
        """The fields of front matter."""
        blocks = takewhile(lambda block: block.kind == "front_matter", self.program.blocks)
        return [field for block in blocks for field in front_matter(self.program, block)]

    def _is_search(self) -> bool:
        """Whether the document says that what its agents propose is documents."""
        own = fields(self.program, self.parts["rhythm"]) if "rhythm" in self.parts else []
        return any(f.key == "proposes" and f.value.strip().lower() == "documents" for f in (*self._front(), *own))

    def _rhythm(self, names: dict[str, str], mission: tuple[Span, ...]) -> dict[str, Any]:
        """The attributes of an Org that the section Rhythm, or front matter, gives."""
        keys = SEARCH_KEYS if self.search else RHYTHM_KEYS
        every = [field for field in self._front() if field.key in keys]
        if any(entry.kind == "plain" for places in self.roles.values() for entry in places):
            every = [field for field in every if not KEYS[field.key].role]  # the others are the one role's
        if "rhythm" in self.parts:
            own = fields(self.program, self.parts["rhythm"])
            known = [field for field in own if field.key in keys]
            RoleReader(self.program, self.notes, self.parts).unknown(
                [field for field in own if field.key not in keys and field.form == "bold"], keys
            )
            every += known
        else:
            files = [section for section in self.program.sections if section.level == 0]
            every += [field for field in beats(self.program, files) if field.key == "stand-up"][:1]
            if len(names) > 1:
                self._no_rhythm(mission)
        last = {field.key: field for field in every}
        for extra in (field for field in every if last[field.key] is not field):
            self.notes.add("ORG006", "warning", f"'{extra.key}' is given twice: the last counts", extra.key_span)
        given: dict[str, Any] = {}
        for name in keys:
            if (field := named(every, name)) and (
                value := RoleReader(self.program, self.notes, self.parts).value(KEYS[name], field)
            ) is not None:
                given[KEYS[name].attribute] = value
                if isinstance(value, Standup):
                    given["standup"] = self._standup(value, field, names)
        return given

    def _no_rhythm(self, mission: tuple[Span, ...]) -> None:
        """Say of a stand-up in the mission that it is not read, where there is no section for it."""
        spans = set(mission)
        for field in block_fields(self.program, (block for block in self.program.blocks if block.span in spans)):
            if field.key == "stand-up":
                message = "this stand-up is read as part of the mission"
                self.notes.add("ORG005", "info", message, field.key_span, "move it below '## Rhythm'")

    def _standup(self, standup: Standup, field: Field, names: dict[str, str]) -> Standup:
        attendees = tuple(self._resolve(role_id) for role_id in standup.attendees)
        known = f"the roles are: {some(list(names.values()))}"
        for role_id in attendees:
            if role_id not in names:
                self.notes.add("ORG013", "error", f"unknown attendee '{role_id}'", field.value_span, known)
        if not rhythm.is_plain_interval(field.value):
            taken = rhythm.format_interval(standup.every, standup.unit)
            self.notes.add("ORG025", "info", f"stand-up taken as {taken}", field.value_span)
        return replace(standup, attendees=attendees)
