"""Judging a rewritten train.py: its `act` steers carts whose starts, poles and costs it cannot see.

The fixed part of swingup for scripts that an agent rewrote; where only constants changed, `prepare.evaluate` judges
with the task's own function. Agents never edit this file. The script must still have `act(seen, arrays)`, which takes
what is seen of n carts, shape (n, 5), and the arrays that were saved, and gives n pushes.

The carts move where the judge is: `answer` writes the pushes of every step down, and `grade` moves the carts anew by
these pushes, from the true starts. Both see the same states, as the steps are the same arithmetic, so that pushes that
fit other states only harm who sends them.
"""

import runpy
from pathlib import Path

import numpy as np
from prepare import STEPS, cost, means, observed, starts, step


def ask(folder: Path, script: str) -> int:
    """Write the one question: the carts' first states, and their poles."""
    del script  # all are asked the same
    state, length, mass = starts()
    np.savez(folder / "question-0.npz", state=state, length=length, mass=mass)
    return 1


def answer(folder: Path) -> None:
    """Steer the carts of `question.npz` with the experiment's own script; its code runs here, with its rights."""
    act = runpy.run_path(str(folder / "train.py"), run_name="model")["act"]
    with np.load(folder / "weights.npz", allow_pickle=False) as left:
        arrays = {name: left[name] for name in left.files}
    with np.load(folder / "question.npz") as question:
        state, length, mass = question["state"], question["length"], question["mass"]
    pushes: list[np.ndarray] = []
    for _ in range(STEPS):
        push = np.nan_to_num(np.asarray(act(observed(state), arrays), np.float64))
        pushes.append(np.clip(push, -1.0, 1.0))
        state = step(state, pushes[-1], length, mass)
    np.savez(folder / "answer.npz", pushes=np.stack(pushes))


def grade(folder: Path) -> dict[str, float]:
    """The metrics of the pushes.

    Raises:
        ValueError: They are no pushes of the right shape.
    """
    state, length, mass = starts()
    with np.load(folder / "answer-0.npz", allow_pickle=False) as answer:
        pushes = answer["pushes"]
    if pushes.shape != (STEPS, len(state)) or pushes.dtype != np.float64 or not (np.abs(pushes) <= 1).all():
        raise ValueError(f"the answers are no float64 pushes from -1 to 1 of shape {(STEPS, len(state))}")
    total = np.zeros(len(state))
    for push in pushes:
        state = step(state, push, length, mass)
        total += cost(state)
    return means(total)
