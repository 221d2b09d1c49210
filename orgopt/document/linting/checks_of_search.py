"""The checks of lint on a search: an organization whose agents propose documents.

What has no effect there is said to have none; what a search may never decide about itself is refused.
"""

from collections.abc import Callable, Iterator

from orgopt.agent_names import OPENING_AGENT, REWRITING_AGENTS, SAMPLING_AGENTS, SEARCH_AGENTS, WRITING_AGENT
from orgopt.document.findings import Finding
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.linting.checks_of_organization import LintedDocument, finding
from orgopt.document.reading.front_matter import front_matter
from orgopt.document.reading.written_fields import fields
from orgopt.document.text.program import Span
from orgopt.org import Role

NOT_ITS_OWN = {
    *("budget", "metric", "objective", "seed", "seeds", "search seeds", "race seeds", "test seeds", "verify seeds"),
    *("generations", "command", "commands", "task", "tasks", "held-out task", "slots", "workers", "depth", "lab"),
    *("max usd", "max tokens", "controls"),
}
"""What is decided for a search and never by it, or it could make its own score."""
_AT_ONCE = {"nsga2", "cmaes"}
_NO_RISK = {*_AT_ONCE, OPENING_AGENT, WRITING_AGENT, *REWRITING_AGENTS}


def _proposers(document: LintedDocument) -> Iterator[Finding]:
    """Who proposes no documents, and a search without a sampler."""
    org = document.org
    others = [role for role in org.roles if role.agent not in SEARCH_AGENTS]
    for role in (role for role in others if document.field(role, "agent") == document.name(role)):  # else it is ORG011
        message = f"{role.name} names nobody who proposes documents"
        help_ = f"write '- **Agent:** tpe', or another of {', '.join(SEARCH_AGENTS)}"
        yield finding("ORG045", message, document.field(role, "agent"), help_)
    if not others and not any(role.headcount and role.agent in SAMPLING_AGENTS for role in org.roles):
        message = "no sampler has a share: nobody proposes where the others have nothing to propose"
        help_ = f"give a role one of {', '.join(SAMPLING_AGENTS)} and a headcount of 1 or more"
        yield finding("ORG046", message, _first(document), help_)
    if len(asking := [role for role in org.roles if role.headcount and role.agent in REWRITING_AGENTS]) > 1:
        message = f"{asking[1].name} is a second rewriter: a study has one"
        yield finding("ORG046", message, document.field(asking[1], "agent"), "set the headcount of one to 0")


def _first(document: LintedDocument) -> Span:
    part = document.reading.parts.get("roles")
    return document.program.first_line(part.heading.span if part else Span(0, len(document.program.text)))


def _not_its_own(document: LintedDocument) -> Iterator[Finding]:
    """Keys that would set what is decided for a search."""
    program = document.program
    found = [
        field for block in program.blocks if block.kind == "front_matter" for field in front_matter(program, block)
    ]
    for name in ("roles", "rhythm"):
        if part := document.reading.parts.get(name):
            sections = [part, *part.children]
            found += [field for section in sections for field in fields(program, section) if field.form == "bold"]
    for field in found:
        if field.key.replace("_", " ") in NOT_ITS_OWN:
            message = f"a search cannot set '{field.key}': that is decided for it"
            yield finding("ORG047", message, field.key_span, "leave it out, and use the option of orgopt optimize")


def _without_effect(document: LintedDocument) -> Iterator[Finding]:
    """Keys and links that do nothing in a search."""
    org = document.org
    for role in org.roles:
        for key in (key for key in KEYS.values() if key.role):
            if _idle(role, key.attribute, search=key.search):
                message = f"'{key.name.lower()}' has no effect: {_why(role, search=key.search)}"
                yield finding("ORG007", message, document.field(role, key.name.lower()), "leave it out")
    for place in document.reading.links:
        yield finding("ORG007", "links have no effect in a search: all of it hears of all", place.span, "leave it out")


def _idle(role: Role, attribute: str, *, search: bool) -> bool:
    """Whether a role has a key that does nothing."""
    plain = Role(id=role.id, name=role.name)
    if getattr(role, attribute) == getattr(plain, attribute):
        return False
    if attribute == "risk":
        return role.agent in _NO_RISK
    if attribute == "model":
        return role.agent not in REWRITING_AGENTS
    return not search


def _why(role: Role, *, search: bool) -> str:
    if not search:
        return "it is for teams, whose agents propose experiments"
    return f"'{role.agent}' draws all at once" if role.agent in _AT_ONCE else f"the agent '{role.agent}' has none"


SEARCH: tuple[Callable[[LintedDocument], Iterator[Finding]], ...] = (_proposers, _not_its_own, _without_effect)
