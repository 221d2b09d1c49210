"""Fitting a recorded world: an ensemble of small networks from knobs to metrics, seconds and learning curve.

The one place of the labs that needs torch. Replaying what was fitted is `orgopt.lab.worlds.fitted_world`.
"""

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 torch's own name

from orgopt.errors import TaskError
from orgopt.lab.base import Status
from orgopt.lab.worlds.fitted_world import (
    CURVE,
    HELDOUT,
    METRIC,
    SCHEMA_VERSION,
    SECONDS,
    Encoder,
    Fitted,
    Recorded,
    knob_ranges,
    reference_settings,
)
from orgopt.lab.worlds.learning_curves import spearman
from orgopt.lab.worlds.recording import Records
from orgopt.tasks.task import Task

MEMBERS = 5
FOLDS = 5  # each member has not seen one of them
HIDDEN = 64
EPOCHS = 600
BATCH = 128
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 0.25
BEST = 0.2  # the share of runs where teams spend their time, and its weight
BEST_WEIGHT = 6.0
MIN_RUNS = 40  # fewer say nothing about the knobs of any task
MIN_REPEATS = 40  # with fewer residuals of repeated settings, those of the fit stand in for them
QUIET = 0.1  # the share of runs that must have had their core from which on the others' seconds are left out
CROWDED = 4.0  # wall seconds a CPU second from which an experiment shared its core, and its caches, with too many
_FLOOR_SHARE = 0.3  # how far below the best run the floor of a column lies, in distances to the best fifth


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """A recording as arrays for fitting: n runs, C columns."""

    x: np.ndarray  # (n, F)
    y: np.ndarray  # (n, C) raw; NaN where there is none
    z: np.ndarray  # (n, C) scaled; NaN where there is none
    status: np.ndarray  # (n,) indices
    weight: np.ndarray  # (n,)
    setting: np.ndarray  # (n,) which setting a run is of
    fold: np.ndarray  # (n,) the part that its setting belongs to
    scale: tuple[np.ndarray, np.ndarray, np.ndarray]


def fit(task: Task, records: Records, digest: str) -> Recorded:
    """Fit a world to a recording; the same one for the same recording on the same machine.

    Args:
        task: What was recorded.
        records: Its runs.
        digest: SHA-256 of the recording's file.

    Raises:
        TaskError: There are too few runs to learn from.
    """
    ok = records.status == Status.OK.value
    if ok.sum() < MIN_RUNS:
        raise TaskError(f"the recording of {task.name} has {ok.sum()} runs that ended well, a world needs {MIN_RUNS}")
    started = time.perf_counter()
    statuses = [Status.OK.value, *sorted(set(records.status.tolist()) - {Status.OK.value})]
    data = _data(task, records, statuses)
    weights = _train(data, len(statuses))
    out = _member_outputs(weights, data.x)
    unseen = np.stack([out[fold::FOLDS].mean(0) for fold in range(FOLDS)])[data.fold, np.arange(len(data.x))]
    columns = data.y.shape[1]
    floor, center, spread = data.scale
    predicted = floor + np.exp(center + spread * unseen[:, :columns])
    noise, repeated = _noise(data, out.mean(0), unseen[:, :columns])
    failed = ~ok
    points = np.full((failed.sum(), columns - CURVE), np.nan, np.float32)
    for row, number in zip(points, np.flatnonzero(failed), strict=True):
        curve = records.curves[number][: len(row)]
        row[: len(curve)] = curve
    fitted = Fitted(
        **_stacked(weights),
        floor=floor,
        center=center,
        spread=spread,
        **noise,
        failure_inputs=data.x[failed],
        failure_status=records.status[failed].astype("U16"),
        failure_seconds=records.seconds[failed],
        failure_curves=points,
    )
    meta: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "task": task.name,
        "recording": digest,
        "data_digest": records.provenance["data_digest"],
        "files": records.provenance["files"],
        "knobs": knob_ranges(task),
        "statuses": statuses,
        "fit_s": round(time.perf_counter() - started, 1),
    }
    world = Recorded(task, fitted, meta)
    meta["quality"] = _quality(world, data, predicted, statuses)
    meta["quality"]["repeated_settings_residuals"] = len(noise["levels"]) if repeated else 0
    return world


