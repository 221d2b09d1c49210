"""The fixed part of speed: the problem, its hidden inputs, what they are compared with, and the program to beat.

Agents edit `train.py` and never this file. The problem is a sum of Gaussians in space, as in density estimation and
in particle methods:

    sums[i] = Σ_j weights[j] · exp(−|targets[i] − sources[j]|² / (2 · width²))

`baseline` is the program to beat. How both are timed and judged is `judge.py`'s.
"""

import hashlib
import inspect
from pathlib import Path

import numpy as np

TOLERANCE = 1e-4  # of the largest error, in units of the root mean square of the sums
CHECKED_ROWS = 96  # of each answer, drawn afterwards
CALLS = 3  # of each split, each on an input of its own
SPLITS = ("val", "heldout")
MOST_POINTS = 1_000
FLOATS = 7 * MOST_POINTS  # of an input: targets, sources and weights, at most
# Ranges of the numbers of targets and sources and of the width: the held-out ones go beyond those that steer.
SHAPES = {"val": ((700, 900), (0.035, 0.05)), "heldout": ((600, MOST_POINTS), (0.03, 0.06))}
_BLOCK = 64  # rows of the baseline


def data_digest() -> str:
    """SHA-256 of what decides the inputs: they are drawn anew for every experiment, everywhere alike."""
    source = "".join(inspect.getsource(function) for function in (shape, problem, baseline))
    return hashlib.sha256(f"{SHAPES} {CALLS} {TOLERANCE} {source}".encode()).hexdigest()


def shape(split: str, rng: np.random.Generator) -> tuple[int, int, float]:
    """A number of targets, one of sources, and a width."""
    (least, most), (narrow, wide) = SHAPES[split]
    return int(rng.integers(least, most + 1)), int(rng.integers(least, most + 1)), float(rng.uniform(narrow, wide))


def problem(split: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """An input by its seed: targets (m, 3), sources (n, 3) and weights (n,), all float64, and the width."""
    rng = np.random.default_rng(seed)
    m, n, width = shape(split, rng)
    return rng.random((m, 3)), rng.random((n, 3)), rng.uniform(0.5, 1.5, n), width


def baseline(targets: np.ndarray, sources: np.ndarray, weights: np.ndarray, width: float) -> np.ndarray:
    """The program to beat: the formula as it stands, in blocks that fit the cache."""
    sums = np.empty(len(targets))
    for first in range(0, len(targets), _BLOCK):
        apart = targets[first : first + _BLOCK, None, :] - sources[None, :, :]
        sums[first : first + _BLOCK] = np.exp((apart**2).sum(2) * (-0.5 / width**2)) @ weights
    return sums


def error(answer: np.ndarray, split: str, seed: int, rng: np.random.Generator) -> float:
    """How far an answer is from the truth at rows that are drawn now, in units of the sums' root mean square.

    A program that leaves out a share f of the rows is not noticed with probability (1 − f)^96 in each of six calls.
    """
    targets, sources, weights, width = problem(split, seed)
    if answer.shape != (len(targets),) or not np.isfinite(answer).all():
        return float("inf")
    rows = rng.choice(len(targets), CHECKED_ROWS, replace=False)
    truth = baseline(targets[rows], sources, weights, width)
    return float(np.abs(answer[rows] - truth).max() / np.sqrt((truth**2).mean()))


def save(library: bytes = b"", path: str = "weights.npz") -> None:
    """Leave what was built, the bytes of a shared library or nothing."""
    np.savez(path, library=np.frombuffer(library, dtype=np.uint8))


def built(path: str = "weights.npz") -> bytes:
    """What `save` left."""
    with np.load(Path(path), allow_pickle=False) as left:
        return left["library"].tobytes()
