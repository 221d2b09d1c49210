"""Guess the pixels of a photo by boosted trees. This is the file that agents edit.

The upper-case constants with a `# knob:` comment are what policy agents turn. Run alone with `python train.py`; lower
`val_rms` is better. `predict` is asked for the pixels, and gets the arrays that were saved.
"""

import os
import warnings

import numpy as np
from prepare import CURVE_POINTS, pixels, report, rms, save
from sklearn.ensemble import GradientBoostingRegressor

# Boosting
TREES = 40  # knob: log int 4..150, group boosting
RATE = 0.1  # knob: log 0.01..1, group boosting
LOSS = "squared_error"  # knob: one of squared_error|huber, group boosting
TRUST = 0.9  # knob: 0.5..0.99 if LOSS=huber, group boosting  # share of the errors that are not outliers

# Trees
DEPTH = 3  # knob: int 1..7, group trees
LEAF = 5  # knob: log int 1..60, group trees  # cases in a leaf, at least
CASES = 0.8  # knob: 0.1..1, group trees  # share that each tree sees
COLUMNS = 0.5  # knob: 0.05..1, group trees  # share that each split chooses from

# What the trees start from, and see
BASE = "west"  # knob: one of mean|west|gradient|median, group inputs
RELATIVE = "no"  # knob: one of no|yes, group inputs  # inputs as differences from the base

KEPT = 120  # cases that are kept apart for the learning curve
SEED = int(os.environ.get("ORGOPT_SEED", "0"))


def base_of(x: np.ndarray, mean: float) -> np.ndarray:
    """A first guess of pixels, shape (n,), from what is known of them, shape (n, 24)."""
    west, north, corner = x[:, 23], x[:, 17], x[:, 16]
    if BASE == "mean":
        return np.full(len(x), mean)
    if BASE == "west":
        return west
    gradient = west + north - corner
    if BASE == "gradient":
        return gradient
    # The median of the three, as in LOCO-I (Weinberger, Seroussi and Sapiro 2000).
    return np.maximum(np.minimum(west, north), np.minimum(np.maximum(west, north), gradient))


def inputs(x: np.ndarray, base: np.ndarray) -> np.ndarray:
    """What the trees see, as single floats like the trees themselves."""
    return (x - base[:, None] if RELATIVE == "yes" else x).astype(np.float32)


def predict(x: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Pixels, shape (n,), for what is known of them, shape (n, 24)."""
    base = base_of(x, float(arrays["base"]))
    seen, found = inputs(x, base), base + arrays["start"]
    rows = np.arange(len(x))
    for root in arrays["roots"]:
        node = np.full(len(x), root)
        while True:
            feature = arrays["feature"][node]
            inner = feature >= 0
            if not inner.any():
                break
            low = seen[rows, np.maximum(feature, 0)] <= arrays["threshold"][node]
            node = np.where(inner, np.where(low, arrays["left"][node], arrays["right"][node]), node)
        found = found + arrays["value"][node]
    return found


def flat(trees: list, start: float, base: float) -> dict[str, np.ndarray]:
    """The trees as arrays, one node after the other."""
    counts = [tree.node_count for tree in trees]
    roots = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    shift = np.repeat(roots, counts)
    return {
        "base": np.float64(base),
        "start": np.float64(start),
        "roots": roots,
        "feature": np.concatenate([tree.feature for tree in trees]),
        "threshold": np.concatenate([tree.threshold for tree in trees]),
        "left": np.concatenate([tree.children_left for tree in trees]) + shift,
        "right": np.concatenate([tree.children_right for tree in trees]) + shift,
        "value": RATE * np.concatenate([tree.value[:, 0, 0] for tree in trees]),
    }


def main() -> None:
    x, y = pixels("train")
    order = np.random.default_rng(SEED).permutation(len(x))
    kept, used = order[:KEPT], order[KEPT:]
    base = float(y[used].mean())
    guess = base_of(x, base)
    seen, rest = inputs(x, guess), y - guess
    model = GradientBoostingRegressor(
        n_estimators=TREES,
        learning_rate=RATE,
        loss=LOSS,
        alpha=TRUST,
        max_depth=DEPTH,
        min_samples_leaf=LEAF,
        subsample=CASES,
        max_features=COLUMNS,
        random_state=SEED % 2**32,
    )
    sums = np.zeros(KEPT)
    points = 0

    def watch(number: int, fitted: GradientBoostingRegressor, _: dict) -> bool:
        nonlocal points, sums
        sums = sums + RATE * fitted.estimators_[number, 0].tree_.predict(seen[kept])[:, 0]
        due = (number + 1) * CURVE_POINTS // TREES
        for _ in range(points, due):
            report(rms(sums + float(np.ravel(fitted.init_.constant_)[0]), rest[kept]))
        points = due
        return False

    warnings.simplefilter("ignore")
    model.fit(seen[used], rest[used], monitor=watch)
    trees = [one.tree_ for one in model.estimators_[:, 0]]
    save(flat(trees, float(np.ravel(model.init_.constant_)[0]), base))


if __name__ == "__main__":
    main()
