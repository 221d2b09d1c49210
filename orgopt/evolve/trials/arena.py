"""The arena: documents, or plain Optuna, on tasks under seeds, one run after the other or over worker processes.

Runs are pure functions of their job, so that the order in which they end decides nothing. Workers return plain
results; whoever asked writes them down.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple, Self

from orgopt.agents.session import Means
from orgopt.document import Program, parse, read
from orgopt.errors import LabError
from orgopt.evolve.trials.kept_language_runs import PLAIN_PREFIX, Keeping, Memory, Settings, evaluate_kept
from orgopt.lab import make_lab
from orgopt.lab.base import Lab
from orgopt.ledger import Event, Ledger
from orgopt.plugin_faults import naming_packages
from orgopt.scoring import Score, evaluate
from orgopt.task import Task
from orgopt.task_fit import DEPTH
from orgopt.team.runtime import Watcher
from orgopt.team.skill import Skill, skills_of

if TYPE_CHECKING:
    from orgopt.evolve.trials.ray_workers import RayWorkers

_PR_SET_PDEATHSIG = 1


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
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


class Arena:
    """Runs jobs; use it as a context manager.

    Args:
        tasks: The tasks, by name.
        terms: What is the same for all runs.
        workers: Processes that run jobs at the same time; with one, jobs run in this process and can be watched.
        cluster: Whether those processes are on the Ray cluster (`orgopt.lab.ray.cluster`), and not on this machine.

    Example:
        with Arena({"digits": task}, Terms(lab="replay", slots=2, budget_s=60, verify_seeds=1)) as arena:
            outputs = [result.score.research_output for result in arena.run(jobs)]
    """

    def __init__(self, tasks: Mapping[str, Task], terms: Terms, *, workers: int = 1, cluster: bool = False) -> None:
        self.tasks, self.terms, self.workers, self.cluster = dict(tasks), terms, workers, cluster
        self._on_cluster: RayWorkers | None = None
        self._labs: dict[str, Lab] = {}
        self._pool: ProcessPoolExecutor | None = None

    def lab(self, task: str) -> Lab:
        """The lab of a task in this process.

        Raises:
            UsageError, TaskError: The task cannot be run there.
        """
        if task not in self._labs:
            self._labs[task] = self.terms.open(self.tasks[task])
        return self._labs[task]

    def run(self, jobs: Sequence[Job], watch: Watch | None = None) -> Iterator[Result]:
        """The results of some jobs, each as it ends.

        Raises:
            DocumentError: A document cannot be run.
            LabError: A lab broke, or a worker died.
        """
        if self.cluster:
            from orgopt.evolve.trials.ray_workers import RayWorkers

            self._on_cluster = self._on_cluster or RayWorkers(self.tasks, self.terms, self.workers)
            yield from self._on_cluster.run(jobs)
            return
        # One job gains nothing from another process, and only in this one can it be watched.
        if self.workers == 1 or len(jobs) == 1:
            for job in jobs:
                yield run_job(job, self.tasks[job.task], self.lab(job.task), self.terms, watch)
            return
        pool = self._started()
        with _undisturbed():
            futures = [pool.submit(_work, job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            self._pool = None
            raise LabError("a worker process died: out of memory, or killed") from None
        finally:
            for future in futures:
                future.cancel()

    def close(self) -> None:
        """End the workers and close the labs. May be called twice."""
        if self._pool:
            # What they are at is given up: nobody waits for it any more.
            for process in list(getattr(self._pool, "_processes", {}).values()):
                process.kill()
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        if self._on_cluster:
            self._on_cluster.close()
            self._on_cluster = None
        for lab in self._labs.values():
            lab.close()
        self._labs = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=multiprocessing.get_context("spawn"),  # threads of this process must not be forked
                initializer=_begin,
                initargs=(self.tasks, self.terms, os.getpid()),
            )
        return self._pool


@contextmanager
def _undisturbed() -> Generator[None]:
    """Let processes that start here leave Ctrl-C to this one from their first moment, as Python starts.

    They do not run the user's own script again, either, as Python's `spawn` has them do: one that calls orgopt without
    `if __name__ == "__main__"` would begin anew in each worker, and jobs need nothing of it.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def run_job(job: Job, task: Task, lab: Lab, terms: Terms, watch: Watch | None = None) -> Result:
    """What a job gives in a lab."""
    began = time.perf_counter()
    told = partial(watch, job) if watch else None
    ledger, memory, shown = Ledger(), (), ()
    budget_s, seed, verify_seeds = terms.budget_of(job.task), job.seed, terms.verify_seeds
    if job.program.startswith(PLAIN_PREFIX):
        score = _plain(job, task, lab, terms, ledger, told)
    elif job.keeping:
        name = terms.lab if isinstance(terms.lab, str) else None
        settings = Settings(
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


def _plain(job: Job, task: Task, lab: Lab, terms: Terms, ledger: Ledger, watch: Watcher | None) -> Score:
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


_tasks: dict[str, Task] = {}
_labs: dict[str, Lab] = {}
_terms: list[Terms] = []


def _begin(tasks: dict[str, Task], terms: Terms, parent: int) -> None:
    """Ready a worker: it ends with its parent, and leaves Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch under a GPSampler: workers are as many as cores
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it could be asked for
            os._exit(1)
    _tasks.update(tasks)
    _terms.append(terms)


@naming_packages()  # here, because tracebacks do not reach the process that asked
def _work(job: Job) -> Result:
    if job.task not in _labs:
        _labs[job.task] = _terms[0].open(_tasks[job.task])
    return run_job(job, _tasks[job.task], _labs[job.task], _terms[0])
