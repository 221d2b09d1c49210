"""GP: a Gaussian process over the knobs, and the candidate that promises the largest gain.

Expected improvement (Jones et al. 1998, "Efficient Global Optimization of Expensive Black-Box Functions") over the
best that the process itself believes of a known setting, so that a lucky run does not set the mark. Candidates are
drawn around what the copy rule allows, and around the best of them in turn. It differs in that hyperparameters only
take a few steps a proposal (`process`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

from orgopt.agents.base import Policy, Proposal, View, propose
from orgopt.agents.knowledge import Array
from orgopt.agents.policy.candidates import first_new, free, turned, within
from orgopt.agents.policy.gaussian_process_model import FittedGP, Process
from orgopt.agents.policy.hill_climb import step
from orgopt.tasks.task import Knob

STARTUP = 8  # results before a model says anything; until then it climbs
MAX_POINTS = 128  # results that the model keeps: the best half and the latest
SUBSET = 64  # of them, for learning length scales
LOCAL, WIDE = 48, 24  # candidates near the best settings, and redrawn in many knobs
REFINED, AROUND = 4, 8  # the best candidates, and how many are drawn around each
WIDTHS = (0.1, 0.03)  # how widely they are drawn, in turn
STEPS = (15, 2)  # of the hyperparameters: at first, and with each proposal
CUT = 1.5  # results worse than the median by more than so much of the best's lead are cut off
SCATTER = 0.5  # the share of the first settings that are drawn anywhere; neither none nor all was better


class Gp(Policy):
    """Proposes what a Gaussian process expects to improve most on the incumbent.

    Risk tolerance raises the weight of what is uncertain, and widens the candidates.
    """

    def __init__(self) -> None:
        self._layout: _Layout | None = None
        self._process: Process | None = None

    def act(self, view: View) -> Proposal:
        if len(view.knowledge.all) < STARTUP:
            return _first(view)
        points, targets, seeds = _observed(view, *self.results(view))
        if len(targets) < STARTUP:
            return _first(view)
        seen = self._see(view.knobs, points, targets, seeds)
        picked, at = _candidates(view)
        at = turned(view.knobs, at)
        gain = seen.gain(at, view.risk)
        for width in WIDTHS:
            top = np.repeat(np.argsort(-gain)[:REFINED], AROUND)
            near = turned(view.knobs, _around(view, at[top], width))
            picked, at = np.concatenate([picked, picked[top]]), np.concatenate([at, near])
            gain = np.concatenate([gain, seen.gain(near, view.risk)])
        return self.chosen(view, seen, first_new(view, view.starts, picked, at, np.argsort(-gain)))

    def results(self, view: View) -> tuple[Array, Array]:
        """What the process is to see: positions (n, n_knobs), and metrics (NaN for bad ones) with runs, (n, 2)."""
        return view.knowledge.units(), view.knowledge.measures()

    def chosen(self, view: View, seen: "Informed", new: Proposal) -> Proposal:  # noqa: ARG002  for who overrides it
        """The most promising new setting, or what promises more."""
        return new

    def _see(self, knobs: Sequence[Knob], points: Array, targets: Array, seeds: Array) -> "Informed":
        """Learn from results, oldest first."""
        steps = STEPS[1]
        if self._layout is None or self._process is None:
            self._layout = _Layout.of(knobs)
            self._process = Process(len(self._layout.columns))
            steps = STEPS[0]
        x = self._layout.features(points)
        self._process.learn(x[-SUBSET:], targets[-SUBSET:], seeds[-SUBSET:], steps)
        fitted = self._process.fit(x, targets, seeds)
        return Informed(self._layout, fitted, float(fitted.smooth.min()))


class Informed(NamedTuple):
    """A process that has seen results, and the best that it believes of any of them."""

    layout: "_Layout"
    fitted: FittedGP
    best: float

    def gain(self, at: Array, risk: float) -> Array:
        """The logarithm of the expected improvement at positions (n, n_knobs), (n,)."""
        mean, sd = self.fitted.predict(self.layout.features(at))
        sd = sd * (0.5 + 1.5 * risk)
        z = np.minimum((self.best - mean) / sd, 30.0)  # erfcx is infinite from 38 on
        # Far below the incumbent improvement itself is zero to the last bit, and candidates could not be told apart.
        tail = 1 + z * math.sqrt(math.pi / 2) * erfcx(-z / math.sqrt(2))
        return np.log(sd) - 0.5 * z * z + np.log(np.maximum(tail, 1e-12))


def _first(view: View) -> Proposal:
    """What is tried before a model says anything: half of it anywhere, half of it near the best."""
    start = view.starts[0]
    if view.rng.random() < SCATTER:
        return propose(start, {knob.name: knob.at(view.rng.random()) for knob in view.free})
    return propose(start, step(view, start))


def _around(view: View, at: Array, width: float) -> Array:
    """Positions near others: some of the free knobs that have an order are moved a little."""
    rng = view.rng
    chance = max(0.3, 1.5 / len(view.free))
    rows, columns = np.nonzero((rng.random(at.shape) < chance) & free(view) & view.knowledge.ordered)
    at[rows, columns] = within(at[rows, columns] + width * rng.standard_normal(len(rows)), rng)
    return at


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """How settings become features, d of them: a choice without order is one feature a choice.

    Attributes:
        columns: The knob of each feature, (d,).
        single: Which features stand for one choice, (c,).
        choices, counts: The choice of each of these, and how many its knob has, (c,).
    """

    columns: NDArray[np.int_]
    single: NDArray[np.int_]
    choices: NDArray[np.int_]
    counts: NDArray[np.int_]

    @classmethod
    def of(cls, knobs: Sequence[Knob]) -> Self:
        rows = [
            (column, choice, len(knob.choices))
            for column, knob in enumerate(knobs)
            for choice in ([-1] if knob.ordered else range(len(knob.choices)))
        ]
        columns, choices, counts = np.array(rows, dtype=int).T
        single = np.flatnonzero(choices >= 0)
        return cls(columns=columns, single=single, choices=choices[single], counts=counts[single])

    def features(self, units: Array) -> Array:
        """Positions, (n, n_knobs) to (n, d); all values of a choice without order are alike far."""
        found = units[:, self.columns]
        if len(self.single):
            # 0.7 on each of two features makes two different choices about one range of a knob apart.
            found[:, self.single] = 0.7 * ((found[:, self.single] * self.counts).astype(int) == self.choices)
        return found


def _observed(view: View, units: Array, measures: Array) -> tuple[Array, Array, Array]:
    """Positions (n, n_knobs), standardised targets (n,) and runs (n,) of at most MAX_POINTS results, oldest first.

    Bad results are cut off, and failed ones count as bad: only how good settings differ matters.
    """
    ranked = view.knowledge.measured
    if len(units) > MAX_POINTS:
        keep = np.zeros(len(units), dtype=bool)
        keep[view.knowledge.places(MAX_POINTS // 2)] = True
        keep[np.flatnonzero(~keep)[-(MAX_POINTS - int(keep.sum())) :]] = True
        units, measures = units[keep], measures[keep]
    middle = ranked[len(ranked) // 2][0]
    y = np.fmin(measures[:, 0], middle + CUT * (middle - ranked[0][0]))
    y -= y.mean()
    seeds = np.where(measures[:, 1] > 0, measures[:, 1], 1.0)
    return units, y / (math.sqrt(y @ y / len(y)) + 1e-12), seeds


def _candidates(view: View) -> tuple[NDArray[np.int_], Array]:
    """The place among `starts` of each candidate's start, and positions (n, n_knobs) that differ from it."""
    rng, shape = view.rng, (LOCAL + WIDE, len(view.knobs))
    picked = (rng.random(shape[0]) * len(view.starts)).astype(int)
    # Half of the near candidates start from the incumbent; the others from anything that the copy rule allows.
    picked[: LOCAL // 2] = 0
    at = view.knowledge.positions(view.starts)[picked]
    few = min(1.0, 2.5 / len(view.free))
    chance = np.where(np.arange(shape[0]) < LOCAL, few, 0.6)[:, None]
    # Most knobs of most candidates stay: only for the others is anything drawn.
    rows, columns = np.nonzero((rng.random(shape) < chance) & free(view))
    sigma = np.exp(rng.uniform(math.log(0.03), math.log(0.15 + 0.4 * view.risk), shape[0]))[rows]
    redrawn = ~view.knowledge.ordered[columns] | (rng.random(len(rows)) < 0.1)
    moved = within(at[rows, columns] + sigma * rng.standard_normal(len(rows)), rng)
    at[rows, columns] = np.where(redrawn, rng.random(len(rows)), moved)
    return picked, at
