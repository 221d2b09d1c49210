"""Openings: organizations that are known to work, as points of a study's search space.

The first generation tries them beside small changes of the seed document, as a chess player begins with moves that
others have worked out: small changes need many generations to reach them. What makes each strong is in the comments.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from typing import Any, NamedTuple

from optuna.distributions import CategoricalDistribution, IntDistribution

from orgopt.agent_names import LANGUAGE_AGENT, WORKING_AGENTS
from orgopt.agents.toml_models import LanguageSettings
from orgopt.evolve.space.genome import Params, Space
from orgopt.org import Role
from orgopt.study.model_skills import models_by_skill
from orgopt.team.skill import Skill

OPENING = "opening"
"""The proposer of such a candidate."""
_PORTFOLIO = ("gp", "tpe", "evolution", "hill-climb")
_SPARE = 1


class Opening(NamedTuple):
    """A known organization, and its place in a search space."""

    name: str
    params: Params


def openings(
    space: Space, slots: int, skills: Sequence[Skill] = (), language: LanguageSettings | None = None
) -> list[Opening]:
    """What to try first, the most promising first; only what differs from the seed document and from each other.

    For organizations whose agents think in words there is one at most, where it is known which models are good as which
    roles: those are searched for what they can become. There are none for searches.

    Args:
        space: The search space; parts that are frozen stay as the seed document has them.
        slots: Experiments at once, which there should be agents for.
        skills: What language models did before.
        language: What documents call models, and their own names.
    """
    own = [role for role in space.org.roles if role.headcount]
    if space.org.searches:
        return []
    if any(role.agent not in WORKING_AGENTS for role in own):
        draft = _skilled(space, skills, language) if language else {}
        params = _params(space, draft)
        return [Opening("models by skill", params)] if params != space.origin else []
    helper = next((role for role in space.roles if role.agent == "replicate" and role not in own), None)
    drafts = [
        ("crowd of gp", _crowd(space, own, slots)),
        ("gp in every role", _staffed(own, ("gp",), slots)),
        ("portfolio", _portfolio(space, own, slots)),
    ]
    if helper:
        # Where results are noisy, a team believes its luckiest experiment unless somebody repeats it.
        drafts.insert(1, ("crowd of gp with a replicator", _with_helper(space, own, helper, slots)))
    found: list[Opening] = []
    for name, draft in drafts:
        params = _params(space, draft)
        if params != space.origin and all(params != other.params for other in found):
            found.append(Opening(name, params))
    return found


def _crowd(space: Space, own: Iterable[Role], slots: int) -> dict[str, Any]:
    """As many agents as slots, and one more for while others think; each models what all have measured.

    On worlds of real trainings such a team was ahead of nearly all charts by hand: see the benchmarks.
    """
    staffed, left = list[Role](), slots + _SPARE
    changes: dict[str, Any] = {}
    for role in own:
        count = min(left, _most(space, role))
        left -= count
        changes |= {f"headcount/{role.id}": count, f"agent/{role.id}": "gp"}
        staffed += [role] * bool(count)
    return changes | _linked(staffed)


def _staffed(own: Iterable[Role], agents: Iterable[str], slots: int) -> dict[str, Any]:
    """The same chart with other agents, and so many that no slot waits for one that thinks."""
    roles = list(own)
    changes: dict[str, Any] = {f"agent/{role.id}": agent for role, agent in zip(roles, cycle(agents), strict=False)}
    missing = slots + _SPARE - sum(role.headcount for role in roles)
    last = roles[-1]
    return changes | ({f"headcount/{last.id}": last.headcount + missing} if missing > 0 else {})


def _portfolio(space: Space, own: list[Role], slots: int) -> dict[str, Any]:
    """Different agents beside each other, who share everything: no single one is best on all tasks.

    Roles of the library that look otherwise are hired while there are slots for them.
    """
    taken = set(_PORTFOLIO[: len(own)])
    others = [role for role in space.roles if role not in own and role.agent in set(_PORTFOLIO) - taken]
    hired = others[: max(0, slots + _SPARE - sum(role.headcount for role in own))]
    changes: dict[str, Any] = {f"headcount/{role.id}": 1 for role in hired}
    return changes | _staffed(own, _PORTFOLIO, slots - len(hired)) | _linked([*own, *hired])


def _with_helper(space: Space, own: list[Role], helper: Role, slots: int) -> dict[str, Any]:
    crowd = _crowd(space, own, slots)
    staffed = [role for role in own if crowd[f"headcount/{role.id}"]]
    return crowd | {f"headcount/{helper.id}": 1} | _linked([*staffed, helper])


def _linked(roles: Iterable[Role]) -> dict[str, Any]:
    """Everybody tells everybody: what one has measured, no other has to."""
    ids = [role.id for role in roles]
    within: dict[str, Any] = {f"shares/{role_id}": "full" for role_id in ids}
    return within | {f"shares/{one}·{other}": "↔" for one in ids for other in ids if one != other}


def _skilled(space: Space, skills: Sequence[Skill], language: LanguageSettings) -> dict[str, Any]:
    """Each role that thinks with the model that gains most for its price, as far as that is known."""
    names_of: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for role in space.org.roles:
        found = space.distributions.get(f"model/{role.id}")
        if role.headcount and role.agent == LANGUAGE_AGENT and isinstance(found, CategoricalDistribution):
            for called in (role.model, *map(str, found.choices)):
                if called or language.default:
                    # What has two names, as the default model may, keeps the one that the document has.
                    names_of[role.id].setdefault(language.model(called).name, called)
    models_of = {role: {called: name for name, called in names.items()} for role, names in names_of.items()}
    return {f"model/{role}": model for role, model in models_by_skill(skills, models_of).items()}


def _most(space: Space, role: Role) -> int:
    found = space.distributions[f"headcount/{role.id}"]
    return found.high if isinstance(found, IntDistribution) else role.headcount


def _params(space: Space, draft: Params) -> Params:
    """A point of the space: the seed document's, with what may change and is in range as drafted."""
    return {**space.origin, **dict(_possible(space, draft))}


def _possible(space: Space, draft: Params) -> Iterator[tuple[str, Any]]:
    free = set(space.free)
    for name, value in draft.items():
        match space.distributions.get(name):
            case CategoricalDistribution(choices=choices) if name in free and value in choices:
                yield name, value
            case IntDistribution(low=low, high=high) if name in free:
                yield name, min(high, max(low, value))
            case _:
                pass  # frozen, or the pair in the other order
