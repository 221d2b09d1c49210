"""What a contest shows: who is ahead, by how much, and what the seeds can tell at all."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from orgopt.lab.base import Status
from orgopt.scoring.score import Score
from orgopt.storage.json_values import json_values
from orgopt.study import statistics
from orgopt.study.score_parts import Parts, parts_of

EFFECT = 0.02
"""A difference in research output that a reader may care about."""
POINTS = 24  # of the curves over the budget

Key = tuple[str, str, int]
"""The entrant, the task and the number of the seed of a run."""
Scores = dict[Key, Score]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """How an entrant did.

    Attributes:
        entrant: Its name.
        output: Its research output, mean over tasks and seeds, with a bootstrap interval over seeds.
        by_task: Its mean on each task.
        heldout: The mean held-out metric of what it submitted, on each task.
        parts: Validation progress and held-out quality, means over all runs.
        behind: Its difference to the first, seed by seed, below 0 or 0; None for the first.
        verdict: `worse` than the first or `no difference`, corrected for all pairs of entrants (Holm); `best` for a
            first to whom all others are worse, else `first`.
        q: Held-out improvement of what it would have submitted, mean over runs, at equal steps of the budget.
        experiments: Mean number of experiments a run, whatever became of them.
        failed: Mean number of those that failed by themselves.
        utilisation: Mean share of the slots' time that was busy.
    """

    entrant: str
    output: statistics.Interval
    by_task: Mapping[str, float]
    heldout: Mapping[str, float]
    parts: Parts
    behind: statistics.Difference | None
    verdict: str
    q: tuple[float, ...]
    experiments: float
    failed: float = 0.0
    utilisation: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """The placing as JSON values."""
        return {
            "entrant": self.entrant,
            **self.output.to_dict(),
            "by_task": dict(self.by_task),
            "heldout": dict(self.heldout),
            **json_values(self.parts),
            "behind": self.behind.to_dict() if self.behind else None,
            "verdict": self.verdict,
            "q": [round(value, 4) for value in self.q],
            "experiments": self.experiments,
            "failed": self.failed,
            "utilisation": round(self.utilisation, 4),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What a contest shows.

    Attributes:
        placings: The entrants, best first.
        tasks: The tasks.
        seeds: On how many seeds.
        comparisons: The pairs that verdicts are corrected for.
        resolves: The difference between two entrants that so many seeds show with 80 % power; infinite for one seed.
        more_seeds: How many more would show a difference of `EFFECT`; None for one seed, which tells of no noise.
    """

    placings: tuple[Placing, ...]
    tasks: tuple[str, ...]
    seeds: int
    comparisons: int
    resolves: float
    more_seeds: int | None

    def to_dict(self) -> dict[str, Any]:
        """The ranking as JSON values."""
        numbers = {"resolves": self.resolves if np.isfinite(self.resolves) else None, "effect": EFFECT}
        rest = {"tasks": list(self.tasks), "seeds": self.seeds, "comparisons": self.comparisons}
        placings = [placing.to_dict() for placing in self.placings]
        return {"placings": placings, **rest, **numbers, "more_seeds": self.more_seeds}


def ranking(
    scores: Scores,
    entrants: Sequence[str],
    tasks: Sequence[str],
    seeds: int,
    budget_s: float | Mapping[str, float],
    *,
    sure: bool = True,
) -> Ranking:
    """The entrants of a contest by their mean research output over tasks and seeds, with what the seeds can tell.

    The budget is one for all tasks, or that of each.
    Not `sure` is whatever was found on a task whose metric does not vary with the seed: no difference is then shown.
    """
    table = {
        name: np.array([[scores[name, task, k].research_output for task in tasks] for k in range(seeds)])
        for name in entrants
    }
    outputs = {name: values.mean(axis=1) for name, values in table.items()}
    ranked = sorted(entrants, key=lambda name: -float(outputs[name].mean()))
    differences = {
        (one, other): statistics.difference(outputs[other], outputs[one]) for one, other in combinations(ranked, 2)
    }
    corrected = statistics.corrected(list(differences.values())) if sure else ["no difference"] * len(differences)
    verdicts = dict(zip(differences, corrected, strict=True))
    # One entrant alone differs from nobody.
    noise = float(np.sqrt(np.mean([one.sd**2 for one in differences.values()]))) if differences else float("nan")
    budgets = budget_s if isinstance(budget_s, Mapping) else dict.fromkeys(tasks, budget_s)
    placings: list[Placing] = []
    for name in ranked:
        pair = (ranked[0], name)
        keys = [(name, task, k) for k in range(seeds) for task in tasks]
        own = [scores[key] for key in keys]
        placings.append(
            Placing(
                entrant=name,
                output=statistics.interval(outputs[name]),
                by_task=dict(zip(tasks, table[name].mean(axis=0).tolist(), strict=True)),
                heldout={task: float(np.mean([scores[name, task, k].heldout for k in range(seeds)])) for task in tasks},
                parts=parts_of(own),
                behind=differences.get(pair),
                verdict=verdicts[pair] if pair in verdicts else _first(ranked, verdicts),
                q=tuple(np.mean([_course(scores[key].curve, budgets[key[1]]) for key in keys], axis=0).tolist()),
                experiments=float(np.mean([sum(score.experiments.values()) for score in own])),
                failed=float(np.mean([_failed(score) for score in own])),
                utilisation=float(np.mean([score.utilisation for score in own])),
            )
        )
    return Ranking(
        placings=tuple(placings),
        tasks=tuple(tasks),
        seeds=seeds,
        comparisons=len(differences),
        resolves=statistics.detectable(noise, seeds),
        more_seeds=max(0, statistics.seeds_for(noise, EFFECT) - seeds) if seeds > 1 else None,
    )


def _failed(score: Score) -> int:
    """How many experiments of a run failed by themselves."""
    return sum(number for status, number in score.experiments.items() if Status(status).failed)


def _first(ranked: Sequence[str], verdicts: Mapping[tuple[str, str], str]) -> str:
    alone = all(verdicts[ranked[0], other] == "worse" for other in ranked[1:])
    return "best" if alone else "first"


def _course(curve: Sequence[Sequence[float]], budget_s: float) -> list[float]:
    """The value of a stepwise curve at the ends of equal parts of the budget."""
    times = [t for t, _ in curve]
    return [curve[bisect_right(times, budget_s * (i + 1) / POINTS) - 1][1] for i in range(POINTS)]
