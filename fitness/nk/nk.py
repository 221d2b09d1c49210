"""NK landscapes (Kauffman 1993) as a world: N bits whose contributions depend on K others each.

The score of a solution is (its mean contribution / the landscape's largest)^8, as in Lazer & Friedman (2007), so that
1 is the true optimum, found by enumeration. The metric is 1 - score: the shortfall, lower is better.
"""

import numpy as np

POWER = 8


def scores(
    n: int, k: int, rng: np.random.Generator, *, decimals: int | None = None, own_again: bool = False
) -> np.ndarray:
    """The score of each of the 2^n solutions, float32, by the number that its bits spell (bit 0 counts 1).

    Args:
        n, k: Bits, and how many others each depends on.
        rng: Draws the dependencies and contributions.
        decimals: Contributions are rounded to so many.
        own_again: Whether a bit may be drawn as one of the k that it depends on.
    """
    solutions = np.arange(2**n, dtype=np.int32)
    total = np.zeros(2**n, dtype=np.float32)
    for own in range(n):
        others = [bit for bit in range(n) if own_again or bit != own]
        index = (solutions >> own) & 1
        for bit in rng.choice(others, size=k, replace=False):
            index = 2 * index + ((solutions >> bit) & 1)
        table = rng.random(2 ** (k + 1), dtype=np.float32)
        total += (table if decimals is None else np.round(table, decimals))[index]
    return (total / total.max()) ** POWER


class Landscape:
    """One landscape. An experiment looks one solution up, in .99 lab seconds, without noise."""

    def __init__(self, n: int, k: int, landscape: int, *, decimals: int | None, own_again: bool) -> None:
        self.names = [f"B{bit:02d}" for bit in range(n)]
        self.weights = {name: 1 << bit for bit, name in enumerate(self.names)}
        self.shortfall = 1 - scores(
            n, k, np.random.default_rng([n, k, landscape]), decimals=decimals, own_again=own_again
        )

    def curve(self, knobs, seed):  # noqa: ARG002 there is no noise
        return 0.99, (self.truth(knobs),)

    def truth(self, knobs):
        return float(self.shortfall[sum(self.weights[name] for name in self.names if knobs[name])])


def world(
    n: int = 20, k: int = 5, landscape: int = 0, decimals: int | None = None, own_again: bool = False
) -> Landscape:
    return Landscape(n, k, landscape, decimals=decimals, own_again=own_again)
