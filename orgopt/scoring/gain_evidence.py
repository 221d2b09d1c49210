"""Confirmation: what fresh runs say of a submission's gain over the untouched script, and how sure that is.

Three ways to know it, in the order of `verification`: runs in pairs with the untouched script (`paired`), fresh
seeds against a baseline that was measured before (`against`), and a world that answers without noise (`known`). A gain
is confirmed where its 95 % interval lies above zero: by Student's t with the degrees of freedom that the runs have.
Nothing is confirmed by seeds that change nothing.

Metrics are lower-is-better, gains are in their unit, more is better. Pure functions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from orgopt.scoring.samples import spread_of, t_quantile
from orgopt.tasks.normalisation import Measure

LEVEL = 0.975
"""Of the lower end: that of a two-sided 95 % interval, so that of a hundred submissions that gain nothing two or three
are confirmed, and hardly ever more than five."""
POWER = 0.8
"""How often a gain as large as the stated resolution is confirmed."""
PAIRS = 8
"""Pairs in which a claim is tried: an even number, in which drift cancels. Eight resolve a gain of 1.2 standard
deviations of a pair; two would resolve 10, and sixteen .75. Where one run in ten is slowed down a lot, six pairs
confirm 74 % of gains of twice the resolution, and eight 85 %."""
LOOKS = 3
"""How often the pairs of a metric of time are looked at, each time with twice as many: a machine is quiet in one
verification and not in the next, so that no fixed number of pairs suits both. Ten runs under the same load differed
sixfold in their noise, and eight pairs confirmed 57 of 100 gains of twice the resolution of the median run."""
_LOOK_LEVEL = 0.99
"""Of the lower end at each of these looks. Together they confirm 2.3 to 2.6 % of what gains nothing, as one look at
`LEVEL` does (Pocock's constant boundary at one, two and four times the pairs, by simulation; Pocock 1977, Biometrika
64, 191)."""
_HOPELESS = 0.5
"""Standard errors that a submission is ahead by at least, or no more pairs are run: a third of what gains nothing is
looked at twice, and hardly any gain is given up."""
_ALIKE = 6
"""Pairs that say the same without any noise, from which on that is no chance: a coin falls so once in 64 times."""

_MOST = 50.0
"""The logarithm of the largest ratio that is told: what is beyond has no end."""

Pair = tuple[float | None, float | None]
"""What the untouched script and the submission gave side by side; None for a run that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What fresh runs say of a submission.

    Attributes:
        gain: By how much it is better than the untouched script, in the unit of the held-out metric.
        error: The standard error of that.
        low: The lower end of the 95 % interval of the gain; None where so few runs, or so steady ones, have none.
        resolution: The smallest true gain that is confirmed in four of five cases; None likewise.
        runs: Runs of the submission, or pairs; 0 where a world knows.
        paired: Whether each ran beside the untouched script.
        varies: Whether results vary with the seed.
    """

    gain: float
    error: float
    low: float | None
    resolution: float | None
    runs: int
    paired: bool = False
    varies: bool = True

    @property
    def confirmed(self) -> bool:
        """Whether there is a gain, and no luck of a seed."""
        return self.low is not None and self.low > 0

    @property
    def undecided(self) -> bool:
        """Whether more pairs may yet confirm it."""
        return self.varies and not self.confirmed and self.gain > _HOPELESS * self.error


def paired(
    pairs: Sequence[Pair], baseline: Measure, *, ratios: bool = False, varies: bool = True, looks: int = 1
) -> Evidence:
    """What pairs say, each of a run of the untouched script and one of the submission next to it, on one seed.

    The noise is that of the pairs, so that nothing need be known of it before. A pair in which a run failed shows no
    gain.

    Args:
        pairs: One or more.
        baseline: What the gain is taken from, and where a single pair has its noise from.
        ratios: Whether runs of a pair are compared by their ratio, as times are; values are all of one sign then, or
            they are compared by their difference all the same.
        varies: Whether results vary with the seed.
        looks: How often the pairs are looked at in all, this time among them: 1 or `LOOKS`.
    """
    level = baseline.heldout
    told = [pair for pair in pairs if None not in pair]
    by_ratio = ratios and all((value or 0.0) * level > 0 for pair in told for value in pair)
    apart = np.array([ahead(*pair, by_ratio=by_ratio) for pair in pairs])
    n, mean = len(apart), float(apart.mean())
    error = spread_of(apart) / math.sqrt(n) if n > 1 else math.sqrt(2) * baseline.sd / (abs(level) if by_ratio else 1)
    enough = varies and (error > 1e-12 * abs(mean) or n >= _ALIKE)
    low, resolution = _told(mean, error, n - 1 if enough else 0, LEVEL if looks == 1 else _LOOK_LEVEL)

    def gained(ahead: float) -> float:
        if not by_ratio:
            return ahead
        times = max(-_MOST, min(_MOST, ahead))  # as fast, as a logarithm: less of a time, more of a speed below zero
        return level * (1 - math.exp(-times if level > 0 else times))

    return Evidence(
        gain=gained(mean),
        error=abs(level - gained(mean)) * error if by_ratio else error,
        low=None if low is None else gained(low),
        resolution=None if resolution is None else gained(resolution),
        runs=n,
        paired=True,
        varies=varies,
    )


def against(values: Sequence[float], baseline: Measure, *, varies: bool = True) -> Evidence:
    """What runs with fresh seeds say beside a baseline that was measured before.

    Few runs tell little of their own noise: it is taken to be that of the baseline, or their own where that is more.
    """
    n = len(values)
    own = float(np.std(values, ddof=1)) if n > 1 else 0.0
    error = math.sqrt(max(own, baseline.sd) ** 2 / n + baseline.sd**2 / baseline.seeds)
    gain, varies = baseline.heldout - float(np.mean(values)), varies and baseline.varies
    low, resolution = _told(gain, error, baseline.seeds - 1 if varies else 0)
    return Evidence(gain=gain, error=error, low=low, resolution=resolution, runs=n, varies=varies)


def known(value: float, baseline: Measure, *, varies: bool = True) -> Evidence:
    """What a world says that knows a setting's metric without noise: only the baseline has some."""
    gain, error = baseline.heldout - value, baseline.sd / math.sqrt(baseline.seeds)
    low, resolution = (gain, 0.0) if varies and not error else _told(gain, error, baseline.seeds - 1 if varies else 0)
    return Evidence(gain=gain, error=error, low=low, resolution=resolution, runs=0, varies=varies)


def ahead(base: float | None, own: float | None, *, by_ratio: bool) -> float:
    """By how much a run is ahead of the one beside it, as a logarithm where times are compared.

    A pair in which a run failed shows no gain.
    """
    if base is None or own is None:
        return 0.0
    if not by_ratio:
        return base - own
    return math.log(base / own) if base > 0 else math.log(own / base)


def _told(mean: float, error: float, degrees: int, level: float = LEVEL) -> tuple[float | None, float | None]:
    """The lower end of a mean's interval, and the smallest mean that shows with `POWER`.

    That is by the sum of two quantiles of t (Zar 2010, Biostatistical Analysis, 7.7). Without degrees of freedom there
    is neither.
    """
    if degrees < 1:
        return None, None
    bar = t_quantile(degrees, level)
    return mean - bar * error, (bar + t_quantile(degrees, POWER)) * error
