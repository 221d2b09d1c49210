"""What other tools have no place for, as text: the fields and links of a role, and what they mean."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from orgopt.agent_names import AGENTS, LANGUAGE_AGENT
from orgopt.basics.nearest import some
from orgopt.basics.slug import slug
from orgopt.document.grammar.arrows import split_names
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.grammar.rhythm import format_interval
from orgopt.exporting.base import Lack
from orgopt.org import Link, Org, Role

POLICY_WORDS = {
    "random": "try anything, wherever it lies",
    "hill-climb": "change a little of the best that you know of",
    "evolution": "cross two recent good settings and change a little of their child",
    "tpe": "look where good settings crowd together",
    "gp": "fit a surface to all results and go where it may be lowest",
    "freeze-thaw": "fit a surface to all results, and end what will hardly be the best until that changes",
    "replicate": "find nothing new: repeat with another seed what others are about to believe",
    "imitate": "do as the best of those whom you hear, and change what nobody has looked at",
}
"""What the agents of orgopt do, for those who take their part in another tool."""

_SETTINGS = ("focus", "risk tolerance", "confirm", "stop early", "copy rule")
_WITHOUT_FIELD = {"headcount", "agent", "model", "persona", "memory", "remembers", *_SETTINGS}


def links_of(org: Org, role: Role) -> dict[str, list[str]]:
    """The ids that a role is linked to, by the field of a role that says so: `Reports to`, `Talks to` and so on."""
    found: dict[str, list[str]] = {}
    for link in org.links:
        if other := _other_end(link, role.id):
            key = "Talks to" if link.mutual else link.kind.capitalize()
            if org.role(other) and other not in found.setdefault(key, []):
                found[key].append(other)
    return {key: others for key, others in found.items() if others}


def _other_end(link: Link, role_id: str) -> str:
    if link.source == role_id:
        return link.target
    return link.source if link.mutual and link.target == role_id else ""


def values_of(org: Org, role: Role) -> dict[str, str]:
    """What a role works with where it is not the default, and its agent, as a document writes it: by key."""
    usual_org, usual = Org(), Role(id="", name="")
    found: dict[str, str] = {}
    for key in KEYS.values():
        if key.role and key.name.lower() in _WITHOUT_FIELD:
            value = key.of_role(org, role)
            if key.name == "Agent" or value != key.of_role(usual_org, usual):
                found[key.name] = " ".join(key.format(value).split())
    return found


def bullets(org: Org, role: Role, call: Callable[[str], str], leave: tuple[str, ...] = ()) -> list[str]:
    """A role's values and links as bullets that people, models and orgopt read: `- **Reports to:** Lead`.

    Args:
        org: The organization.
        role: One of its roles.
        call: How a role is called, by its id.
        leave: Keys that stand elsewhere.
    """
    values = {key: value for key, value in values_of(org, role).items() if key not in leave}
    linked = {key: ", ".join(map(call, others)) for key, others in links_of(org, role).items()}
    return [f"- **{key}:** {value}" for key, value in {**values, **linked}.items()]


def by_name(org: Org) -> Callable[[str], str]:
    """Calls roles by their names, and by their ids where a list of names would be read otherwise."""

    def call(role_id: str) -> str:
        name = org.name(role_id)
        return name if slug(name) == role_id and split_names(name) == [name] else role_id

    return call


def attends(org: Org, role: Role) -> bool:
    """Whether a role comes to stand-ups."""
    return org.standup is not None and (not org.standup.attendees or role.id in org.standup.attendees)


def standup_words(org: Org) -> str:
    """The stand-up in a sentence; empty where there is none."""
    if not org.standup:
        return ""
    who = some([org.name(one) for one in org.standup.attendees]) or "everyone"
    share = "all results" if org.standup.share is None else f"the best {org.standup.share} of each"
    return f"Stand-up {format_interval(org.standup.every, org.standup.unit)}: {who} tells {share}."


def sentences(org: Org, role: Role, call: Callable[[str], str]) -> Iterator[str]:
    """How a role works with the others, in short sentences: `Reports to Lead.`, `Stand-up every 2 h: …`."""
    if role.headcount != 1:
        yield f"{role.headcount} agents have this role."
    for key, others in links_of(org, role).items():
        yield f"{key} {some([call(other) for other in others])}."
    if attends(org, role):
        yield standup_words(org)


def staffed(org: Org) -> Org:
    """The organization without roles that nobody has: another tool would let them work."""
    roles = tuple(role for role in org.roles if role.headcount)
    there = {role.id for role in roles}
    links = tuple(link for link in org.links if {link.source, link.target} <= there)
    meets = org.standup
    if meets and meets.attendees:
        attendees = tuple(one for one in meets.attendees if one in there)
        meets = replace(meets, attendees=attendees) if attendees else None
    return replace(org, roles=roles, links=links, standup=meets)


def unstaffed(org: Org) -> tuple[str, ...]:
    """The roles that nobody has, in words."""
    return tuple(f"{role.name}, whose headcount is 0" for role in org.roles if not role.headcount)


def lack(org: Org, *, as_text: tuple[str, ...] = (), left_out: tuple[str, ...] = ()) -> Lack:
    """What a form lacks of an organization, of the parts that it never has a place for."""
    has = _parts(org)
    return Lack(tuple(has[part] for part in as_text if part in has), tuple(has[p] for p in left_out if p in has))


def _parts(org: Org) -> dict[str, str]:
    """What an organization has, in words, by what kind of thing it is."""
    values = [values_of(org, role) for role in org.roles]
    used = {key.lower() for one in values for key in one}
    several = [f"{role.name} ({role.headcount})" for role in org.roles if role.headcount != 1]
    patterns = dict.fromkeys(link.pattern for link in org.links if link.pattern)
    agents = dict.fromkeys(
        role.agent for role in org.roles if role.agent != LANGUAGE_AGENT
    )  # other tools' agents think, too
    models = dict.fromkeys(role.model for role in org.roles if role.model)
    found = {
        "mission": "the mission" if org.mission else "",
        "charters": "charters" if any(role.charter for role in org.roles) else "",
        "headcounts": f"headcount of {some(several)}" if several else "",
        "agents": f"agents ({some(list(agents))})" if agents else "",
        "models": f"models ({some(list(models))})" if models else "",
        "persona": "personas" if "persona" in used else "",
        "memory": "memory" if used & {"memory", "remembers"} else "",
        "settings": some([key for key in _SETTINGS if key in used]),
        "links": "links" if org.links else "",
        "patterns": f"patterns of links ({some(list(patterns))})" if patterns else "",
        "stand-up": "the stand-up" if org.standup else "",
    }
    return {part: words for part, words in found.items() if words}


def policies_in(org: Org) -> dict[str, str]:
    """What those agents of an organization do that are policies, by name."""
    used = {role.agent for role in org.roles}
    return {name: POLICY_WORDS[name] for name in AGENTS if name in used and name in POLICY_WORDS}
