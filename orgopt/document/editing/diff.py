"""The edits between two programs."""

from collections.abc import Iterator
from dataclasses import replace

from orgopt.basics.slug import slug
from orgopt.document.editing.base import Edit, SetKey, Splice, apply, describe
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink, SetPattern
from orgopt.document.editing.edits_of_roles import AddRole, RemoveRole, library_text
from orgopt.document.editing.edits_of_text import SetCharter, SetMission, SetTitle
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.reading.reader import read
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError
from orgopt.org import Link, Org, Role


def diff(a: Program, b: Program) -> tuple[Edit, ...]:
    """The edits that give `a` the organization of `b`: `same(read(apply(diff(a, b), a)).org, read(b).org)`.

    Where typed edits cannot, as from an organization to a plain instruction file, it is one replacement of the text.
    """
    edits = _edits(a, b)
    try:
        if same(read(apply(edits, a)).org, read(b).org):
            return edits
    except DocumentError:
        pass
    return (Splice.between(a.text, b.text, "the whole text is another"),)


def changes(a: Program, b: Program) -> list[str]:
    """A line for each edit between two programs whose organizations edits can turn into each other.

    Those of `diff` in words. Nothing is applied, which would parse the text again after each edit: ten times as fast.
    """
    return describe(_edits(a, b), read(a).org)


def effects(a: Program, b: Program) -> list[str]:
    """The lines of `changes` without those that change nothing: keys and links of roles without agents.

    A role that loses its agents is a role that goes.
    """
    old, new = read(a).org, read(b).org
    vacant = {role.id for role in new.roles if not role.headcount}
    idle = vacant | {role.id for role in old.roles if not role.headcount and not new.role(role.id)}
    edits = _edits(a, b)
    if read(a).plain != read(b).plain:  # the same text is then called something else
        edits = tuple(edit for edit in edits if not isinstance(edit, SetMission | SetCharter))
    left = [kept for edit in edits for kept in _with_effect(edit, vacant, idle)]
    return [_hired(edit, line, new) for edit, line in zip(left, describe(left, old), strict=True)]


def _hired(edit: Edit, line: str, new: Org) -> str:
    """The line of an edit; of a role that is added, with who that is."""
    role = new.role(slug(edit.name)) if isinstance(edit, AddRole) else None
    return f"{line}: {role.headcount} × {role.agent}" if role else line


def _with_effect(edit: Edit, vacant: set[str], idle: set[str]) -> Iterator[Edit]:
    """An edit that changes what a team does; of a role that loses its agents, that it goes."""
    match edit:
        case SetKey(role=str(role), key="headcount") if role in vacant:
            yield RemoveRole(role)
        case SetKey(role=role) | RemoveRole(role=role) | SetCharter(role=role) if role in idle:
            return
        case AddRole(name=name) if slug(name) in vacant:
            return
        case AddLink(link=link) | RemoveLink(link=link) | SetPattern(link=link) if {link.source, link.target} & idle:
            return
        case _:
            yield edit


def same(one: Org, other: Org) -> bool:
    """Whether two organizations are the same, whatever the order of their roles and links, and the letters of names."""
    return _normal(one) == _normal(other)


def _normal(org: Org) -> Org:
    roles = sorted((replace(role, name=role.id) for role in org.roles), key=lambda role: role.id)
    links = sorted((_directed(link) for link in org.links), key=lambda link: (link.key, link.pattern))
    standup = org.standup and replace(org.standup, attendees=tuple(sorted(set(org.standup.attendees))))
    return replace(org, roles=tuple(roles), links=tuple(links), standup=standup)


def _directed(link: Link) -> Link:
    source, target, _, mutual = link.key
    return replace(link, source=source, target=target, mutual=mutual)


def _edits(a: Program, b: Program) -> tuple[Edit, ...]:
    old, new = read(a), read(b)
    edits: list[Edit] = []
    gone = [role.id for role in old.org.roles if new.org.role(role.id) is None]
    for role in new.org.roles:
        before = old.org.role(role.id)
        edits += _role_edits(before, role) if before else [AddRole(library_text(b, role.id))]
    edits += [RemoveRole(role_id) for role_id in gone]
    # Removing a role takes its links along.
    left = {link.key: link for link in old.org.links if link.source not in gone and link.target not in gone}
    wanted = {link.key: link for link in new.org.links}
    edits += [RemoveLink(link) for key, link in left.items() if key not in wanted]
    for key, link in wanted.items():
        if key not in left:
            edits.append(AddLink(link))
        elif left[key].pattern != link.pattern:
            edits.append(SetPattern(link))
    for name, key in KEYS.items():
        if key.rhythm and getattr(old.org, key.attribute) != getattr(new.org, key.attribute):
            edits.append(SetKey(None, name, getattr(new.org, key.attribute)))
    if old.org.title != new.org.title:
        edits.append(SetTitle(new.org.title))
    # The text of a plain document becomes the mission once it has roles.
    if old.org.mission != new.org.mission or old.plain != new.plain:
        edits.append(SetMission(new.org.mission))
    edits += [
        SetCharter(role.id, role.charter, whole=True)
        for role in new.org.roles
        if (before := old.org.role(role.id)) and (before.charter != role.charter or old.plain != new.plain)
    ]
    return tuple(edits)


def _role_edits(before: Role, after: Role) -> list[Edit]:
    """The edits that give a role the keys that it has in another organization."""
    edits: list[Edit] = []
    for name, key in KEYS.items():
        if key.role and (value := getattr(after, key.attribute)) != getattr(before, key.attribute):
            unset = name not in {"headcount", "agent"} and value == getattr(Role(id="", name=""), key.attribute)
            edits.append(SetKey(after.id, name, None if unset else value))
    return edits
