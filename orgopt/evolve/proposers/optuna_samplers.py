"""Optuna's samplers as a study asks them: all of its trials have the same parameters, and it may be stopped."""

from collections.abc import Mapping

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, PartialFixedSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from orgopt.evolve.space.genome import Params, Space

WHOLE = {"nsga2", "cmaes"}
"""Samplers that move a whole genome by rules of their own, not a few parts of a parent."""


def make_sampler(name: str, space: Space, population: int, seed: int) -> BaseSampler:
    """A sampler of Optuna by its name here; any other name is the random one."""
    match name:
        case "tpe":
            # A generation is asked for before any of it is told: the constant liar keeps its candidates apart.
            return TPESampler(seed=seed, constant_liar=True)
        case "gp":
            return GPSampler(seed=seed)
        case "nsga2":
            return NSGAIISampler(seed=seed, population_size=max(2, population))
        case "cmaes":
            start = {one: space.origin[one] for one in moved(name, space)}
            return CmaEsSampler(seed=seed, x0=start, popsize=max(5, population), warn_independent_sampling=False)
        case _:
            return RandomSampler(seed=seed)


def moved(name: str, space: Space) -> list[str]:
    """The parameters that a sampler of whole genomes moves: CMA-ES knows numbers alone."""
    numbers = [one for one in space.free if not isinstance(space.distributions[one], CategoricalDistribution)]
    return numbers if name == "cmaes" else list(space.free)


class NSGAIISampler(optuna.samplers.NSGAIISampler):
    """NSGA-II whose parents are always in the order of trials.

    Optuna has them in that of merit when it selects them, and in this one when it reads them back from its cache: a
    study that goes on within a generation would otherwise draw others than it would have. Of the same name, since
    Optuna calls what it notes of a trial by the class.
    """

    def select_parent(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        return sorted(super().select_parent(study, generation), key=lambda trial: trial.number)


class Around(PartialFixedSampler):
    """A sampler of the values that are not fixed, in a study whose trials all have the same parameters.

    Optuna's own compares the distributions of all trials before each, to find those that they have in common: most of
    the time of an ask goes there, and what it would find is known.

    Args:
        fixed: Values that are given.
        sampler: Has the others.
        free: The distributions of the others.
    """

    def __init__(self, fixed: Params, sampler: BaseSampler, free: Mapping[str, BaseDistribution]) -> None:
        super().__init__(dict(fixed), sampler)
        self.sampler, self.free = sampler, {name: free[name] for name in sorted(free) if not free[name].single()}

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What the sampler draws at once, whatever it sees of the trials."""
        if not self.free:
            return {}
        independent = isinstance(self.sampler, TPESampler) and len(study.directions) > 1
        if independent or not isinstance(self.sampler, TPESampler | GPSampler | NSGAIISampler):
            return super().infer_relative_search_space(study, trial)
        known = any(one.state is TrialState.COMPLETE for one in study.get_trials(deepcopy=False))
        return dict(self.free) if known else {}
