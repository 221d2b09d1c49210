"""The ladder: what the held-out split says of an accepted claim, so little of it that nobody can climb by its answers.

A claim that was accepted is looked at on the held-out split once. It becomes the best only where it is ahead by more
than a step, and what is published is rounded down to whole steps; of any other claim nothing is published but that it
did not hold. So all that was ever said of the held-out split is when the best changed and by how many steps, and
somebody who chooses their next claim by it can mislead the board by little: by an order of (log(k n) / n)^(1/3) after k
looks at n examples (Blum and Hardt 2015, ICML 37, 1006; their ladder compares with the rounded score of the best, this
one with the best itself, run on the same seeds. The number of possible answers, which the proof counts, is the same).
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """How far a board's best has come on the held-out split.

    Attributes:
        step: The least gain that counts, in the unit of the held-out metric.
        steps: How many steps the best is above the untouched script.
    """

    step: float
    steps: int = 0

    @property
    def gain(self) -> float:
        """What is published of the best: its gain over the untouched script in whole steps."""
        return self.step * self.steps

    def look(self, gain: float) -> "Ladder | None":
        """The ladder with a new best; None where that is not ahead of the present one by more than a step.

        Args:
            gain: By how much it is better than the present best.
        """
        if not gain > self.step:
            return None
        return Ladder(step=self.step, steps=self.steps + math.floor(gain / self.step))
