"""Edits: typed changes to a Program, each with its effect, its inverse, a line of words and a JSON form.

An edit replaces the smallest span that it can, so untouched prose keeps its bytes. None can name a
budget, a metric, a seed or a command: documents have no words for them. Edits of links, of
text and of whole roles are in `links`, `text` and `roles`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from orgopt.basics.slug import slug
from orgopt.document.editing.draft import Draft
from orgopt.document.editing.forms.finish import finish
from orgopt.document.editing.forms.keys import add_section, set_field, set_rhythm
from orgopt.document.editing.splice import splice
from orgopt.document.grammar import rhythm, values
from orgopt.document.grammar.key_table import KEYS, Key
from orgopt.document.reading.reader import read
from orgopt.document.text.program import Program, Span
from orgopt.errors import DocumentError
from orgopt.org import Org, Role
from orgopt.storage.json_values import json_values


class Edit:
    r"""A change to a Program. Subclasses are frozen dataclasses whose fields are strings or None in JSON.

    Example:
        >>> from orgopt.document import parse, read
        >>> program = parse("## Roles\n### Explorer\n- **Headcount:** 3\n")
        >>> edit = SetKey("explorer", "headcount", 4)
        >>> edit.describe(read(program).org)
        'Explorer: headcount 3 → 4'
        >>> undone = edit.inverse(program).apply(edit.apply(program))
        >>> undone.text == program.text
        True
    """

    kinds: ClassVar[dict[str, type["Edit"]]] = {}

    def __init_subclass__(cls) -> None:
        if not cls.__name__.startswith("_"):
            Edit.kinds[cls.__name__] = cls

    def apply(self, program: Program) -> Program:
        """The program after the edit.

        Raises:
            DocumentError: It names what the program does not have, or the text cannot take it.
        """
        raise NotImplementedError

    def plan(self, draft: Draft) -> None:
        """Plan the edit in a draft, where others are planned that shall be written together.

        Raises:
            DocumentError: See `apply`.
        """
        draft.flush(self.apply(finish(draft)))

    def describe(self, org: Org) -> str:
        """The edit in words, as a change of an organization."""
        raise NotImplementedError

    def inverse(self, program: Program) -> "Splice":
        """The edit that gives back the bytes of a program after this edit of it."""
        after = self.apply(program)
        return Splice.between(after.text, program.text, f"undo: {self.describe(read(program).org)}")

    def to_dict(self) -> dict[str, Any]:
        """The edit as JSON values."""
        return {"edit": type(self).__name__, **json_values(self)}

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """The edit of a type from its JSON values, without the name of the type."""
        return cls(**data)


def from_dict(data: dict[str, Any]) -> Edit:
    """The edit of some JSON values.

    Raises:
        DocumentError: They are no edit.
    """
    rest = {key: value for key, value in data.items() if key != "edit"}
    kind = Edit.kinds.get(str(data.get("edit")))
    if kind is None:
        raise DocumentError(f"unknown edit '{data.get('edit')}': known are {', '.join(Edit.kinds)}")
    try:
        return kind.parse(rest)
    except (TypeError, ValueError, KeyError) as error:
        raise DocumentError(f"this is no edit {kind.__name__}: {error}") from None


@dataclass(frozen=True, slots=True)
class Splice(Edit):
    """Replace `removed`, which stands at an offset, by `inserted`: how every edit is undone."""

    start: int
    removed: str
    inserted: str
    words: str

    @classmethod
    def between(cls, before: str, after: str, words: str) -> Self:
        """The smallest splice that turns one text into another."""
        shortest = min(len(before), len(after))
        start = next((i for i in range(shortest) if before[i] != after[i]), shortest)
        end = next((i for i in range(shortest - start) if before[-1 - i] != after[-1 - i]), shortest - start)
        return cls(start, before[start : len(before) - end], after[start : len(after) - end], words)

    def apply(self, program: Program) -> Program:
        span = Span(self.start, self.start + len(self.removed))
        if program.slice(span) != self.removed:
            raise DocumentError(f"{program.source}: the text at offset {self.start} is another: cannot {self.words}")
        return splice(program, span, self.inserted)

    def describe(self, org: Org) -> str:  # noqa: ARG002  every edit is described against an organization
        return self.words


@dataclass(frozen=True, slots=True)
class SetKey(Edit):
    """Set a key of a role (by id), or of the whole organization (None), to a value, or remove it (None).

    Raises:
        ValueError: There is no such key there, or it has no such value.
    """

    role: str | None
    key: str
    value: Any

    def __post_init__(self) -> None:
        key = KEYS.get(self.key)
        if key is None or not (key.rhythm if self.role is None else key.role):
            where = "the section Rhythm" if self.role is None else "a role"
            raise ValueError(f"{where} has no key '{self.key}'")
        if (
            self.value is not None
            and not isinstance(self.value, float)
            and key.parse(key.format(self.value)) != self.value
        ):
            raise ValueError(f"'{self.key}' cannot be {self.value!r}")
        if isinstance(self.value, float):
            key.parse(key.format(self.value))

    @property
    def _key(self) -> Key:
        return KEYS[self.key]

    def plan(self, draft: Draft) -> None:
        org = draft.reading.org
        text = None if self.value is None and self.key != "stand-up" else self._text(org)
        if text is None and self.role is not None and self._stands_in_a_file(draft):
            text = "none"
        if self.role is None:
            set_rhythm(draft, self._key.name, text)
        else:
            set_field(draft, self.role, self._key.name, text)

    def _stands_in_a_file(self, draft: Draft) -> bool:
        """Whether a role has the key from a file such as SOUL.md, so that taking no field away takes it away."""
        role = draft.reading.org.role(self.role) if self.role else None
        written = [field for entry in draft.reading.roles.get(self.role or "", ()) for field in entry.fields]
        has = role is not None and bool(getattr(role, self._key.attribute)) and self._key.parse is values.parse_text
        return has and not any(field.key == self.key for field in written)

    def apply(self, program: Program) -> Program:
        try:
            return self._checked(program, self._planned(program))
        except DocumentError:
            # Such as a bullet three levels deep, which would not be read: it is said in a section of its own.
            role = read(program).org.role(self.role) if self.role else None
            if role is None or read(program).plain or self.value is None or _is_crew(program):
                raise
            apart = Draft(program)
            add_section(apart, f"# {role.name}\n- **{self._key.name}:** {self._text(read(program).org)}\n")
            try:
                return self._checked(program, apart.written())
            except DocumentError:
                pass
            raise

    def _planned(self, program: Program) -> Program:
        draft = Draft(program)
        self.plan(draft)
        return finish(draft)

    def _checked(self, program: Program, after: Program) -> Program:
        """The program after the edit, if it says that, and nothing else.

        Raises:
            DocumentError: It does not.
        """
        org, found = read(program).org, read(after).org
        if {role.id for role in org.roles} - {role.id for role in found.roles}:
            raise DocumentError(f"{program.source}: with '{self.key}' there, others would no longer be read as roles")
        holder = found if self.role is None else found.role(self.role)
        if holder is None or ((self.value is not None or self.key == "stand-up") and self._differs(holder)):
            # In an unclosed fence or comment, whatever is added is part of it.
            raise DocumentError(f"{program.source}: '{self.key}' cannot be written there: is a block unclosed?")
        return after

    def _differs(self, holder: Org | Role) -> bool:
        value = getattr(holder, self._key.attribute)
        return value != self.value and not (isinstance(value, float) and abs(value - float(self.value)) < 1e-6)

    def describe(self, org: Org) -> str:
        if self.role is None:
            if self.key == "stand-up":
                return f"Stand-up: {_standups(org, self.value)}"
            name, old, new = "Rhythm", getattr(org, self._key.attribute), self.value
            new = getattr(Org(), self._key.attribute) if new is None else new
        else:
            role = org.role(self.role) or Role(id=self.role, name=self.role)
            name, old = role.name, self._key.of_role(org, role)
            unset = replace(role, **{self._key.attribute: _default(self._key)})
            new = self._key.of_role(org, unset) if self.value is None else self.value
        return f"{name}: {self.key} {self._key.format(old) or 'none'} → {self._key.format(new) or 'none'}"

    def to_dict(self) -> dict[str, Any]:
        none = self.value is None and self.key != "stand-up"
        text = None if none else self._key.format(self.value)
        return {"edit": "SetKey", "role": self.role, "key": self.key, "value": text}

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        key, value = KEYS[data["key"]], data["value"]
        return cls(data["role"], data["key"], None if value is None else key.parse(value))

    def _text(self, org: Org) -> str:
        if self.key == "stand-up":
            return rhythm.format_standup(self.value, names(org))
        return self._key.format(self.value)


def _is_crew(program: Program) -> bool:
    return any(entry.kind == "key" for entries in read(program).roles.values() for entry in entries)


def apply(edits: Sequence[Edit], program: Program) -> Program:
    """The program after the edits, in order.

    Raises:
        DocumentError: An edit names what the program does not have, or the text cannot take it.
    """
    for edit in edits:
        program = edit.apply(program)
    return program


def describe(edits: Sequence[Edit], org: Org) -> list[str]:
    """A line for each of some edits on an organization."""
    # Links may name a role that an edit before them adds.
    added = tuple(Role(id=slug(name), name=name) for edit in edits for name in _added(edit) if not org.role(slug(name)))
    named = replace(org, roles=(*org.roles, *added))
    return [edit.describe(named) for edit in edits]


def _added(edit: Edit) -> Iterator[str]:
    if isinstance(name := getattr(edit, "name", None), str):
        yield name


def names(org: Org) -> dict[str, str]:
    """The names of roles by their ids."""
    return {role.id: role.name for role in org.roles}


def _default(key: Key) -> Any:
    return getattr(Role(id="", name=""), key.attribute)


def _standups(org: Org, new: Any) -> str:
    """The change of a stand-up: of its interval alone, where only that differs."""
    old = org.standup
    if old and new and (old.attendees, old.share) == (new.attendees, new.share):
        before, after = (rhythm.format_interval(standup.every, standup.unit) for standup in (old, new))
    else:
        before, after = (rhythm.format_standup(standup, names(org)) for standup in (old, new))
    return f"{before} → {after}"
