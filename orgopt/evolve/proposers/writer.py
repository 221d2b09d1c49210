"""The writer: asked for a document that is a notch better than the best seen, it says which parameters to change.

A model of parameters given a score: for each, the log-probability of its values is a constant and a slope on the
score, learned from all candidates of a study. It is a plain one on purpose: a hundred candidates say no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from orgopt.evolve.space.genome import Params, Space
from orgopt.evolve.surrogate.ensemble import one_thread

BINS = 8
"""Bins of a number with more values."""
STEPS = 60
PENALTY = 0.02
NOTCH = 0.5
"""How much better than the best seen it is asked to be, in standard deviations of what was seen."""
MOST_EDITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """What values go with which score.

    Attributes:
        space: Where parameters lie.
        values: The values of each free parameter, by name; those of numbers are middles of bins.
        constants, slopes: (G, V) of the log-probability of each value, padded with minus infinity and 0.
        target: The score that is asked for.
    """

    space: Space
    values: Mapping[str, Sequence[Any]]
    constants: np.ndarray
    slopes: np.ndarray
    target: float

    def write(self, rng: np.random.Generator, params: Params, count: int) -> list[dict[str, Any]]:
        """Changes of some parameters towards the target, each of one to four of those that make a difference."""
        names = list(self.values)
        place = {name: at for at, name in enumerate(names)}
        logits = self.constants + self.slopes * self.target
        active = [name for name in self.space.active(params) if name in place]
        gains = {name: logits[place[name]] for name in active}
        gains = {name: row - row[_bin(self.values[name], params[name])] for name, row in gains.items()}
        found: list[dict[str, Any]] = []
        for _ in range(count):
            noisy = {name: np.asarray(gain + rng.gumbel(size=gain.shape), float) for name, gain in gains.items()}
            best = sorted(active, key=lambda name: -float(noisy[name].max()))[: 1 + int(rng.integers(MOST_EDITS))]
            found.append({**params, **{name: self.values[name][int(noisy[name].argmax())] for name in best}})
        return found


def train_writer(space: Space, points: Sequence[Params], scores: np.ndarray) -> Writer:
    """Learn which values go with which scores.

    Args:
        space: Where the points lie.
        points: The parameters of n candidates.
        scores: (n,) their estimates.
    """
    values = {name: _values(space.distributions[name]) for name in space.free}
    most = max(map(len, values.values()))
    scale = float(scores.std()) or 1.0
    z = torch.from_numpy((scores - scores.mean()) / scale).float()
    taken = torch.tensor([[_bin(values[name], point[name]) for name in values] for point in points])  # (n, G)
    sizes = torch.tensor([len(row) for row in values.values()])
    there = torch.arange(most)[None, :] < sizes[:, None]
    parameters = torch.zeros(2, len(values), most, requires_grad=True)
    with one_thread():
        optimizer = torch.optim.Adam([parameters], lr=0.1)
        for _ in range(STEPS):
            logits = (parameters[0] + parameters[1] * z[:, None, None]).masked_fill(~there, -torch.inf)
            chosen = torch.log_softmax(logits, -1).gather(-1, taken[..., None])
            loss = -chosen.mean(0).sum() + PENALTY * parameters.square().sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    constants, slopes = parameters.detach().masked_fill(~there, 0.0).numpy()
    constants = np.where(there.numpy(), constants, -np.inf)
    target = float(z.max()) + NOTCH
    return Writer(space=space, values=values, constants=constants, slopes=slopes, target=target)


def _values(distribution: BaseDistribution) -> list[Any]:
    """The values of a parameter, or the middles of its bins."""
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    low, high, step = distribution.low, distribution.high, distribution.step
    if step:
        every = [low + at * step for at in range(round((high - low) / step) + 1)]
        if len(every) <= 2 * BINS:
            return [type(low)(round(value, 10)) for value in every]
        picked = np.unique(np.linspace(0, len(every) - 1, BINS).round().astype(int))
        return [type(low)(round(every[int(at)], 10)) for at in picked]
    if distribution.log:
        return np.geomspace(low, high, BINS).tolist()
    return np.linspace(low, high, BINS).tolist()


def _bin(values: Sequence[Any], value: Any) -> int:
    """The place of a value, or of the nearest."""
    if value in values:
        return list(values).index(value)
    if isinstance(value, int | float):
        return int(np.argmin([abs(one - value) for one in values]))
    return 0
