"""The canonical form: an Org as a document, for `orgopt fmt`, for roles that edits add, and for other tools."""

import re
from collections.abc import Mapping
from typing import Any

from orgopt.document.editing.splice import at_level
from orgopt.document.grammar.arrows import format_link
from orgopt.document.grammar.key_table import KEYS, SEARCH_ONLY, Key
from orgopt.document.grammar.rhythm import format_standup
from orgopt.document.text.parser import parse
from orgopt.org import Org, Role

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)


def closed(text: str) -> str:
    """A text whose last fence or comment is closed, so that what is written below it is no part of it."""
    for end in ("", *(f"\n{mark}" for mark in sorted({*_FENCE.findall(text)}, key=len)), "\n-->"):
        if parse(f"{text}{end}\n\n# below\n").blocks[-1].title == "below":
            return text + end
    return text


def role_text(role: Role, level: int = 3) -> str:
    """The Markdown of a role: a heading, its fields and its charter."""
    lines = [f"{'#' * level} {role.name}", *_fields(role, ("headcount", "agent"))]
    charter = closed(role.charter.strip())
    if charter:
        lines += ["", at_level(charter, level + 1) if charter.startswith("#") or "\n#" in charter else charter]
    return "\n".join(lines) + "\n"


def org_text(org: Org, intro: Mapping[str, str] | None = None) -> str:
    """The canonical document of an organization.

    Args:
        org: The organization.
        intro: Text below the headings Roles, Links and Rhythm, by the heading; there it is no part of the mission.
    """
    intro = intro or {}
    parts = [f"# {org.title}"] if org.title else []
    parts += [closed(org.mission)] if org.mission else []
    parts += ["## Roles", *([intro["Roles"]] if intro.get("Roles") else [])]
    parts += [role_text(role).strip() for role in org.roles]
    return "\n\n".join([*parts, *team_parts(org, intro)]) + "\n"


def team_parts(org: Org, intro: Mapping[str, str]) -> list[str]:
    """The sections Links and Rhythm of an organization, as far as it has them, with text below their headings."""
    names = {role.id: role.name for role in org.roles}
    links = [f"- {format_link(link, names)}" for link in org.links]
    rhythm = [f"- **Stand-up:** {format_standup(org.standup, names)}"] if org.standup else []
    rhythm += _fields(org, SEARCH_ONLY if org.searches else ())
    return [
        "\n".join([f"## {title}", *([f"\n{intro[title]}\n"] if intro.get(title) else []), *lines])
        for title, lines in (("Links", links), ("Rhythm", rhythm))
        if lines
    ]


def _fields(of: Role | Org, always: tuple[str, ...]) -> list[str]:
    """The fields of a role or an organization that differ from their defaults, and some in any case."""
    plain: Any = Role(id="", name="") if isinstance(of, Role) else Org()
    keys: list[Key] = [key for key in KEYS.values() if (key.role if isinstance(of, Role) else key.rhythm)]
    return [
        f"- **{key.name}:** {' '.join(key.format(getattr(of, key.attribute)).split())}"
        for key in keys
        if key.name != "Stand-up"
        and (key.name.lower() in always or getattr(of, key.attribute) != getattr(plain, key.attribute))
    ]
