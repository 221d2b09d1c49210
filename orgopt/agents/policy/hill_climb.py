"""Hill climbing: a small change to the best setting known."""

import numpy as np

from orgopt.agents.base import Policy, Proposal, View, propose
from orgopt.agents.knowledge import Known
from orgopt.tasks.knob import active
from orgopt.tasks.task import Knob, Value


class HillClimb(Policy):
    """Moves a few knobs of the best known setting a little.

    Risk tolerance sets the step (5 to 35 % of a knob's range, standard deviation), how many knobs move
    (1 to about 4) and the chance to start from a runner-up (up to 40 %).
    """

    def act(self, view: View) -> Proposal:
        start = view.starts[0]
        # Starting only from the best would keep a team that shares everything in one valley.
        if len(view.starts) > 1 and view.rng.random() < 0.4 * view.risk:
            start = view.starts[1 + view.draw(len(view.starts) - 1)]
        return propose(start, step(view, start))


def step(view: View, start: Known) -> dict[str, Value]:
    """New values for a few knobs of a setting: one that was not tried, and need not fail, if a few draws find it."""
    changes: dict[str, Value] = {}
    for _ in range(8):
        changes = draw(view, start)
        settings = {**start.settings, **changes}
        if not view.knowledge.has(settings) and not view.knowledge.fails(settings):
            break
    return changes


def draw(view: View, start: Known) -> dict[str, Value]:
    """New values for a few knobs of a setting, whether it was tried or not."""
    # A knob that the setting does not turn would be moved in vain.
    knobs = list(active(view.free, start.settings) or view.free)
    count = min(len(knobs), 1 + (int(view.rng.poisson(3 * view.risk)) if view.risk else 0))
    picked = [knobs.pop(view.draw(len(knobs))) for _ in range(count)]
    return {knob.name: moved(knob, start.settings[knob.name], view) for knob in picked}


def moved(knob: Knob, value: Value, view: View) -> Value:
    """Another value of a knob, near to this one where its values have an order."""
    if len(knob.choices) == 2 or not knob.ordered:
        others = [choice for choice in knob.choices if choice != value]
        return others[view.draw(len(others))] if others else value
    sigma = 0.05 + 0.3 * view.risk
    unit = knob.unit(value)
    for _ in range(20):  # a coarse knob needs a few draws until its value changes
        found = knob.at(_within(unit + sigma * view.rng.standard_normal(), view.rng))
        if found != value:
            return found
    # Its values are further apart than steps reach: half a range lands on another.
    return knob.at(_within(unit + np.copysign(0.5, view.rng.standard_normal()), view.rng))


def _within(unit: float, rng: np.random.Generator) -> float:
    """A position brought back into 0 to 1; see `candidates.within`, which does so for many."""
    if 0 <= unit <= 1:
        return unit
    if rng.random() < 0.5:
        return min(1.0, max(0.0, unit))
    unit = abs(unit) % 2
    return 2 - unit if unit > 1 else unit
