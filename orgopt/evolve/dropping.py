"""Dropping: which candidates of a generation get no more seeds, because they are clearly worse than the best."""

from collections.abc import Mapping, Sequence

import numpy as np

from orgopt.evolve.space.candidate import Candidate
from orgopt.study import allocation
from orgopt.study.standing import standings


def hopeful(alive: Sequence[Candidate], outputs: Mapping[str, np.ndarray], margin: float) -> list[Candidate]:
    """Who may still be the best; the seed document always, since everything is compared with it.

    Args:
        alive: The candidates that have run all seeds so far.
        outputs: The research output of each candidate by its name, one value a seed.
        margin: Standard errors below the best at which a candidate gets no more seeds.
    """
    # Of all candidates so far, as a generation alone is too few to know the noise by.
    found, sd = standings(outputs)
    if not alive:
        return []
    # By its estimate: the highest mean is the luckiest, too, and would drop too many.
    best = max(found.values(), key=lambda one: one.estimate)
    return [
        one
        for one in alive
        if one.index == 0
        or not allocation.clearly_worse(
            found[one.name].value, found[one.name].seeds, best.estimate, best.seeds, sd, margin
        )
    ]
