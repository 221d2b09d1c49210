"""Raw metrics beside scores: what was measured on a task, in its own unit."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from orgopt.study.records.head import TaskRecord

_SMALL = 1e-3
_Z = 1.96  # of a 95 % interval


def measure(
    name: str,
    task: TaskRecord,
    values: Sequence[tuple[str, float]],
    errors: Mapping[str, float] = MappingProxyType({}),
    *,
    between: str = " → ",
) -> str:
    """A line such as `tinygpt heldout_bpb: 3.115 untouched → 3.081 with solo.md → 2.992 evolved (lower is better)`.

    Args:
        name: Of the task.
        task: What a log has of it: `heldout`, the metric's name, and `unit`. A name that begins with a minus is that
            of a negated metric, of which more is better.
        values: Who reached which value, in the order in which they are told.
        errors: Standard errors of those that have one, by who reached them; said as 95 % intervals.
        between: What stands between two of them: an arrow where each came of the one before.
    """
    metric, unit = task.heldout, task.unit
    negated = metric.startswith("-")
    shown = [(who, -value if negated else value) for who, value in values]
    form = form_of([value for _, value in shown])
    halves = {who: _Z * error for who, error in errors.items()}
    noise = {
        who: f" [{value - halves[who]:{form}}, {value + halves[who]:{form}}]" for who, value in shown if who in halves
    }
    steps = between.join(f"{value:{form}}{noise.get(who, '')} {who}" for who, value in shown)
    of = f"{unit}, " if unit and unit != metric.removeprefix("-") else ""
    return f"{name} {metric.removeprefix('-')}: {steps} ({of}{'higher' if negated else 'lower'} is better)"


def form_of(values: Sequence[float]) -> str:
    """How values are written so that those that differ are seen to: three decimals, or more where they are close.

    Where one is so small that few of its digits would be left, significant digits count in place of decimals.
    """
    kind = "g" if any(value and abs(value) < _SMALL for value in values) else "f"
    for digits in range(3, 6):
        if len({f"{value:.{digits}{kind}}" for value in values}) == len(set(values)):
            return f".{digits}{kind}"
    return f".5{kind}"
