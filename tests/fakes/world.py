"""The toy task as a world: what its real files do, in virtual seconds."""

import numpy as np

from orgopt.task import Settings

SECONDS = {"slow": 0.3, "hang": 600.0}


class ToyWorld:
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


def world() -> ToyWorld:
    return ToyWorld()
