"""Where a recorded world is wrong: settings to train next.

A search finds what a world gets wrong: it climbs where the networks are too hopeful, and there the recording has no
runs. And where nothing was recorded the networks may hide what is good, which no search of theirs will find: but the
task's reference is known to be good, by real runs. So a recording goes on where its own world sends searches, and on
the way from the baseline to the reference, is fitted again, and so on.
"""

from collections.abc import Iterator
from itertools import count, islice

import numpy as np

from orgopt.lab.worlds.fitted_world import Recorded, reference_settings
from orgopt.lab.worlds.recorder import Planned
from orgopt.seeds import Stream, derive, generator
from orgopt.tasks.task import Knob, Value

_STEPS = (50, 600)  # of a climb: short ones end on the way, where real searches are most of the time
_STEP_SD = 0.2  # of a moved knob's position
_NEAR_SD = 0.1  # of a knob's position on the way to the reference
_NEAR_SHARE = 0.3  # of the knobs that leave the way

Point = dict[str, Value]


def sought(world: Recorded, n: int, *, first_row: int) -> list[Planned]:
    """The settings of a round of n. The rows before decide its seed: another round is another search."""
    rng = generator(Stream.SEEK, first_row)
    return [
        Planned(row=first_row + k, settings=settings, seed=derive(Stream.SOUGHT, first_row, k))
        for k, settings in enumerate(islice(_settings(world, rng), n))
    ]


def _settings(world: Recorded, rng: np.random.Generator) -> Iterator[Point]:
    """The ends of hill climbs, and two settings of the second half of each way; half are on the way to the reference.

    Every other climb starts at the baseline, the others anywhere.
    """
    reference = reference_settings(world.task)
    if reference:
        yield reference
    for number in count():
        path = _climb(world, rng, from_baseline=number % 2 == 0)
        yield path[-1]
        # Ends alone would leave the way there unknown, which is where agents are most of the time.
        yield from (path[i] for i in rng.integers(len(path) // 2, len(path), 2))
        if reference:
            yield from (_between(world, reference, rng) for _ in range(3))


def _between(world: Recorded, reference: Point, rng: np.random.Generator) -> Point:
    """A mixture of baseline and reference, some of its knobs moved a little."""
    share = rng.random()
    found: Point = {}
    for knob in world.task.knobs:
        value = reference[knob.name] if rng.random() < share else knob.default
        found[knob.name] = _moved(knob, value, rng, _NEAR_SD) if rng.random() < _NEAR_SHARE else value
    return found


def _climb(world: Recorded, rng: np.random.Generator, *, from_baseline: bool) -> list[Point]:
    """The settings of a hill climb on the world's held-out metric, from its start on."""
    knobs = world.task.knobs
    at: Point = {knob.name: knob.default if from_baseline else knob.at(float(rng.random())) for knob in knobs}
    path, lowest = [at], world.truth(at)
    for _ in range(int(rng.integers(*_STEPS))):
        chosen = rng.choice(len(knobs), min(len(knobs), int(rng.integers(1, 4))), replace=False)
        picked = [knobs[int(i)] for i in chosen]
        tried = at | {knob.name: _moved(knob, at[knob.name], rng, _STEP_SD) for knob in picked}
        value = world.truth(tried)
        if value < lowest:
            at, lowest = tried, value
            path.append(at)
    return path


def _moved(knob: Knob, value: Value, rng: np.random.Generator, sd: float) -> Value:
    if not knob.ordered:
        return knob.at(float(rng.random()))
    return knob.at(knob.unit(value) + float(rng.normal(0, sd)))
