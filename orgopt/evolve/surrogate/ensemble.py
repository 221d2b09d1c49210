"""The feedback model: an ensemble from role graphs to research output, with uncertainty that was checked.

Each of ten members is a ridge regression on sums over roles, and a small network on what that leaves: one round of
messages along the links, then a sum over roles, so that the order of roles cannot matter. Each fifth of the evidence
is hidden from two of them: their errors there say how far to trust all. It explains a study's champion; what is
picked is kriging's to say.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from orgopt.evolve.surrogate.examples import Examples
from orgopt.evolve.surrogate.graph import CHANNELS, NODE, TEAM, Graphs
from orgopt.evolve.surrogate.graph import graphs as graphs_of
from orgopt.org import Org
from orgopt.study.model_fit import Quality, quality

FOLDS = 5
MEMBERS = 10  # two for each fold that they have not seen
HIDDEN = 8
STEPS = 80
LEARNING_RATE = 0.02
WEIGHT_DECAY = 3.0  # weaker, the networks learn the noise of a few hundred records
PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0)
PRIOR_SCALE = 4.0  # what an earlier model says costs the regression little to believe
LEAST_SPREAD = 0.1
_BIASES = ("role_bias", "message_bias", "hidden_bias")

Weights = dict[str, torch.Tensor]


class Prediction(NamedTuple):
    """Scaled outputs of n organizations: means and standard deviations, (n,) each."""

    mean: np.ndarray
    sd: np.ndarray


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """A trained ensemble; W plain features, one more where there is an earlier model.

    Attributes:
        center, scale: (W,) what standardises the features.
        ridge: (MEMBERS, W + 1) coefficients, the last the constant.
        weights: The networks' tensors; their first dimension is the member.
        spread: Standard deviation of the truth around the mean of the members, beside their disagreement.
        quality: How well it predicts what it has not seen.
        prior: A model of earlier evidence, whose prediction is one of the features.
    """

    center: np.ndarray
    scale: np.ndarray
    ridge: np.ndarray
    weights: Weights
    spread: float
    quality: Quality
    prior: "Ensemble | None" = None

    def predict(self, graphs: Graphs) -> Prediction:
        """What each organization would achieve."""
        plain = (_plain(graphs, self.prior) - self.center) / self.scale
        with torch.no_grad(), one_thread():
            raw = self.ridge @ _with_one(plain).T + _forward(self.weights, *_tensors(graphs)).numpy()
        return Prediction(raw.mean(0), np.hypot(raw.std(0), self.spread))

    def arrays(self) -> dict[str, np.ndarray]:
        """All numbers of the model by name, for a file; those of an earlier one begin with `prior_`."""
        own = {name: tensor.numpy() for name, tensor in self.weights.items()}
        own |= {"center": self.center, "scale": self.scale, "ridge": self.ridge, "spread": np.array(self.spread)}
        return own | {f"prior_{name}": array for name, array in (self.prior.arrays() if self.prior else {}).items()}


def train(graphs: Graphs, values: np.ndarray, errors: np.ndarray, seed: int, prior: Ensemble | None = None) -> Ensemble:
    """Train an ensemble; the same one for the same evidence and seed on the same machine.

    Args:
        graphs: n organizations.
        values: (n,) what they achieved, scaled to about unit variance.
        errors: (n,) its standard errors in the same unit.
        seed: Decides folds, draws and the start of each network.
        prior: A model of earlier evidence to build on.
    """
    rng, n = np.random.default_rng(seed), len(values)
    fold = rng.permutation(n) % FOLDS
    seen = np.stack([fold != member % FOLDS for member in range(MEMBERS)]).astype(float)  # (MEMBERS, n)
    # What an organization does beyond what any model says of it is noise to one, as its standard error is.
    trust = seen * 1.3 / (errors**2 + 0.3)
    # Each member learns another draw of what the measurements may have been, so that they disagree where it matters.
    drawn = values + errors * rng.standard_normal((MEMBERS, n))
    plain = _plain(graphs, prior)
    center, scale = plain.mean(0), plain.std(0) + 0.1
    if prior is not None:
        scale[-1] /= PRIOR_SCALE
    features = _with_one((plain - center) / scale)
    penalty = min(PENALTIES, key=lambda penalty: _hidden_error(features, values, trust[:FOLDS], fold, penalty))
    ridge = np.stack([_solve(features, drawn[m], trust[m], penalty) for m in range(MEMBERS)])
    linear = ridge @ features.T
    with one_thread():
        weights, rest = _train_networks(_tensors(graphs), drawn - linear, trust, seed)
    own = {"center": center, "scale": scale, "ridge": ridge, "weights": weights, "prior": prior}
    return Ensemble(**own, **_checked(linear + rest, fold, values, errors))


def learn(evidence: Sequence[Examples], seed: int, prior: Ensemble | None = None) -> Ensemble | None:
    """A model of what was tried, in units of how far organizations differ in their study and task; None of nothing."""
    if not evidence:
        return None
    values = np.concatenate([(one.values - one.center) / one.scale for one in evidence])
    errors = np.concatenate([one.errors / one.scale for one in evidence])
    return train(_graphs_of(evidence), values, errors, seed, prior)


def outputs(model: Ensemble, orgs: Sequence[Org], evidence: Sequence[Examples]) -> np.ndarray:
    """What a model says that organizations achieve in the settings of some evidence: the mean over them, (n,)."""
    found = [
        one.center + one.scale * model.predict(graphs_of(orgs, [one.setting] * len(orgs))).mean for one in evidence
    ]
    return np.mean(found, axis=0)


def _graphs_of(evidence: Sequence[Examples]) -> Graphs:
    orgs = [org for one in evidence for org in one.orgs]
    return graphs_of(orgs, [one.setting for one in evidence for _ in one.orgs])


@contextmanager
def one_thread() -> Generator[None]:
    """One thread of torch: sums of several differ in their last bits from run to run."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _checked(out: np.ndarray, fold: np.ndarray, values: np.ndarray, errors: np.ndarray) -> dict[str, Any]:
    """The spread that explains the errors on hidden folds, and the quality there."""
    hidden = np.stack([out[part::FOLDS] for part in range(FOLDS)])[fold, :, np.arange(len(values))]  # (n, 2)
    mean, apart = hidden.mean(1), out.var(0)
    squares = (values - mean) ** 2 - errors**2 - apart

    def spread(rows: np.ndarray) -> float:
        return float(np.sqrt(max(LEAST_SPREAD**2, squares[rows].mean())))

    others = np.array([spread(fold != part) for part in range(FOLDS)])[fold]
    return {"spread": spread(fold >= 0), "quality": quality(mean, np.sqrt(others**2 + apart + errors**2), values)}


