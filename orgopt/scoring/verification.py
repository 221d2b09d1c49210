"""Verification: what is trained outside of any budget, so that a claim rests on runs that nobody selected.

What a team submitted is trained again: in rounds beside the untouched script where a machine's mood or a script's own
word would else decide, with fresh seeds otherwise. How the baseline is measured is `calibration`'s, what the
runs say `gain_evidence`'s.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from orgopt.lab.base import Experiment, Lab, Outcome, Status, validation
from orgopt.ledger import BASELINE
from orgopt.scoring import gain_evidence
from orgopt.scoring.calibration import train_all
from orgopt.scoring.gain_evidence import Evidence
from orgopt.seeds import Stream, derive, generator
from orgopt.tasks import normalisation
from orgopt.tasks.normalisation import varies
from orgopt.tasks.task import Measure, Settings, Task

VALIDATION_RUNS = 4
"""Runs of what a team submits, at least, in a world that knows what counts without noise, and not what steers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submissions:
    """What a team submitted.

    Attributes:
        settings: By the number of the experiment, without the baseline, in the order of submission.
        scripts: Of those that agents rewrote.
        last: The one that counts in the end; the baseline where that is.
    """

    settings: Mapping[int, Settings]
    last: int
    scripts: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of what a team submitted.

    Attributes:
        heldout: The held-out metric of each; of what was run in pairs, the baseline's less the gain.
        evidence: What is known of the last; None where that is the baseline.
        metric: The metric that steers the search of the last, likewise measured anew; None where that is the baseline.
        tampered: What was tampered with in a verification; empty when nothing was.
    """

    heldout: Mapping[int, float]
    evidence: Evidence | None = None
    metric: float | None = None
    tampered: str = ""


class _Plan(NamedTuple):
    """The seed of the run, the runs of each submission, and the pairs of the last at least."""

    seed: int
    seeds: int
    pairs: int


def in_pairs(task: Task) -> bool:
    """Whether submissions are run beside the untouched script, round by round.

    Metrics of time are, since the machine was another when the baseline was measured; and those that a script prints
    itself, of which nothing else is known: it may train for a fixed time, and then a quieter machine helps as well.
    """
    return task.timed or task.self_reported


def verify(task: Task, lab: Lab, submitted: Submissions, *, seed: int, seeds: int, pairs: int = 0) -> Verified:
    """Train again what was submitted; a run that fails shows no gain.

    Args:
        task: With its baseline.
        lab: Where; one that knows metrics without noise is asked instead.
        submitted: What to train.
        seed: Of the run: decides the fresh seeds.
        seeds: Runs of each, with as many seeds.
        pairs: Runs of the last at least, where they are paired with the untouched script.

    Raises:
        LabError: The lab broke.
    """
    truths = {number: lab.truth(setting) for number, setting in submitted.settings.items()}
    known = {number: value for number, value in truths.items() if value is not None}
    if len(known) == len(truths):
        last = known.get(submitted.last)  # a recording has the luck of a seed that never changed in it
        evidence = None if last is None else gain_evidence.known(last, task.baseline, varies=not task.steady)
        return Verified(
            heldout=known, evidence=evidence, metric=_validated(task, lab, submitted, _Plan(seed, seeds, 0))
        )
    if in_pairs(task):
        return _beside(task, lab, submitted, _Plan(seed, seeds, pairs if submitted.last else 0))
    return _fresh(task, lab, submitted, _Plan(seed, seeds, 0))


def _validated(task: Task, lab: Lab, submitted: Submissions, plan: _Plan) -> float | None:
    """The metric that steers of the last submission: as the lab knows it, else the mean of runs with fresh seeds."""
    if not submitted.last:
        return None
    known = validation(lab, submitted.settings[submitted.last])
    if known is not None:
        return known
    last = replace(submitted, settings={submitted.last: submitted.settings[submitted.last]})
    return _fresh(task, lab, last, plan._replace(seeds=max(VALIDATION_RUNS, plan.seeds))).metric


def _beside(task: Task, lab: Lab, submitted: Submissions, plan: _Plan) -> Verified:
    """Rounds of the untouched script and what was submitted, all of a round on one seed.

    Of a metric of time one runs after the other, each alone on the machine as far as this lab has it; and what is
    claimed has twice as many pairs, and twice as many again, as long as they leave it undecided.
    """
    looks = gain_evidence.LOOKS if task.timed and plan.pairs else 1
    found: dict[tuple[int, int], Outcome] = {}
    told: dict[int, Evidence] = {}
    done, rounds = 0, max(plan.seeds, plan.pairs)
    for _ in range(looks):
        found |= _trained(task, lab, submitted, _rounds(submitted, plan, range(done, rounds)), plan.seed)
        told |= _pairs_told(task, submitted, found, looks)
        claim = told.get(submitted.last)
        if claim is None or not claim.undecided:
            break
        done, rounds = rounds, 2 * rounds
    return Verified(
        heldout={number: task.baseline.heldout - one.gain for number, one in told.items()},
        evidence=told.get(submitted.last),
        metric=_paired_metric(task, submitted.last, found),
        tampered=_tampered(found.values()),
    )


def _paired_metric(task: Task, last: int, found: Mapping[tuple[int, int], Outcome]) -> float | None:
    """The metric that steers of the last submission: the baseline's less the gain in pairs, as what counts is told."""
    pairs = [
        (found[BASELINE, k].metric, outcome.metric) for (number, k), outcome in found.items() if last and number == last
    ]
    if not pairs:
        return None
    level = replace(task.baseline, heldout=task.baseline.metric)
    ratios = normalisation.by_ratio(task.metric, timed=task.timed)
    return level.heldout - gain_evidence.paired(pairs, level, ratios=ratios).gain


