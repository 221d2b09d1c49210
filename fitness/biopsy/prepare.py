"""The fixed part of biopsy: the cells of biopsies, what was found of each, and the metric.

Agents edit `train.py` and never this file. The data are scikit-learn's bundled breast cancer table (569 biopsies, 30
measures of the nuclei of their cells, benign or malignant), shuffled once and split. A script says how probable it
holds that a biopsy is malignant.

Metrics are the cross-entropy in nats of 120 biopsies (`val_nats`, steers the search) and of 249 others
(`heldout_nats`, what a result counts for). 120 are few, so that what is best on them is not quite best elsewhere. There
is no learning curve.
"""

import hashlib
import runpy
from functools import cache
from pathlib import Path

import numpy as np

SPLITS = {"train": (0, 200), "val": (200, 320), "heldout": (320, 569)}
SPLIT_SEED = 569  # decides the splits; no part of an experiment's seed
LEAST = 1e-3  # and 1 − that: no probability counts as surer


@cache
def biopsies(split: str) -> tuple[np.ndarray, np.ndarray]:
    """A split's measures, shape (n, 30), float64 as they are, and whether each is malignant, shape (n,), 0 or 1."""
    from sklearn.datasets import load_breast_cancer

    measures, benign = load_breast_cancer(return_X_y=True)
    first, last = SPLITS[split]
    chosen = np.random.default_rng(SPLIT_SEED).permutation(len(measures))[first:last]
    return measures[chosen].astype(np.float64), (1 - benign[chosen]).astype(np.int64)


def data_digest() -> str:
    """SHA-256 over all splits: two machines with the same digest research the same data."""
    parts = [array.tobytes() for split in SPLITS for array in biopsies(split)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def save(arrays: dict[str, np.ndarray], path: str = "weights.npz") -> None:
    """Leave the trained model as plain arrays: data, never code."""
    np.savez(path, **arrays)


def nats(found: np.ndarray, truth: np.ndarray) -> float:
    """The cross-entropy of probabilities that biopsies are malignant."""
    capped = np.clip(found, LEAST, 1 - LEAST)
    return float(-np.mean(np.where(truth == 1, np.log(capped), np.log(1 - capped))))


def evaluate(folder: Path) -> dict[str, float]:
    """The metrics of the `weights.npz` that an experiment left beside its `train.py`."""
    predict = runpy.run_path(str(folder / "train.py"), run_name="model")["predict"]
    with np.load(folder / "weights.npz", allow_pickle=False) as left:
        arrays = {name: left[name] for name in left.files}
    known = {split: biopsies(split) for split in ("val", "heldout")}
    return {f"{split}_nats": nats(predict(x, arrays), y) for split, (x, y) in known.items()}
