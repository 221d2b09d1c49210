"""Judging a rewritten train.py: its model answers questions about text of which it cannot see the answers.

The fixed part of tinygpt for scripts that an agent rewrote; where only constants changed, `prepare.evaluate` judges
with the task's own model. Agents never edit this file. The script must still have `GPT`, which takes bytes of shape
(batch, length) and gives next-byte logits of shape (batch, length, 256), and a constant `CONTEXT`.

The judge takes logits and makes probabilities of them itself, so that none can add up to more than one. A window of
text shows the model what follows each byte but the last, so that the model has to be kept from looking ahead:

- the first questions show each window up to a random place, and random bytes after it. Several processes answer them,
  one place of each window each, and none sees any of what follows that place;
- the last question shows whole windows, to another process. At the same places its answers must be those of
  the first, whatever follows.

So each split is asked at `CUTS` places of each window. A model that looks ahead at a share f of all places escapes
with probability (1 - f)^(CUTS × windows): 5 % for a tenth of a percent, at the shipped context.
"""

import ast
import json
import math
import runpy
import secrets
from pathlib import Path

import numpy as np
import torch
from prepare import MAX_CONTEXT, VOCABULARY, text
from torch.nn import functional as F

CUTS = 4  # places of each window
TOLERANCE = 1e-3  # nats; the same arithmetic in another batch differs by less than 1e-5
SPLITS = ("val", "heldout")


def ask(folder: Path, script: str) -> int:
    """Write the questions, `question-K.npz`, and what the answers are compared with; returns how many there are."""
    context = stated_context(script)
    rng = np.random.default_rng(secrets.randbits(64))  # an experiment can know the seed of its own run
    cuts = {split: rng.integers(0, context - 1, (CUTS, len(windows(split, context)[0]))) for split in SPLITS}
    for k in range(CUTS):
        question = {}
        for split in SPLITS:
            inputs, _ = windows(split, context)
            later = np.arange(context) > cuts[split][k][:, None]
            question[split] = np.where(later, rng.integers(0, VOCABULARY, inputs.shape), inputs).astype(np.uint8)
            question[f"{split}_cut"] = cuts[split][k]
        np.savez(folder / f"question-{k}.npz", **question)
    whole = {split: windows(split, context)[0].astype(np.uint8) for split in SPLITS}
    np.savez(folder / f"question-{CUTS}.npz", **whole)
    np.savez(folder / "cuts.npz", **cuts)
    (folder / "asked.json").write_text(json.dumps({"context": context}))
    return CUTS + 1


def answer(folder: Path) -> None:
    """Answer `question.npz` with the model of the experiment's own script; its code runs here, with its rights."""
    torch.set_num_threads(1)
    model = runpy.run_path(str(folder / "train.py"), run_name="model")["GPT"]()
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        model.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    model.eval()
    found = {}
    with np.load(folder / "question.npz") as question, torch.inference_mode():
        for split in SPLITS:
            inputs = torch.from_numpy(question[split].astype(np.int64))
            logits = torch.cat([model(x) for x in inputs.split(4096 // inputs.shape[1])])
            if f"{split}_cut" in question:
                logits = logits[torch.arange(len(inputs)), torch.from_numpy(question[f"{split}_cut"])]
            found[split] = logits.float().numpy()
    np.savez(folder / "answer.npz", **found)


def grade(folder: Path) -> dict[str, float]:
    """The metrics of the answers.

    Raises:
        ValueError: They are no logits of the right shape, or depend on bytes that come later.
    """
    context = json.loads((folder / "asked.json").read_text())["context"]
    found: dict[str, float] = {}
    with np.load(folder / "cuts.npz") as cuts:
        for split in SPLITS:
            inputs, targets = windows(split, context)
            logits = answers(folder, CUTS, split, (*inputs.shape, VOCABULARY))
            rows = torch.arange(len(inputs))
            for k in range(CUTS):
                places = torch.from_numpy(cuts[split][k])
                blind = answers(folder, k, split, (len(inputs), VOCABULARY)).log_softmax(-1)
                apart = (blind - logits[rows, places].log_softmax(-1)).abs().max().item()
                if not apart <= TOLERANCE:
                    raise ValueError(f"the model looks ahead: predictions move by {apart:.2g} nats with later bytes")
            found[f"{split}_bpb"] = _bits(logits, torch.from_numpy(targets))
    return found


def stated_context(script: str) -> int:
    """The constant CONTEXT of a script, read without running it.

    Raises:
        ValueError: It has none from 2 to the longest allowed.
    """
    for node in ast.parse(script).body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["CONTEXT"]:
            value = ast.literal_eval(node.value)
            if isinstance(value, int) and 2 <= value <= MAX_CONTEXT:
                return value
    raise ValueError(f"the script states no CONTEXT from 2 to {MAX_CONTEXT}")


def windows(split: str, context: int) -> tuple[np.ndarray, np.ndarray]:
    """A split's windows of bytes and the bytes that follow, (n, context) each, as `prepare.bits_per_byte` has them."""
    data = text(split).astype(np.int64)
    n = (len(data) - 1) // context
    return data[: n * context].reshape(n, context), data[1 : n * context + 1].reshape(n, context)


def answers(folder: Path, k: int, split: str, shape: tuple[int, ...]) -> torch.Tensor:
    """The logits of an answer.

    Raises:
        ValueError: They have another shape or are not finite.
    """
    with np.load(folder / f"answer-{k}.npz", allow_pickle=False) as answer:
        logits = torch.from_numpy(answer[split])
    if tuple(logits.shape) != shape or logits.dtype != torch.float32 or not torch.isfinite(logits).all():
        raise ValueError(f"the answers are no finite float32 logits of shape {shape}")
    return logits


def _bits(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """Mean code length in bits, summed in the pieces of `prepare.bits_per_byte`."""
    size = 4096 // targets.shape[1]
    pieces = zip(logits.split(size), targets.split(size), strict=True)
    nats = sum(F.cross_entropy(x.flatten(0, 1), y.flatten(), reduction="sum").item() for x, y in pieces)
    return nats / math.log(2) / targets.numel()
