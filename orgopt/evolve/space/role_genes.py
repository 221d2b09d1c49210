"""Genes of roles: headcount, agent, model, persona, memory, risk, focus, confirm, stop early and copy rule.

A seed document may have values between those of a gene, such as a risk tolerance of 0.37: the origin is the nearest,
and the document's own value stays while the gene is unchanged.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from optuna.distributions import FloatDistribution, IntDistribution

from orgopt.agent_names import AGENT_KIND, LANGUAGE_AGENT, WORKING_AGENTS
from orgopt.basics.slug import slug
from orgopt.evolve.space.gene import Gene, Needs, Params, agents_of, choice, moved
from orgopt.org import MAX_HEADCOUNT, MAX_RISK, Org, Role

LIBRARY_HEADCOUNT = 3
CONFIRM = 3
COPY_RULES = ("best", "majority", "own")
LANGUAGE_AGENTS = (LANGUAGE_AGENT,)
_OFF = 1.0  # the value of stop early that stops nothing

_DECODE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "headcount": ("headcount", int),
    "agent": ("agent", str),
    "model": ("model", str),
    "persona": ("persona", lambda value: ""),  # the only move is from a persona to none  # noqa: ARG005
    "memory": ("memory", str),
    "risk": ("risk", lambda value: round(float(value), 2)),
    "focus": ("focus", lambda value: () if value == "all" else tuple(value.split(", "))),
    "confirm": ("confirm", int),
    "stop-early": ("stop_early", lambda value: "off" if value > _OFF - 0.05 else round(float(value), 1)),
    "copy-rule": ("copy_rule", str),
}
"""The attribute of a role that each part sets, and its value of a parameter."""


def role_genes(
    org: Org,
    roles: Sequence[Role],
    library: Collection[str],
    groups: Sequence[str],
    models: Sequence[str],
    *,
    more: bool = False,
) -> Iterator[Gene]:
    """The genes of every role.

    Args:
        org: The organization of the seed document, whose values count for roles that have none of their own.
        roles: Its roles and a library's.
        library: Ids of the library's.
        groups: Knob groups that a role may focus on.
        models: Language models that a role may have.
        more: Whether some of them are none of the documents', so that a role with the default model may have one.
    """
    named = [model for model in dict.fromkeys(models) if model]
    memories = ["none", "run", *(["lasting"] if any(role.memory == "lasting" for role in roles) else [])]
    # Of packages' agents, those that the document or the library names: what else is installed here is not in the
    # study's record, and no two machines have the same.
    agents = [*WORKING_AGENTS, *(role.agent for role in roles if AGENT_KIND.package(role.agent))]
    focuses = [group for group in dict.fromkeys(groups) if slug(group) == group]  # a document writes no others
    for role in roles:
        needs, new = agents_of(role.id), role.id in library
        most = LIBRARY_HEADCOUNT if new else min(MAX_HEADCOUNT, max(4, 2 * role.headcount))
        yield Gene(
            name=f"headcount/{role.id}",
            part="roles" if new else "headcount",
            distribution=IntDistribution(0, most),
            origin=0 if new else role.headcount,
        )
        yield choice(f"agent/{role.id}", "agent", agents, role.agent, needs)
        speaks = (*needs, (f"agent/{role.id}", LANGUAGE_AGENTS))
        if len(named) > 1 or (more and {*named} - {role.model}):
            yield choice(f"model/{role.id}", "model", named, role.model, speaks)
        if role.agent in LANGUAGE_AGENTS:  # a search makes no other role one of them
            yield from _words(role, memories, speaks)
        focus = ", ".join(role.focus) or "all"
        if len(focuses) > 1 or role.focus:  # of one group alone, all is all
            yield choice(f"focus/{role.id}", "focus", ["all", *focuses], focus, needs)
        yield choice(f"copy-rule/{role.id}", "copy-rule", COPY_RULES, org.copy_rule_of(role), needs)
        yield from _numbers(org, role)


def _words(role: Role, memories: Sequence[str], needs: Needs) -> Iterator[Gene]:
    """Whether a role has its persona, and for how long it remembers."""
    if role.persona:
        yield choice(f"persona/{role.id}", "persona", ("on", "off"), "on", needs)
    yield choice(f"memory/{role.id}", "memory", memories, role.memory, needs)


def _numbers(org: Org, role: Role) -> Iterator[Gene]:
    needs, confirm, stop = agents_of(role.id), org.confirm_of(role), org.stop_early_of(role)
    yield Gene(
        name=f"risk/{role.id}",
        part="risk",
        distribution=FloatDistribution(0, MAX_RISK, step=0.05),
        origin=round(round(org.risk_of(role) / 0.05) * 0.05, 2),
        needs=needs,
    )
    yield Gene(
        name=f"confirm/{role.id}",
        part="confirm",
        distribution=IntDistribution(0, max(CONFIRM, confirm)),
        origin=confirm,
        needs=needs,
    )
    yield Gene(
        name=f"stop-early/{role.id}",
        part="stop-early",
        distribution=FloatDistribution(0.2, _OFF, step=0.1),
        origin=_OFF if isinstance(stop, str) else min(0.9, max(0.2, round(stop, 1))),
        needs=needs,
    )


def decode_role(role: Role, params: Params, origin: Params) -> Role:
    """A role with what some parameters change of it."""
    changed = {
        attribute: value(params[name])
        for part, (attribute, value) in _DECODE.items()
        if (name := f"{part}/{role.id}") in origin and moved(params, origin, name)
    }
    if "model" in changed and changed.get("agent", role.agent) not in LANGUAGE_AGENTS:
        del changed["model"]  # a policy has none, and a role that says nothing else would be read as one with words
    return replace(role, **changed) if changed else role
