"""What language models did well, in words, and which of them a role should have by that.

A thought of a model is worth what it is expected to gain: the gains, as qualities, of changes that were better than
their start by more than noise, over all of its thoughts, those that could not be used among them. What was worse costs
a thought and no more, since nobody goes on from it. Roles of which little is known are drawn to what the model did in
all roles.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orgopt.study.records.kinds import EvaluationRecord
from orgopt.team.skill import Skill, together

FEWEST = 20
"""Thoughts of a model before it is compared with others."""
_PRIOR = 10  # thoughts that what is known of all roles counts for in one


def skills_in(evaluations: Iterable[EvaluationRecord]) -> list[Skill]:
    """What each model did as which role, in all runs."""
    found = together(skill for run in evaluations for skill in run.skills)
    return sorted(found, key=lambda one: (one.model, one.role))


def said_of_skill(one: Skill) -> str:
    """What a model is good at as a role: `optimizer + (3 of 9), architecture − (0 of 5), 34 % invalid`.

    A sign is that of the mean gain of changes of a kind; in brackets is how many were better by more than noise.
    """
    ranked = sorted(one.changes.items(), key=lambda item: -item[1].gained / max(1, item[1].tried))
    kinds = [
        f"{kind} {'+' if own.gained > 0 else '−' if own.gained < 0 else '·'} ({own.better} of {own.tried})"
        for kind, own in ranked
        if own.tried
    ]
    invalid = f"{one.invalid / one.thoughts:.0%} invalid" if one.thoughts else "no thought ended"
    return ", ".join([*kinds, invalid])


def known_well(skills: Iterable[Skill]) -> dict[str, Skill]:
    """The models that have thought often enough to be compared, with what they did in all roles."""
    pooled = {one.model: one for one in together(replace(skill, role="") for skill in skills)}
    return {model: one for model, one in pooled.items() if one.thoughts >= FEWEST}


def models_by_skill(skills: Sequence[Skill], models_of: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The model of each role with the most expected gain a dollar, or a token where not all cost dollars.

    Args:
        skills: What is known, of any roles and tasks.
        models_of: The models that each role may have, by its id: what documents call them, and their own names.

    Returns:
        What documents call the best model of each role of which two models or more are known well enough.
    """
    known = known_well(skills)
    own = {(one.role, one.model): one for one in together(skills)}
    found: dict[str, str] = {}
    for role, models in models_of.items():
        rivals = {called: known[model] for called, model in models.items() if model in known}
        if len({one.model for one in rivals.values()}) > 1:
            paid = all(one.usd > 0 for one in rivals.values())
            worth = {
                called: _expected(own.get((role, one.model)), one) / _price(one, paid=paid)
                for called, one in rivals.items()
            }
            found[role] = max(worth, key=lambda called: worth[called])
    return found


def _expected(own: Skill | None, pooled: Skill) -> float:
    """The gain of a thought, of a role's own thoughts as far as there are enough."""
    mean = _worth(pooled) / pooled.thoughts
    return mean if own is None else (_worth(own) + _PRIOR * mean) / (own.thoughts + _PRIOR)


def _worth(one: Skill) -> float:
    return sum(changes.worth for changes in one.changes.values())


def _price(one: Skill, *, paid: bool) -> float:
    """Dollars or tokens of a thought."""
    return (one.usd if paid else max(1, one.tokens)) / one.thoughts
