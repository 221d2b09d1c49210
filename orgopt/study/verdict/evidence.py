"""What fresh runs say of a submission, in words: the gain in its own unit, and what no run can tell from luck."""

import math
from collections.abc import Iterable, Mapping

from orgopt.ledger import BASELINE
from orgopt.scoring.gain_evidence import PAIRS, Evidence
from orgopt.scoring.score import Score
from orgopt.study.records.head import Identity, TaskRecord
from orgopt.study.wording import count, listing
from orgopt.tasks.task import Task

UNVARIED = "does not vary with the seed"
"""The stamp of a metric that is the same with every seed."""
REMEDY = (
    "Let the script take its seed from the variable ORGOPT_SEED; if it draws nothing at random, only other data can "
    "confirm a gain."
)


def improvement(score: Score) -> str:
    """Whether a submission is one, and by what that is known: the clause that all outputs share."""
    evidence = score.evidence
    if score.disqualified:
        return "none: disqualified"
    if score.submitted == BASELINE:
        return "none: nothing was better than the untouched script"
    return f"confirmed by {_by(evidence)} (95 %)" if score.confirmed else f"not confirmed: {doubt(score)}"


def doubt(score: Score) -> str:
    """Why a submission is not confirmed."""
    evidence = score.evidence
    if evidence is not None and not evidence.varies:
        return f"its metric {UNVARIED}"
    if score.q_final <= 0:
        return f"{_where(evidence)} it is behind the untouched script"
    if evidence is not None and evidence.low is None:
        return f"{count(evidence.runs, 'run')} cannot tell luck from gain: --verify-seeds {PAIRS} can"
    return (
        f"it is within the noise of {_by(evidence)}" if evidence and evidence.paired else "it is within the seed noise"
    )


def confirmed_by(score: Score) -> str:
    """What confirms a submission, as a sentence without its end: `Fresh seeds confirm it`."""
    if score.evidence is not None and not score.evidence.runs:
        return "Without noise, too, it beats the untouched script"
    return f"{_by(score.evidence).capitalize()} confirm it"


_MORE_DIGITS = 3
"""Beyond a gain's own two digits: pairs of the same seeds may have next to no noise."""


def gained(task: Task, score: Score) -> str:
    """The gain in the metric's own unit with its noise, and what the runs could have shown; empty without evidence.

    Such as `val_loss 0.4820 → 0.4610 (−0.0210 ± 0.0040); gains from 0.0130 on are shown in four of five cases`.
    """
    evidence = score.evidence
    if evidence is None:
        return ""
    sign = -1 if task.heldout.startswith("-") else 1
    before, after = (sign * value for value in (task.baseline.heldout, task.baseline.heldout - evidence.gain))
    size = abs(evidence.gain) or abs(before)
    digits = min(_digits(evidence.error or size), _digits(size) + _MORE_DIGITS)
    least = 0.5 * 10.0**-digits
    noise = f" ± {evidence.error:.{digits}f}" if evidence.varies and evidence.error > least else ""
    change = f"{_signed(after - before, digits)}{noise}"
    share = f", {_signed(100 * (after / before - 1), 1)} %" if task.by_ratio and before else ""
    shows = ""
    if evidence.resolution and evidence.resolution > least:
        shows = f"; gains from {evidence.resolution:.{digits}f} on are shown in four of five cases"
    name = task.heldout.removeprefix("-")
    return f"{name} {before:.{digits}f} → {after:.{digits}f} ({change}{share}){shows}."


def unvaried(identity: Identity, tasks: Mapping[str, TaskRecord]) -> tuple[str, ...]:
    """The tasks of a log whose script gave the same with every seed."""
    return tuple(name for name in identity.self_reported if name in tasks and not tasks[name].baseline.varies)


def stamp(tasks: Iterable[str]) -> str:
    """What is said of such tasks; empty without any."""
    names = listing(list(tasks))
    said = f"The metric of {names} {UNVARIED}, so that the luck of this one seed cannot be told from a gain."
    return said if names else ""


def _by(evidence: Evidence | None) -> str:
    if evidence is not None and not evidence.runs:
        return "the value without noise"
    if evidence is None or not evidence.paired:
        return "fresh seeds"
    return f"{count(evidence.runs, 'pair')} of runs with the untouched script"


def _where(evidence: Evidence | None) -> str:
    if evidence is not None and not evidence.runs:
        return "without noise"
    return f"in {count(evidence.runs, 'pair')} of runs" if evidence and evidence.paired else "on fresh seeds"


def _digits(size: float) -> int:
    """Decimals at which a number shows two digits."""
    return max(0, min(12, 1 - math.floor(math.log10(size)))) if size else 3


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")
