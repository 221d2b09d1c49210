"""The edits between two organizations, and a document after many of them at the price of one.

`apply` reads a document again after every edit. `write` plans all of them in one draft, which gives the same bytes, and
reads the result once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from orgopt.document.editing.base import Edit, SetKey, apply
from orgopt.document.editing.canonical import role_text
from orgopt.document.editing.diff import same
from orgopt.document.editing.draft import Draft
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink, SetPattern
from orgopt.document.editing.edits_of_roles import AddRole, RemoveRole
from orgopt.document.editing.forms.finish import finish
from orgopt.document.editing.splice import with_roles
from orgopt.document.grammar.key_table import KEYS, SEARCH_ONLY
from orgopt.document.reading.reader import read
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError
from orgopt.org import Org, Role


def edits_between(before: Org, after: Org) -> tuple[Edit, ...]:
    """The edits of roles' keys, roles, links and the stand-up that turn one organization into another."""
    edits: list[Edit] = []
    for role in after.roles:
        known = before.role(role.id)
        edits += _key_edits(known, role) if known else [AddRole(role_text(role))]
    gone = [role.id for role in before.roles if not after.role(role.id)]
    edits += [RemoveRole(role_id) for role_id in gone]
    old, new = ({link.key: link for link in org.links} for org in (before, after))
    edits += [AddLink(link) for key, link in new.items() if key not in old]
    edits += [SetPattern(link) for key, link in new.items() if key in old and old[key].pattern != link.pattern]
    left = [link for link in before.links if not {link.source, link.target} & set(gone)]
    edits += [RemoveLink(link) for link in left if link.key not in new]
    for name in SEARCH_ONLY:
        if (value := getattr(after, KEYS[name].attribute)) != getattr(before, KEYS[name].attribute):
            edits.append(SetKey(None, name, value))
    if before.standup != after.standup:
        edits.append(SetKey(None, "stand-up", after.standup))
    return tuple(edits)


def _key_edits(before: Role, after: Role) -> Iterator[Edit]:
    if before is after:
        return
    for name, key in KEYS.items():
        if key.role and (value := getattr(after, key.attribute)) != getattr(before, key.attribute):
            yield SetKey(after.id, name, None if value == "" else value)


def write(edits: Sequence[Edit], program: Program, after: Org) -> Program:
    """The program after some edits of `edits_between`, which give it the organization `after`.

    Raises:
        DocumentError: See `apply`.
    """
    if not edits:
        return program
    if read(program).plain and (isinstance(edits[0], AddRole) or (isinstance(edits[0], SetKey) and edits[0].role)):
        program = with_roles(program)  # as the first of such edits does
        base = read(program).org
        old = [replace(role, charter=base.roles[0].charter) for role in after.roles[:1]]
        after = replace(after, mission=base.mission, roles=(*old, *after.roles[1:]))
    draft = Draft(program)
    try:
        for edit in edits:
            edit.plan(draft)
        written = finish(draft)
    except DocumentError:  # one of them needs what another writes
        return apply(edits, program)
    # Whatever the text has that was not thought of here, such as an unclosed block, shows when it is read.
    return written if same(_keyed(read(written).org, program), _keyed(after, program)) else apply(edits, program)


def _keyed(org: Org, before: Program) -> Org:
    """An organization without the charters of new roles, which a cell or a label has in other words."""
    known = read(before).roles
    return replace(org, roles=tuple(role if role.id in known else replace(role, charter="") for role in org.roles))
