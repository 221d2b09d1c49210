"""The parts of a score beside each other: validation progress, held-out quality at the end and over the budget.

The one place where they are averaged; terminal, page, MLflow, JSON and Python show what this gives.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from orgopt.scoring.score import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Parts of a score, means over runs.

    Attributes:
        progress: Validation progress of what was submitted last, see `Score`; None where no run has one.
        q_final: Held-out quality of that.
        q_mean: Held-out quality over the budget.
    """

    progress: float | None
    q_final: float
    q_mean: float


def parts_of(scores: Sequence[Score]) -> Parts:
    """The parts of the scores of one or more runs. Where some have no progress, the others' counts."""
    known = [score.progress for score in scores if score.progress is not None]
    return Parts(
        progress=fmean(known) if known else None,
        q_final=fmean(score.q_final for score in scores),
        q_mean=fmean(score.q_mean for score in scores),
    )
