"""What of an organization is drawn, and its text: cleaned, measured and shortened by width."""

import unicodedata
from typing import NamedTuple

from orgopt.org import Link, Org, Role

MAX_ROLES, MAX_LINKS = 200, 400
"""More than this is not readable in one picture."""

_NARROW, _WIDE = frozenset("iljtfrI.,:;!|'()[]/ "), frozenset("mwMWQO@%")
_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Content(NamedTuple):
    """The roles and links of a drawing, and a sentence about those that it leaves out, if any."""

    roles: tuple[Role, ...]
    links: tuple[Link, ...]
    left_out: str


def content(org: Org) -> Content:
    """The first roles of an organization, and the links among them: each once, without unknown ends."""
    every = list({role.id: role for role in org.roles}.values())
    roles = tuple(every[:MAX_ROLES])
    ids = {role.id for role in roles}
    known = (link for link in org.links if org.role(link.source) and org.role(link.target))
    unique = {(*link.key, link.pattern): link for link in known}
    links = [link for link in unique.values() if link.source in ids and link.target in ids][:MAX_LINKS]
    counts = ((len(every) - len(roles), "role"), (len(unique) - len(links), "link"))
    missing = " and ".join(f"{n} more {noun}{'s' * (n > 1)}" for n, noun in counts if n)
    return Content(roles, tuple(links), f"Not drawn: {missing}" if missing else "")


def settings(org: Org, role: Role) -> list[str]:
    """What a role works with where it is not the default, as lines: its focus, how it judges results, its model."""
    confirm, early, rule = org.confirm_of(role), org.stop_early_of(role), org.copy_rule_of(role)
    judged = [f"confirm {confirm}"] if confirm else []
    judged += [f"stop early {early if isinstance(early, str) else f'{early:g}'}"] if early != "off" else []
    focus = f"focus {', '.join(role.focus)}" if role.focus else ""
    copied = f"copy {rule}" if rule != "best" else ""
    return [line for line in (focus, ", ".join(judged), copied, role.model) if line]


def clean(text: str) -> str:
    """One line of text without what XML cannot hold or what reverses the text around it."""
    line = " ".join(text.split())
    return "".join(c for c in line if c not in _BIDI and unicodedata.category(c) not in {"Cc", "Cs", "Cn"})


def text_width(text: str, size: float) -> float:
    """About the width of a text in a sans-serif font of a size, in pixels; rather more than less."""
    return size * sum(map(_em, text))


def fit(text: str, width: float, size: float) -> str:
    """The text, cleaned, and cut with an ellipsis where it is wider than `width` pixels."""
    line, room = clean(text), width / size
    if sum(map(_em, line)) <= room:
        return line
    used, kept = _em("…"), 0
    for char in line:
        used += _em(char)
        if used > room:
            break
        kept += 1
    return line[:kept].rstrip() + "…"


def _em(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF":
        return 1.05
    if char in _NARROW:
        return 0.43
    if char in _WIDE or not char.isascii():
        return 1.05
    return 0.75 if char.isupper() else 0.65
