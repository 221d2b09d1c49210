"""A role from the places where it is written: its keys, its charter, and a finding for what is not understood."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from orgopt.agent_names import DEFAULT_AGENT, LANGUAGE_AGENT
from orgopt.document.findings import Fix, Notes
from orgopt.document.grammar.key_table import KEYS, RHYTHM_KEYS, ROLE_KEYS, Key, canonical
from orgopt.document.grammar.numbers import is_plain_number
from orgopt.document.grammar.searching import parse_search_agent
from orgopt.document.grammar.values import parse_agent
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.folders import SOUL, folder_of, of_one
from orgopt.document.reading.evidence.signs import attribute
from orgopt.document.reading.field import Field
from orgopt.document.reading.written_fields import bullets, named
from orgopt.document.text.program import LINE_END, Program, Section, Span, printable
from orgopt.org import Role

_MOST, _LONGEST = 1024, 20_000  # roles that are remembered, and characters of the charter of one
_KNOWN: dict[tuple[Any, ...], Role] = {}  # an edit leaves most roles as they were
_BLANKS = re.compile(r"\n{3,}")
_TO_FILL = re.compile(r"\s*[<{\[].*[>}\]]\s*$")  # as in a template: `model: <opus|sonnet>`
_NEARLY = re.compile(r"^(?:[-*+]|\d{1,3}[.)])[ \t]+\*\*[^:\r\n]*$", re.MULTILINE)


def prose(text: str) -> str:
    """A text as an Org keeps it: line feeds, and one blank line where fields left several."""
    if "\r" in text:
        text = LINE_END.sub("\n", text)
    return (_BLANKS.sub("\n\n", text) if "\n\n\n" in text else text).strip()


class RoleReader:
    """Reads the roles of a program.

    Attributes:
        program: The document.
        notes: Takes the findings.
        parts: Its sections Roles, Links and Rhythm.
        only: Whether it has one role alone, whose the files of one agent beside the document are.
        search: Whether it is a search, whose agents propose documents.
    """

    def __init__(
        self, program: Program, notes: Notes, parts: dict[str, Section], *, only: bool = False, search: bool = False
    ) -> None:
        self.program, self.notes, self.parts, self.only, self.search = program, notes, parts, only, search
        self._folders: dict[str, list[tuple[str, Section]]] | None = None

    def text(self, spans: Iterable[Span]) -> str:
        """The text of some spans."""
        return prose("".join(self.program.slice(span) for span in spans))

    def _charter(self, entry: Entry) -> str:
        """The charter that a place of a role gives; cells and nested bullets are lines of their own."""
        if entry.kind not in {"item", "row", "node", "key"}:
            return self.text(entry.prose)
        return prose("\n".join(text for span in entry.prose if (text := self.program.slice(span).strip())))

    def role(self, role_id: str, places: tuple[Entry, ...]) -> Role:
        """The role that stands in some places; one of which there is nothing to say is known by what its places say."""
        every = [field for entry in places for field in entry.fields]
        charter = "\n\n".join(text for entry in places if (text := self._charter(entry)))
        for entry in places:
            self._unread(entry)
        beside = self._beside(places)
        if beside or self.only or any(e.kind == "plain" or e.unknown or e.misread or e.mind for e in places):
            return self._role(role_id, places, every, charter, beside)
        said = tuple([(field.key, field.value, field.form, self._declared(field)) for field in every])
        key = (role_id, places[0].name.text, said, charter, self.search)
        role = _KNOWN.get(key)
        if role is None:
            number = len(self.notes.found)
            role = self._role(role_id, places, every, charter, beside)
            if len(self.notes.found) == number and len(charter) <= _LONGEST:
                if len(_KNOWN) >= _MOST:
                    _KNOWN.clear()
                _KNOWN[key] = role
        return role

    def _role(
        self, role_id: str, places: tuple[Entry, ...], every: list[Field], charter: str, beside: Mapping[str, Any]
    ) -> Role:
        given: dict[str, Any] = {}
        have = {field.key for field in every}
        for name in (key for key in ROLE_KEYS if key in have):
            same = [field for field in every if field.key == name]
            for extra in same[:-1]:
                fix = Fix(extra.line, "", safe=True) if extra.form == "bold" else None
                # A row of a roster and the file that it names may both say it.
                severity = "warning" if extra.form == same[-1].form or extra.value != same[-1].value else "info"
                message = f"'{name}' is given twice: the last counts"
                self.notes.add("ORG006", severity, message, extra.key_span, "", fix)
            if (value := self.value(KEYS[name], same[-1], claim=self._declared(same[-1]))) is not None:
                given[KEYS[name].attribute] = value
                self._taken(KEYS[name], same[-1], value)
        part = self.parts.get("roles")
        for entry in places:
            declared = entry.kind == "file" or (part is not None and part.span.start < entry.span.start < part.span.end)
            self.unknown(entry.unknown, ROLE_KEYS, told=declared)
            for field in entry.misread:
                self.value(KEYS[field.key], field, claim=False)
        span = places[0].name.span
        if "agent" not in given and (mind := self._mind(every, places, beside)):
            given["agent"] = LANGUAGE_AGENT
            self.notes.add(
                "ORG025", "info", f"{places[0].name.text}: agent taken as {LANGUAGE_AGENT}, for {mind}", span
            )
        if not named(every, "headcount") and places[0].kind != "plain":
            agent = "" if "agent" in given or named(every, "agent") else f", agent as {DEFAULT_AGENT}"
            self.notes.add("ORG025", "info", f"{places[0].name.text}: headcount taken as 1{agent}", span)
        elif any(field.form == "heading" for field in every):
            self.notes.add(
                "ORG025", "info", f"{places[0].name.text}: headcount taken as {given.get('headcount', 1)}", span
            )
        return Role(id=role_id, name=places[0].name.text, charter=charter, **{**beside, **given})

    def _declared(self, field: Field) -> bool:
        """Whether a field stands in a section Roles or in front matter, where what it says must be understood."""
        part = self.parts.get("roles")
        return field.form == "front matter" or (part is not None and part.span.start < field.line.start < part.span.end)

    def _folder(self, places: tuple[Entry, ...]) -> str | None:
        """The folder whose files are a role's own, empty for the document's; None for none."""
        at = next((entry for entry in places if entry.kind in {"plain", "file"}), None)
        own = folder_of(at.section) if at and at.section else ""
        return own if own or self.only or (at and at.kind == "plain") else None

    def _beside(self, places: tuple[Entry, ...]) -> dict[str, Any]:
        """What files such as SOUL.md say of a role."""
        if (folder := self._folder(places)) is None:
            return {}
        if self._folders is None:
            self._folders = {}
            for section in self.program.sections:
                if section.level == 0 and (kind := of_one(section)):
                    self._folders.setdefault(folder_of(section), []).append((kind, section))
        files = self._folders.get(folder, ())
        given: dict[str, Any] = {}
        for name, kind in (("persona", "persona"), ("remembers", "memory")):
            bodies = [Span(section.heading.span.end, section.span.end) for key, section in files if key == kind]
            if text := prose("\n\n".join(self.program.slice(body).strip() for body in bodies)):
                given[name] = KEYS[name].parse(text)
        return given | ({"memory": "lasting"} if any(key == "memory" for key, _ in files) else {})

    def _mind(self, every: list[Field], places: tuple[Entry, ...], beside: Mapping[str, Any]) -> str:
        """What says that a role thinks with language, in words; empty where nothing does."""
        if named(every, "model"):
            return "it has a model"
        if named(every, "agent"):
            return ""
        spoken = "persona" if any(field.key == "persona" and field.form == "cell" for field in every) else ""
        files = SOUL if self.only and beside.get("persona") else ""
        mind = next((entry.mind for entry in places if entry.mind), spoken or files)
        return f"it has '{mind}'" if mind else ""

    def _taken(self, key: Key, field: Field, value: Any) -> None:
        """Say how a word or a range was read as a number."""
        number = key.attribute in {"headcount", "risk"} and not is_plain_number(field.value)
        if number or (key.attribute == "model" and " " in field.value.strip()):
            message = f"'{printable(field.value)}' is taken as {key.name.lower()} {key.format(value)}"
            self.notes.add("ORG025", "info", message, field.value_span)

    def value(self, key: Key, field: Field, *, claim: bool = True) -> Any | None:
        """The value of a field, or None with a finding; what makes no claim to be a field is left alone."""
        try:
            if key.attribute == "agent":
                return parse_search_agent(field.value) if self.search else parse_agent(field.value)
            return key.parse(field.value)
        except ValueError as error:
            message, _, help_ = str(error).partition("; ")
            if field.form == "cell" or not (claim or self._declared(field)):
                self.notes.add("ORG017", "info", f"'{field.key}' is not read: {message}", field.value_span, help_)
            elif claim and field.form in {"bold", "heading"}:
                close = help_.removeprefix("did you mean '").removesuffix("'?") if help_.startswith("did you") else ""
                fix = Fix(field.value_span, close, safe=False) if close else None
                self.notes.add(key.code, "error", message, field.value_span, help_, fix)
            else:  # `agent: general-purpose` of another tool is no slip of the pen
                other = key.attribute in {"agent", "memory"} or _TO_FILL.match(field.value)
                severity = "info" if other and "did you mean" not in help_ else "warning"
                self.notes.add("ORG017", severity, f"'{field.key}' is not read: {message}", field.value_span, help_)
            return None

    def unknown(self, unknown: Iterable[Field], known: tuple[str, ...], *, told: bool = True) -> None:
        """Findings for keys that are not understood; they stay in the charter. Without `told` only slips."""
        for field in unknown:
            close = get_close_matches(field.key, known, n=1, cutoff=0.75)
            if close and not attribute(field.key):  # `Agent ID` is no slip
                fix = Fix(field.key_span, KEYS[close[0]].name, safe=False)
                self.notes.add(
                    "ORG005",
                    "warning",
                    f"unknown key '{field.key}'",
                    field.key_span,
                    f"did you mean '{close[0]}'?",
                    fix,
                )
            elif told:
                message = f"'{printable(field.key)}' is no key here: it is read as part of the charter"
                help_ = "move it below '## Rhythm'" if field.key in RHYTHM_KEYS else f"keys here: {', '.join(known)}"
                self.notes.add("ORG005", "info", message, field.key_span, help_)

    def _unread(self, entry: Entry) -> None:
        """Bullets such as `- **Agent** tpe` that nearly are fields."""
        if entry.section is None or not _NEARLY.search(self.program.text, *entry.section.body):
            return
        for bullet in bullets(self.program, entry.section):
            word, _, rest = bullet.text.replace("*", "").strip().partition(" ")
            key = canonical(word, known=True)
            if key in ROLE_KEYS and ":" not in bullet.text and bullet.text.startswith("**") and rest:
                line = f"- **{KEYS[key].name}:** {rest}"
                fix = Fix(Span(bullet.line.start, bullet.text_span.end), line, safe=False)
                self.notes.add(
                    "ORG017",
                    "warning",
                    f"'{printable(bullet.text)}' is not read",
                    bullet.text_span,
                    f"write '{line}'",
                    fix,
                )
