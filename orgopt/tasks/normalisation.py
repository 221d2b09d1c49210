"""Normalisation: how a held-out metric becomes q, the quality without a unit that scores are made of.

q is 0 at the baseline, the untouched script. What it is beyond depends on the task:

- A task with a verified reference: 1 at the reference, linear between and beyond.
- A metric of time without one: the share of the time that is saved, .1 where 10 ms become 9 or 90 tokens/s become 100.
- Any other without one: the gain as a share of the metric, or of `FLOOR` times its seed noise where that is more, so
  that a metric near zero divides by its noise and not by nearly nothing.

Without a reference q stays between -2 and 2: it is the share itself up to 1, and bends beyond. Covers how metrics of
time are known, too. What scores are made of q is `orgopt.scoring.evaluation`'s, what noise lets one
claim `orgopt.scoring.gain_evidence`'s.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

FLOOR = 10.0
"""How many standard deviations of seed noise a metric is away from zero at least, where gains are shares of it."""
SAME = 1e-6
"""The share of their size by which values differ that are the same: parallel sums round differently each time."""

_TIMES = re.compile(
    r"latency|runtime|walltime|wallclock|duration|elapsed|seconds|secs|msec|millis|(milli|micro|nano)seconds|throughput|"
    r"[fqrt]ps"
)
"""Words that make a metric one of time wherever they stand."""
_UNITS = re.compile(r"s|sec|second|[mun]s|min|minutes|time|speed")
"""Words that do so at the end of a name, before a word such as `mean`."""
_AVERAGES = re.compile(r"mean|avg|average|median|total|best|p\d+")
_LOGARITHM = re.compile(r"log(2|10|e)?")
_QUALITIES = re.compile(
    r"loss|error|err|acc|accuracy|f1|auc|bp[bc]|nll|ppl|perplexity|r?mse|mae|score|reward|return|series|steps?"
)
"""Words after which a metric is none of time, such as in `time_series_loss`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What real runs of one setting gave: means over `seeds` seeds, and the seed noise of the held-out metric.

    `seconds` of an experiment are 0 where nobody measured them.
    """

    metric: float
    heldout: float
    sd: float
    seeds: int
    seconds: float = 0.0

    @property
    def varies(self) -> bool:
        """Whether the metric varies with the seed, as far as that is known."""
        return self.seeds < 2 or self.sd > SAME * abs(self.heldout)


def varies(values: Sequence[float]) -> bool:
    """Whether values of other seeds differ by more than rounding; one value alone tells of no sameness."""
    return len(values) < 2 or max(values) - min(values) > SAME * max(map(abs, values))


def is_time(name: str, unit: str = "") -> bool:
    """Whether a metric measures time or speed, and so the machine along with the script.

    By its name, such as `latency_ms`, `step_time`, `eval_seconds`, `tokens_per_s`, `it/s`, or by its unit. The last
    word that says what is measured decides: `time_series_loss` is a loss.
    """
    return _says_time(name) or _says_time(unit)


def by_ratio(name: str, *, timed: bool) -> bool:
    """Whether values of a metric are compared by their ratio: times are, and their logarithms by differences."""
    return timed and not any(map(_LOGARITHM.fullmatch, re.findall(r"[a-z]+\d*", name.lower())))


def quality(heldout: float, baseline: Measure, reference: Measure | None, *, timed: bool = False) -> float:
    """The q of a held-out metric, lower is better; see the module.

    Args:
        heldout: What is asked about.
        baseline: Where q is 0.
        reference: Where q is 1; None where no setting was verified.
        timed: Whether it is a metric of time. Values below zero are speeds, negated.
    """
    gain = baseline.heldout - heldout
    if reference is not None:
        return gain / (baseline.heldout - reference.heldout)
    if timed and heldout * baseline.heldout > 0:
        taken = heldout / baseline.heldout if heldout > 0 else baseline.heldout / heldout
        return _bounded(1 - taken)
    return _bounded(gain / whole(baseline))


def quality_error(
    heldout: float, error: float, baseline: Measure, reference: Measure | None, *, timed: bool = False
) -> float:
    """The standard error of q where the held-out metric has one."""
    if reference is not None:
        return error / (baseline.heldout - reference.heldout)
    better, worse = (quality(heldout + by, baseline, None, timed=timed) for by in (-error, error))
    return (better - worse) / 2


def whole(baseline: Measure) -> float:
    """The gain that is a share of 1, in the metric's unit, where there is no reference; one unit where all is zero."""
    return max(abs(baseline.heldout), FLOOR * baseline.sd) or 1.0


def _bounded(share: float) -> float:
    """A share as it is up to 1 either way, and less and less of what is beyond, up to 2."""
    return share if abs(share) <= 1 else math.copysign(2 - 1 / abs(share), share)


def _says_time(name: str) -> bool:
    words = re.findall(r"[a-z]+\d*", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower())
    while words and _AVERAGES.fullmatch(words[-1]):
        words.pop()
    for word in reversed(words):
        if _QUALITIES.fullmatch(word):
            return False
        if _TIMES.fullmatch(word) or (word is words[-1] and _UNITS.fullmatch(word)):
            return True
    return False
