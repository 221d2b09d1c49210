"""Attribution: which parts of an organization the research output of a study's candidates went with."""

import warnings

import optuna

from orgopt.evolve.space.genome import Space
from orgopt.study.records.result import Importance

FEWEST = 20
"""Candidates below which importances are noise alone."""
TREES = 64
"""Trees of the forest that fANOVA takes apart."""


def importances(study: optuna.Study, space: Space) -> list[Importance]:
    """The importance of each part of the genome, by fANOVA over all candidates (Hutter et al. 2014, ICML).

    They say what the search saw go together, not what causes what: a search changes what already does well. Parts
    that no candidate changed are left out.
    """
    trials = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
    varied = [name for name in space.free if len({trial.params[name] for trial in trials}) > 1]
    if len(trials) < FEWEST or not varied or len({trial.values[0] for trial in trials}) < 2:
        return []
    target = _first if len(study.directions) > 1 else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        forest = optuna.importance.FanovaImportanceEvaluator(n_trees=TREES, seed=0)
        found = optuna.importance.get_param_importances(study, evaluator=forest, params=varied, target=target)
    parts: dict[str, float] = {}
    for name, value in found.items():
        parts[space.part_of(name)] = parts.get(space.part_of(name), 0.0) + value
    ranked = sorted(parts.items(), key=lambda item: -item[1])
    return [Importance(part=part, importance=round(value, 4)) for part, value in ranked]


def _first(trial: optuna.trial.FrozenTrial) -> float:
    return trial.values[0]