def _trained(
    task: Task, lab: Lab, submitted: Submissions, runs: Sequence[tuple[int, int]], seed: int
) -> dict[tuple[int, int], Outcome]:
    """What became of runs, each an experiment and a round."""
    experiments = [
        _experiment(submitted, number, at, derive(Stream.VERIFY, seed, BASELINE, k))
        for at, (number, k) in enumerate(runs, 1)
    ]
    turns = [[one] for one in experiments] if task.timed else [experiments]
    outcomes = [outcome for turn in turns for outcome in train_all(lab, turn, task.limit_s)]
    return dict(zip(runs, outcomes, strict=True))


def _pairs_told(
    task: Task, submitted: Submissions, found: Mapping[tuple[int, int], Outcome], looks: int
) -> dict[int, Evidence]:
    """What the pairs say of each submission; the last alone is looked at more than once."""
    values = {run: outcome.heldout for run, outcome in found.items()}
    steady = _steady(task.baseline, [value for (number, _), value in values.items() if number == BASELINE])
    told: dict[int, Evidence] = {}
    for number in submitted.settings:
        pairs = [(values[BASELINE, k], value) for (other, k), value in values.items() if other == number]
        told[number] = gain_evidence.paired(
            pairs,
            task.baseline,
            ratios=task.by_ratio,
            varies=not steady and not _deaf(submitted, number, [own for _, own in pairs]),
            looks=looks if number == submitted.last else 1,
        )
    return told


def _rounds(submitted: Submissions, plan: _Plan, rounds: range) -> list[tuple[int, int]]:
    """The runs of some rounds in pairs, as experiment and round, in the order in which they go.

    A round has the untouched script, the last submission beside it and, in as many rounds as there are seeds, the
    others. Half of the rounds go backwards, so that what drifts drifts against both alike. Which of them is drawn: work
    that comes back every few runs would else meet the same side each time.
    """
    if not submitted.settings:
        return []
    last = [submitted.last] if submitted.last else []
    others = [number for number in submitted.settings if number != submitted.last]
    found: list[tuple[int, int]] = []
    key = (rounds.start,) if rounds.start else ()  # the first are drawn as they were when they were all
    backwards = generator(Stream.VERIFY, plan.seed, *key).permutation(len(rounds)) % 2
    for k, back in zip(rounds, backwards, strict=True):
        members = [BASELINE, *last, *(others if k < plan.seeds else [])]
        found += [(number, k) for number in (members[::-1] if back else members)]
    return found


def _fresh(task: Task, lab: Lab, submitted: Submissions, plan: _Plan) -> Verified:
    """Each submission on seeds of its own, against a baseline that was measured with many."""
    jobs = [(number, k) for number in submitted.settings for k in range(plan.seeds)]
    experiments = [
        _experiment(submitted, number, at, derive(Stream.VERIFY, plan.seed, number, k))
        for at, (number, k) in enumerate(jobs, 1)
    ]
    outcomes = train_all(lab, experiments, task.limit_s)
    found: dict[int, list[float | None]] = {number: [] for number in submitted.settings}
    metrics: list[float] = []
    for (number, _), outcome in zip(jobs, outcomes, strict=True):
        found[number].append(outcome.heldout)
        if number == submitted.last:
            metrics.append(task.baseline.metric if outcome.metric is None else outcome.metric)
    counted = {
        number: [task.baseline.heldout if value is None else value for value in values]
        for number, values in found.items()
    }
    evidence = None
    if submitted.last:
        varied = not _deaf(submitted, submitted.last, found[submitted.last])
        evidence = gain_evidence.against(counted[submitted.last], task.baseline, varies=varied)
    return Verified(
        heldout={number: sum(values) / len(values) for number, values in counted.items()},
        evidence=evidence,
        metric=sum(metrics) / len(metrics) if metrics else None,
        tampered=_tampered(outcomes),
    )


def _experiment(submitted: Submissions, number: int, at: int, seed: int) -> Experiment:
    return Experiment(
        id=at, settings=submitted.settings.get(number, {}), seed=seed, script=submitted.scripts.get(number)
    )


def _steady(baseline: Measure, values: Sequence[float | None]) -> bool:
    """Whether the untouched script gave the same with every seed, when it was measured and now."""
    if baseline.seeds > 1 and baseline.varies:
        return False
    return not varies([baseline.heldout, *(value for value in values if value is not None)])


def _deaf(submitted: Submissions, number: int, values: Sequence[float | None]) -> bool:
    """Whether a script that an agent rewrote gives the same with every seed: it may have fixed a lucky one."""
    return number in submitted.scripts and not varies([value for value in values if value is not None])


def _tampered(outcomes: Iterable[Outcome]) -> str:
    error = next((outcome.error for outcome in outcomes if outcome.status is Status.TAMPERED), "")
    return f"a verification of its submission: {error}" if error else ""
