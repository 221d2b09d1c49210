"""Where searches of a recorded world end: settings to train next.

A search finds what a world gets wrong: it climbs where the networks are too hopeful, and there the recording has no
runs. So a recording goes on where its own world sends searches, is fitted again, and so on.
"""

import numpy as np

from orgopt.lab.base import derive_seed
from orgopt.lab.recorded import Recorded
from orgopt.lab.recording import Planned
from orgopt.task import Knob, Value

_SEEK_KEY = 1_000_037  # sets these seeds apart from all others
_STEPS = (50, 600)  # of a climb: short ones end on the way, where real searches are most of the time
_STEP_SD = 0.2  # of a moved knob's position


def sought(world: Recorded, n: int, *, first_row: int) -> list[Planned]:
    """The ends of hill climbs, and two settings of the second half of each way.

    Every other climb starts at the baseline, the others anywhere. The rows before decide the seed: another round of
    the same recording is another search.
    """
    rng = np.random.default_rng([_SEEK_KEY, first_row])
    found: list[dict[str, Value]] = []
    while len(found) < n:
        path = _climb(world, rng, from_baseline=len(found) % 6 < 3)
        found += [path[-1], *(path[i] for i in rng.integers(len(path) // 2, len(path), 2))]
    return [
        Planned(row=first_row + k, settings=settings, seed=derive_seed(_SEEK_KEY, first_row, k))
        for k, settings in enumerate(found[:n])
    ]


def _climb(world: Recorded, rng: np.random.Generator, *, from_baseline: bool) -> list[dict[str, Value]]:
    """The settings of a hill climb on the world's held-out metric, from its start on."""
    knobs = world.task.knobs
    at = {knob.name: knob.default if from_baseline else knob.at(float(rng.random())) for knob in knobs}
    path, lowest = [at], world.truth(at)
    for _ in range(int(rng.integers(*_STEPS))):
        picked = rng.choice(len(knobs), min(len(knobs), int(rng.integers(1, 4))), replace=False)
        tried = at | {knobs[i].name: _moved(knobs[i], at[knobs[i].name], rng) for i in picked}
        value = world.truth(tried)
        if value < lowest:
            at, lowest = tried, value
            path.append(at)
    return path


def _moved(knob: Knob, value: Value, rng: np.random.Generator) -> Value:
    if not knob.ordered:
        return knob.at(float(rng.random()))
    return knob.at(knob.unit(value) + float(rng.normal(0, _STEP_SD)))
