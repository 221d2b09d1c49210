"""Links as documents write them: bullets of the section Links, and roles' fields such as `Reports to: Lead`."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from orgopt.document.findings import Fix, Notes
from orgopt.document.grammar import values
from orgopt.document.grammar.keys import LINK_KEYS
from orgopt.document.reading.field import Field
from orgopt.document.reading.fields import Bullet, bullets
from orgopt.document.reading.roster import Entry
from orgopt.document.text.program import Program, Section, Span, printable
from orgopt.org import Link, slug


class LinkPlace(NamedTuple):
    """Where a link is written: a bullet of the section Links, or a name in a role's field, as it is written there."""

    span: Span
    line: Span
    field: Field | None = None
    name: str = ""


def read_links(
    program: Program,
    notes: Notes,
    section: Section | None,
    roles: dict[str, tuple[Entry, ...]],
    resolve: Callable[[str], str],
) -> tuple[list[Link], list[LinkPlace]]:
    """The links of a document and where each is written.

    Args:
        program: The document.
        notes: Takes the findings.
        section: Its section Links.
        roles: Where its roles are written.
        resolve: Gives the id of a role by any of its names.
    """
    links: list[Link] = []
    places: list[LinkPlace] = []
    keys: set[tuple[str, str, str, bool]] = set()
    strict = section is not None and section.title.lower() == "links"
    for bullet in bullets(program, section) if section else ():
        if (link := _link(notes, bullet, resolve, strict=strict)) is None:
            continue
        if link.key in keys:
            fix = Fix(bullet.line, "", safe=True)
            notes.add("ORG019", "warning", "this link is given twice", bullet.text_span, "remove one", fix)
            continue
        keys.add(link.key)
        links.append(link)
        places.append(LinkPlace(bullet.text_span, bullet.line))
    for link, place in _field_links(notes, roles, resolve):
        if link.key not in keys:
            keys.add(link.key)
            links.append(link)
            places.append(place)
    return links, places


def _link(notes: Notes, bullet: Bullet, resolve: Callable[[str], str], *, strict: bool) -> Link | None:
    try:
        link = values.parse_link(bullet.text)
    except ValueError as error:
        message, _, help_ = str(error).partition("; ")
        if strict:
            notes.add("ORG016", "error", printable(message), bullet.text_span, help_)
        return None
    return replace(link, source=resolve(link.source), target=resolve(link.target))


def _field_links(
    notes: Notes, roles: dict[str, tuple[Entry, ...]], resolve: Callable[[str], str]
) -> Iterator[tuple[Link, LinkPlace]]:
    """The links that roles' fields name, such as `Reports to: Lead`."""
    for role_id, entry in [(i, entry) for i, places in roles.items() for entry in places]:
        for field in entry.fields:
            if field.key not in LINK_KEYS:
                continue
            kind, arrow = LINK_KEYS[field.key]
            for written in values.split_names(field.value):
                other = resolve(slug(written))
                if other not in roles:
                    message = f"'{printable(written)}' is no role here: '{field.key}' is left out"
                    notes.add("ORG024", "warning", message, field.value_span, "name a role of the document")
                    continue
                source, target = (other, role_id) if arrow == "←" else (role_id, other)
                yield (
                    Link(source=source, target=target, kind=kind, mutual=arrow == "↔"),
                    LinkPlace(field.value_span, field.line, field, written),
                )
