"""What of an organization is drawn, and in which words."""

from typing import NamedTuple

from orgopt.document.grammar.rhythm import format_interval
from orgopt.org import Link, Org, Role

MAX_ROLES, MAX_LINKS = 200, 400
"""More than this is not readable in one picture."""


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
    tasks = f"tasks of {role.task_length}" if role.task_length else ""
    return [line for line in (focus, ", ".join(judged), copied, tasks, role.model) if line]


def search_rhythm(org: Org) -> list[str]:
    """The rhythm of a search, as lines."""
    seeds = "as many seeds as the lab affords" if org.rounds is None else f"up to {org.rounds} seeds"
    dropped = f"dropped after {org.drop_after} seeds if {org.drop_margin:g} standard errors below the best"
    return [f"{org.generation} documents a generation", f"each run on {seeds}", dropped]


def standup(org: Org) -> str:
    """How often who meets and what is shared, with the names of roles as written; of a search, its rhythm."""
    if org.searches:
        return ", ".join(search_rhythm(org)).capitalize()
    meeting = org.standup
    if meeting is None:
        return "No stand-up"
    who = " and ".join(map(org.name, meeting.attendees)) or "everyone"
    share = "all" if meeting.share is None else f"best {meeting.share}"
    return f"Stand-up {format_interval(meeting.every, meeting.unit)}, {who}, {share}"