def _data(task: Task, records: Records, statuses: list[str]) -> _Data:
    ok = records.status == Status.OK.value
    points = max((len(curve) for curve, fine in zip(records.curves, ok, strict=True) if fine), default=0)
    curves = np.full((len(records.seeds), points), np.nan)
    for row, curve in zip(curves, records.curves, strict=True):
        row[: len(curve)] = curve[:points]
    y = np.column_stack([records.metric, records.heldout, records.seconds, curves])
    y[~ok] = np.nan
    # What ran beside makes CPU seconds longer too, which say nothing about the setting; its metrics do not mind.
    crowded = records.wall_s > CROWDED * records.seconds
    if (~crowded[ok]).mean() >= QUIET:  # else there is nothing better to learn seconds from
        y[crowded, SECONDS] = np.nan
    _, setting = np.unique(records.units, axis=0, return_inverse=True)
    setting = setting.reshape(-1)
    rng = np.random.default_rng(0)
    fold_of = rng.permutation(setting.max() + 1) % FOLDS
    scale = _scale(y)
    metric = records.metric
    best = metric <= np.nanquantile(metric, BEST)
    return _Data(
        x=Encoder(task.knobs).rows(records.units),
        y=y,
        z=_scaled(y, scale),
        status=np.array([statuses.index(status) for status in records.status]),
        weight=np.where(best, BEST_WEIGHT, 1.0),
        setting=setting,
        fold=fold_of[setting],
        scale=scale,
    )


