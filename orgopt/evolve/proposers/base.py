"""The protocols of proposers: how a study asks Optuna for its next document, and who has a share beside Optuna."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from optuna.samplers import BaseSampler

from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.study.standing import Standing


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


class Sharer(Protocol):
    """Has a share of the candidates beside the samplers: a rewriter, a model that screens, or crossing."""

    def wants(self, index: int) -> bool:
        """Whether a candidate is its to propose, if it can."""
        ...

    def propose(
        self, index: int, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> Candidate | None:
        """A valid candidate; None where it has none, and the next in line has to do.

        Args:
            index: The candidate's number in the study, which with the study's seed decides all that is drawn.
            generation: Its generation.
            known: All candidates so far, the seed document first; those of this generation have no results yet.
            told: What is known of each by name, as far as it has results.
        """
        ...
