"""CrewAI: the agents and the tasks of a crew as YAML, `config/agents.yaml` and `config/tasks.yaml`.

CrewAI leaves keys alone that it does not know; those of documents are written beside its own for people and for orgopt.
In each text it fills in what stands in braces, from the inputs of the crew.
"""

import keyword
import re
from collections.abc import Iterator, Mapping

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.exporting.base import Lack
from orgopt.exporting.names import plain_names
from orgopt.exporting.wording import lack, links_of, sentences, staffed, unstaffed, values_of
from orgopt.exporting.yaml_text import WORDS, block, scalar
from orgopt.org import Org, Role

_FILLED_IN = re.compile(r"\{[A-Za-z_][\w-]*\}")


class CrewAi:
    """An agent and a task for each role."""

    def export(self, org: Org) -> Mapping[str, str]:
        """The two files, by their paths in the package of a crew."""
        org = staffed(org)
        keys = _keys(org)
        agents = "\n".join("\n".join(_agent(org, role, keys)) + "\n" for role in org.roles)
        tasks = "\n".join("\n".join(_task(org, role, keys)) + "\n" for role in _reports_first(org))
        return {"config/agents.yaml": agents, "config/tasks.yaml": tasks}

    def lack(self, org: Org) -> Lack:
        """All but names, charters, personas, models and who delegates; and what the crew has to fill in."""
        found = lack(
            org,
            as_text=("headcounts", "agents", "settings", "links", "stand-up"),
            left_out=("memory", "patterns"),
        )
        texts = [_brief(org), *(text for role in org.roles for text in (role.charter, role.persona))]
        inputs = list(dict.fromkeys(match[0] for text in texts for match in _FILLED_IN.finditer(text)))
        braces = (f"words in braces, which have to be inputs of the crew ({', '.join(inputs[:5])})",) if inputs else ()
        rest = ("the mission after its first paragraph",) if _brief(org) != org.mission else ()
        return Lack((*found.as_text, *braces), (*rest, *found.left_out, *unstaffed(org)))


def _keys(org: Org) -> dict[str, str]:
    """The name of each role as one of Python's, which CrewAI gives its agents."""
    names = {role: name.replace("-", "_") for role, name in plain_names(org).items()}
    return {
        role: f"role_{name}" if not name.isidentifier() or keyword.iskeyword(name) or name in WORDS else name
        for role, name in names.items()
    }


def _agent(org: Org, role: Role, keys: dict[str, str]) -> Iterator[str]:
    linked = {key: ", ".join(keys[other] for other in others) for key, others in links_of(org, role).items()}
    values = {key: value for key, value in values_of(org, role).items() if key not in {"Model", "Persona", "Memory"}}
    if values.get("Agent") == LANGUAGE_AGENT:
        del values["Agent"]  # all of CrewAI's are
    leads = any(link.kind == "reports to" and link.target == role.id for link in org.links)
    team = f" in the team {org.title}" if org.title else ""
    backstory = [role.persona, f"You are {role.name}{team}.", *sentences(org, role, org.name)]
    yield f"{keys[role.id]}:"
    yield f"  name: {scalar(role.name)}"
    yield f"  role: {scalar(role.name)}"
    yield f"  goal: {block(role.charter or f'Do the work of {role.name}.', 4)}"
    yield f"  backstory: {block(' '.join(part for part in backstory if part), 4)}"
    if role.model:
        yield f"  llm: {scalar(role.model)}"
    yield f"  allow_delegation: {str('Delegates to' in linked or leads).lower()}"
    for key, value in {**values, **linked}.items():
        yield f"  {key.lower().replace(' ', '_')}: {scalar(value)}"


def _task(org: Org, role: Role, keys: dict[str, str]) -> Iterator[str]:
    """The task of a role; it is given what those bring who report to it and come before it."""
    before = [one.id for one in _reports_first(org)]
    before = before[: before.index(role.id)]
    context = [
        f"{keys[link.source]}_task"
        for link in org.links
        if link.kind == "reports to" and link.target == role.id and link.source in before
    ]
    say = [_brief(org), f"Do the part of {role.name}.", *sentences(org, role, org.name)]
    bring = "What was tried, what came of it, and the best that was found"
    yield f"{keys[role.id]}_task:"
    yield f"  description: {block(' '.join(part for part in say if part), 4)}"
    yield f"  expected_output: {scalar(f'{bring}, with its figures')}"
    yield f"  agent: {keys[role.id]}"
    if context:
        yield "  context:"
        yield from (f"    - {one}" for one in dict.fromkeys(context))


def _brief(org: Org) -> str:
    """The first paragraph of the mission: each task repeats it."""
    return org.mission.partition("\n\n")[0]


def _reports_first(org: Org) -> list[Role]:
    """The roles, each after those who report to it as far as they do not report in a circle."""
    below = {
        role.id: {link.source for link in org.links if link.kind == "reports to" and link.target == role.id}
        for role in org.roles
    }
    left, found = list(org.roles), list[Role]()
    while left:
        waiting = {role.id for role in left}
        ready = [role for role in left if not (below[role.id] - {role.id}) & waiting] or left[:1]
        found += ready
        left = [role for role in left if role not in ready]
    return found
