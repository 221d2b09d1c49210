"""Lists as evidence: bullets of which each names somebody, and those nested below them."""

import re
from pathlib import PurePosixPath
from typing import NamedTuple

from orgopt.document.grammar.arrows import split_names
from orgopt.document.grammar.key_table import LINK_KEYS
from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, count, is_known, told_apart
from orgopt.document.reading.evidence.signs import (
    ENOUGH,
    Arrow,
    Group,
    attribute,
    never,
    people,
    person,
    share,
    short,
    somebody,
    team,
)
from orgopt.document.reading.evidence.traits import parted, several
from orgopt.document.reading.field import Field
from orgopt.document.reading.names import FILE, NUMBERED, read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.reading.written_fields import Bullet, block_bullets, bullet_field
from orgopt.document.text.program import Block, Program, Span

# The name of a bullet: bold or a link with what counts it, or all before a dash or a colon.
_ITEM = re.compile(
    r"(?P<head>(?:(?:\*\*|__).+?(?:\*\*|__)|\[[^\]]*\]\([^)]*\)|`[^`]+`)(?:\s*\([^)]*\)|\s*[×x]\s*\d+)?"
    r"|(?:[^()]|\([^()]*\)|[()])+?(?=(?<!\s)\s+(?:[—–]|-{1,2})\s|:\s|：))"
    r"\s*(?:(?:[—–:：→]|-{1,2})\s*)?(?P<rest>.*)$"
)
_FILE_NAME = re.compile(r"[`@*]*\.?[\w-]+(?:[./][\w-]+)*(?:\.[a-z]{1,5}|/)[`*]*(?:\s|$)")
_DASHED = re.compile(
    r"(?:(?:\*\*|__)[^*_:]+(?:\*\*|__)|\[[^\]]*\]\([^)]*\)|`[^`]+`)(?:\s*\([^)]*\))?\s+(?:[—–]|-{1,2})\s"
)
_IDENTIFIER = re.compile(r"`[a-z0-9]+(?:-[a-z0-9]+)+`(?:\s|$)")
_CODES = re.compile(r"`[\w-]+`,\s+`[\w-]+`")
_COUNTED = re.compile(r"\d+\+?\s")
_NUMBER_ALONE = re.compile(r"\W*\d[\d.,]*\s*%?\s*\w*\W*(?:\(.*\))?\W*$")
_HANDLE = re.compile(r"(?<!\w)@\w")
_SHORTEST = 4  # letters of the name of a file in capitals
_SENTENCE = re.compile(r"[^*_`\[:：—–]+(?:\s[^*_`\[:：—–\s]+){3,}[.!?]")  # `Ada owns all that is shipped.`
_FIELDS = 0.4  # of the bullets of a list, that make it one of fields
_MOST = 48  # letters of a bullet's name
_MOST_OF_TEAM = 4  # words of one of several names in a line


def items(program: Program, listed: list[Bullet], *, alone: bool) -> list[Entry]:
    """The roles of a list; beside roles in other forms, only if the list has nothing but names."""
    listed = [bullet for bullet in listed if not _SENTENCE.fullmatch(bullet.text)]
    found = [item_entry(program, bullet, alone=alone) for bullet in listed]
    names = all(
        entry and (len(entry.name.text.split()) <= 3 or bullet.text[0] in "*_[`")
        for entry, bullet in zip(found, listed, strict=True)
    )
    return [entry for entry in found if entry] if alone or names else []


def item_entry(
    program: Program, bullet: Bullet, *, alone: bool, nested: tuple[Bullet, ...] | None = None
) -> Entry | None:
    """A role that is a bullet, with its fields nested below; None for other bullets.

    Where roles are bullets alone, `Reviewer: …` is one of them.
    Names are `**Lead** — …`, `**Lead:** …`, `[Lead](lead.md)`, `Explorer ×3`, `Lead: …`, or a few words alone.
    """
    field = bullet_field(bullet)
    noun = field is not None and field.key in LINK_KEYS and person(field.key)
    if field and is_known(field) and not (alone and noun):
        return None
    head, rest = _head(bullet, field)
    name = parted(read_name(program.slice(head), head.start))
    if _CODES.match(bullet.text) or not name.id or len(name.text) > _MOST:
        return None
    if not name.path and (file := FILE.fullmatch(program.slice(rest).strip())):
        name, rest = name._replace(path=file["path"]), Span(rest.end, rest.end)
    below = bullet.nested if nested is None else nested
    known, misread = told_apart(field for one in below if (field := bullet_field(one)))
    lines = {field.line for field in known}
    prose = (rest, *(one.text_span for one in below if one.line not in lines))
    fields_ = (*count(name), *known)
    span = bullet.span if nested is None else Span(bullet.line.start, below[-1].line.end if below else bullet.line.end)
    return Entry(kind="item", name=name, span=span, fields=fields_, misread=tuple(misread), prose=prose)


