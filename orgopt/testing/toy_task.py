"""The toy task: a parabola with noise, as real files, which take milliseconds, and as a world in virtual time."""

from pathlib import Path

import numpy as np

from orgopt.lab.replay import ReplayLab
from orgopt.lab.worlds.world import CalledWorld
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Settings, Task

TOY = Path(__file__).parent / "toy"

SECONDS = {"slow": 0.3, "hang": 600.0}


class ToyWorld:
    """What the toy's real files do, in virtual seconds; its knob MODE makes experiments fail."""

    def curve(self, knobs: Settings, seed: int) -> tuple[float, list[float]]:
        mode = knobs["MODE"]
        if mode in {"crash", "exit"}:
            raise ValueError("the loss exploded \x1b[31m\nand more")
        noise = float(np.random.default_rng(seed).normal(0, 0.01))
        last = float("nan") if mode == "nan" else self.truth(knobs) + noise
        seconds = SECONDS.get(str(mode), 0.05)
        return (0.0 if mode == "garbage" else seconds), ([] if mode == "nothing" else [3.0, 2.0, 1.0, last])

    def truth(self, knobs: Settings) -> float:
        return (float(knobs["X"]) - 0.7) ** 2 + (float(knobs["Y"]) - 0.2) ** 2

    def validation(self, knobs: Settings) -> float:
        return self.truth(knobs)


def world() -> ToyWorld:
    """The world, as a `task.toml` names it."""
    return ToyWorld()


def toy_task() -> Task:
    """The task, from its files."""
    return load_task(str(TOY))


def toy_replay(task: Task, slots: int) -> ReplayLab:
    """A lab in which the toy task takes no time."""
    return ReplayLab(task, CalledWorld(task, ToyWorld()), slots)
