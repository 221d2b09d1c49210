"""How good candidates are, as far as noise lets one tell: the same figures for the search and for its readers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from orgopt.study import statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a study knows of a candidate's research output.

    Attributes:
        value: Mean over tasks and seeds.
        error: Its standard error, from the seed noise of all candidates; 0 where that is not known yet.
        estimate: The value drawn towards the mean of all candidates as far as it is noise.
        doubt: How far the truth may be from the estimate, one standard deviation.
        seeds: On how many seeds it was run.
    """

    value: float
    error: float
    estimate: float
    doubt: float
    seeds: int


def over_tasks(by_task: Sequence[Sequence[float]]) -> np.ndarray:
    """The mean over tasks of each seed's research output, as far as all tasks have it; one row of seeds a task."""
    seeds = min(map(len, by_task), default=0)
    return np.array([outputs[:seeds] for outputs in by_task], dtype=float).reshape(len(by_task), seeds).mean(axis=0)


def standings(outputs: Mapping[str, np.ndarray]) -> tuple[dict[str, Standing], float]:
    """The standing of each candidate from its research outputs, one a seed, and the noise of one seed.

    The noise is 0 where no candidate has two seeds: nothing is known of it then.
    """
    known = {name: values for name, values in outputs.items() if len(values)}
    if not known:
        return {}, 0.0
    sd = statistics.pooled_sd(known.values())
    # With one seed of each, nothing is known of noise; infinite, it would draw all of them to one mean.
    sd = sd if math.isfinite(sd) else 0.0
    means = np.array([values.mean() for values in known.values()])
    errors = np.array([sd / math.sqrt(len(values)) for values in known.values()])
    found = statistics.shrink(means, errors) if sd else statistics.Shrunken(means, errors, 0.0, 0.0)
    rows = zip(known.items(), means, errors, found.means, found.sds, strict=True)
    return {
        name: Standing(
            value=float(mean), error=float(error), estimate=float(estimate), doubt=float(doubt), seeds=len(values)
        )
        for (name, values), mean, error, estimate, doubt in rows
    }, sd


def believed(told: Mapping[str, Standing], estimates: Mapping[str, tuple[float, float]]) -> dict[str, Standing]:
    """Standings with the estimate and the doubt of a model that looked at all candidates, where it has some."""
    changed = {name: dict(zip(("estimate", "doubt"), found, strict=True)) for name, found in estimates.items()}
    return {name: replace(one, **changed.get(name, {})) for name, one in told.items()}