@of_block
def list_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of a list."""
    listed = list(block_bullets(program, block))
    titles = [read_name(program.slice(_title(bullet)), 0).text for bullet in listed]
    if share(map(attribute, titles)) >= _FIELDS or (_counts(program, listed) and share(map(person, titles)) < 0.3):
        return None  # the fields of one, as in `**Agent ID**: …`, or how many there are of each
    if above > 0 and (members := _members(program, listed)):
        return Group(entries=(), score=ENOUGH, span=block.span, what="a list", left=tuple(members))
    teams = all(short(title) and says("team", title) for title in titles)  # teams of teams
    found: list[Entry] = []
    arrows: list[Arrow] = []
    left: list[Entry] = []
    for bullet in listed:
        if bullet.nested and not teams and _is_group(program, bullet):  # a group of roles: `**Other players**`
            found += [
                e for one in bullet.nested if (e := item_entry(program, one, alone=True, nested=())) and _named(e)
            ]
            continue
        below = _below(program, bullet, above)
        if isinstance(below, _Team):
            found += below.entries
            arrows += below.arrows
        elif (entry := item_entry(program, bullet, alone=True)) and _named(entry, teams=teams or _told(bullet, above)):
            found.append(entry)
            left += below
    bold = share(bullet.text[:1] in "*_[`" for bullet in listed) >= 0.6
    if _identifiers(listed) and 2 * len(found) >= len(listed):  # then the others are, whatever they are called after
        found = [e for one in listed if (e := item_entry(program, one, alone=True))]
    few = len(found) < (0.5 if bold or arrows else 0.6) * len(listed)
    if not found or few or share(map(_family, found)) >= 0.5:
        return None
    marked = share(bullet.text[:1] in "*_[`" or _ITEM.match(bullet.text) is not None for bullet in listed)
    named = people(found)
    if bold and above > 0 and not named:  # `**Technical Writers**: …`: several of a kind
        named = 1.5 * (share(several(entry.name.text) for entry in found) >= 0.6)
    score = above + named
    some_people = share(map(somebody, found)) >= 0.5
    some = share(map(person, (entry.name.text for entry in found))) >= 0.3 or above > 0
    linked = share(bool(FILE.fullmatch(entry.name.path)) for entry in found) >= 0.6
    score += 1.0 * (marked >= 0.6) + 1.0 * (linked and some)
    score += 2.0 * (2 * sum(bool(NUMBERED.search(bullet.text)) for bullet in listed) >= len(listed))
    score += 2.0 * (above > 0 and share(bool(_HANDLE.search(entry.name.raw)) for entry in found) >= 0.6)
    score -= 3.0 * (not some_people and share(map(_is_file, found)) >= 0.5)
    score += 2.0 * (above > 0 and share(map(_filed, listed)) >= 0.6)
    score += 1.0 * any(field.key in LINK_KEYS for entry in found for field in entry.fields)
    score -= 0.5 * (len(found) == 1)
    return Group(
        entries=tuple(found), score=score, span=block.span, what="a list", links=tuple(arrows), left=tuple(left)
    )


def _members(program: Program, listed: list[Bullet]) -> list[Entry]:
    """Those whom the bullets of a list name behind the names of their teams, as in `- **Sales**: Writer, Analyst`."""
    found: list[Entry] = []
    teams = 0
    for bullet in listed:
        head, rest = _head(bullet, bullet_field(bullet))
        text = program.slice(rest)
        parts = [read_name(part, rest.start + text.find(part)) for part in split_names(text)]
        some = [name for name in parts if name.id and short(name.text) and len(name.text.split()) <= _MOST_OF_TEAM]
        of_one = person(program.slice(head)) or _HANDLE.search(program.slice(head))
        teams += not of_one and len(some) > 1 and len(some) == len(parts)
        found += [Entry(kind="item", name=name, span=bullet.line) for name in some]
    are = teams >= max(2, 0.8 * len(listed)) and share(person(entry.name.text) for entry in found) >= 0.5
    return found if are else []


def _counts(program: Program, listed: list[Bullet]) -> bool:
    """Whether the bullets of a list say numbers, as in `**Board**: 3 agents`."""
    return share(bool(_NUMBER_ALONE.match(program.slice(_head(b, bullet_field(b))[1]))) for b in listed) >= 0.6


class _Team(NamedTuple):
    """A bullet and those below it as roles, and who reports to whom."""

    entries: list[Entry]
    arrows: list[Arrow]


def _below(program: Program, bullet: Bullet, above: float) -> _Team | list[Entry]:
    """A bullet with those nested below it as roles; or what below it may be roles and is left in its charter.

    Below the name of somebody stand those who report to it: people by what they are called, names alone below a name
    alone, or names with what each does below a heading that speaks of a team. All else is what somebody does.
    """
    inner = _children(program, bullet)
    entries = [item_entry(program, one, alone=True, nested=one.nested) for one in inner]
    named = [(one, e) for one, e in zip(inner, entries, strict=True) if e and _named(e) and not e.fields]
    people_ = [e for _, e in named if person(e.name.text)]
    bare = above >= 3 and _bare(bullet) and all(map(_bare, inner))
    told = above >= 3 and _DASHED.match(bullet.text) and share(map(_dashed, inner)) >= 0.5
    if not inner or above <= 0 or len(named) < len(inner) or not (bare or told or len(people_) > 0.6 * len(inner)):
        return people_ or [e for one, e in named if above >= 3 and (_bare(one) or _dashed(one))]
    boss = item_entry(program, bullet, alone=True, nested=())
    found, arrows = [boss] if boss else [], list[Arrow]()
    for one, entry in named:
        under = _below(program, one, above)
        own = under if isinstance(under, _Team) else _Team([entry], [])
        found += own.entries
        arrows += [*own.arrows, *([_under(own.entries[0], boss)] if boss else [])]
    return _Team(found, arrows)


def _dashed(bullet: Bullet) -> bool:
    """Whether a bullet is a name in bold letters, a link or code, with what somebody does behind a dash."""
    return bool(_DASHED.match(bullet.text))


def _children(program: Program, bullet: Bullet) -> list[Bullet]:
    """The bullets right below another, each with those further in."""
    found: list[tuple[int, Bullet, list[Bullet]]] = []
    for one in bullet.nested:
        text = program.slice(one.line).expandtabs(4)
        depth = len(text) - len(text.lstrip())
        if found and depth > found[0][0]:
            found[-1][2].append(one)
        else:
            found.append((depth, one, []))
    return [one._replace(nested=tuple(below)) for _, one, below in found]


def _identifiers(listed: list[Bullet]) -> bool:
    """Whether all bullets are identifiers in code, such as `docs-writer`, perhaps with what each does."""
    return all(not bullet.nested and _IDENTIFIER.match(bullet.text) for bullet in listed)


def _filed(bullet: Bullet) -> bool:
    """Whether a line below a bullet says which file is its: `file: agents/ada/AGENT.md`."""
    said = (one.text.partition(":") for one in bullet.nested)
    return any(is_word("file", key) and FILE.fullmatch(value.strip()) for key, _, value in said)


def _told(bullet: Bullet, above: float) -> bool:
    """Whether a bullet of a roster says what some do, as in `- **Gmail Agents**: …`; those are one role."""
    return above > 0 and not bullet.nested and bullet.text[:2] in {"**", "__"}


def _is_file(entry: Entry) -> bool:
    """Whether a bullet is the name of a file, or a path, and says nothing of who it is."""
    capitals = entry.name.text == PurePosixPath(entry.name.path).stem and entry.name.text.isupper()  # `GUIDE.md`
    return bool(_FILE_NAME.match(entry.name.raw)) or (capitals and len(entry.name.text) >= _SHORTEST)


def _family(entry: Entry) -> bool:
    """Whether a name is that of several agents that a page of theirs tells of, as in `[Core agents](core.md)`."""
    return bool(entry.name.path) and entry.name.text[-1:] == "s" and bool(team(entry.name.text))


def _named(entry: Entry, *, teams: bool = False) -> bool:
    name = entry.name.text
    if is_word("duty", name) or _COUNTED.match(name):  # what somebody does, or how many there are
        return False
    return (
        short(name)
        and not (never(name) and not somebody(entry))
        and (teams or not team(name) or bool(entry.fields) or (person(name) and len(name.split()) == 1))
    )


def _bare(bullet: Bullet) -> bool:
    """Whether a bullet is a name and nothing else."""
    return len(bullet.text.split()) <= 4 and bullet_field(bullet) is None and not bullet.text.endswith((".", "!", "?"))


def _under(entry: Entry, boss: Entry | None) -> Arrow:
    return Arrow(
        source=entry.name.id, target=boss.name.id if boss else "", kind="reports to", mutual=False, span=entry.span
    )


def _is_group(program: Program, bullet: Bullet) -> bool:
    """Whether a bullet is the title of those below it."""
    if bullet.text.endswith((":", "：")) and says("team", bullet.text):  # a sentence that opens a roster
        return True
    return bool(team(program.slice(_title(bullet)).strip("*_` :")))


def _title(bullet: Bullet) -> Span:
    return _head(bullet, bullet_field(bullet))[0]


def _head(bullet: Bullet, field: Field | None) -> tuple[Span, Span]:
    """The span of a bullet's name and that of what it says about it."""
    start, end = bullet.text_span
    if field:
        return field.key_span, field.value_span
    match = _ITEM.match(bullet.text)
    at = start + (match.end("head") if match else end - start)
    return Span(start, at), Span(start + match.start("rest") if match else end, end)
