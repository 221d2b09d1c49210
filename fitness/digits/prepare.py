"""The fixed part of digits: its images, its wrong labels, its budget and its metric.

Agents edit `train.py` and never this file. It covers three things:

- the data: scikit-learn's bundled digits (8x8 pixels, ten classes), shuffled once and split into train,
  validation and held-out. A quarter of the training labels are wrong; the other two splits are clean;
- the budget: `FlopBudget` charges each step the arithmetic of its matrix products and a fixed overhead, so
  that an experiment is the same amount of arithmetic on any machine, and reports the learning curve;
- the metric: cross-entropy in nats of the trained model on the validation split (steers the search) and
  on the held-out split (what a result counts for).

The learning curve is the cross-entropy on training batches, with their wrong labels and whatever train.py
does to them: a network that learns the wrong labels by heart looks good there.

`python prepare.py` evaluates the `weights.npz` in the current folder; `python prepare.py floors` prints
what simple classifiers reach on the same data.
"""

import hashlib
import json
import runpy
import sys
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

CLASSES = 10
PIXELS = 64
BUDGET_FLOPS = 1.0e10  # training arithmetic of one experiment
STEP_OVERHEAD_FLOPS = 2.5e7  # what a step costs besides its matrix products, at the same FLOP/s
CURVE_POINTS = 10  # of the learning curve, evenly spaced over the budget
WRONG_LABELS = 0.25  # share of the training labels that are replaced by another class
TRAIN_IMAGES = 597
LOGIT_CAP = 15.0  # keeps the cross-entropy of a training that diverged within bounds
SPLIT_SEED = 1797  # decides the splits and the wrong labels; no part of an experiment's seed


@cache
def images(split: str) -> tuple[np.ndarray, np.ndarray]:
    """A split's images, shape (n, 64), float32 from 0 to 1, and its labels, shape (n,), int64.

    The training labels are the wrong ones with probability `WRONG_LABELS`.
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(SPLIT_SEED)
    order = rng.permutation(len(pixels))
    wrong = rng.random(len(pixels)) < WRONG_LABELS
    shift = rng.integers(1, CLASSES, len(pixels))
    rest = (len(pixels) - TRAIN_IMAGES) // 2
    start, end = {
        "train": (0, TRAIN_IMAGES),
        "val": (TRAIN_IMAGES, TRAIN_IMAGES + rest),
        "heldout": (TRAIN_IMAGES + rest, len(pixels)),
    }[split]
    chosen = order[start:end]
    given = np.where(wrong, (labels + shift) % CLASSES, labels) if split == "train" else labels
    return (pixels[chosen] / 16).astype(np.float32), given[chosen].astype(np.int64)


def data_digest() -> str:
    """SHA-256 over all three splits: two machines with the same digest research the same data."""
    parts = [array.tobytes() for split in ("train", "val", "heldout") for array in images(split)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


class FlopBudget:
    """How much of the experiment's arithmetic is spent.

    Example:
        budget = FlopBudget(model, batch=64)
        while budget.left():
            loss = ...
            budget.step(loss.item())
    """

    def __init__(self, model: torch.nn.Module, batch: int, flops: float = BUDGET_FLOPS) -> None:
        self.flops = flops
        self.spent = 0.0
        self.steps = 0
        weights = sum(weight.numel() for weight in model.parameters())
        self._per_step = 6.0 * weights * batch + STEP_OVERHEAD_FLOPS  # two forward, four backward
        self._losses: list[float] = []  # since the last point of the curve
        self._points = 0

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 0 to 1; learning-rate schedules follow it."""
        return min(1.0, self.spent / self.flops)

    def left(self) -> bool:
        """Whether another step may be started."""
        return self.spent < self.flops

    def step(self, nats: float) -> None:
        """Charge a step; the mean of its cross-entropy since the last point becomes the next when it is due."""
        self.steps += 1
        self.spent += self._per_step
        self._losses.append(nats)
        due = int(self.progress * CURVE_POINTS + 1e-9)
        if due > self._points:
            for _ in range(self._points, due):
                report(sum(self._losses) / len(self._losses))
            self._points, self._losses = due, []


def report(value: float) -> None:
    """Add a point to the experiment's learning curve, which whoever watches it sees at once."""
    with Path("curve").open("a") as file:
        file.write(f"{value:.6g}\n")


def save(model: torch.nn.Module, path: str = "weights.npz") -> None:
    """Leave the trained weights as plain arrays: data, never code."""
    np.savez(path, **{name: value.detach().numpy() for name, value in model.state_dict().items()})


def evaluate(folder: Path) -> dict[str, float]:
    """The metrics of the `weights.npz` that an experiment left beside its `train.py`.

    Runs in its own process: it imports the model's definition from the experiment's `train.py`
    without training, and reads the weights as arrays.
    """
    model = runpy.run_path(str(folder / "train.py"), run_name="model")["Net"]()
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        model.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    model.eval()
    metrics: dict[str, float] = {}
    for split in ("val", "heldout"):
        pixels, labels = images(split)
        with torch.inference_mode():
            logits = model(torch.from_numpy(pixels))
            metrics[f"{split}_nats"] = F.cross_entropy(logits.double(), torch.from_numpy(labels)).item()
    return metrics


def floors(split: str = "heldout") -> dict[str, float]:
    """Cross-entropy in nats of simple classifiers on the same data: what a network has to beat."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.neighbors import KNeighborsClassifier

    pixels, labels = images("train")
    models = {
        "logistic": LogisticRegression(C=0.03, max_iter=2000),
        "neighbours": KNeighborsClassifier(25, weights="distance"),
        "forest": RandomForestClassifier(500, min_samples_leaf=2, random_state=0),
    }
    test, truth = images(split)
    found = {name: log_loss(truth, model.fit(pixels, labels).predict_proba(test)) for name, model in models.items()}
    return {"uniform": float(np.log(CLASSES)), **{name: float(value) for name, value in found.items()}}


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:] == ["floors"]:
        print(json.dumps({"digest": data_digest(), **floors()}, indent=1))
    else:
        print(json.dumps(evaluate(Path.cwd())))
