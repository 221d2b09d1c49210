"""The fixed part of pixels: a photo's pixels, what is known of each, and the metric.

Agents edit `train.py` and never this file. The problem is the one in every lossless image format: guess a pixel from
those that are decoded already. The photo is `china.jpg`, which scikit-learn brings. Every sixth pixel of every sixth
row is a case, so that no case's answer stands among what is known of another.

Metrics are the root mean square error in grey levels (0 to 255), of the validation cases (steers the search) and of
the held-out ones (what a result counts for). The learning curve is the same error of cases that train.py keeps apart.
"""

import hashlib
import runpy
from functools import cache
from pathlib import Path

import numpy as np

STRIDE = 6
REACH = 3  # rows above and columns beside a pixel that are known of it
CURVE_POINTS = 10
SPLITS = {"train": (0, 600), "val": (600, 1_800), "heldout": (1_800, 3_600)}
SPLIT_SEED = 640  # decides the splits; no part of an experiment's seed
FEATURES = REACH * (2 * REACH + 1) + REACH


@cache
def pixels(split: str) -> tuple[np.ndarray, np.ndarray]:
    """What is known of a split's cases, shape (n, 24), and their pixels, shape (n,), float64 grey levels.

    Known are the three rows above, from left to right and top to bottom, and the three pixels to the left.
    """
    from sklearn.datasets import load_sample_image

    grey = load_sample_image("china.jpg").astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    rows, columns = np.mgrid[REACH : grey.shape[0] : STRIDE, REACH : grey.shape[1] - REACH : STRIDE].reshape(2, -1)
    above = [grey[rows - up, columns + across] for up in range(REACH, 0, -1) for across in range(-REACH, REACH + 1)]
    left = [grey[rows, columns - back] for back in range(REACH, 0, -1)]
    first, last = SPLITS[split]
    chosen = np.random.default_rng(SPLIT_SEED).permutation(len(rows))[first:last]
    return np.stack([*above, *left], 1)[chosen], grey[rows, columns][chosen]


def data_digest() -> str:
    """SHA-256 over all splits, in whole grey levels."""
    parts = [np.rint(array).astype(np.int16).tobytes() for split in SPLITS for array in pixels(split)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def report(error: float) -> None:
    """Add a point to the experiment's learning curve."""
    with Path("curve").open("a") as file:
        file.write(f"{error:.6g}\n")


def save(arrays: dict[str, np.ndarray], path: str = "weights.npz") -> None:
    """Leave the trained model as plain arrays: data, never code."""
    np.savez(path, **arrays)


def rms(found: np.ndarray, truth: np.ndarray) -> float:
    """The root mean square error."""
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def evaluate(folder: Path) -> dict[str, float]:
    """The metrics of the `weights.npz` that an experiment left beside its `train.py`."""
    predict = runpy.run_path(str(folder / "train.py"), run_name="model")["predict"]
    with np.load(folder / "weights.npz", allow_pickle=False) as left:
        arrays = {name: left[name] for name in left.files}
    known = {split: pixels(split) for split in ("val", "heldout")}
    return {f"{split}_rms": rms(predict(x, arrays), y) for split, (x, y) in known.items()}