def _plain(graphs: Graphs, prior: Ensemble | None) -> np.ndarray:
    """Sums over roles, (n, W): over agents, over roles, the most, over who submits and who does not."""
    nodes, share = graphs.nodes.astype(float), graphs.share.astype(float)
    submits = nodes[:, :, -2]
    groups = (share, share * submits, share * (1 - submits))
    means = [np.einsum("nr,nrf->nf", one / np.maximum(one.sum(1, keepdims=True), 1e-6), nodes) for one in groups]
    columns = [*means, nodes.sum(1) / 4, nodes.max(1), graphs.team.astype(float)]
    if prior is not None:
        columns.append(prior.predict(graphs).mean[:, None])
    return np.concatenate(columns, 1)


def _with_one(features: np.ndarray) -> np.ndarray:
    return np.concatenate([features, np.ones((len(features), 1))], 1)


def _solve(features: np.ndarray, values: np.ndarray, trust: np.ndarray, penalty: float) -> np.ndarray:
    """Coefficients of a weighted ridge regression, whose constant is free."""
    penalties = np.full(features.shape[1], penalty)
    penalties[-1] = 1e-3
    weighted = features * trust[:, None]
    return np.linalg.solve(features.T @ weighted + np.diag(penalties), weighted.T @ values)


def _hidden_error(
    features: np.ndarray, values: np.ndarray, trust: np.ndarray, fold: np.ndarray, penalty: float
) -> float:
    """The weighted squared error on folds that a regression has not seen."""
    error = 0.0
    full = trust.max(0)
    for part in range(FOLDS):
        rows = fold == part
        off = values[rows] - features[rows] @ _solve(features, values, trust[part], penalty)
        error += float(full[rows] @ off**2)
    return error


