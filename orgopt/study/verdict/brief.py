"""An ending in a line for lists of many: the result with its interval, and the raw metrics with their direction."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from orgopt.study.verdict.ending_form import Bar, Ending
from orgopt.study.wording import MARKS, compared, digits_of, plain

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
        mark = MARKS.get(ending.word, "")
        return Brief(f"{mark} {ending.title}".strip(), "; ".join(filter(None, (_scored(ending), *_metrics(ending)))))
    first = ending.bars[0]
    ends = (first.value - other.high, first.value - other.low)
    apart = compared(other.verdict, first.value - other.value, *ends, than=other.name)
    said = apart if against else f"{first.name}: {apart}"
    return Brief(said, "; ".join((_beside([first, other] if against else ending.bars, ending.seeds), *ending.measures)))


def _beside(bars: Sequence[Bar], seeds: str) -> str:
    """`score evolved team 0.43, trio.md 0.05, mean of 12 test seeds, higher is better`."""
    digits = digits_of(*(bar.value for bar in bars))
    scores = ", ".join(f"{bar.name} {plain(bar.value, digits)}" for bar in bars)
    return f"score {scores}{f', mean of {seeds}' * bool(seeds)}, higher is better"


def _scored(ending: Ending) -> str:
    """The score of a run, which has no bars; empty where there is none."""
    found = re.search(r"It scores (\S+):", ending.sure)
    return f"score {found[1]} on {ending.seeds}, higher is better" if found and ending.seeds else ""


def _metrics(ending: Ending) -> Sequence[str]:
    """The raw metrics, where the title has them not."""
    if not ending.headline:
        return ending.measures
    return [" ".join(ending.headline)] if ending.headline[0] not in ending.title else []
