"""Raw metrics beside scores: what was measured on a task, in its own unit."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from orgopt.study.records.head import TaskRecord


def measure(
    name: str, task: TaskRecord, values: Sequence[tuple[str, float]], errors: Mapping[str, float] = MappingProxyType({})
) -> str:
    """A line such as `tinygpt heldout_bpb: 3.115 untouched → 3.081 with solo.md → 2.992 evolved (lower is better)`.

    Args:
        name: Of the task.
        task: What a log has of it: `heldout`, the metric's name, and `unit`. A name that begins with a minus is that
            of a negated metric, of which more is better.
        values: Who reached which value, in the order in which they are told.
        errors: Standard errors of those that have one, by who reached them.
    """
    metric, unit = task.heldout, task.unit
    negated = metric.startswith("-")
    shown = [(who, -value if negated else value) for who, value in values]
    digits = _digits([value for _, value in shown])
    noise = {who: f" ± {error:.{digits}f}" for who, error in errors.items()}
    steps = " → ".join(f"{value:.{digits}f}{noise.get(who, '')} {who}" for who, value in shown)
    of = f"{unit}, " if unit and unit != metric.removeprefix("-") else ""
    return f"{name} {metric.removeprefix('-')}: {steps} ({of}{'higher' if negated else 'lower'} is better)"


def _digits(values: Sequence[float]) -> int:
    """Decimals at which values that differ are seen to differ: three, or more where they are small or close."""
    for digits in range(3, 6):
        if len({f"{value:.{digits}f}" for value in values}) == len(set(values)):
            return digits
    return 5
