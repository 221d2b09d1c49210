"""Where the metric that steers a search and the one that counts part.

A search sees the validation metric alone. Where the setting that is best by it has clearly worse held-out quality than
the reference, or where both hardly agree among good settings, the better search gets the worse score. Such a task may
still be what it is meant to be; whoever uses it should know. Here too: what a world gives for a task's own figures.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from orgopt.errors import TaskError
from orgopt.lab.worlds.fitted_world import Recorded, reference_settings
from orgopt.lab.worlds.learning_curves import spearman
from orgopt.lab.worlds.optimum import optimum
from orgopt.lab.worlds.recording import load_records
from orgopt.lab.worlds.recording_files import records_path
from orgopt.lab.worlds.world import AnswerSource
from orgopt.seeds import Stream, generator
from orgopt.tasks.knob import Settings
from orgopt.tasks.task import Measure, Task

WORSE = 0.25
"""Of the way from baseline to reference: by how much less the best setting by validation may have."""
FOUND = 0.98
"""The validation progress from which on a setting is taken for the best."""
LOW = 0.3
"""A rank correlation among the best fifth below which validation hardly tells good settings apart."""
BEST = 0.2
_DRAWS = 2_000
_SEEDS = 4  # of a world that knows its validation metric with noise alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Parting:
    """How far validation and held-out quality part on a task.

    Attributes:
        settings: The best setting by validation that was found in the world, every knob named.
        progress: Its validation progress there; None without a reference. Below 1 it is not the best: the reference is.
        quality: Its held-out quality there.
        reference: The held-out quality of the reference there; of the best setting that was met, without one.
        agreement: Rank correlation of both metrics among the fifth that is best by validation: of recorded runs, or of
            draws; nan where it is not known.
        runs: Over how many of them.
    """

    settings: Settings
    progress: float | None
    quality: float
    reference: float
    agreement: float
    runs: int

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user of the task should know, a line each; empty where both agree."""
        return tuple(self._said())

    def _said(self) -> Iterator[str]:
        found = self.progress is None or self.progress >= FOUND
        if found and self.quality < self.reference - WORSE:
            yield (
                f"Validation and held-out quality part: the setting that is best by validation has q "
                f"{self.quality:.2f}, the reference {self.reference:.2f}. Judge by validation progress as well."
            )
        if self.agreement < LOW:
            yield (
                f"Among the fifth that is best by validation, held-out quality hardly follows it (rank correlation "
                f"{self.agreement:.2f} over {self.runs:,}): who wins there is luck."
            )


def parting(task: Task, source: AnswerSource) -> Parting:
    """How far both metrics part in a world, and in the recording that it was fitted to.

    Raises:
        TaskError: The world fails, or the recording cannot be read.
    """
    validation, heldout = _validation(source), _heldout(task, source)
    known = reference_settings(task) if isinstance(source, Recorded) else {}
    best = optimum(task, validation, draws=_DRAWS, known=known)
    if known:
        reference = task.quality(heldout(known))
    elif task.reference is not None:
        reference = 1.0
    else:
        reference = task.quality(optimum(task, heldout, draws=_DRAWS, known=best.settings).value)
    pairs = _recorded(task) if isinstance(source, Recorded) else _drawn(task, validation, heldout)
    agreement, runs = _agreement(pairs)
    return Parting(
        settings=best.settings,
        progress=task.progress(best.value),
        quality=task.quality(heldout(best.settings)),
        reference=reference,
        agreement=agreement,
        runs=runs,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a world gives for the figures of its `task.toml`.

    Attributes:
        baseline, reference: With as many seeds as `sd` is of.
        settings: Of the reference, as far as they are not the defaults: the best by held-out quality that was found.
    """

    baseline: Measure
    reference: Measure
    settings: Settings


def figures(task: Task, source: AnswerSource, *, seeds: int = 16) -> Figures:
    """A world's baseline, and the best setting by held-out quality that a search of some thousands finds.

    Raises:
        TaskError: The world fails.
    """
    best = optimum(task, _heldout(task, source), draws=_DRAWS, known=reference_settings(task))
    defaults = task.complete({})
    changed = {name: value for name, value in best.settings.items() if value != defaults[name]}
    found = [_measured(task, source, settings, seeds) for settings in ({}, changed)]
    return Figures(baseline=found[0], reference=found[1], settings=changed)


def _measured(task: Task, source: AnswerSource, settings: Settings, seeds: int) -> Measure:
    answers = [source.answer(settings, seed) for seed in range(seeds)]
    done = [one for one in answers if one.metric is not None and one.heldout is not None]
    if not done:
        raise TaskError(f"{task.name}: no run of {settings or 'the baseline'} ends well: {answers[0].error}")
    metric, heldout = (np.array([getattr(one, name) for one in done]) for name in ("metric", "heldout"))
    known, truth = source.validation(settings), source.truth(settings)
    return Measure(
        metric=float(metric.mean()) if known is None else known,
        heldout=float(heldout.mean()) if truth is None else truth,
        sd=float(heldout.std(ddof=1)) if len(done) > 1 else 0.0,
        seeds=len(done),
    )


def _validation(source: AnswerSource) -> Callable[[Settings], float]:
    """The metric that steers: as the world knows it, or the mean over a few seeds; infinite where runs fail."""

    def ask(settings: Settings) -> float:
        known = source.validation(settings)
        if known is not None:
            return known
        found = [source.answer(settings, seed).metric for seed in range(_SEEDS)]
        values = [value for value in found if value is not None]
        return float(np.mean(values)) if len(values) == len(found) else float("inf")

    return ask


def _heldout(task: Task, source: AnswerSource) -> Callable[[Settings], float]:
    """The metric that counts; that of the baseline where runs fail."""

    def ask(settings: Settings) -> float:
        known = source.truth(settings)
        if known is not None:
            return known
        found = [source.answer(settings, seed).heldout for seed in range(_SEEDS)]
        return float(np.mean([task.baseline.heldout if value is None else value for value in found]))

    return ask


def _recorded(task: Task) -> np.ndarray:
    """Both metrics of the runs of a recording that ended well, (n, 2)."""
    records = load_records(records_path(task), task)
    both = np.column_stack([records.metric, records.heldout])
    return both[np.isfinite(both).all(1)]


def _drawn(task: Task, validation: Callable[[Settings], float], heldout: Callable[[Settings], float]) -> np.ndarray:
    """Both metrics of uniform draws, (n, 2)."""
    rng = generator(Stream.SEEK, _DRAWS, 1)
    units = rng.random((_DRAWS // 4, len(task.knobs)))
    drawn = [
        task.complete({knob.name: knob.at(float(at)) for knob, at in zip(task.knobs, row, strict=True)})
        for row in units
    ]
    both = np.array([(validation(one), heldout(one)) for one in drawn])
    return both[np.isfinite(both).all(1)]


def _agreement(pairs: np.ndarray) -> tuple[float, int]:
    """The rank correlation of both metrics among the best fifth by the first, and over how many."""
    if len(pairs) < 5:
        return nan, 0
    best = pairs[pairs[:, 0] <= np.quantile(pairs[:, 0], BEST)]
    if np.ptp(best[:, 0]) == 0 or np.ptp(best[:, 1]) == 0:
        return nan, len(best)
    found = spearman(best[:, 0], best[:, 1])
    return (nan if isnan(found) else found), len(best)
