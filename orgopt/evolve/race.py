"""The race: the best of a search run again on fresh seeds, most of which go to those that may be the best of them.

The search picks the best of many noisy means, which flatters them. How good they are, the race says, by runs that had
no part in the picking; by how much they differ, both say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.trials.runs import Runs, Wanted
from orgopt.study import allocation, statistics
from orgopt.study.records.names import RACE
from orgopt.study.records.result import Place as PlaceRecord
from orgopt.study.standing import Standing

FIRST = 3
"""Seeds that everybody gets: fewer tell nothing of noise."""
DOUBT = 0.05
"""The chance that another one is the best at which a race is over. Simulated races that end
so pick the best in 74 of 100 cases, those that have a fixed number of runs in 73 (`tests.bench.best_arm`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What became of a contender: its outputs, one a seed, and what is believed of it."""

    entrant: str
    outputs: np.ndarray
    estimate: float

    def record(self) -> PlaceRecord:
        """The place as the log has it."""
        n, found = len(self.outputs), statistics.interval(self.outputs).to_dict()
        return PlaceRecord(**found, entrant=self.entrant, seeds=n, dropped_at=None)


def race(
    runs: Runs, contenders: Sequence[Candidate], told: Mapping[str, Standing], tasks: Sequence[str], seeds: int
) -> list[Place]:
    """The places of all contenders, the winner first: the one of the highest estimate.

    Each has its first seeds; then as many runs as there are contenders are given at a time, see
    `allocation.allocation`. A contender that is clearly behind gets few of them, and those that are close many.

    Args:
        runs: Does the runs, and remembers them.
        contenders: Who races.
        told: What the search knows of each by name.
        tasks: A seed's value is the mean over them.
        seeds: The most seeds of a contender, on average.
    """
    counts = np.full(len(contenders), min(FIRST, seeds))
    while True:
        # Who has n runs has had the first n seeds, so that two that are close are compared on the same ones.
        wanted = [
            Wanted(one.name, one.program.text, k) for one, n in zip(contenders, counts, strict=True) for k in range(n)
        ]
        runs.do(RACE, sorted(wanted, key=lambda one: one.k), tasks)
        outputs = {
            one.name: runs.outputs(RACE, one.name, tasks, range(n)).mean(axis=1)
            for one, n in zip(contenders, counts, strict=True)
        }
        sd = statistics.pooled_sd(outputs.values())
        means, doubts = _believed([told[one.name] for one in contenders], [*outputs.values()], sd)
        left = seeds * len(contenders) - int(counts.sum())
        if left <= 0 or allocation.doubt_of_best(means, doubts) < DOUBT:
            break
        counts = counts + allocation.allocation(means, counts, sd, min(left, len(contenders)))
    places = [
        Place(entrant=one.name, outputs=outputs[one.name], estimate=float(mean))
        for one, mean in zip(contenders, means, strict=True)
    ]
    return sorted(places, key=lambda one: -one.estimate)


def _believed(told: Sequence[Standing], outputs: Sequence[np.ndarray], sd: float) -> tuple[np.ndarray, np.ndarray]:
    """What search and race say of each together: means and standard deviations."""
    if not isfinite(sd):  # one seed each, so that the race says nothing of noise
        sd = max(one.error * one.seeds**0.5 for one in told)
    means, doubts = [one.estimate for one in told], [one.doubt for one in told]
    return allocation.looked_again(
        means, doubts, [one.mean() for one in outputs], [sd / len(one) ** 0.5 for one in outputs]
    )
