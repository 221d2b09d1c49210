"""The fixed part of the toy task: reads the point that train.py left."""

from pathlib import Path

import numpy as np


def report(value):
    """Add a point to the learning curve."""
    with Path("curve").open("a") as file:
        file.write(f"{value}\n")


def data_digest() -> str:
    return "toy"


def evaluate(folder):
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        x, y, noise = weights["point"]
    loss = float((x - 0.7) ** 2 + (y - 0.2) ** 2)
    return {"val_loss": loss + float(noise), "heldout_loss": loss}
