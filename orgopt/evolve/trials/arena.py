"""The arena: documents, or plain Optuna, on tasks under seeds, one run after the other or over worker processes.

Runs are pure functions of their job, so that the order in which they end decides nothing. Workers return plain
results; whoever asked writes them down.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from orgopt.evolve.trials.job import ArenaConfig, Job, Result, Watch, run_job
from orgopt.evolve.trials.local_workers import LocalWorkers
from orgopt.lab.base import Lab
from orgopt.tasks.task import Task

if TYPE_CHECKING:
    from orgopt.evolve.trials.ray_workers import RayWorkers


class Arena:
    """Runs jobs; use it as a context manager.

    Args:
        tasks: The tasks, by name.
        terms: What is the same for all runs.
        workers: Processes that run jobs at the same time; with one, jobs run in this process and can be watched.
        cluster: Whether those processes are on the Ray cluster (`orgopt.lab.ray.cluster`), and not on this machine.

    Example:
        with Arena({"digits": task}, ArenaConfig(lab="replay", slots=2, budget_s=60, verify_seeds=1)) as arena:
            outputs = [result.score.research_output for result in arena.run(jobs)]
    """

    def __init__(
        self, tasks: Mapping[str, Task], terms: ArenaConfig, *, workers: int = 1, cluster: bool = False
    ) -> None:
        self.tasks, self.terms, self.workers, self.cluster = dict(tasks), terms, workers, cluster
        self._on_cluster: RayWorkers | None = None
        self._here: LocalWorkers | None = None  # what they are given is known when they begin
        self._labs: dict[str, Lab] = {}

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
        self._here = self._here or LocalWorkers(self.tasks, self.terms, self.workers)
        yield from self._here.run(jobs)

    def close(self) -> None:
        """End the workers and close the labs. May be called twice."""
        if self._here:
            self._here.close()
            self._here = None
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
