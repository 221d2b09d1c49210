"""Optuna's samplers as a study asks them: all of its trials have the same parameters, and it may be stopped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, PartialFixedSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from orgopt.evolve.proposers.base import Sampler
from orgopt.evolve.space.genome import Params, Space
from orgopt.study.config import SAMPLER_KIND


@dataclass(frozen=True, slots=True)
class SmallChanges:
    """A sampler that is asked for a few parameters of a parent.

    Attributes:
        of: Makes it of a seed.
    """

    of: Callable[[int], BaseSampler]
    objectives: int = 2

    def moves(self, space: Space) -> None:
        """Nothing at once: candidates are small changes."""

    def make(self, space: Space, population: int, seed: int) -> BaseSampler:  # noqa: ARG002
        """The sampler of a seed."""
        return self.of(seed)


class Nsga2:
    """NSGA-II: whole genomes, crossed and mutated by its own rules."""

    objectives = 2

    def moves(self, space: Space) -> list[str]:
        """All that may change."""
        return list(space.free)

    def make(self, space: Space, population: int, seed: int) -> BaseSampler:  # noqa: ARG002
        """The sampler of a seed."""
        return NSGAIISampler(seed=seed, population_size=max(2, population))


class CmaEs:
    """CMA-ES: all numbers of a genome at once."""

    objectives = 1

    def moves(self, space: Space) -> list[str]:
        """All that may change and are numbers."""
        return [one for one in space.free if not isinstance(space.distributions[one], CategoricalDistribution)]

    def make(self, space: Space, population: int, seed: int) -> BaseSampler:
        """The sampler of a seed, which starts from the seed document."""
        start = {one: space.origin[one] for one in self.moves(space)}
        return CmaEsSampler(seed=seed, x0=start, popsize=max(5, population), warn_independent_sampling=False)


_OWN: dict[str, Sampler] = {
    "tpe": SmallChanges(lambda seed: TPESampler(seed=seed, constant_liar=True)),
    "gp": SmallChanges(lambda seed: GPSampler(seed=seed)),
    "nsga2": Nsga2(),
    "cmaes": CmaEs(),
    "random": SmallChanges(lambda seed: RandomSampler(seed=seed)),
}


def find_sampler(name: str) -> Sampler:
    """A sampler by its name: one of orgopt's own, or an installed package's.

    Raises:
        UsageError: There is no such sampler.
        PluginError: The package that has it does not work, or the name is taken twice.
    """
    SAMPLER_KIND.check(name)
    return _OWN[name] if name in _OWN else SAMPLER_KIND.make(name, Sampler)


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
