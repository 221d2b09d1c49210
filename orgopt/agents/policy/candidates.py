"""Candidates of the policies that have a model: positions that differ from known settings in free knobs."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from orgopt.agents.base import Proposal, View, propose
from orgopt.agents.knowledge import Array, Known
from orgopt.agents.policy.hill_climb import step
from orgopt.tasks.knob import Knob, Value, conditional


def free(view: View) -> NDArray[np.bool_]:
    """Which knobs the agent may turn, shape (n_knobs,)."""
    if len(view.free) == len(view.knobs):
        return np.ones(len(view.knobs), dtype=bool)
    names = {knob.name for knob in view.free}
    return np.array([knob.name in names for knob in view.knobs])


def within(at: Array, rng: np.random.Generator) -> Array:
    """Positions brought back into 0 to 1: half of those outside stop at the end that they passed, half are mirrored.

    Knobs of real trainings often have their optimum at an end, which mirrored steps never reach; where all stop at the
    ends, steps pile up there, and nobody looks just inside.
    """
    mirrored = np.abs(at) % 2
    mirrored = np.where(mirrored > 1, 2 - mirrored, mirrored)
    return np.where(rng.random(at.shape) < 0.5, np.clip(at, 0.0, 1.0), mirrored)


def turned(knobs: Sequence[Knob], at: Array) -> Array:
    """Positions (n, n_knobs) in which knobs that a setting does not turn are at their defaults, as those of what ran.

    Else a model would take a setting that was run for another one, which differs where nothing depends on it.
    """
    if not conditional(knobs):
        return at
    at, columns = at.copy(), {knob.name: column for column, knob in enumerate(knobs)}
    idle = np.zeros(at.shape, dtype=bool)
    for column, knob in enumerate(knobs):
        if knob.only_if is None:
            continue
        other = columns[knob.only_if.knob]
        choices = knobs[other].choices
        allowed = [place for place, choice in enumerate(choices) if choice in knob.only_if.values]
        given = np.minimum((at[:, other] * len(choices)).astype(int), len(choices) - 1)
        idle[:, column] = idle[:, other] | ~np.isin(given, allowed)
        at[idle[:, column], column] = knob.unit(knob.default)
    return at


def first_new(
    view: View, starts: Sequence[Known], picked: NDArray[np.int_], at: Array, order: Iterable[int]
) -> Proposal:
    """The first candidate in an order that was not tried yet and need not fail; a small step where there is none.

    Args:
        view: What the agent knows.
        starts: The known settings that candidates start from.
        picked: Which of them each candidate starts from, shape (n,).
        at: Positions of the candidates, shape (n, n_knobs).
        order: Numbers of candidates, the most promising first.
    """
    columns, origins = np.flatnonzero(free(view)), view.knowledge.positions(starts)
    for number in order:
        place = int(picked[number])
        start, row = starts[place], at[number]
        changes: dict[str, Value] = {}
        # A knob that was not redrawn keeps its exact value, which its position would round.
        redrawn: list[int] = columns[row[columns] != origins[place, columns]].tolist()
        for column in redrawn:
            knob = view.knobs[column]
            value = knob.at(float(row[column]))
            if value != start.settings[knob.name]:
                changes[knob.name] = value
        settings = {**start.settings, **changes}
        if changes and not view.knowledge.has(settings) and not view.knowledge.fails(settings):
            return propose(start, changes)
    return propose(view.starts[0], step(view, view.starts[0]))