def _train_networks(
    tensors: tuple[torch.Tensor, ...], rest: np.ndarray, trust: np.ndarray, seed: int
) -> tuple[Weights, np.ndarray]:
    """The networks, trained on what the regressions leave, (MEMBERS, n), and what they say of it."""
    weights = _start(torch.Generator().manual_seed(seed))
    target, each = torch.from_numpy(rest).float(), torch.from_numpy(trust / trust.sum(1, keepdims=True)).float()
    decayed = [tensor for name, tensor in weights.items() if name not in _BIASES]
    groups = [
        {"params": decayed, "weight_decay": WEIGHT_DECAY},
        {"params": [weights[name] for name in _BIASES], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * (1 - step / STEPS)
        loss = (each * (_forward(weights, *tensors) - target).square()).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    weights = {name: tensor.detach() for name, tensor in weights.items()}
    with torch.no_grad():
        return weights, _forward(weights, *tensors).numpy().astype(float)


def _start(generator: torch.Generator) -> Weights:
    def layer(inputs: int, outputs: int) -> torch.Tensor:
        return torch.randn(MEMBERS, inputs, outputs, generator=generator) / inputs**0.5

    shapes = {
        "role": layer(NODE, HIDDEN),
        "role_team": layer(TEAM, HIDDEN),
        "message": layer(HIDDEN * (len(CHANNELS) + 1), HIDDEN),
        "hidden": layer(2 * HIDDEN + TEAM, HIDDEN),
        "out": torch.zeros(MEMBERS, HIDDEN, 1),  # at first the regressions alone speak
        **{name: torch.zeros(MEMBERS, 1, HIDDEN) for name in _BIASES},
    }
    return {name: tensor.requires_grad_() for name, tensor in shapes.items()}


def _tensors(graphs: Graphs) -> tuple[torch.Tensor, ...]:
    own = (graphs.nodes, graphs.links, graphs.share, graphs.team)
    return tuple(torch.from_numpy(np.ascontiguousarray(array)).float() for array in own)


def _forward(
    w: Weights, nodes: torch.Tensor, links: torch.Tensor, share: torch.Tensor, team: torch.Tensor
) -> torch.Tensor:
    """(MEMBERS, n) from (n, R, NODE), (n, C, R, R), (n, R) and (n, TEAM)."""
    n, roles, _ = nodes.shape
    there = (share > 0).float()[None, :, :, None]
    alone = (nodes.reshape(n * roles, -1) @ w["role"] + w["role_bias"]).reshape(-1, n, roles, HIDDEN)
    first = torch.tanh(alone + (team @ w["role_team"])[:, :, None, :]) * there
    # (n, C * R, R) @ (n, R, M * H): what each role hears over each channel.
    told = first.permute(1, 2, 0, 3).reshape(n, roles, -1)
    heard = (links.reshape(n, -1, roles) @ told).reshape(n, len(CHANNELS), roles, MEMBERS, HIDDEN)
    heard = heard.permute(3, 0, 2, 1, 4).reshape(MEMBERS, n * roles, -1)
    both = torch.cat([first.reshape(MEMBERS, n * roles, -1), heard], -1)
    second = torch.tanh((both @ w["message"] + w["message_bias"]).reshape(-1, n, roles, HIDDEN)) * there
    pooled = [(share[None, :, :, None] * second).sum(2), second.sum(2) / 4, team.expand(MEMBERS, -1, -1)]
    return (torch.tanh(torch.cat(pooled, -1) @ w["hidden"] + w["hidden_bias"]) @ w["out"])[..., 0]
