"""TPE: models where good settings lie against where the others do.

The tree-structured Parzen estimator of Bergstra et al. (2011, NeurIPS "Algorithms for Hyper-Parameter
Optimization"), per knob, in numpy. It differs in that candidates are drawn around the good settings with
a prior whose weight is the risk tolerance, and that it moves only some knobs of a good setting while
little is known.
"""

import numpy as np
from numpy.typing import NDArray

from orgopt.agents.base import Known, Proposal, View, propose
from orgopt.agents.policy.hill_climb import step
from orgopt.task import Knob

STARTUP = 6  # results before densities say anything; until then it climbs
CANDIDATES = 48
GOOD_SHARE = 0.25

Array = NDArray[np.float64]


class Tpe:
    """Proposes the candidate whose density among good settings is highest relative to the rest.

    Risk tolerance widens the kernels and raises the weight of the uniform prior.
    """

    def act(self, view: View) -> Proposal:
        ranked = view.ranked()
        if len(ranked) < STARTUP:
            return propose(ranked[0], step(view, ranked[0]))
        n_good = max(2, int(np.ceil(GOOD_SHARE * len(ranked))))
        good, rest = ranked[:n_good], ranked[n_good:]
        # Each candidate starts from a good setting and has each knob redrawn with this chance.
        redraw = min(1.0, (2 + 4 * view.risk + len(ranked) / 10) / len(view.knobs))
        starts = view.rng.integers(n_good, size=CANDIDATES)
        units = np.empty((CANDIDATES, len(view.knobs)))
        score = np.zeros(CANDIDATES)
        for column, knob in enumerate(view.knobs):
            at_good, at_rest = _units(knob, good), _units(knob, rest)
            drawn = _sample(knob, at_good, view)
            units[:, column] = np.where(view.rng.random(CANDIDATES) < redraw, drawn, at_good[starts])
            score += _log_density(knob, units[:, column], at_good, view.risk)
            score -= _log_density(knob, units[:, column], at_rest, view.risk)
        for best in np.argsort(-score):
            start = good[int(starts[best])]
            settings = {knob.name: knob.at(units[best, column]) for column, knob in enumerate(view.knobs)}
            if not view.knows(settings):
                return propose(start, {name: v for name, v in settings.items() if start.settings[name] != v})
        return propose(good[0], step(view, good[0]))


def _units(knob: Knob, known: list[Known]) -> Array:
    return np.array([knob.unit(k.settings[knob.name]) for k in known])


def _bandwidth(n: int, risk: float) -> float:
    return (0.08 + 0.2 * risk) * max(1, n) ** -0.2


def _sample(knob: Knob, good: Array, view: View) -> Array:
    """CANDIDATES positions drawn from the density of the good settings."""
    prior = view.rng.random(CANDIDATES)
    centres = good[view.rng.integers(len(good), size=CANDIDATES)]
    if knob.ordered:
        moved = np.abs(centres + view.rng.normal(0, _bandwidth(len(good), view.risk), CANDIDATES)) % 2
        centres = np.where(moved > 1, 2 - moved, moved)
    from_prior = view.rng.random(CANDIDATES) < (0.1 + 0.4 * view.risk)
    return np.where(from_prior, prior, centres)


def _log_density(knob: Knob, at: Array, known: Array, risk: float) -> Array:
    """Log density at positions, shape (CANDIDATES,), of a mixture over known positions and the uniform prior."""
    prior = 0.5 + risk
    if knob.ordered:
        width = _bandwidth(len(known), risk)
        z = (at[:, None] - known[None, :]) / width
        kernels = np.exp(-0.5 * z**2) / (width * np.sqrt(2 * np.pi))
    else:
        n = len(knob.choices)
        kernels = n * (np.floor(at[:, None] * n) == np.floor(known[None, :] * n)).astype(float)
    return np.log((kernels.sum(axis=1) + prior) / (len(known) + prior))
