"""A way to propose candidates that was tried and is in no release: parents of each kind of organization.

It wraps a method of `Proposer`; `search_regret` puts it in its place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space.candidate import Candidate
from orgopt.study.best_of_kinds import elites, kind_of
from orgopt.study.standing import Standing

Parents = Callable[
    [Proposer, np.random.Generator, Sequence[Candidate], Mapping[str, Standing], float],
    Iterator[Candidate],
]


def by_kind(parents: Parents, share: float) -> Parents:
    """Parents of whom a share are the best of a kind that is drawn evenly; see `orgopt.study.best_of_kinds`."""

    def drawn(
        self: Proposer,
        rng: np.random.Generator,
        known: Sequence[Candidate],
        told: Mapping[str, Standing],
        risk: float,
    ) -> Iterator[Candidate]:
        others = parents(self, rng, known, told, risk)
        able = [one for one in known if one.name in told]
        found = ((kind_of(self.space.organization(one.params)), told[one.name].estimate, one) for one in able)
        best = list(elites(found).values())
        while True:
            lucky = best and rng.random() < share
            yield best[int(rng.integers(len(best)))] if lucky else next(others)

    return drawn
