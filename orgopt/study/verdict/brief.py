"""An ending in a line for lists of many: the result with its interval, and the raw metrics with their direction."""

from typing import NamedTuple

from orgopt.study.verdict.ending_form import Bar, Ending
from orgopt.study.wording import digits_of, interval, signed

_CLAIMED = {"better", "worse", "no difference"}


class Brief(NamedTuple):
    """A line of a list, and a smaller one below it."""

    said: str
    about: str = ""


def brief(ending: Ending, against: str = "") -> Brief:
    """An ending in a line.

    Args:
        ending: Of a study, a contest or a run.
        against: Whose bar the first is compared with; the second's where it is empty.
    """
    other = next((bar for bar in ending.bars[1:] if against in {"", bar.name}), None)
    if other is None or other.low is None or other.high is None or ending.word not in _CLAIMED:
        return Brief(ending.title, "; ".join([" ".join(ending.headline)] if ending.headline else ending.measures))
    first = ending.bars[0]
    what = "score" if against else f"score, {first.name} to {other.name}"
    said = ending.title.partition(":")[0] if against else ending.title.removesuffix(".").replace(". ", "; ")
    return Brief(f"{said}: {_apart(first, other)}", "; ".join((f"{what}, higher is better", *ending.measures)))


def _apart(first: Bar, other: Bar) -> str:
    """By how much the first is ahead, with the interval: `+0.38 [+0.11, +0.57]`."""
    assert other.low is not None and other.high is not None  # noqa: PT018  the caller looked
    ends = (first.value - other.high, first.value - other.low)
    apart = first.value - other.value
    digits = digits_of(apart, *ends)
    return f"{signed(apart, digits)} {interval(*ends, sign=True, digits=digits)}"
