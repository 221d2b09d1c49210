"""Hill climbing: a small change to the best setting known."""

import numpy as np

from orgopt.agents.base import Known, Proposal, View, propose
from orgopt.task import Knob, Value


class HillClimb:
    """Moves a few knobs of the best known setting a little.

    Risk tolerance sets the step (5 to 35 % of a knob's range, standard deviation), how many knobs move
    (1 to about 4) and the chance to start from a runner-up (up to 40 %).
    """

    def act(self, view: View) -> Proposal:
        ranked = view.ranked()
        start = ranked[0]
        if len(ranked) > 1 and view.rng.random() < 0.4 * view.risk:
            start = ranked[int(view.rng.integers(1, min(5, len(ranked))))]
        return propose(start, step(view, start))


def step(view: View, start: Known) -> dict[str, Value]:
    """New values for a few knobs of a setting: one that was not tried yet, if a few draws find it."""
    changes: dict[str, Value] = {}
    for _ in range(8):
        changes = _draw(view, start)
        if not view.knows({**start.settings, **changes}):
            break
    return changes


def _draw(view: View, start: Known) -> dict[str, Value]:
    count = min(len(view.knobs), 1 + int(view.rng.poisson(3 * view.risk)))
    picked = sorted(view.rng.choice(len(view.knobs), size=count, replace=False))
    return {view.knobs[i].name: _moved(view.knobs[i], start.settings[view.knobs[i].name], view) for i in picked}


def _moved(knob: Knob, value: Value, view: View) -> Value:
    if not knob.ordered:
        others = [choice for choice in knob.choices if choice != value]
        return others[int(view.rng.integers(len(others)))]
    sigma = 0.05 + 0.3 * view.risk
    unit = knob.unit(value)
    for _ in range(20):  # a coarse knob needs a few draws until its value changes
        moved = knob.at(_reflect(unit + view.rng.normal(0, sigma)))
        if moved != value:
            return moved
    return knob.at(_reflect(unit + np.copysign(0.5, view.rng.normal())))


def _reflect(unit: float) -> float:
    """A position mirrored back into 0 to 1, so that steps do not pile up at the ends."""
    unit = abs(unit) % 2
    return 2 - unit if unit > 1 else unit
