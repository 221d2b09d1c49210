"""TPE: models where good settings lie against where the others do.

The tree-structured Parzen estimator of Bergstra et al. (2011, NeurIPS "Algorithms for Hyper-Parameter
Optimization"), per knob, in numpy. It differs in that candidates start from the settings that the copy rule
allows, that it moves only some of their knobs while little is known, and that what failed counts as bad. Densities
are kept on a grid, so that a proposal takes a fraction of a millisecond.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from orgopt.agents.base import Policy, Proposal, View, propose
from orgopt.agents.knowledge import Array, Known
from orgopt.agents.policy.candidates import first_new, free, turned, within
from orgopt.agents.policy.hill_climb import step
from orgopt.tasks.task import Knob

STARTUP = 6  # results before densities say anything; until then it climbs
CANDIDATES = 48
GOOD_SHARE = 0.25
FAILED = 6.0  # what a candidate loses beside what failed, in logarithms of a density: a factor of 400
GRID = 64  # cells a knob; kernels are at least three cells wide

Picked = NDArray[np.int_]

_STEPS: Array = np.arange(GRID) / GRID  # distances of cells
_APART: Picked = np.abs(np.arange(GRID)[:, None] - np.arange(GRID))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choices:
    """The knobs without an order, K of them, whose values have votes instead of kernels.

    Attributes:
        columns: Which knobs they are, (K,).
        counts: How many values each has, (K,).
        first: Where the votes of each begin in one row of all, (K,).
        cells: Whose votes each cell of the grid has, (GRID, K).
    """

    columns: Picked
    counts: Picked
    first: Picked
    cells: Picked

    @classmethod
    def of(cls, knobs: Sequence[Knob]) -> Self:
        columns = np.array([column for column, knob in enumerate(knobs) if not knob.ordered], dtype=int)
        counts = np.array([len(knob.choices) for knob in knobs if not knob.ordered], dtype=int)
        first = np.cumsum(counts) - counts
        centres = (np.arange(GRID) + 0.5) / GRID
        return cls(columns=columns, counts=counts, first=first, cells=(centres[:, None] * counts).astype(int) + first)

    def votes(self, known: Array) -> Array:
        """The density of each cell by how many known settings have its value, (GRID, K)."""
        places = (known[:, self.columns] * self.counts).astype(int) + self.first
        votes: Array = np.bincount(places.ravel(), minlength=int(self.counts.sum())).astype(float)
        return votes[self.cells] * self.counts


class Tpe(Policy):
    """Proposes the candidate whose density among good settings is highest relative to the rest.

    Risk tolerance widens the kernels and raises the weight of the uniform prior.
    """

    def __init__(self) -> None:
        self._choices: _Choices | None = None

    def act(self, view: View) -> Proposal:
        places, failed = view.knowledge.places(), view.knowledge.failed
        # What failed says where not to go, too; but without a few that did not, there is nowhere to go.
        if len(places) + len(failed) < STARTUP or len(places) < STARTUP // 2:
            return propose(view.starts[0], step(view, view.starts[0]))
        units = view.knowledge.units()
        n_good = max(2, int(np.ceil(GOOD_SHARE * len(places))))
        # What failed is no better than the worst that did not.
        good, rest = units[places[:n_good]], units[[*places[n_good:], *failed]]
        starts, origins = (view.knowledge.ranked(n_good), good) if view.copy_rule == "best" else _allowed(view)
        # The more is known, the better the densities say where all knobs belong, and the more of them may move.
        picked, at = _candidates(view, origins, good, redraw=2 + 4 * view.risk + len(places) / 10)
        at = turned(view.knobs, at)
        if self._choices is None:
            self._choices = _Choices.of(view.knobs)
        ratio = _log_density(view, good, self._choices) - _log_density(view, rest, self._choices)
        cells = np.minimum((at * GRID).astype(int), GRID - 1)
        score = ratio[cells, np.arange(len(view.knobs))].sum(axis=1)
        if failed:
            score[_fails(at, units, failed)] -= FAILED
        return first_new(view, starts, picked, at, np.argsort(-score))


def _fails(at: Array, units: Array, failed: list[int]) -> NDArray[np.bool_]:
    """Which candidates (n, n_knobs) lie nearest to a known setting that failed.

    Densities of single knobs do not see a region that two of them together make.
    """
    apart = at @ units.T
    apart = np.einsum("ij,ij->i", units, units) - 2 * apart
    lost = np.zeros(len(units), dtype=bool)
    lost[failed] = True
    return lost[apart.argmin(axis=1)]


def _allowed(view: View) -> tuple[list[Known], Array]:
    """What the copy rule lets the agent start from, and its positions."""
    return list(view.starts), view.knowledge.positions(view.starts)


def _candidates(view: View, origins: Array, good: Array, redraw: float) -> tuple[Picked, Array]:
    """CANDIDATES positions, and which origin each comes from; about `redraw` of the free knobs differ from it."""
    rng, shape = view.rng, (CANDIDATES, len(view.knobs))
    picked = (rng.random(CANDIDATES) * len(origins)).astype(int)
    centres = good[(rng.random(shape) * len(good)).astype(int), np.arange(shape[1])]
    wobble = rng.standard_normal(shape) * _bandwidth(len(good), view.risk)
    drawn = within(centres + np.where(view.knowledge.ordered, wobble, 0.0), rng)
    # Some values come from anywhere: densities know nothing of regions that nobody tried.
    drawn = np.where(rng.random(shape) < 0.1 + 0.4 * view.risk, rng.random(shape), drawn)
    chosen = (rng.random(shape) < redraw / len(view.free)) & free(view)
    return picked, np.where(chosen, drawn, origins[picked])


def _bandwidth(n: int, risk: float) -> float:
    # Scott's rule for one dimension: kernels become narrower as more is known.
    return float((0.08 + 0.2 * risk) * max(1, n) ** -0.2)


def _log_density(view: View, known: Array, choices: _Choices) -> Array:
    """Log density, shape (GRID, n_knobs), of a mixture over known positions and the uniform prior."""
    n_knobs = len(view.knobs)
    cells = np.minimum((known * GRID).astype(int), GRID - 1)
    counts = np.bincount((cells * n_knobs + np.arange(n_knobs)).ravel(), minlength=GRID * n_knobs)
    width = _bandwidth(len(known), view.risk)
    kernel: Array = np.exp(-0.5 * (_STEPS / width) ** 2)[_APART]
    mass: Array = kernel @ counts.reshape(GRID, n_knobs) / (width * math.sqrt(2 * math.pi))
    if len(choices.columns):
        mass[:, choices.columns] = choices.votes(known)
    prior = 0.5 + view.risk
    return np.log((mass + prior) / (len(known) + prior))
