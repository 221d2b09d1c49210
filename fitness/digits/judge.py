"""Judging a rewritten train.py: its network answers for images whose labels it cannot see.

The fixed part of digits for scripts that an agent rewrote; where only constants changed, `prepare.evaluate` judges
with the task's own network. Agents never edit this file. The script must still have `Net`, which takes images of
shape (batch, 64) and gives logits of shape (batch, 10). The judge makes probabilities of them itself, and caps them
as the shipped network does.
"""

import runpy
from pathlib import Path

import numpy as np
import torch
from prepare import CLASSES, LOGIT_CAP, images
from torch.nn import functional as F

SPLITS = ("val", "heldout")


def ask(folder: Path, script: str) -> int:
    """Write the one question: the images of both splits."""
    del script  # every network is asked the same
    np.savez(folder / "question-0.npz", **{split: images(split)[0] for split in SPLITS})
    return 1


def answer(folder: Path) -> None:
    """Answer `question.npz` with the network of the experiment's own script; its code runs here, with its rights."""
    torch.set_num_threads(1)
    model = runpy.run_path(str(folder / "train.py"), run_name="model")["Net"]()
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        model.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    model.eval()
    with np.load(folder / "question.npz") as question, torch.inference_mode():
        found = {split: model(torch.from_numpy(question[split])).float().numpy() for split in SPLITS}
    np.savez(folder / "answer.npz", **found)


def grade(folder: Path) -> dict[str, float]:
    """The metrics of the answers.

    Raises:
        ValueError: They are no logits of the right shape.
    """
    found: dict[str, float] = {}
    for split in SPLITS:
        _, labels = images(split)
        with np.load(folder / "answer-0.npz", allow_pickle=False) as answer:
            logits = torch.from_numpy(answer[split])
        shape = (len(labels), CLASSES)
        if tuple(logits.shape) != shape or logits.dtype != torch.float32 or not torch.isfinite(logits).all():
            raise ValueError(f"the answers are no finite float32 logits of shape {shape}")
        capped = logits.double().clamp(-LOGIT_CAP, LOGIT_CAP)
        found[f"{split}_nats"] = F.cross_entropy(capped, torch.from_numpy(labels)).item()
    return found
