"""Lines and words as the author wrote those that a document has."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from unicodedata import category

from orgopt.document.editing.draft import NewRole
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.reading.entry import Entry, EntryKind, is_known
from orgopt.document.reading.field import Field
from orgopt.document.reading.reader import Reading
from orgopt.document.text.program import Program, Span

_TAIL = re.compile(r"[*_`\"']*[ \t]*\|?")
_COUNT = re.compile(r"\s*\(?\s*[×xX]?\s*$")
_NUMBER = re.compile(r"\d+(?=\D*$)")
_LEAST = 0.5  # share of the roles that have a count beside their name for a new one to have one there, too


def word_of(program: Program, reading: Reading, key: str) -> str:
    """What a document calls a key: as most of its roles write it, else its name."""
    written = Counter(
        program.slice(field.key_span).strip("*_` ")
        for entries in reading.roles.values()
        for entry in entries
        for field in entry.fields
        if field.key == key.lower() and field.form in {"bold", "plain"}
    )
    return written.most_common(1)[0][0] if written else KEYS[key.lower()].name if key.lower() in KEYS else key


def field_line(program: Program, like: Field, key: str, value: str) -> str:
    """A line for a key in the form of another field's line, without its end."""
    text = program.text
    lead, written = text[like.line.start : like.key_span.start], program.slice(like.key_span)
    middle = text[like.key_span.end : like.value_span.start]
    rest = text[like.value_span.end : like.line.end].rstrip("\r\n")
    tail = rest if _TAIL.fullmatch(rest) else ""
    if like.value_span.start == like.value_span.end and middle[-1:] not in {" ", "\t", "：", "*", "_", "`"}:
        middle += " "
    return lead + _styled(key, written) + middle + (value.replace("|", "\\|") if "|" in tail else value) + tail


def _styled(key: str, like: str) -> str:
    """A key with capitals where another has them."""
    if like.islower():
        return key.lower()
    return key.title() if like.istitle() and " " in like else key


def peers(reading: Reading, kind: EntryKind, but: str = "") -> Iterator[Entry]:
    """The entries of a kind, of all roles but one."""
    return (entry for role, entries in reading.roles.items() if role != but for entry in entries if entry.kind == kind)


def line_fields(entry: Entry) -> list[Field]:
    """The known fields of an entry that are lines of their own."""
    return [field for field in entry.fields if is_known(field) and field.form in {"bold", "plain"}]


def like_of(reading: Reading, entry: Entry, key: str, role: str = "") -> Field | None:
    """A field in whose form a new one of a role is written: one of its own, else one of a role beside it."""
    if own := line_fields(entry):
        return own[-1]
    found = [field for peer in peers(reading, entry.kind, role) for field in line_fields(peer)]
    return next((field for field in found if field.key == key.lower()), found[0] if found else None)


def counted(entries: Iterable[Entry]) -> Entry | None:
    """One of some entries that has a count beside its name, if that is usual among them."""
    every = list(entries)
    found = [entry for entry in every if entry.name.digits]
    return found[-1] if found and len(found) >= _LEAST * len(every) else None


def count_text(program: Program, like: Entry | None, count: str) -> str:
    """A count as it stands beside the name of an entry, or ` ×3`."""
    if like and like.name.digits and like.name.digits[1].start >= like.name.span.end:
        digits = like.name.digits[1]
        before = _COUNT.search(program.text[like.name.span.end : digits.start])
        if before and before[0].strip():
            return f"{before[0]}{count}{')' if '(' in before[0] else ''}"
    return f" ×{count}"


def named_line(program: Program, line: Span, entry: Entry, name: str) -> tuple[str, str]:
    """The line that names an entry with another name, and the marks that close it; the next number, if it has one."""
    before = program.text[line.start : entry.name.span.start]
    if (digits := entry.name.digits) and digits[1].start < entry.name.span.start:  # `3× Explorer`
        before = program.text[line.start : digits[1].start]
    plain = "".join(char for char in before if category(char) not in {"So", "Cf"} and char != "\ufe0f")
    before = re.sub(r"(?<=\S\s)\s+", "", plain) if plain != before else before
    number = _NUMBER.search(before)
    if number:
        before = f"{before[: number.start()]}{int(number[0]) + 1}{before[number.end() :]}"
    after = re.match(r"[*_`]*", program.text[entry.name.span.end : line.end])
    # What stands behind the name, such as `(leads)` in `**1. Ada (leads)**`, may be inside of its marks.
    opened = "".join(mark for mark in ("`", "__", "**") if before.count(mark) % 2)
    return before + name, (after[0] if after else "") or opened


def one_line(text: str) -> str:
    """A text as one line."""
    return " ".join(text.split())


def fields_of(new: NewRole, *, but: Iterable[str] = ()) -> list[tuple[str, str]]:
    """The fields that a new role must have where they are written: all but some, and but a headcount of one."""
    left_out = set(but)
    return [(k, v) for k, v in new.fields if k.lower() not in left_out and (k.lower(), v) != ("headcount", "1")]
