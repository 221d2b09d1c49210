"""A place where a role is written, whatever its form, and how the fields of one are told from its charter."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from orgopt.document.grammar.key_table import KEYS, LINK_KEYS, ROLE_KEYS, WEAK_KEYS
from orgopt.document.grammar.values import is_agent
from orgopt.document.reading.field import Field
from orgopt.document.reading.names import Name
from orgopt.document.text.program import Section, Span

EntryKind = Literal["section", "item", "row", "file", "plain", "paragraph", "node", "key"]
"""A subsection, a bullet, a row of a table, a file, the whole document, a paragraph with what stands below it, a line
of a chart, a key of a YAML file."""

_MOST_NAMES = 8  # words of a value that may be names
_CLAIM = 3  # words of a value that a bold key or a cell claims to be one; more are prose
_MINDS = {"tools", "allowed tools", "disallowed tools", "temperature", "system prompt", "backstory", "permissionmode"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One place where a role is written.

    Attributes:
        name: Its name there.
        span: All of it.
        fields: Its known fields, the count beside its name included.
        unknown: Fields whose key is unknown; they are prose.
        misread: Lines that look like fields of known keys and have no value of theirs; they are prose.
        prose: The spans of its charter.
        section: The section that it is, of the kinds section and file.
        mind: What says that it thinks with language, such as `tools`; empty when nothing does.
        told: The keys of lines without bold letters that say what it is or does, such as `- Role: Tester`.
    """

    kind: EntryKind
    name: Name
    span: Span
    fields: tuple[Field, ...] = ()
    unknown: tuple[Field, ...] = ()
    misread: tuple[Field, ...] = ()
    prose: tuple[Span, ...] = ()
    section: Section | None = None
    mind: str = ""
    told: frozenset[str] = frozenset()


def is_known(field: Field) -> bool:
    """Whether a role has a key of that name."""
    return field.key in ROLE_KEYS or field.key in LINK_KEYS


def parses(field: Field) -> bool:
    """Whether the value of a field is one that its key may have."""
    if field.key not in KEYS:
        return False
    if field.key == "agent":
        return is_agent(field.value)
    try:
        KEYS[field.key].parse(field.value)
    except ValueError:
        return False
    return True


def told_apart(every: Iterable[Field]) -> tuple[list[Field], list[Field]]:
    """The fields of known keys, and the lines that only look like some, such as `Agent: you are …`: they are prose."""
    known, misread = list[Field](), list[Field]()
    for field in every:
        # A word or two is a claim that must be understood, if it is bold; a cell claims nothing.
        prose = field.form in {"plain", "cell"} or (field.form == "bold" and len(field.value.split()) > _CLAIM)
        names = field.form == "cell" or len(field.value.split()) <= _MOST_NAMES
        if is_known(field) and (names or field.key not in WEAK_KEYS):
            (misread if prose and field.key in KEYS and not parses(field) else known).append(field)
    return known, misread


def mind(every: Iterable[Field]) -> str:
    """The first of some fields' keys that only somebody who thinks with language has."""
    return next((field.key for field in every if field.key in _MINDS), "")


def is_mind(title: str) -> bool:
    """Whether a column or a key is one that only somebody who thinks with language has."""
    return title.strip().lower() in _MINDS


def count(name: Name) -> tuple[Field, ...]:
    """The count beside a name as a field."""
    if not name.digits:
        return ()
    digits, span = name.digits
    return (Field("headcount", digits, span, span, span, "heading"),)
