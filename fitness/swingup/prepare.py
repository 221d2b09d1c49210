"""The fixed part of swingup: a cart, a pole that hangs from it, what an experiment may spend, and the metric.

Agents edit `train.py` and never this file. A cart on a track is pushed left or right; its pole must swing up and stay
up. The equations are those of the cart-pole problem (Barto, Sutton and Anderson 1983) with a pole that starts anywhere
near hanging. A policy is a small network with weights, shape (n,), of which many are tried at once.

- The budget: `Budget` charges each step of each cart, and for each call a fixed amount besides. So small populations
  take long, and an experiment is the same number of charges on any machine.
- The metric: the mean cost of a step, 0 (the pole is up, the cart in the middle) to about 1 (it hangs), over 96 starts
  for the validation, which steers the search (`val_cost`), and 160 others with poles of other lengths and masses for
  what a result counts for (`heldout_cost`).

The learning curve is the mean cost of all that train.py tries, by whatever rules it trains: with easy starts and small
steps it looks good, and says little about the end.
"""

import hashlib
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

STEPS = 120  # of a judged episode, 0.04 s each
STEP_S = 0.04
TRACK = 2.4  # metres to each side
PUSH = 12.0  # newtons at most
OBSERVED = 5  # place, speed, cosine, sine, spin
BUDGET = 40_000  # cart steps of an experiment
CALL = 24  # charged for each step of a population, besides its carts
CURVE_POINTS = 10
VAL = 96  # of the 256 starts; the others are held out


@cache
def starts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First states, shape (256, 4), half lengths of the poles in metres and their masses in kg, (256,) each.

    The first `VAL` are the validation's. They lie in a file that experiments cannot see.
    """
    with np.load(Path(__file__).with_name("starts.npz"), allow_pickle=False) as kept:
        return kept["state"], kept["length"], kept["mass"]


def data_digest() -> str:
    """SHA-256 over all starts and poles."""
    return hashlib.sha256(b"".join(array.tobytes() for array in starts())).hexdigest()


def step(state: np.ndarray, push: np.ndarray, length: np.ndarray | float, mass: np.ndarray | float) -> np.ndarray:
    """The states, shape (..., 4), a step later; pushes, shape (...), are from −1 to 1.

    A state is the cart's place and speed, the pole's angle from upright and its spin. At the ends of the track the cart
    stops dead.
    """
    place, speed, angle, spin = np.moveaxis(state, -1, 0)
    sine, cosine = np.sin(angle), np.cos(angle)
    total = 1.0 + mass
    force = (PUSH * push + mass * length * spin * spin * sine) / total
    twist = (9.8 * sine - cosine * force) / (length * (4 / 3 - mass * cosine * cosine / total))
    speed = speed + STEP_S * (force - mass * length * twist * cosine / total)
    spin = np.clip(spin + STEP_S * twist, -15.0, 15.0)
    moved = place + STEP_S * speed
    place = np.clip(moved, -TRACK, TRACK)
    return np.stack([place, np.where(moved == place, speed, 0.0), angle + STEP_S * spin, spin], -1)


def observed(state: np.ndarray) -> np.ndarray:
    """What a policy sees of states, shape (..., 4): shape (..., 5), each about from −1 to 1."""
    place, speed, angle, spin = np.moveaxis(state, -1, 0)
    return np.stack([place / TRACK, speed / 4.0, np.cos(angle), np.sin(angle), spin / 8.0], -1)


def cost(state: np.ndarray) -> np.ndarray:
    """What a state costs, shape (...): half of one minus the cosine, and a tenth for a cart at the track's end."""
    return (1.0 - np.cos(state[..., 2])) / 2 + 0.1 * (state[..., 0] / TRACK) ** 2


class Budget:
    """How much of the experiment's steps is spent.

    Example:
        budget = Budget()
        while budget.left():
            ...
            budget.charge(carts, mean_cost)
    """

    def __init__(self) -> None:
        self.spent = 0.0
        self._costs: list[float] = []  # since the last point of the curve
        self._points = 0

    @property
    def progress(self) -> float:
        """The share of the budget that is spent, 0 to 1."""
        return min(1.0, self.spent / BUDGET)

    def left(self) -> bool:
        """Whether more may be tried."""
        return self.spent < BUDGET

    def charge(self, carts: int, steps: int, mean_cost: float) -> None:
        """Charge steps of so many carts at once; the mean cost since the last point becomes the next when it is due."""
        self.spent += steps * (carts + CALL)
        self._costs.append(mean_cost)
        due = int(self.progress * CURVE_POINTS + 1e-9)
        if due > self._points:
            for _ in range(self._points, due):
                report(sum(self._costs) / len(self._costs))
            self._points, self._costs = due, []


def report(value: float) -> None:
    """Add a point to the experiment's learning curve."""
    with Path("curve").open("a") as file:
        file.write(f"{value:.6g}\n")


def save(arrays: dict[str, np.ndarray], path: str = "weights.npz") -> None:
    """Leave the trained policy as plain arrays: data, never code."""
    np.savez(path, **arrays)


def mean_costs(policy: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    """The mean cost of a step over the episodes of both splits.

    Args:
        policy: Pushes from −1 to 1, shape (n,), for what is seen of n carts, shape (n, 5).
    """
    state, length, mass = starts()
    total = np.zeros(len(state))
    for _ in range(STEPS):
        push = np.nan_to_num(np.asarray(policy(observed(state)), np.float64))
        state = step(state, np.clip(push, -1.0, 1.0), length, mass)
        total += cost(state)
    return means(total)


def means(total: np.ndarray) -> dict[str, float]:
    """The metrics by what each start cost in all, shape (256,)."""
    return {"val_cost": float(total[:VAL].mean() / STEPS), "heldout_cost": float(total[VAL:].mean() / STEPS)}


def evaluate(folder: Path) -> dict[str, float]:
    """The metrics of the `weights.npz` that an experiment left beside its `train.py`."""
    act = runpy.run_path(str(folder / "train.py"), run_name="model")["act"]
    with np.load(folder / "weights.npz", allow_pickle=False) as left:
        arrays = {name: left[name] for name in left.files}
    return mean_costs(lambda seen: act(seen, arrays))
