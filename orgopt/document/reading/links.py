"""Links as documents write them: bullets of the section Links, and roles' fields such as `Reports to: Lead`."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import NamedTuple, cast

from orgopt.basics.slug import slug
from orgopt.document.findings import Fix, Notes
from orgopt.document.grammar import arrows
from orgopt.document.grammar.key_table import LINK_KEYS, WEAK_KEYS
from orgopt.document.grammar.words import is_word
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.signs import Arrow
from orgopt.document.reading.field import Field
from orgopt.document.reading.role_aliases import without_agent
from orgopt.document.reading.written_fields import Bullet, bullets
from orgopt.document.text.program import Program, Section, Span, printable
from orgopt.org import Link, LinkKind

_EVERYONE = {"everyone", "everybody", "all", "all-others", "all-roles", "all-agents", "the-team", "team"}
_WITH_NUMBER = re.compile(r"(\D*\D)\d{1,3}$")
_WHEN = re.compile(
    r"\s*(?:\b(?:when|if|for|after|before|once|on|as|with|via|who|which|wenn|falls|für|quand|pour|si|cuando|para|quando|se)\b"
    r"|[:—–(（]|\s-\s).*",
    re.IGNORECASE | re.DOTALL,
)
_COMMA = re.compile(r"[,;，、；]\s*")
_OTHER_WAY: dict[str, LinkKind] = {
    "reports to": "delegates to",
    "delegates to": "reports to",
}  # one thing, told by either
_MOST_WORDS = 6  # of a name; more are prose
_SENTENCE = re.compile(
    r"(?:[-*+]|\d+[.)])?\s*(?:[^:]{1,40}:\s*)?(?:\*\*)?(?:the\s+)?(?P<source>[^:,.]{1,60}?)(?:\*\*)?\s+"
    r"(?P<key>reports to|reviews|delegates to|hands off to|shares with|talks to|works with|manages)\s+"
    r"(?P<target>.{1,120}?)\.?$",
    re.IGNORECASE,
)


class LinkPlace(NamedTuple):
    """Where a link is written: a bullet of the section Links, a name in a role's field, or an arrow of a chart."""

    span: Span
    line: Span
    field: Field | None = None
    name: str = ""
    drawn: bool = False


def read_links(
    program: Program,
    notes: Notes,
    section: Section | None,
    roles: dict[str, tuple[Entry, ...]],
    resolve: Callable[[str], str],
    arrows: Iterable[Arrow] = (),
) -> tuple[list[Link], list[LinkPlace]]:
    """The links of a document and where each is written.

    Args:
        program: The document.
        notes: Takes the findings.
        section: Its section Links.
        roles: Where its roles are written.
        resolve: Gives the id of a role by any of its names.
        arrows: Those of charts and nested lists.
    """
    links: list[Link] = []
    places: list[LinkPlace] = []
    keys: set[tuple[str, str, str, bool]] = set()
    nobody = any(entry.kind == "plain" for places in roles.values() for entry in places)
    strict = section is not None and section.title.lower() == "links" and not nobody
    said = [(link, p) for s in _sentences(program, section) for link, p in _said(program, s, roles, resolve)]
    sentences = {place.line for _, place in said}
    for bullet in bullets(program, section) if section else ():
        strict_here = strict and bullet.line not in sentences
        if (link := _link(notes, bullet, resolve, strict=strict_here)) is None:
            continue
        if link.key in keys:
            fix = Fix(bullet.line, "", safe=True)
            notes.add("ORG019", "warning", "this link is given twice", bullet.text_span, "remove one", fix)
            continue
        keys.add(link.key)
        links.append(link)
        places.append(LinkPlace(bullet.text_span, bullet.line))
    told = list(_field_links(notes, roles, resolve))
    bosses = {link.source for link, _ in told if link.kind == "reports to"}  # who says so need not be drawn
    plain = {(link.source, link.target, link.kind) for link in (*links, *(link for link, _ in (*said, *told)))}
    drawn = [(arrow, _drawn(arrow, resolve)) for arrow in arrows]
    known = [
        (arrow, link)
        for arrow, link in drawn
        if link.source in roles
        and link.target in roles
        and link.source != link.target
        and not (link.kind == "reports to" and link.source in bosses)
        and not (arrow.spoken and (link.target, link.source, _OTHER_WAY.get(link.kind)) in plain)
    ]
    clear = [link for arrow, link in known if not arrow.implied]
    pairs = {frozenset((link.source, link.target)) for link in (*links, *(link for link, _ in (*said, *told)), *clear)}
    shown = (
        (link, LinkPlace(arrow.span, arrow.span, drawn=True))
        for arrow, link in known
        if not arrow.implied or frozenset((link.source, link.target)) not in pairs
    )
    for link, place in (*said, *told, *shown):
        if link.key not in keys:
            keys.add(link.key)
            links.append(link)
            places.append(place)
    return links, places


def is_everyone(name: str) -> bool:
    """Whether a word stands for all other roles."""
    return slug(name) in _EVERYONE


def _sentences(program: Program, section: Section | None) -> Iterator[Span]:
    """The lines of a section Links that are no links of their own, and may say some in words."""
    for block in section.blocks if section else ():
        for line in program.lines(block.span):
            text = program.slice(line)
            if len(text) <= arrows.MAX_LINK and not arrows.LINK_ARROW.search(text):
                yield line


