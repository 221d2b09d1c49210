"""Genes of a search: the shares and risks of its roles, which samplers they are, and its rhythm.

A rewriter asks a model, which costs money: a study hires none, and lets none go.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from optuna.distributions import FloatDistribution, IntDistribution

from orgopt.agent_names import CROSSING_AGENT, REWRITING_AGENTS, SAMPLING_AGENTS, SCREENING_AGENT
from orgopt.evolve.space.gene import Gene, Params, agents_of, choice, moved
from orgopt.org import MAX_RISK, Org, Role
from orgopt.study.default_seeds import study_defaults

PART = "rhythm"
MOST_HEADS = 8
"""Of a role; a document may have more, and shares need no more."""
_STEP, _MARGIN = 0.05, 0.25


def search_genes(org: Org, roles: Sequence[Role], library: Collection[str]) -> Iterator[Gene]:
    """The genes of every role, and of the rhythm.

    Args:
        org: The search of the seed document, whose values count for roles that have none of their own.
        roles: Its roles and a library's.
        library: Ids of the library's.
    """
    for role in (role for role in roles if role.agent not in REWRITING_AGENTS):
        new, needs = role.id in library, agents_of(role.id)
        yield Gene(
            name=f"headcount/{role.id}",
            part="roles" if new else "headcount",
            distribution=IntDistribution(0, max(MOST_HEADS, role.headcount)),
            origin=0 if new else role.headcount,
        )
        if role.agent in SAMPLING_AGENTS:
            yield choice(f"agent/{role.id}", "agent", SAMPLING_AGENTS, role.agent, needs)
        if role.agent in (*SAMPLING_AGENTS, SCREENING_AGENT, CROSSING_AGENT):
            yield Gene(
                name=f"risk/{role.id}",
                part="risk",
                distribution=FloatDistribution(0, MAX_RISK, step=_STEP),
                origin=round(round(org.risk_of(role) / _STEP) * _STEP, 2),
                needs=needs,
            )
    yield from _rhythm_genes(org)


def _rhythm_genes(org: Org) -> Iterator[Gene]:
    rounds = org.rounds or study_defaults("replay").search_seeds
    after, margin = min(org.drop_after, 6), min(4.0, max(0.5, org.drop_margin))
    for name, distribution, origin in (
        ("generation", IntDistribution(2, max(32, org.generation), log=True), max(2, org.generation)),
        ("rounds", IntDistribution(1, max(10, rounds)), rounds),
        ("drop-after", IntDistribution(1, 6), after),
        ("drop-margin", FloatDistribution(0.5, 4.0, step=_MARGIN), round(margin / _MARGIN) * _MARGIN),
    ):
        yield Gene(name=f"{PART}/{name}", part=PART, distribution=distribution, origin=origin)


def decode_rhythm(org: Org, params: Params, origin: Params) -> Org:
    """A search with the rhythm of some parameters; what they do not change stays as written."""
    changed = {
        name.removeprefix(f"{PART}/").replace("-", "_"): params[name]
        for name in origin
        if name.startswith(f"{PART}/") and moved(params, origin, name)
    }
    return replace(org, **changed) if changed else org
