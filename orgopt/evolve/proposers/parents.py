"""Which candidates become parents: by a draw from what is believed of each."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

import numpy as np

from orgopt.evolve.space.candidate import Candidate
from orgopt.study.search_plan import restless
from orgopt.study.standing import Standing


def parents(
    rng: np.random.Generator, known: Sequence[Candidate], told: Mapping[str, Standing], risk: float
) -> Iterator[Candidate]:
    """Parents without end, each the best of a draw of its own (Thompson 1933), now and then one of the next two.

    Args:
        rng: Decides the draws.
        known: The candidates so far, the seed document first: it is the only parent while nothing is told of any.
        told: What is believed of those that were run, by their names.
        risk: The search's tolerance, from 0 to 1: how often the next two have a chance.
    """
    able = [candidate for candidate in known if candidate.name in told]
    believed = [told[one.name] for one in able]
    means, doubts = [one.estimate for one in believed], [one.doubt for one in believed]
    if not able:
        yield from repeat(known[0])
    while True:
        # Not simply the best estimate: with few seeds that is mostly the luckiest, and others would get no chance.
        drawn = rng.normal(means, doubts)
        rank = int(rng.integers(1, 3)) if rng.random() < restless(risk) else 0
        yield able[np.argsort(drawn)[::-1][min(rank, len(able) - 1)]]
