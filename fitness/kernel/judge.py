"""Judging a kernel: whether it is right on hidden inputs and, on a GPU, how fast beside torch.

The fixed part of kernel, in the manner of KernelBench. Agents never edit this file. `answer` runs in the experiment's
sandbox: a child of its own has the experiment's code and stands still but for its calls (`inside.timing`). This process
has the memory of inputs and answers, which the child can reach, and draws each input when the child is begun already.

- Where there is no GPU, memory is shared by the two, Triton interprets, and the metric of a right kernel is 0.
- On a GPU, this process makes the tensors and opens them to the child (CUDA's IPC). A call is several inputs one after
  the other, more than the caches hold; it lasts until the child says that it is done, and then its output is taken at
  once: what was left to another stream is not there. torch runs on the same inputs, in turns, here. The metric is the
  median over calls of log2(time / torch's time): 0 is as fast, −1 twice as fast.
"""

import contextlib
import os
import runpy
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from prepare import CALLS, MOST, SPLITS, TOLERANCE, TURNS, device, error, layer, problem, shape

LIMIT_S = 120.0  # of a call: the first compiles
_BYTES = 4 * 4 * MOST
_SLOWER = 1.5  # one turn of torch against the other: nothing else is to work on the GPU in either


def ask(folder: Path, script: str) -> int:
    """Write the one question, which says nothing: what is asked is drawn where it is judged."""
    del script  # all are asked the same
    np.savez(folder / "question-0.npz", calls=CALLS)
    return 1


