"""The fixed part of tinygpt: its text, its budget of FLOPs and its metric.

Agents edit `train.py` and never this file. It covers three things:

- the text: sources of Python's own standard library, split by module name into train, validation and
  held-out, so that nothing is downloaded;
- the budget: `FlopBudget` counts the floating-point operations of a training step, so that an
  experiment is the same amount of arithmetic on any machine, and reports the learning curve at each
  tenth of it;
- the metric: bits per byte of the trained model on validation text (steers the search) and on
  held-out text (what a result counts for).

`python prepare.py` evaluates the `weights.npz` in the current folder; `python prepare.py floors`
prints what n-gram models reach on the same text.
"""

import hashlib
import json
import math
import os
import runpy
import sys
import sysconfig
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode, sdpa_backward_flop_count, sdpa_flop_count

VOCABULARY = 256  # bytes
BUDGET_FLOPS = 3.2e10  # training arithmetic of one experiment
STEP_OVERHEAD_FLOPS = 8e7  # what a step costs besides its matrix products, at the same FLOP/s
CURVE_POINTS = 10  # of the learning curve, evenly spaced over the budget
MAX_CONTEXT = 256
TRAIN_BYTES = 2_000_000
EVAL_SEGMENT = 1024  # bytes of each module that is evaluated on, so that many modules count
EVAL_BYTES = 24 * EVAL_SEGMENT

# Folders whose text is tests, generated tables or not part of every installation.
SKIPPED = {"test", "tests", "idlelib", "lib2to3", "site-packages", "dist-packages", "ensurepip"}
SKIPPED |= {"turtledemo", "pydoc_data", "encodings", "__pycache__", "__phello__", "_pyrepl"}
# PyTorch's counter knows the attention kernels of GPUs and not that of the CPU.
CPU_ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: lambda q, k, v, *_, **__: sdpa_flop_count(q, k, v),
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward: (
        lambda grad, q, k, v, *_, **__: sdpa_backward_flop_count(grad, q, k, v)
    ),
}
GENERATED = ("_sysconfigdata", "_pydatetime", "_pylong", "sre_")


def split_of(name: str) -> str:
    """The split of a module, by the hash of its path in the standard library."""
    bucket = hashlib.sha256(name.encode()).digest()[0] % 8
    return {0: "val", 1: "heldout"}.get(bucket, "train")


@cache
def modules(split: str) -> tuple[Path, ...]:
    """The standard library's source files of one split, in an order fixed by the hash of their names."""
    root = Path(sysconfig.get_paths()["stdlib"])
    found: list[tuple[str, Path]] = []
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if name not in SKIPPED]
        for file in files:
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            if file.endswith(".py") and not file.startswith(GENERATED) and split_of(name) == split:
                found.append((hashlib.sha256(name.encode()).hexdigest(), path))
    if not found:
        raise FileNotFoundError(f"no standard library sources under {root}: tinygpt needs an unzipped Python")
    return tuple(path for _, path in sorted(found))


@cache
def text(split: str) -> np.ndarray:
    """The bytes of a split, shape (n_bytes,), uint8.

    Training text is whole modules; evaluation text is one segment from the middle of each module.
    """
    parts: list[bytes] = []
    size, limit = 0, TRAIN_BYTES if split == "train" else EVAL_BYTES
    for path in modules(split):
        source = path.read_bytes().replace(b"\r\n", b"\n")
        if split != "train":
            if len(source) < 2 * EVAL_SEGMENT:
                continue
            middle = (len(source) - EVAL_SEGMENT) // 2
            source = source[middle : middle + EVAL_SEGMENT]
        parts.append(source)
        size += len(source)
        if size >= limit:
            break
    return np.frombuffer(bytearray(b"".join(parts)[:limit]), dtype=np.uint8)


def data_digest() -> str:
    """SHA-256 over all three splits: two machines with the same digest research the same text."""
    return hashlib.sha256(b"".join(text(split).tobytes() for split in ("train", "val", "heldout"))).hexdigest()


