"""What was read of a document, in the lines that a person sees before anything runs."""

from orgopt.agent_names import WORKING_AGENTS
from orgopt.document.editing.base import Edit, SetKey, apply
from orgopt.document.grammar.arrows import format_link
from orgopt.document.grammar.rhythm import format_standup
from orgopt.document.reading.reader import read
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError, UsageError
from orgopt.org import Role

INFERENCES = ("ORG001", "ORG002", "ORG017", "ORG024", "ORG025", "ORG044")
"""Rules of what is not as written: who is a role, and which agent, headcount, interval or other value was taken."""
_MOST_ROLES, _MOST_LINKS, _MOST_LINES = 8, 4, 5


def in_a_line(program: Program) -> str:
    """The organization as it was read: its roles and agents, links and rhythm."""
    org = read(program).org
    names = {role.id: role.name for role in org.roles}
    roles = _some([_role(role) for role in org.roles], _MOST_ROLES)
    links = _some([format_link(link, names) for link in org.links], _MOST_LINKS)
    meets = f"stand-up {format_standup(org.standup, names)}" if org.standup else "no stand-up"
    size = f"{_count(len(org.roles), 'role')}, {_count(org.headcount, 'agent')}"
    return f"{program.source} is read as {size}: {roles}. {f'Links: {links}' if links else 'No links'}; {meets}."


def inferred(program: Program) -> list[str]:
    """What was inferred and changes what runs, a line each; after five lines, how many more there are."""
    found = [one for one in read(program).findings if one.code in INFERENCES]
    lines = [f"line {program.position(one.span.start)[0]}: {one.message}" for one in found]
    if silent := _silent(program):
        lines.append(silent)
    more = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"and {more} more: orgopt lint {program.source}"] if more > 0 else lines


def with_policies(program: Program, agent: str) -> Program:
    """The document with a policy in the place of all agents that think with a language model or a command.

    Args:
        program: The document.
        agent: The policy's name.

    Raises:
        UsageError: There is no such policy.
        DocumentError: The form of the document cannot take it.
    """
    if agent not in WORKING_AGENTS:
        raise UsageError(f"no policy '{agent}' can stand in for agents: choose {', '.join(WORKING_AGENTS)}")
    edits: list[Edit] = [SetKey(role.id, "agent", agent) for role in read(program).org.roles if role.thinks]
    try:
        return apply(edits, program) if edits else program
    except DocumentError as error:
        raise DocumentError(f"{program.source}: no policy can stand in for its agents: {error}") from None


def _silent(program: Program) -> str:
    """Whose words steer nobody although the document does not say that policies do the work; empty for nobody's."""
    reading = read(program)
    chosen = {
        role_id
        for role_id, entries in reading.roles.items()
        if any(field.key == "agent" for entry in entries for field in entry.fields)
    }
    unread = [role for role in reading.org.roles if role.charter and not role.thinks and role.id not in chosen]
    if not unread:
        return ""
    who = _some([role.name for role in unread], 3)
    return (
        f"nobody reads the text of {who}: {unread[0].agent} is a policy, which turns knobs and reads no words; "
        "'- **Agent:** llm' asks a language model"
    )


def _role(role: Role) -> str:
    many = f" × {role.headcount}" if role.headcount != 1 else ""
    return f"{role.name}{many} ({role.agent})"


def _some(texts: list[str], most: int) -> str:
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
