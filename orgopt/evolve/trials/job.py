"""A job: one run of an entrant on a task with a seed, what it gives, and what is the same for all of them.

A result is a function of its job, so that it does not matter where it runs, and in which order.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

from orgopt.agents.session import Means
from orgopt.document import Program, parse, read
from orgopt.evolve.trials.kept_language_runs import PLAIN_PREFIX, Keeping, Memory, RunSettings, evaluate_kept
from orgopt.lab import make_lab
from orgopt.lab.base import Lab
from orgopt.ledger import Event, Ledger
from orgopt.scoring.evaluation import Score, evaluate
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.tasks.documents import DEPTH
from orgopt.tasks.task import Task
from orgopt.team.runtime import Watcher
from orgopt.team.skill import Skill, skills_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run to do.

    Attributes:
        entrant: Who it is a run of, by name.
        program: The text of a document, or a plain sampler such as `optuna:tpe`.
        task: The name of one of the arena's tasks.
        seed: Decides every choice of the run.
        keep_events: Whether the result has the run's ledger.
        keeping: Where a run of language agents keeps what they were answered; None keeps nothing.
    """

    entrant: str
    program: str
    task: str
    seed: int
    keep_events: bool = False
    keeping: Keeping | None = None


class Result(NamedTuple):
    """What a job gave.

    `wall_s` is how long it took here, in seconds; `memory` is what roles with lasting memory wrote;
    `skills` is what language models did in it.
    """

    job: Job
    score: Score
    events: tuple[Event, ...]
    wall_s: float
    memory: Memory = ()
    skills: tuple[Skill, ...] = ()

    def record(self, phase: str, k: int, memory: Mapping[str, str] | None = None) -> EvaluationRecord:
        """What a log keeps of it: in which phase it was, on which of its seeds, and what roles remember from now on."""
        return EvaluationRecord(
            phase=phase,
            entrant=self.job.entrant,
            task=self.job.task,
            k=k,
            seed=self.job.seed,
            score=self.score,
            wall_s=round(self.wall_s, 3),
            memory=dict(memory or {}),
            skills=self.skills,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArenaConfig:
    """What is the same for all runs of an arena.

    Attributes:
        lab: `local` or `replay`, or a function that gives a task's lab with some slots.
        slots: Experiments at once.
        budget_s: Lab seconds of each run.
        budgets_s: By task, where they differ.
        depth: Levels of studies that may lie below a run, see `scoring.evaluate`.
        plain: The folder in which runs of plain Optuna are kept for all studies, see `kept_plain`; empty keeps none.
        verify_seeds: Fresh seeds with which each submission is trained again.
        means: What agents think with that think in words; None is what the environment names.
    """

    lab: str | Callable[[Task, int], Lab]
    slots: int
    budget_s: float
    verify_seeds: int
    means: Means | None = field(default=None, hash=False)  # it has tables
    budgets_s: Mapping[str, float] = field(default_factory=dict[str, float], hash=False)
    plain: str = ""
    depth: int = DEPTH

    def budget_of(self, task: str) -> float:
        """Lab seconds of a run on a task."""
        return self.budgets_s.get(task, self.budget_s)

    def open(self, task: Task) -> Lab:
        """The lab of a task; the caller closes it."""
        return make_lab(task, self.lab, self.slots) if isinstance(self.lab, str) else self.lab(task, self.slots)


Watch = Callable[[Job, Event], None]


def run_job(job: Job, task: Task, lab: Lab, terms: ArenaConfig, watch: Watch | None = None) -> Result:
    """What a job gives in a lab."""
    began = time.perf_counter()
    told = partial(watch, job) if watch else None
    ledger, memory, shown = Ledger(), (), ()
    budget_s, seed, verify_seeds = terms.budget_of(job.task), job.seed, terms.verify_seeds
    if job.program.startswith(PLAIN_PREFIX):
        score = _plain(job, task, lab, terms, ledger, told)
    elif job.keeping:
        name = terms.lab if isinstance(terms.lab, str) else None
        settings = RunSettings(
            lab=name, slots=terms.slots, budget_s=budget_s, seed=seed, verify_seeds=verify_seeds, means=terms.means
        )
        program = _parsed(job.program, job.entrant)
        score, ledger, memory = evaluate_kept(program, task, lab, settings, job.keeping, told)
        shown = skills_of(read(program).org, task, ledger)
    else:
        program = _parsed(job.program, job.entrant)
        score = evaluate(
            program,
            task,
            lab,
            budget_s=budget_s,
            seed=seed,
            verify_seeds=verify_seeds,
            pairs=0,  # what many runs claim, their seeds confirm
            ledger=ledger,
            watch=told,
            means=terms.means,
            depth=terms.depth,
        )
    events = tuple(ledger.events) if job.keep_events else ()
    return Result(job, score, events, time.perf_counter() - began, memory, shown)


def _plain(job: Job, task: Task, lab: Lab, terms: ArenaConfig, ledger: Ledger, watch: Watcher | None) -> Score:
    """A run of plain Optuna, or the score of the same run that was done before, where nobody wants its events."""
    from orgopt.evolve.trials import kept_plain
    from orgopt.evolve.trials.optuna_baseline import evaluate_plain

    budget_s, seed, verify = terms.budget_of(job.task), job.seed, terms.verify_seeds
    given = {"budget_s": budget_s, "seed": seed, "verify_seeds": verify}
    what = kept_plain.terms_of(job.program, task, lab, given) if terms.plain else None
    if what and not job.keep_events and (known := kept_plain.find(Path(terms.plain), what)):
        return known
    score = evaluate_plain(
        job.program, task, lab, budget_s=budget_s, seed=seed, verify_seeds=verify, ledger=ledger, watch=watch
    )
    if what:
        kept_plain.keep(Path(terms.plain), what, score)
    return score


@lru_cache(maxsize=256)
def _parsed(text: str, name: str) -> Program:
    return parse(text, name)
