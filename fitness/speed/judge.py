"""Judging how fast a script is: its `sums` is timed from outside, in turns with the program to beat.

The fixed part of speed. Agents never edit this file. `answer` runs in the experiment's sandbox: a child of its own has
the experiment's code and stands still but for its calls (`inside.timing`), and between them the program to beat runs
here. Each call has an input of its own, which is drawn when the child is begun already; `grade`, elsewhere, draws it
again from its seed and looks at the answers.

The metric is the median over calls of log2(time / the baseline's time beside it): 0 is as fast, −1 twice as fast.
"""

import contextlib
import runpy
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from prepare import CALLS, FLOATS, MOST_POINTS, SPLITS, TOLERANCE, baseline, error, problem

LIMIT_S = 15.0  # of a call, which takes a hundredth of that on a core of its own


def ask(folder: Path, script: str) -> int:
    """Write the one question, which says nothing: what is asked is drawn where it is timed."""
    del script  # all are asked the same
    np.savez(folder / "question-0.npz", calls=CALLS)
    return 1


def answer(folder: Path) -> None:
    """Time the experiment's code; its own process has its rights, this one writes down what it measured."""
    from inside.timing import TamperedError, Timed  # there where experiments run, and nowhere else

    try:
        with Timed(_loaded(folder), 8 * (FLOATS + MOST_POINTS), LIMIT_S) as own:
            own.load()
            found = _timed(own)
    except TamperedError as error:
        found = {"tampered": np.array(str(error))}
    _leave(folder, found)


def grade(folder: Path) -> dict[str, float]:
    """The metrics of the answers.

    Raises:
        ValueError: One is wrong.
        TamperedError: It tampered with its time.
    """
    from inside.timing import TamperedError

    rng = np.random.default_rng(secrets.randbits(64))
    metrics: dict[str, float] = {}
    with np.load(folder / "answer-0.npz", allow_pickle=False) as said:
        if "tampered" in said.files:
            raise TamperedError(str(said["tampered"]))
        for split in SPLITS:
            ratios: list[float] = []
            for k in range(CALLS):
                found = error(said[f"{split}_{k}"], split, int(said[f"{split}_{k}_seed"]), rng)
                if not found <= TOLERANCE:
                    raise ValueError(f"its sums are wrong by {found:.2g}, of which {TOLERANCE:g} are allowed")
                here, there = said[f"{split}_{k}_s"]
                ratios.append(float(np.log2(there / here)))
            metrics[f"{split}_log2_time"] = float(np.median(ratios))
    return metrics


def _loaded(folder: Path) -> Callable[[], Callable[..., None]]:
    def load() -> Callable[..., None]:
        sums = runpy.run_path(str(folder / "train.py"), run_name="model")["sums"]

        def call(memory: object, m: int, n: int, width: float) -> None:
            given = np.frombuffer(memory, dtype=np.float64, count=FLOATS)
            targets, sources = given[: 3 * m].reshape(m, 3), given[3 * m : 3 * (m + n)].reshape(n, 3)
            out = np.frombuffer(memory, dtype=np.float64, count=m, offset=8 * FLOATS)
            out[:] = sums(targets, sources, given[3 * (m + n) : 3 * m + 4 * n], width)

        return call

    return load


def _timed(own: object) -> dict[str, np.ndarray]:
    """The answers by split and call, their seconds beside the baseline's, and the seeds of their inputs."""
    found: dict[str, np.ndarray] = {}
    for number in range(-1, CALLS):  # the first is for warmth, and counts nothing
        for split in SPLITS:
            seed = secrets.randbits(63)
            here, there, said = _pair(own, split, seed)
            if number >= 0:
                found |= {f"{split}_{number}": said, f"{split}_{number}_s": np.array([here, there])}
                found[f"{split}_{number}_seed"] = np.array(seed)
    return found


def _pair(own: object, split: str, seed: int) -> tuple[float, float, np.ndarray]:
    """Seconds of the program to beat and of the experiment's on one input, in an order that is drawn; its sums."""
    targets, sources, weights, width = problem(split, seed)
    m, n = len(targets), len(sources)

    def here() -> float:
        before = time.process_time()
        baseline(targets, sources, weights, width)
        return time.process_time() - before

    first = here() if seed % 2 else 0.0
    memory = np.frombuffer(own.memory, dtype=np.float64)
    memory[: 3 * m + 4 * n] = np.concatenate([targets.ravel(), sources.ravel(), weights])
    memory[FLOATS:] = np.nan  # what is not written is wrong
    there = own.call(m=m, n=n, width=width)
    said = memory[FLOATS : FLOATS + m].copy()
    return first or here(), there, said


def _leave(folder: Path, found: dict[str, np.ndarray]) -> None:
    """Write the answer where the experiment may have laid something else."""
    place = folder / "answer.npz"
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    with place.open("xb") as file:
        np.savez(file, **found)