def _scale(y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Floor, center and spread of the columns' logarithms.

    Metrics are logarithms of the distance to a floor below the best run, which spreads the best fifth out and draws
    runs that diverged together.
    """
    low, fifth = np.nanmin(y, 0), np.nanquantile(y, BEST, axis=0)
    floor = low - _FLOOR_SHARE * np.maximum(fifth - low, 1e-9 + 1e-6 * np.abs(low))
    floor[SECONDS] = 0.0
    logs = np.log(np.maximum(y - floor, 1e-12))
    return floor, np.nanmean(logs, 0), np.maximum(np.nanstd(logs, 0), 1e-6)


def _scaled(y: np.ndarray, scale: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    floor, center, spread = scale
    return (np.log(np.maximum(y - floor, 1e-12)) - center) / spread


def _train(data: _Data, statuses: int) -> list[torch.Tensor]:
    """The members' layers, each member trained on the settings outside of its fold, all at once."""
    generator = torch.Generator().manual_seed(0)
    inputs, outputs = data.x.shape[1], data.z.shape[1] + statuses

    def layer(*shape: int) -> torch.Tensor:
        # Leaky units would need another gain; for tanh, inputs of unit variance stay so.
        return (torch.randn(*shape, generator=generator) / shape[-2] ** 0.5).requires_grad_()

    sizes = (inputs, HIDDEN, HIDDEN, outputs)
    weights = [layer(MEMBERS, a, b) for a, b in pairwise(sizes)]
    biases = [torch.zeros(MEMBERS, 1, b, requires_grad=True) for b in sizes[1:]]
    x, z = torch.from_numpy(data.x), torch.from_numpy(np.nan_to_num(data.z)).float()
    mask = torch.from_numpy(np.isfinite(data.z)).float() * torch.from_numpy(data.weight).float()[:, None]
    mask[:, [METRIC, HELDOUT]] *= 2.0  # what is scored matters more than the way there
    status = torch.from_numpy(data.status)
    fold = torch.from_numpy(data.fold)
    # Member and fold have the same number: so each run has one member that can judge it unseen.
    own = [torch.nonzero(fold != member % FOLDS).reshape(-1) for member in range(MEMBERS)]
    steps = EPOCHS * max(1, min(map(len, own)) // BATCH)
    groups = [{"params": weights, "weight_decay": WEIGHT_DECAY}, {"params": biases, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        rows = torch.stack([ids[torch.randint(len(ids), (BATCH,), generator=generator)] for ids in own])
        out = _forward(x[rows], weights, biases)
        columns = z.shape[1]
        loss = (mask[rows] * (out[..., :columns] - z[rows]).square()).mean()
        if statuses > 1:
            loss = loss + 0.3 * F.cross_entropy(out[..., columns:].reshape(-1, statuses), status[rows].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return [tensor.detach() for pair in zip(weights, biases, strict=True) for tensor in pair]


def _forward(x: torch.Tensor, weights: list[torch.Tensor], biases: list[torch.Tensor]) -> torch.Tensor:
    for number, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        x = x @ weight + bias
        if number < len(weights) - 1:
            x = torch.tanh(x)
    return x


def _member_outputs(layers: list[torch.Tensor], x: np.ndarray) -> np.ndarray:
    """What each member predicts of each run, (M, n, C + S)."""
    with torch.no_grad():
        return _forward(torch.from_numpy(x), layers[::2], layers[1::2]).numpy().astype(float)


def _stacked(layers: list[torch.Tensor]) -> dict[str, np.ndarray]:
    """The members' layers as `Fitted` has them."""
    w1, b1, w2, b2, w3, b3 = (layer.numpy() for layer in layers)
    return {
        "w1": np.concatenate(list(w1), 1),
        "b1": b1.reshape(-1),
        "w2": w2,
        "b2": b2,
        "w3": w3.reshape(-1, w3.shape[2]) / MEMBERS,
        "b3": b3.mean((0, 1)),
    }


def _noise(data: _Data, fitted: np.ndarray, unseen: np.ndarray) -> tuple[dict[str, np.ndarray], bool]:
    """Levels and residuals by level, and whether they are of repeated settings.

    Runs of one setting differ by seed noise alone; what the networks get wrong of a setting is no noise.
    """
    whole = np.flatnonzero(np.isfinite(data.z).all(1))
    levels, rows = list[np.ndarray](), list[np.ndarray]()
    for setting in np.unique(data.setting[whole]):
        runs = whole[data.setting[whole] == setting]
        if len(runs) > 1:
            deviations = data.z[runs] - data.z[runs].mean(0)
            # Deviations from a mean of few runs are too small by this factor.
            rows.append(deviations * (len(runs) / (len(runs) - 1)) ** 0.5)
            # The level of these runs themselves, so that level and residual give what was really seen.
            levels.append(np.full(len(runs), data.z[runs, METRIC].mean()))
    repeated = sum(map(len, levels)) >= MIN_REPEATS
    if repeated:
        level, residual = np.concatenate(levels), np.concatenate(rows)
    else:
        level, residual = fitted[whole, METRIC], data.z[whole] - unseen[whole]
    order = np.argsort(level, kind="stable")
    return {"levels": level[order], "residuals": residual[order].astype(np.float32)}, repeated


def _quality(world: Recorded, data: _Data, predicted: np.ndarray, statuses: list[str]) -> dict[str, Any]:
    """How well settings are predicted by the member that has not seen them."""
    ok = np.isfinite(data.y[:, METRIC])
    best = ok & (data.y[:, METRIC] <= np.nanquantile(data.y[:, METRIC], BEST))
    quality: dict[str, Any] = {"runs": len(data.x), "settings": int(data.setting.max()) + 1}
    for name, column in (("metric", METRIC), ("heldout", HELDOUT), ("seconds", SECONDS)):
        known = np.isfinite(data.y[:, column])
        rows = ok & known
        among = best & rows if (best & rows).any() else rows  # on a crowded machine, seconds of few runs are known
        quality[name] = {
            "spearman": _rounded(spearman(predicted[rows, column], data.y[rows, column])),
            "spearman_best_fifth": _rounded(spearman(predicted[among, column], data.y[among, column])),
            "rmse_best_fifth": _rounded(np.square(predicted[among, column] - data.y[among, column]).mean() ** 0.5),
        }
    quarter = max(1, len(world.fitted.levels) // 4)
    noisy = world.fitted.residuals[:quarter].astype(float)
    noisy[:, METRIC] += world.fitted.levels[quarter // 2]
    quality["noise_sd_best_quarter"] = _rounded(world.values(noisy)[:, METRIC].std())
    quality["rates"] = {name: _rounded(np.mean(data.status == index)) for index, name in enumerate(statuses)}
    task = world.task
    for name, real, settings in (
        ("baseline", task.baseline.heldout, {}),
        ("reference", task.reference and task.reference.heldout, reference_settings(task) or None),
    ):
        truth = None if settings is None else world.truth(settings)
        quality[f"{name}_heldout"] = {"real": real, "world": None if truth is None else _rounded(truth)}
    return quality


def _rounded(value: Any) -> float:
    return round(float(value), 4)
