"""What only somebody has: a headcount, whom it reports to, lines that say what it is or does."""

from functools import lru_cache

from orgopt.document.grammar.key_table import LINK_KEYS, WEAK_KEYS
from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, is_known, parses
from orgopt.document.reading.evidence.signs import person, somebody
from orgopt.document.reading.field import Field
from orgopt.document.reading.names import Name
from orgopt.document.text.program import Span

# What only a role has; a Model or a Focus may stand in any text.
_DEFINING = {"headcount", "risk tolerance", "copy rule"}
_MOST_NAMES = 8  # words of a field that names others; more are prose
_MOST_KEY, _MOST_LETTERS = 3, 32  # words and letters of a key
_TRAITS = ("duty", "role", "agent", "name")


def defines(entry: Entry) -> bool:
    """Whether a section has what only a role has: a headcount, somebody it reports to."""
    return any(hands_on(f) or (f.key in _DEFINING and f.form != "heading" and parses(f)) for f in entry.fields)


def hands_on(field: Field) -> bool:
    """Whether a field says to whom somebody reports, or hands work."""
    kind, way = LINK_KEYS.get(field.key, ("", "")) if field.key not in WEAK_KEYS else ("", "")
    return kind in {"reports to", "delegates to"} and way == "→" and len(field.value.split()) <= _MOST_NAMES


def keys(entry: Entry) -> set[str]:
    """The bold keys of a section, whatever they say."""
    return {field.key for field in (*entry.unknown, *entry.fields, *entry.misread) if field.form == "bold"}


def is_somebody(entry: Entry) -> bool:
    """Whether a name, what stands beside it, or what only a role has, says that somebody is meant."""
    return somebody(entry) or defines(entry) or bool(entry.name.digits)


def has_traits(entry: Entry) -> bool:
    """Whether a section says of itself what people do: its role, its focus, its responsibilities."""
    own: tuple[Field, ...] = (*entry.unknown, *entry.fields, *entry.misread)
    return bool(entry.told) or any(
        is_known(field) or any(is_word(kind, field.key) for kind in _TRAITS) or _duty(field.key) for field in own
    )


@lru_cache(maxsize=1024)
def _duty(key: str) -> bool:
    """Whether a key of a few words speaks of what somebody does, as `Main responsibilities` does."""
    return len(key.split()) <= _MOST_KEY and len(key) <= _MOST_LETTERS and (says("duty", key) or says("role", key))


def plays(entry: Entry) -> bool:
    """Whether a section says which role somebody has: `- **Role**: Tester`."""
    given = [field.value for field in (*entry.unknown, *entry.misread) if is_word("role", field.key)]
    return bool(given) and (somebody(entry) or any(person(value) for value in given))


def parted(name: Name) -> Name:
    """A name without what somebody is behind a comma, as in `Ada, Chief Architect`; `Writer, Editor` are two."""
    text, comma, title = name.text.partition(", ")
    if not comma or ", " in title or not person(title) or person(text):
        return name
    return name._replace(text=text, span=Span(name.span.start, name.span.start + len(text)), title=title)


def several(name: str) -> bool:
    """Whether a name is that of several who do the same: `Backend Developers`, `Testers`; not `Builder Agents`."""
    one = name.removesuffix("s")
    return one != name and not one.lower().endswith("agent") and person(one)
