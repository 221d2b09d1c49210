"""Judging a rewritten train.py: its `predict` answers for biopsies whose findings it cannot see.

The fixed part of biopsy for scripts that an agent rewrote; where only constants changed, `prepare.evaluate` judges with
the task's own function. Agents never edit this file. The script must still have `predict(x, arrays)`, which takes the
measures of biopsies, shape (n, 30), and the arrays that were saved, and gives probabilities, shape (n,).
"""

import runpy
from pathlib import Path

import numpy as np
from prepare import biopsies, nats

SPLITS = ("val", "heldout")


def ask(folder: Path, script: str) -> int:
    """Write the one question: the measures of both splits."""
    del script  # all are asked the same
    np.savez(folder / "question-0.npz", **{split: biopsies(split)[0] for split in SPLITS})
    return 1


def answer(folder: Path) -> None:
    """Answer `question.npz` with the experiment's own script; its code runs here, with its rights."""
    predict = runpy.run_path(str(folder / "train.py"), run_name="model")["predict"]
    with np.load(folder / "weights.npz", allow_pickle=False) as left:
        arrays = {name: left[name] for name in left.files}
    with np.load(folder / "question.npz") as question:
        found = {split: np.asarray(predict(question[split], arrays), np.float64) for split in SPLITS}
    np.savez(folder / "answer.npz", **found)


def grade(folder: Path) -> dict[str, float]:
    """The metrics of the answers.

    Raises:
        ValueError: They are no probabilities of the right shape.
    """
    metrics: dict[str, float] = {}
    for split in SPLITS:
        truth = biopsies(split)[1]
        with np.load(folder / "answer-0.npz", allow_pickle=False) as answer:
            found = answer[split]
        if found.shape != truth.shape or found.dtype != np.float64 or not ((found >= 0) & (found <= 1)).all():
            raise ValueError(f"the answers are no float64 probabilities of shape {truth.shape}")
        metrics[f"{split}_nats"] = nats(found, truth)
    return metrics
