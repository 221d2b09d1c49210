"""Contests: documents, and plain samplers, on the same hardware under the same seeds, and what that shows.

Seed by seed the entrants take turns, so that whatever changes while a contest runs changes for all of them.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from orgopt.basics.slug import slug
from orgopt.document import Program, load, require_org
from orgopt.errors import UsageError
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import Job, Watch
from orgopt.evolve.trials.kept_language_runs import PLAIN_PREFIX, Keeping, needs_keeping
from orgopt.evolve.trials.optuna_baseline import PLAIN_KINDS
from orgopt.scoring.evaluation import Score
from orgopt.seeds import Stream, derive
from orgopt.study.contest_log import CONTEST, ContestLog, contest_identity
from orgopt.study.ranking import Ranking, Scores, ranking

Entrants = Mapping[str, str]
"""The text of a document, or a plain sampler, by the name of who enters."""


class Contest:
    """Runs a contest, as far as it has not been run.

    Args:
        entrants: Who takes part.
        arena: Where; a contest is on all of its tasks.
        seed: Decides the seeds of the runs.
        log: Keeps every run; None keeps them in memory.
    """

    def __init__(self, entrants: Entrants, arena: Arena, *, seed: int, log: ContestLog | None = None) -> None:
        self.entrants, self.arena, self.seed, self.log = dict(entrants), arena, seed, log
        self.scores: Scores = dict(log.scores) if log else {}

    def left(self, seeds: int) -> dict[Job, int]:
        """The runs that are still to be done and the number of their seeds, in the order of their turns."""
        names = list(self.entrants)
        jobs: dict[Job, int] = {}
        for k in range(seeds):
            first = k % len(names)  # nobody is always first
            for name, task in product([*names[first:], *names[:first]], self.arena.tasks):
                if (name, task, k) not in self.scores:
                    seed, keeping = derive(Stream.CONTEST, self.seed, k), self._keeping(name, task, k)
                    jobs[Job(entrant=name, program=self.entrants[name], task=task, seed=seed, keeping=keeping)] = k
        return jobs

    def _keeping(self, name: str, task: str, k: int) -> Keeping | None:
        """Where a run of language agents is kept; None for others, and where nothing is."""
        if self.log is None or not needs_keeping(self.entrants[name]):
            return None
        number = list(self.entrants).index(name)  # names may be alike but for signs that no folder has
        return Keeping(folder=str(self.log.folder / f"{number}-{slug(name)}" / f"run-{task}-{k}"))

    def run(
        self, seeds: int, *, ended: Callable[[Job, int, Score], None] | None = None, watch: Watch | None = None
    ) -> Ranking:
        """Do the runs of so many seeds, and rank the entrants.

        Args:
            seeds: Seeds in all, with those that were run before.
            ended: Called with every run that has ended and is kept, and the number of its seed.
            watch: Called with every event of a run in this process.

        Raises:
            DocumentError, LabError, StoreError: What was done before is kept.
        """
        jobs = self.left(seeds)
        for result in self.arena.run(list(jobs), watch):
            job, k, score = result.job, jobs[result.job], result.score
            if self.log:
                self.log.add_run(result.record(CONTEST, k))
            self.scores[job.entrant, job.task, k] = score
            if ended:
                ended(job, k, score)
        tasks = self.arena.tasks
        budget_s = {name: self.arena.terms.budget_of(name) for name in tasks}
        sure = not any(task.steady for task in tasks.values())
        return ranking(self.scores, list(self.entrants), list(tasks), seeds, budget_s, sure=sure)


def enter(asked: Iterable[Program | str | Path], *, least: int = 2) -> dict[str, str]:
    """The entrants of a contest, named after their files, or by their paths where file names are the same.

    Raises:
        UsageError: There are fewer than `least`, one is named twice, or there is no such sampler.
        DocumentError: A document cannot be read or has errors.
    """
    found: dict[str, _Entrant] = {}
    for one in map(_entrant, asked):
        if one.key in found:
            raise UsageError(f"{one.source} is named twice: it cannot be compared with itself")
        found[one.key] = one
    if len(found) < least:
        raise UsageError("a contest needs two entrants or more: documents, or plain samplers such as optuna:tpe")
    names = [one.name for one in found.values()]
    entrants: dict[str, str] = {}
    for number, one in enumerate(found.values(), 1):
        name = one.name if names.count(one.name) == 1 else one.source
        entrants[name if name not in entrants else f"{name} {number}"] = one.text
    return entrants


def default_name(entrants: Entrants, tasks: Iterable[str], digest: str) -> str:
    """The name of a contest: the same command continues it, another starts another."""
    names = [slug(name) or "document" for name in entrants]
    more = f"-and-{len(names) - 3}-more" if len(names) > 3 else ""
    return f"{'-vs-'.join(names[:3])}{more}-{'+'.join(tasks)}-{digest}"


def identity_of(entrants: Entrants, arena: Arena, seed: int) -> dict[str, Any]:
    """What must agree for a contest to be continued; see `contest_identity`."""
    terms = arena.terms
    settings: dict[str, Any] = {"budget_s": terms.budget_s, "slots": terms.slots, "seed": seed}
    settings |= {"verify_seeds": terms.verify_seeds}
    if terms.budgets_s:
        settings["budgets_s"] = dict(terms.budgets_s)
    stamps = {name: arena.lab(name).stamp for name in arena.tasks}
    return contest_identity(settings, entrants, arena.tasks, stamps)


class _Entrant(NamedTuple):
    """An entrant: what tells it from the others, a short name, where it is from, and its text."""

    key: str
    name: str
    source: str
    text: str


def _entrant(one: Program | str | Path) -> _Entrant:
    if isinstance(one, str) and one.startswith(PLAIN_PREFIX):
        if one not in PLAIN_KINDS:
            raise UsageError(f"no plain sampler '{one}': choose {', '.join(PLAIN_KINDS)}")
        return _Entrant(one, one, one, one)
    program = one if isinstance(one, Program) else load(one)
    require_org(program)
    path = Path(program.source)
    key = program.text if isinstance(one, Program) else str(path.resolve())
    return _Entrant(key, path.stem or program.source, str(path), program.text)