class FlopBudget:
    """How much of the experiment's arithmetic is spent.

    The first step is counted as it runs (matrix products of the forward pass, the backward pass and
    the optimizer); every later step is charged the same.

    Example:
        budget = FlopBudget()
        while budget.left():
            with budget.step():
                loss = ...
                loss.backward()
                optimizer.step()
            budget.log(loss.item())
    """

    def __init__(self, flops: float = BUDGET_FLOPS) -> None:
        self.flops = flops
        self.spent = 0.0
        self.steps = 0
        self._per_step = 0.0
        self._counter: FlopCounterMode | None = None
        self._losses: list[float] = []  # since the last point of the curve
        self._points = 0

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 0 to 1; learning-rate schedules follow it."""
        return min(1.0, self.spent / self.flops)

    def left(self) -> bool:
        """Whether another step may be started."""
        return self.spent < self.flops

    def log(self, nats: float) -> None:
        """Note the loss of the step that ended; the mean since the last point becomes the next when it is due.

        A step that is longer than the distance between points is several of them, so that a point is
        the same share of the budget for every setting.
        """
        self._losses.append(nats)
        due = int(self.progress * CURVE_POINTS + 1e-9)
        if due > self._points:
            mean = sum(self._losses) / len(self._losses) / math.log(2)
            for _ in range(self._points, due):
                report(mean)
            self._points, self._losses = due, []

    def step(self) -> "FlopBudget":
        return self

    def __enter__(self) -> None:
        if self.steps == 0:
            self._counter = FlopCounterMode(display=False, custom_mapping=CPU_ATTENTION)
            self._counter.__enter__()

    def __exit__(self, *exc: object) -> None:
        if self._counter is not None:
            self._counter.__exit__(*exc)
            self._per_step = self._counter.get_total_flops() + STEP_OVERHEAD_FLOPS
            self._counter = None
        self.steps += 1
        self.spent += self._per_step


def report(value: float) -> None:
    """Add a point to the experiment's learning curve, which whoever watches it sees at once."""
    with Path("curve").open("a") as file:
        file.write(f"{value:.6g}\n")


def save(model: torch.nn.Module, path: str = "weights.npz") -> None:
    """Leave the trained weights as plain arrays: data, never code."""
    np.savez(path, **{name: value.detach().numpy() for name, value in model.state_dict().items()})


def bits_per_byte(model: torch.nn.Module, split: str, context: int) -> float:
    """Mean code length of a split's bytes under the model, in bits.

    Every byte but the first is predicted exactly once, whatever the context: the text is cut into
    windows of `context` bytes and each is asked for the bytes that follow its own.
    """
    data = torch.from_numpy(text(split).astype(np.int64))
    n_windows = (len(data) - 1) // context
    inputs = data[: n_windows * context].view(n_windows, context)
    targets = data[1 : n_windows * context + 1].view(n_windows, context)
    nats = 0.0
    with torch.inference_mode():
        for x, y in zip(inputs.split(4096 // context), targets.split(4096 // context), strict=True):
            nats += F.cross_entropy(model(x).flatten(0, 1), y.flatten(), reduction="sum").item()
    return nats / math.log(2) / targets.numel()


def evaluate(folder: Path) -> dict[str, float]:
    """The metrics of the `weights.npz` that an experiment left beside its `train.py`.

    Runs in its own process: it imports the model's definition from the experiment's `train.py`
    without training, and reads the weights as arrays.
    """
    experiment = runpy.run_path(str(folder / "train.py"), run_name="model")
    model = experiment["GPT"]()
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        model.load_state_dict({name: torch.from_numpy(weights[name]) for name in weights.files})
    model.eval()
    context = min(int(experiment["CONTEXT"]), MAX_CONTEXT)
    return {f"{split}_bpb": bits_per_byte(model, split, context) for split in ("val", "heldout")}


def floors(split: str = "heldout") -> dict[str, float]:
    """Bits per byte of n-gram models trained on the training text: what a model has to beat."""
    train, test = text("train").astype(np.int64), text(split).astype(np.int64)
    uni = np.bincount(train, minlength=VOCABULARY) + 0.01
    uni = uni / uni.sum()
    bi = np.full((VOCABULARY, VOCABULARY), 0.0)
    np.add.at(bi, (train[:-1], train[1:]), 1)
    tri = np.zeros((VOCABULARY**2, VOCABULARY), dtype=np.float32)
    np.add.at(tri, (train[:-2] * VOCABULARY + train[1:-1], train[2:]), 1)
    # Each order backs off to the one below with the weight of two observations.
    p_bi = (bi[test[1:-1], test[2:]] + 2 * uni[test[2:]]) / (bi[test[1:-1]].sum(1) + 2)
    rows = tri[test[:-2] * VOCABULARY + test[1:-1]]
    p_tri = (rows[np.arange(len(rows)), test[2:]] + 2 * p_bi) / (rows.sum(1) + 2)
    bits = {"unigram": uni[test[2:]], "bigram": p_bi, "trigram": p_tri}
    return {name: float(-np.log2(p).mean()) for name, p in bits.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1:] == ["floors"]:
        print(json.dumps({"digest": data_digest(), **floors()}, indent=1))
    else:
        print(json.dumps(evaluate(Path.cwd())))