def _said(
    program: Program, line: Span, roles: dict[str, tuple[Entry, ...]], resolve: Callable[[str], str]
) -> Iterator[tuple[Link, LinkPlace]]:
    """The links of a sentence such as `Code review: the Lead reviews all changes`."""
    match = _SENTENCE.match(program.slice(line).strip())
    source = resolve(slug(match["source"])) if match else ""
    if not match or source not in roles:
        return
    kind, way = LINK_KEYS[" ".join(match["key"].lower().split())]
    everyone = match["target"].lower().startswith(("all ", "every")) and kind != "reports to"
    named = [end for name in arrows.split_names(match["target"]) if (end := resolve(slug(name))) in roles]
    for target in [role for role in roles if role != source] if everyone else named:
        ends = (target, source) if way == "←" else (source, target)
        link = Link(source=ends[0], target=ends[1], kind=kind, mutual=way == "↔")
        yield link, LinkPlace(program.first_line(line), line, drawn=True)


def _drawn(arrow: Arrow, resolve: Callable[[str], str]) -> Link:
    source, target = resolve(arrow.source), resolve(arrow.target)
    return Link(source=source, target=target, kind=cast("LinkKind", arrow.kind), mutual=arrow.mutual)


def _link(notes: Notes, bullet: Bullet, resolve: Callable[[str], str], *, strict: bool) -> Link | None:
    try:
        link = arrows.parse_link(bullet.text)
    except ValueError as error:
        message, _, help_ = str(error).partition("; ")
        if strict:
            notes.add("ORG016", "error", printable(message), bullet.text_span, help_)
        return None
    source, target = resolve(link.source), resolve(link.target)
    return link if (source, target) == (link.source, link.target) else replace(link, source=source, target=target)


def _field_links(
    notes: Notes, roles: dict[str, tuple[Entry, ...]], resolve: Callable[[str], str]
) -> Iterator[tuple[Link, LinkPlace]]:
    """The links that roles' fields name, such as `Reports to: Lead`."""
    for role_id, entry in [(i, entry) for i, places in roles.items() for entry in places]:
        for field in entry.fields:
            if field.key not in LINK_KEYS:
                continue
            kind, arrow = LINK_KEYS[field.key]
            lost: list[str] = []
            for written in _written(field, resolve, roles):
                other = _whom(written, resolve, roles)
                others = [other] if other else []
                if not others and is_everyone(written) and kind != "reports to":
                    others = [role for role in roles if role != role_id]
                lost += [] if others or is_word("human", written) else [written]
                for end in others:
                    if end == role_id and field.key in WEAK_KEYS:  # `Plan (again)`
                        continue
                    source, target = (end, role_id) if arrow == "←" else (role_id, end)
                    yield (
                        Link(source=source, target=target, kind=kind, mutual=arrow == "↔"),
                        LinkPlace(field.value_span, field.line, field, written),
                    )
            if lost:
                _unknown(notes, field, lost, roles)


def _whom(written: str, resolve: Callable[[str], str], roles: dict[str, tuple[Entry, ...]]) -> str:
    """The id of whom a part of a field names, perhaps before words on when and why; or nothing."""
    for text in (written, _WHEN.sub("", written)):
        word = slug(text)
        for other in (word, without_agent(word), f"{word}-agent"):
            if other and (found := resolve(other)) in roles:
                return found
    return ""


def _written(field: Field, resolve: Callable[[str], str], roles: dict[str, tuple[Entry, ...]]) -> list[str]:
    """The names in a field; all of it, where that is one."""
    whole = resolve(slug(field.value)) in roles and len(field.value.split()) <= _MOST_WORDS
    if whole:
        return [field.value]
    parts = _COMMA.split(field.value)  # some of which have an `and` in their name: `Policy & Rules Agent`
    known = [part for part in parts if "&" in part and resolve(slug(part)) in roles]
    rest = ", ".join(part for part in parts if part not in known)
    return [*known, *_numbers(arrows.split_names(rest))]


def _numbers(names: list[str]) -> Iterator[str]:
    """Names, the second of `Agent 1 and 2` in full."""
    stem = ""
    for name in names:
        match = _WITH_NUMBER.match(name)
        yield stem + name if stem and name.isdecimal() else name
        stem = match[1] if match else stem if name.isdecimal() else ""


def _unknown(notes: Notes, field: Field, lost: list[str], roles: dict[str, tuple[Entry, ...]]) -> None:
    """Say of the names in a field that they are no role's; a slip of the pen is a warning, somebody outside is not."""
    near = {name: get_close_matches(slug(name), roles, n=1, cutoff=0.75) for name in lost}
    slips = [name for name in lost if near[name] and len(name.split()) <= _MOST_WORDS]
    first = (slips or lost)[0]
    more = f" and {len(lost) - 1} more are" if len(lost) > 1 else " is"
    message = f"'{printable(first)}'{more} no role here: '{field.key}' is left out"
    help_ = f"did you mean '{roles[near[first][0]][0].name.text}'?" if near[first] else "name a role of the document"
    notes.add("ORG024", "warning" if slips else "info", message, field.value_span, help_)
