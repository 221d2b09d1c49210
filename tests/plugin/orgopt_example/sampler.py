"""A sampler that learns which values go together."""

from optuna.samplers import BaseSampler, TPESampler

from orgopt.evolve.space.genome import Space


class JointTpe:
    """Optuna's TPE over all parameters at once, for small changes."""

    objectives = 2

    def moves(self, space: Space) -> None:
        """Nothing of its own: a candidate is a change of a few parameters of its parent."""

    def make(self, space: Space, population: int, seed: int) -> BaseSampler:
        """The sampler that is asked for one candidate."""
        return TPESampler(seed=seed, multivariate=True)
