"""The Sampler protocol: how a study asks Optuna for its next document."""

from collections.abc import Sequence
from typing import Protocol

from optuna.samplers import BaseSampler

from orgopt.evolve.space.genome import Space


class Sampler(Protocol):
    """Makes the samplers of Optuna that a study asks, one for each candidate.

    A study's choices must be repeatable, and it may be stopped and continued: whatever a sampler draws follows from
    its seed and the trials of Optuna's study. What it has to note of a trial goes into the trial's `system_attrs`.
    """

    @property
    def objectives(self) -> int:
        """How many objectives it can have at once, 1 or 2; the second is minimized."""
        ...

    def moves(self, space: Space) -> Sequence[str] | None:
        """The parameters that it moves at once, by rules of its own.

        None for one that proposes small changes: it is asked for a few parameters of a parent, the others are fixed.
        """
        ...

    def make(self, space: Space, population: int, seed: int) -> BaseSampler:
        """The sampler that is asked for one candidate.

        Args:
            space: Where candidates lie; `space.distributions` are those of every trial, `space.origin` is the seed
                document.
            population: Candidates of a generation.
            seed: Decides what it draws.
        """
        ...
