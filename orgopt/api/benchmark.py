"""Benchmarks of the front door: documents on every task of the suite, as a table that can be cited."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from orgopt.api.bounds import RAY, require
from orgopt.api.inputs import Document, announce, one_by_one, program_of, require_entrants, tasks_of, told
from orgopt.api.labs import budgets_of, calibrate_all, experiment_s, workers_of
from orgopt.api.language import check, language_settings
from orgopt.basics.callback import Callback
from orgopt.document import parse
from orgopt.errors import UsageError
from orgopt.evolve.contest import Contest, enter
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig, Job
from orgopt.evolve.trials.kept_language_runs import PLAIN_PREFIX
from orgopt.org import Org
from orgopt.plugin_faults import naming_packages
from orgopt.scoring.samples import Array
from orgopt.storage.json_values import json_values
from orgopt.study import statistics
from orgopt.tasks.suite import SUITE
from orgopt.version import __version__
from orgopt.workspace import find_workspace

if TYPE_CHECKING:
    import pandas as pd

BUDGET = "36x"
"""Of each run, in median experiments a slot of its task."""
SLOTS = 4
SEEDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """A task of a benchmark.

    Attributes:
        task: Its name.
        world: What answered for it: digests of its recording, or of its world's files.
        experiment_s: Lab seconds of a median experiment.
        budget_s: Lab seconds of each run.
    """

    task: str
    world: str
    experiment_s: float
    budget_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How a document did.

    Attributes:
        document: Its name.
        digest: The first hex digits of its text's SHA-256; of a plain sampler, its name.
        agents: How many agents it has; 0 of a plain sampler.
        score: Research output, mean over tasks and seeds, with an interval over seeds.
        rank: Its place among the documents by the mean on each task, 1 for the best, mean over tasks.
        by_task: Research output on each task, with an interval over seeds.
    """

    document: str
    digest: str
    agents: int
    score: statistics.Interval
    rank: float
    by_task: dict[str, statistics.Interval]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Documents on every task of the suite.

    Attributes:
        version: Of orgopt.
        digest: Of all that decides a document's scores beside itself: tables with the same digest can be compared.
        budget: Of each run, as it was asked for.
        slots, seeds, seed: Experiments at once, runs of each document on each task, and what decides every choice.
        tasks: The tasks.
        rows: The documents, best first.
    """

    version: str
    digest: str
    budget: str
    slots: int
    seeds: int
    seed: int
    tasks: tuple[Arranged, ...]
    rows: tuple[Row, ...]

    def to_dict(self) -> dict[str, Any]:
        """The benchmark as JSON values."""
        rows = [
            {
                **{key: getattr(row, key) for key in ("document", "digest", "agents", "rank")},
                "score": row.score.to_dict(),
                "by_task": {task: one.to_dict() for task, one in row.by_task.items()},
            }
            for row in self.rows
        ]
        head = {key: getattr(self, key) for key in ("version", "digest", "budget", "slots", "seeds", "seed")}
        return {**head, "tasks": json_values(self.tasks), "rows": rows}

    def to_csv(self) -> str:
        """A line for each document and task, each with all that a figure needs to be cited."""
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        head = ("document", "document_digest", "agents", "task", "world", "budget_s", "slots", "seeds", "seed")
        lines.writerow((*head, "score", "low", "high", "mean_score", "mean_rank", "benchmark", "orgopt"))
        for row in self.rows:
            own = (f"{row.score.mean:.4f}", f"{row.rank:.2f}", self.digest, self.version)
            for one in self.tasks:
                score = row.by_task[one.task]
                ends = (f"{end:.4f}" if np.isfinite(end) else "" for end in (score.low, score.high))
                terms = (one.task, one.world, one.budget_s, self.slots, self.seeds, self.seed)
                lines.writerow((row.document, row.digest, row.agents, *terms, f"{score.mean:.4f}", *ends, *own))
        return text.getvalue()

    def to_pandas(self) -> "pd.DataFrame":
        """The documents as a table, best first."""
        import pandas as pd

        rows = [
            {
                "document": row.document,
                "digest": row.digest,
                "agents": row.agents,
                "score": row.score.mean,
                "low": row.score.low,
                "high": row.score.high,
                "rank": row.rank,
                **{f"score_{task}": one.mean for task, one in row.by_task.items()},
            }
            for row in self.rows
        ]
        return pd.DataFrame(rows).set_index("document")

    def __repr__(self) -> str:
        return f"Benchmark({self.digest}: {len(self.rows)} documents, {len(self.tasks)} tasks, {self.seeds} seeds)"


@naming_packages()
def bench(
    *documents: Document | Sequence[Document],
    budget: str | float = BUDGET,
    slots: int = SLOTS,
    seeds: int = SEEDS,
    workers: int | str | None = None,
    seed: int = 0,
    agents: str | None = None,
    callback: Callback | None = None,
) -> Benchmark:
    """Run documents on every task of the suite in replay, and give a table that can be cited.

    The same documents, arguments and version of orgopt give the same table. Nothing is kept.

    Args:
        documents: One or more, one by one or as a list, or plain Optuna on the tasks themselves, such as `optuna:tpe`.
        budget: Lab seconds of each run, or such as `36x`: so many median experiments a slot of each task.
        slots: Experiments at once.
        seeds: Runs of each document on each task.
        workers: Runs at once; None is a run a core, `ray` a run a core of the Ray cluster.
        seed: Decides every random choice.
        agents: A policy that stands in for all agents that think with a language model or a command, such as `tpe`;
            None leaves them as the document has them.
        callback: Told of what happens.

    Example:
        print(orgopt.bench("orgs/trio.md", "orgs/portfolio.md", "optuna:tpe").to_pandas())

    Raises:
        UsageError: There is no document, one is named twice, or there is no such sampler.
        DocumentError, TaskError, LabError: See `orgopt.errors`.
    """
    hears = told(callback)
    require(slots=slots, seeds=seeds, workers=None if workers == RAY else workers, seed=seed, agents=agents)
    entrants, orgs = _entered(one_by_one(documents), agents, hears)
    workspace = find_workspace()
    everyone = Org(roles=tuple(role for org in orgs.values() for role in org.roles))
    check(everyone, language_settings(workspace, None, None))
    tasks = tasks_of(SUITE, workspace)
    require_entrants(entrants, orgs, tasks.values())
    typical = {name: experiment_s(task) or 1.0 for name, task in tasks.items()}
    budgets = budgets_of(budget, tasks, workspace)
    terms = ArenaConfig(lab="replay", slots=slots, budget_s=max(budgets.values()), verify_seeds=1, budgets_s=budgets)
    at_once, cluster = workers_of(workers, "replay")
    with Arena(tasks, terms, workers=at_once, cluster=cluster) as arena:
        calibrate_all(arena, workspace, hears)
        worlds = {name: _stamped(arena.lab(name).stamp) for name in tasks}
        outputs = _outputs(Contest(entrants, arena, seed=seed).left(seeds), arena, seeds, hears)
    arranged = tuple(
        Arranged(task=name, world=worlds[name], experiment_s=round(typical[name], 4), budget_s=budgets[name])
        for name in tasks
    )
    return Benchmark(
        version=__version__,
        digest=_short(json.dumps([__version__, json_values(arranged), slots, seeds, seed])),
        budget=str(budget),
        slots=slots,
        seeds=seeds,
        seed=seed,
        tasks=arranged,
        rows=_rows(entrants, {name: org.headcount for name, org in orgs.items()}, list(tasks), outputs),
    )


def _entered(
    documents: Sequence[Document], agents: str | None, callback: Callback
) -> tuple[dict[str, str], dict[str, Org]]:
    """The texts of who takes part, and the organizations of those that are documents, by name."""
    if not documents:
        raise UsageError("a benchmark needs a document or more, or plain samplers such as optuna:tpe")
    entrants, orgs = enter(documents, least=1), dict[str, Org]()
    for name, text in list(entrants.items()):
        if not text.startswith(PLAIN_PREFIX):
            program = program_of(parse(text, name), agents=agents)
            orgs[name] = announce(program, callback)
            entrants[name] = program.text
    return entrants, orgs


def _outputs(jobs: Mapping[Job, int], arena: Arena, seeds: int, callback: Callback) -> dict[tuple[str, str], Array]:
    """The research outputs of each entrant on each task, (seeds,), in the order of their seeds."""
    found = {(job.entrant, job.task): np.zeros(seeds) for job in jobs}
    callback.planned("bench", len(jobs))
    for result in arena.run(list(jobs)):
        job = result.job
        found[job.entrant, job.task][jobs[job]] = result.score.research_output
        callback.compared(job, jobs[job], result.score)
    return found


def _rows(
    entrants: Mapping[str, str],
    headcounts: Mapping[str, int],
    tasks: Sequence[str],
    outputs: Mapping[tuple[str, str], Array],
) -> tuple[Row, ...]:
    """The documents, best first; those that are level on a task share their places."""
    means = np.array([[outputs[name, task].mean() for task in tasks] for name in entrants]).round(9)
    better, level = means[None] > means[:, None], means[None] == means[:, None]  # (own, other, task)
    ranks = (better.sum(1) + (level.sum(1) + 1) / 2).mean(1)
    rows = [
        Row(
            document=name,
            digest=text if text.startswith(PLAIN_PREFIX) else _short(text),
            agents=headcounts.get(name, 0),
            score=statistics.interval(np.mean([outputs[name, task] for task in tasks], axis=0)),
            rank=round(float(rank), 4),
            by_task={task: statistics.interval(outputs[name, task]) for task in tasks},
        )
        for (name, text), rank in zip(entrants.items(), ranks, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: -row.score.mean))


def _stamped(stamp: Mapping[str, str]) -> str:
    """What answers for a task, in a word."""
    return stamp.get("recording") or _short(json.dumps(dict(stamp), sort_keys=True))


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