def answer(folder: Path) -> None:
    """Judge the experiment's code; its own process has its rights, this one writes down what it found."""
    from inside.timing import TamperedError, Timed  # there where experiments run, and nowhere else

    torch.set_num_threads(1)
    # Asking CUDA itself would keep the child from using it.
    wall = any(os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"))
    if not wall:
        os.environ["TRITON_INTERPRET"] = "1"
    found: dict[str, Any] = {}
    try:
        with Timed(_on_gpu(folder) if wall else _interpreted(folder), _BYTES, LIMIT_S, wall=wall) as own:
            own.load()
            where = device()
            for number in range(-1, CALLS):  # the first is for warmth, and counts nothing
                for split in SPLITS:
                    wrong, here, there = (_beside_torch if where == "cuda" else _alone)(own, split)
                    found |= {f"{split}_{number}": wrong, f"{split}_{number}_s": np.array([here, there])}
            found |= {"where": np.array(where), "clocks": np.array(_clocks() if where == "cuda" else "")}
    except TamperedError as tampered:
        found = {"tampered": np.array(str(tampered))}
    _leave(folder, found)


def grade(folder: Path) -> dict[str, float]:
    """The metrics of what was found.

    Raises:
        ValueError: An answer is wrong.
        TamperedError: It tampered with its time.
    """
    from inside.timing import TamperedError

    metrics: dict[str, float] = {}
    with np.load(folder / "answer-0.npz", allow_pickle=False) as said:
        if "tampered" in said.files:
            raise TamperedError(str(said["tampered"]))
        where = str(said["where"])
        for split in SPLITS:
            worst = max(float(said[f"{split}_{k}"]) for k in range(-1, CALLS))
            if not worst <= TOLERANCE[where]:
                raise ValueError(f"its output is wrong by {worst:.2g}, of which {TOLERANCE[where]:g} are allowed")
            times = [said[f"{split}_{k}_s"] for k in range(CALLS)]
            ratios = [float(np.log2(there / here)) for here, there in times]
            metrics[f"{split}_log2_time"] = float(np.median(ratios)) if where == "cuda" else 0.0
    return metrics


def _script(folder: Path) -> Callable[..., torch.Tensor]:
    return runpy.run_path(str(folder / "train.py"), run_name="model")["fused"]


def _interpreted(folder: Path) -> Callable[[], Callable[..., None]]:
    """What the child does where there is no GPU: matrices are laid out one after the other in the memory."""

    def load() -> Callable[..., None]:
        torch.set_num_threads(1)
        fused = _script(folder)

        def call(memory: Any, m: int, n: int, k: int) -> None:
            x, w, bias, out = _views(memory, m, n, k)
            out.copy_(fused(x, w, bias))

        return call

    return load


def _views(memory: Any, m: int, n: int, k: int) -> list[torch.Tensor]:
    numbers = torch.frombuffer(memory, dtype=torch.float32)
    sizes = ((m, k), (k, n), (n,), (m, n))
    return [numbers[at * MOST :][: int(np.prod(size))].view(size) for at, size in enumerate(sizes)]


def _alone(own: Any, split: str) -> tuple[float, float, float]:
    """How wrong a call is, on memory that is shared."""
    seed = secrets.randbits(63)
    given = problem("cpu", split, seed)
    size = shape("cpu", split, seed)
    *places, out = _views(own.memory, *size)
    for place, one in zip(places, given, strict=True):
        place.copy_(one)
    out.fill_(float("nan"))  # what is not written is wrong
    own.call(**size._asdict())
    return error(out.clone(), *given), 1.0, 1.0


def _on_gpu(folder: Path) -> Callable[[], Callable[..., None]]:
    """What the child does on a GPU: it opens the tensors that it is told of once, and keeps them."""

    def load() -> Callable[..., None]:
        fused, kept = _script(folder), list[tuple[torch.Tensor, ...]]()

        def call(memory: Any, handles: list[Any]) -> None:
            del memory
            if handles:
                kept[:] = [tuple(_opened(one) for one in group) for group in handles]
            for *given, out in kept:
                out.copy_(fused(*given))
            torch.cuda.synchronize()

        return call

    return load


def _handle(tensor: torch.Tensor) -> list[Any]:
    """How another process opens a tensor, as JSON."""
    parts = [part.hex() if isinstance(part, bytes) else part for part in tensor.untyped_storage()._share_cuda_()]
    return [parts, list(tensor.shape)]


def _opened(told: list[Any]) -> torch.Tensor:
    parts, size = told
    at, handle, length, offset, counter, counter_at, event, sync = parts
    given = (at, bytes.fromhex(handle), length, offset, bytes.fromhex(counter), counter_at, bytes.fromhex(event), sync)
    storage = torch.UntypedStorage._new_shared_cuda(*given)
    return torch.empty(0, dtype=torch.bfloat16, device="cuda").set_(storage, 0, size)


def _beside_torch(own: Any, split: str) -> tuple[float, float, float]:
    """How wrong a call is at worst, and the seconds of torch and of the kernel on the same inputs.

    Raises:
        TamperedError: Something works on the GPU while the child stands still.
    """
    from inside.timing import TamperedError

    seed = secrets.randbits(62)
    size = shape("cuda", split, seed)
    groups = [[*_drawn(size), torch.empty(size.m, size.n, device="cuda", dtype=torch.bfloat16)] for _ in range(TURNS)]
    own.call(handles=[[_handle(one) for one in group] for group in groups])  # opens them, and compiles for the shape
    first = _torch_s(groups)
    for *given, out in groups:  # after the first turn of torch, so that nothing can be computed while it lasts
        for tensor, fresh in zip(given, _drawn(size), strict=True):
            tensor.copy_(fresh)
        out.fill_(float("nan"))
    there = own.call(handles=[])
    said = [out.clone() for *_, out in groups]
    torch.cuda.synchronize()
    second = _torch_s(groups)
    if max(first, second) > _SLOWER * min(first, second):
        raise TamperedError("something worked on the GPU while it should have stood still")
    wrong = max(error(out, *given) for out, (*given, _) in zip(said, groups, strict=True))
    return wrong, min(first, second), there


def _drawn(size: tuple[int, int, int]) -> list[torch.Tensor]:
    m, n, k = size
    generator = torch.Generator("cuda").manual_seed(secrets.randbits(62))
    sizes = ((m, k), (k, n), (n,))
    made = [torch.randn(*one, generator=generator, device="cuda") for one in sizes]
    made[1] *= k**-0.5
    return [one.to(torch.bfloat16) for one in made]


def _torch_s(groups: list[list[torch.Tensor]]) -> float:
    """Seconds of torch on all inputs."""
    layer(*groups[0][:3])  # chooses its own kernel for the shape
    torch.cuda.synchronize()
    began = time.perf_counter()
    for *given, _ in groups:
        layer(*given)
    torch.cuda.synchronize()
    return time.perf_counter() - began


def _clocks() -> str:
    """The GPU's name, its clock in MHz, and what holds that back, as far as its driver tells."""
    with contextlib.suppress(Exception):
        return f"{torch.cuda.get_device_name()} at {torch.cuda.clock_rate()} MHz"
    return torch.cuda.get_device_name()


def _leave(folder: Path, found: dict[str, Any]) -> None:
    """Write the answer where the experiment may have laid something else."""
    place = folder / "answer.npz"
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    with place.open("xb") as file:
        np.savez(file, **found)
