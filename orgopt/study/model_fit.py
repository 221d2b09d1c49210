"""How well a model predicted what it had not seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

LEVELS = {"80": 1.2816, "95": 1.9600}
"""Normal quantiles of the intervals whose coverage is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How well organizations were predicted.

    Attributes:
        records: How many there were.
        spearman: Rank correlation of predicted and measured output.
        coverage: The share of measurements inside the 80 % and the 95 % interval.
    """

    records: int
    spearman: float
    coverage: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """The quality as JSON values."""
        return {"records": self.records, "spearman": round(self.spearman, 3), "coverage": dict(self.coverage)}


def quality(mean: np.ndarray, sd: np.ndarray, values: np.ndarray) -> Quality:
    """The quality of predictions, (n,) each; `sd` is that of the measurements around them, their noise included."""
    from orgopt.lab.worlds.learning_curves import spearman  # worlds take a tenth of a second, and readers need none

    off = np.abs(values - mean) / sd
    coverage = {level: round(float(np.mean(off <= z)), 3) for level, z in LEVELS.items()}
    return Quality(records=len(values), spearman=spearman(mean, values), coverage=coverage)
