"""How noise is added in a replayed world: that of a real run of about the same quality. `fit` makes the residuals."""

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

NEAR = 24  # recorded residuals at about the same quality, of which one is drawn


def add_noise(
    predictions: np.ndarray, residuals: np.ndarray, levels: Sequence[float], level: float, draw: int
) -> np.ndarray:
    """Predictions with the residuals of a real run of about the same quality.

    Args:
        predictions: Of the columns, `(columns,)`.
        residuals: Of every run, `(runs, columns)`, in the order of `levels`.
        levels: The fitted metric of every run, ascending.
        level: The fitted metric of the experiment.
        draw: Random bits, which choose among the nearest.
    """
    near = min(NEAR, len(levels))
    # Noise differs with quality: only runs of about the same say how much there is here.
    first = bisect_left(levels, level) - near // 2
    first = min(max(first, 0), len(levels) - near)
    return predictions + residuals[first + draw % near]
