"""The race: the best of a search run again on fresh seeds, until the worse ones are out or the seeds are used up.

The search picks the best of many noisy means, which flatters it; the race is decided by runs that had no part in
the picking.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.trials.runs import Runs, Wanted
from orgopt.study import statistics
from orgopt.study.records.names import RACE
from orgopt.study.records.result import Place as PlaceRecord

LOOKS = 4  # each look has a share of the 5 %: more of them would save seeds and make every test harder to pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What became of a contender: its outputs, one a seed, and after how many seeds it left (None: at the end)."""

    entrant: str
    outputs: np.ndarray
    dropped_at: int | None

    def record(self) -> PlaceRecord:
        """The place as the log has it."""
        n, found = len(self.outputs), statistics.interval(self.outputs).to_dict()
        return PlaceRecord(**found, entrant=self.entrant, seeds=n, dropped_at=self.dropped_at)


def race(runs: Runs, contenders: Sequence[Candidate], tasks: Sequence[str], seeds: int) -> list[Place]:
    """The places of all contenders, the winner first.

    At up to four looks, whoever the leader beats in a paired t test that is corrected for all looks and contenders
    leaves, see `statistics.losers`.

    Args:
        runs: Does the runs, and remembers them.
        contenders: Who races.
        tasks: A seed's value is the mean over them.
        seeds: The most seeds of a contender.
    """
    alive, left = list(contenders), dict[str, int]()
    outputs: dict[str, np.ndarray] = {}
    looks = sorted({max(1, round(seeds * (look + 1) / LOOKS)) for look in range(LOOKS)})
    for seen in looks:
        # Everybody who is left runs every seed up to this look: a paired test needs the same seeds of both.
        runs.do(RACE, [Wanted(one.name, one.program.text, k) for k in range(seen) for one in alive], tasks)
        for one in alive:
            outputs[one.name] = runs.outputs(RACE, one.name, tasks, range(seen)).mean(axis=1)
        racing = {one.name: outputs[one.name] for one in alive}
        out = statistics.losers(as_lists(racing), looks=len(looks), contenders=len(contenders))
        left |= dict.fromkeys(out, seen)
        alive = [one for one in alive if one.name not in out]
        # Whoever is alone has won. How good it is, the test says, on seeds that did not pick it.
        if len(alive) == 1:
            break
    places = [Place(entrant=one.name, outputs=outputs[one.name], dropped_at=left.get(one.name)) for one in contenders]
    # Whoever left has fewer seeds: its mean is not to be compared with those of who stayed.
    return sorted(places, key=lambda one: (one.dropped_at is not None, -float(one.outputs.mean())))


def as_lists(outputs: Mapping[str, np.ndarray]) -> dict[str, list[float]]:
    """Arrays as lists of numbers."""
    return {name: values.tolist() for name, values in outputs.items()}
