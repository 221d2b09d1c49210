"""TPE: models where good settings lie against where the others do.

The tree-structured Parzen estimator of Bergstra et al. (2011, NeurIPS "Algorithms for Hyper-Parameter
Optimization"), per knob, in numpy. It differs in that candidates start from the settings that the copy rule
allows, and that it moves only some of their knobs while little is known. Densities are kept on a grid, so that
a proposal takes a fraction of a millisecond.
"""

import math

import numpy as np
from numpy.typing import NDArray

from orgopt.agents.base import Array, Known, Proposal, View, propose
from orgopt.agents.policy.candidates import first_new, free, reflect
from orgopt.agents.policy.hill_climb import step
from orgopt.task import Knob

STARTUP = 6  # results before densities say anything; until then it climbs
CANDIDATES = 48
GOOD_SHARE = 0.25
GRID = 64  # cells a knob; kernels are at least three cells wide

Picked = NDArray[np.int_]


class Tpe:
    """Proposes the candidate whose density among good settings is highest relative to the rest.

    Risk tolerance widens the kernels and raises the weight of the uniform prior.
    """

    def act(self, view: View) -> Proposal:
        places = view.knowledge.places()
        if len(places) < STARTUP:
            return propose(view.starts[0], step(view, view.starts[0]))
        units = view.knowledge.units()
        n_good = max(2, int(np.ceil(GOOD_SHARE * len(places))))
        good, rest = units[places[:n_good]], units[places[n_good:]]
        starts = _starts(view, n_good)
        picked, at = _candidates(view, starts, good, redraw=2 + 4 * view.risk + len(places) / 10)
        ratio = _log_density(view, good) - _log_density(view, rest)
        cells = np.minimum((at * GRID).astype(int), GRID - 1)
        score = ratio[cells, np.arange(len(view.knobs))].sum(axis=1)
        return first_new(view, starts, picked, at, np.argsort(-score))


def _starts(view: View, n_good: int) -> list[Known]:
    """Settings that candidates start from: the good ones, or those that the copy rule allows."""
    return view.knowledge.ranked(n_good) if view.copy_rule == "best" else list(view.starts)


def _candidates(view: View, starts: list[Known], good: Array, redraw: float) -> tuple[Picked, Array]:
    """CANDIDATES positions, and which start each comes from; about `redraw` of the free knobs differ from it."""
    rng, shape = view.rng, (CANDIDATES, len(view.knobs))
    picked = (rng.random(CANDIDATES) * len(starts)).astype(int)
    centres = good[(rng.random(shape) * len(good)).astype(int), np.arange(shape[1])]
    wobble = rng.standard_normal(shape) * _bandwidth(len(good), view.risk)
    drawn = reflect(centres + np.where(view.knowledge.ordered, wobble, 0.0))
    drawn = np.where(rng.random(shape) < 0.1 + 0.4 * view.risk, rng.random(shape), drawn)
    chosen = (rng.random(shape) < redraw / len(view.free)) & free(view)
    return picked, np.where(chosen, drawn, view.knowledge.positions(starts)[picked])


def _bandwidth(n: int, risk: float) -> float:
    return float((0.08 + 0.2 * risk) * max(1, n) ** -0.2)


def _log_density(view: View, known: Array) -> Array:
    """Log density, shape (GRID, n_knobs), of a mixture over known positions and the uniform prior."""
    n_knobs = len(view.knobs)
    cells = np.minimum((known * GRID).astype(int), GRID - 1)
    flat = (cells * n_knobs + np.arange(n_knobs)).ravel()
    counts = np.bincount(flat, minlength=GRID * n_knobs).reshape(GRID, n_knobs)
    centres: Array = (np.arange(GRID) + 0.5) / GRID
    width = _bandwidth(len(known), view.risk)
    kernel: Array = np.exp(-0.5 * ((centres[:, None] - centres[None, :]) / width) ** 2)
    mass: Array = kernel @ counts / (width * math.sqrt(2 * math.pi))
    for column, knob in enumerate(view.knobs):
        if not knob.ordered:
            mass[:, column] = _same_choice(knob, known[:, column], centres)
    prior = 0.5 + view.risk
    return np.log((mass + prior) / (len(known) + prior))


def _same_choice(knob: Knob, known: Array, centres: Array) -> Array:
    n = len(knob.choices)
    votes: Array = np.bincount((known * n).astype(int), minlength=n) * np.float64(n)
    return votes[(centres * n).astype(int)]
