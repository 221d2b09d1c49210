"""What names those again who are read elsewhere: charts drawn twice, tables of who hands what to whom."""

from collections.abc import Iterator
from dataclasses import replace

from orgopt.basics.slug import slug
from orgopt.document.grammar.key_table import LINK_KEYS
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.signs import DOUBT, Arrow, Group, person, share
from orgopt.document.reading.role_aliases import without_agent

_MOST = 0.6  # of the names of a group
_FEWEST = 2
_MARKS = {"*", "_", "`", "@", "["}


def named_again(groups: list[Group], kept: list[Group]) -> Iterator[Group]:
    """Lists and tables of too few signs, most of whose names are read elsewhere.

    The others are roles as well where little is missing to it and all are marked as names; else only what is said of
    those who are read counts, if it is to whom they report, or hand work.
    """
    known = {i for group in kept for entry in group.entries for i in _ids(entry)}
    for group in groups:
        if group in kept or group.what not in {"a list", "a table"}:
            continue
        again = tuple(entry for entry in group.entries if known & _ids(entry))
        if len(again) < _FEWEST or share(entry in again for entry in group.entries) < _MOST:
            continue
        linked = any(field.key in LINK_KEYS for entry in again for field in entry.fields)
        if group.score >= DOUBT and all(entry.name.raw[:1] in _MARKS for entry in group.entries):
            yield group
        elif linked:
            yield replace(group, entries=again)


def _ids(entry: Entry) -> set[str]:
    """The ids under which an entry may stand elsewhere."""
    return {entry.name.id, without_agent(entry.name.id)} - {""}


def instead(others: set[str], drawn: Group) -> bool:
    """Whether those whom the rest of a document names stand for those who are drawn, under other names."""
    return not any(others & _ids(entry) for entry in drawn.entries) and 2 * len(others) >= len(drawn.entries)


def drawn_again(groups: list[Group], kept: list[Group], found: list[Entry]) -> Iterator[Arrow]:
    """The links of boxes and trees that are no rosters by themselves, and draw those whom the rest names.

    A tree may hold others, too: what happens, and with what.
    """
    ids = {i for entry in found for i in (*_ids(entry), slug(entry.name.title)) if i}
    for group in (group for group in groups if group not in kept):
        known = {entry.name.id for entry in group.entries if ids & _ids(entry)}
        share_of = len(known) / max(1, len({entry.name.id for entry in group.entries}))
        if (group.what == "boxes" and share_of == 1) or (group.what == "a tree" and share_of >= _MOST):
            yield from (arrow for arrow in group.links if {arrow.source, arrow.target} <= known)


def by_title(found: list[Entry]) -> list[Entry]:
    """Sections of one name and several titles by what tells them apart, as in `Team lead: Ada`, `Team lead: Bo`."""
    titles: dict[str, set[str]] = {}
    for entry in found:
        if entry.kind == "section" and not entry.name.raw.endswith((")", "）")):
            titles.setdefault(entry.name.id, set()).add(slug(entry.name.title))
    several = {i for i, of in titles.items() if len(of) > 1 and all(of)}
    return [
        replace(entry, name=entry.name._replace(text=entry.name.title, title=entry.name.text))
        if entry.kind == "section" and entry.name.id in several and person(entry.name.title)
        else entry
        for entry in found
    ]
