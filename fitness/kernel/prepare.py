"""The fixed part of kernel: the layer, its hidden inputs, and what torch makes of them.

Agents edit `train.py` and never this file. The layer is a matrix product with an epilogue, in one kernel if it can be:

    out = gelu(x @ w + bias)          x (m, k), w (k, n), bias (n,), out (m, n)

with the tanh form of gelu. On a GPU all are bfloat16; where there is none, float32, and small, since Triton then runs
in its interpreter, which tells whether a kernel is right and nothing of how fast it is.

`python prepare.py floors` prints how fast torch.compile is on this machine's GPU.
"""

import hashlib
import importlib.util
import json
import sys
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional as F

SPLITS = ("val", "heldout")
CALLS = 3  # of each split
TURNS = 8  # inputs of a call on a GPU, more than its caches hold together, so that each is read from memory
SIZES = {"cuda": {"val": (3072, 4096), "heldout": (2048, 5120)}, "cpu": {"val": (33, 64), "heldout": (17, 96)}}
STEP = 16  # sizes on a GPU are multiples, as those of models are; elsewhere they are any
TOLERANCE = {"cuda": 2e-2, "cpu": 1e-4}  # of the error's norm, as a share of the truth's
MOST = 96**2  # numbers of a matrix without a GPU


class Shape(NamedTuple):
    """Sizes of the layer: x is (m, k), w is (k, n)."""

    m: int
    n: int
    k: int


def data_digest() -> str:
    """SHA-256 of what decides the inputs, which are drawn anew for every experiment.

    Raises:
        SystemExit: Triton is not installed.
    """
    if importlib.util.find_spec("triton") is None:
        raise SystemExit("this task needs Triton: pip install 'orgopt[kernel]'")
    return hashlib.sha256(f"{SIZES} {STEP} {CALLS} {TURNS} {TOLERANCE}".encode()).hexdigest()


def device() -> str:
    """Where kernels run here."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def shape(where: str, split: str, seed: int) -> Shape:
    """The sizes of an input by its seed."""
    least, most = SIZES[where][split]
    drawn = np.random.default_rng(seed).integers(least, most + 1, 3)
    return Shape(*(int(size) // STEP * STEP if where == "cuda" else int(size) for size in drawn))


def problem(where: str, split: str, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """An input by its seed: x, w and bias, there where kernels run."""
    m, n, k = shape(where, split, seed)
    generator = torch.Generator(where).manual_seed(seed)
    kind = torch.bfloat16 if where == "cuda" else torch.float32

    def drawn(*size: int) -> torch.Tensor:
        return torch.randn(*size, generator=generator, device=where, dtype=torch.float32).to(kind)

    return drawn(m, k), drawn(k, n) * k**-0.5, drawn(n)


def layer(x: torch.Tensor, w: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """What torch makes of it: the program to beat."""
    return F.gelu(x @ w + bias, approximate="tanh")


def error(out: torch.Tensor, x: torch.Tensor, w: torch.Tensor, bias: torch.Tensor) -> float:
    """How far an answer is from the truth in float32: the norm of the difference as a share, without end for NaN."""
    truth = layer(x.float(), w.float(), bias.float())
    if out.shape != truth.shape or not torch.isfinite(out).all():
        return float("inf")
    return float((out.float() - truth).norm() / truth.norm())


def save(path: str = "weights.npz") -> None:
    """Leave what an experiment leaves: nothing, since its script is what is judged."""
    np.savez(path, built=np.zeros(0, np.uint8))


def floors() -> dict[str, float]:
    """log2 of torch.compile's time over torch's, median over hidden inputs; both timed by events, in turns."""
    compiled = torch.compile(layer, mode="max-autotune-no-cudagraphs")
    found: list[float] = []
    for seed in range(5):
        given = [problem("cuda", "heldout", seed) for _ in range(TURNS)]
        times = {layer: 0.0, compiled: 0.0}
        for number in range(4):
            for run in times if number % 2 else reversed(times):
                begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
                begin.record()
                for one in given:
                    run(*one)
                end.record()
                torch.cuda.synchronize()
                times[run] += begin.elapsed_time(end) * (number > 0)  # the first compiles
        found.append(float(np.log2(times[compiled] / times[layer])))
    return {"compiled": float(np.median(found))}


if __name__ == "__main__" and sys.argv[1:] == ["floors"]:
    print(json.dumps({"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, **floors()}))
