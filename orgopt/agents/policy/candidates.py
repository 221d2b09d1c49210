"""Candidates of the policies that have a model: positions that differ from known settings in free knobs."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from orgopt.agents.base import Array, Known, Proposal, View, propose
from orgopt.agents.policy.hill_climb import step


def positions(view: View, known: Sequence[Known]) -> Array:
    """Settings as positions from 0 to 1, shape (len(known), n_knobs)."""
    return np.array([[knob.unit(one.settings[knob.name]) for knob in view.knobs] for one in known])


def free(view: View) -> NDArray[np.bool_]:
    """Which knobs the agent may turn, shape (n_knobs,)."""
    names = {knob.name for knob in view.free}
    return np.array([knob.name in names for knob in view.knobs])


def ordered(view: View) -> NDArray[np.bool_]:
    """Which knobs have an order, shape (n_knobs,)."""
    return np.array([knob.ordered for knob in view.knobs])


def reflect(at: Array) -> Array:
    """Positions mirrored back into 0 to 1, so that steps do not pile up at the ends."""
    at = np.abs(at) % 2
    return np.where(at > 1, 2 - at, at)


def first_new(view: View, starts: Sequence[Known], at: Array, order: Iterable[int]) -> Proposal:
    """The first candidate in an order that was not tried yet; a small step where all were.

    Args:
        view: What the agent knows.
        starts: The setting that each candidate starts from.
        at: Positions of the candidates, shape (len(starts), n_knobs).
        order: Numbers of candidates, the most promising first.
    """
    names = {knob.name for knob in view.free}
    columns = [(column, knob) for column, knob in enumerate(view.knobs) if knob.name in names]
    for number in order:
        start, row = starts[number], at[number].tolist()
        # A knob that was not redrawn keeps its exact value, which its position would round.
        found = {
            knob.name: knob.at(row[column])
            for column, knob in columns
            if row[column] != knob.unit(start.settings[knob.name])
        }
        changes = {name: value for name, value in found.items() if value != start.settings[name]}
        if changes and not view.knowledge.has({**start.settings, **changes}):
            return propose(start, changes)
    return propose(view.starts[0], step(view, view.starts[0]))
