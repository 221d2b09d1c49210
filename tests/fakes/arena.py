"""Arenas of the toy task: in this process or in workers, always in virtual time."""

from collections.abc import Iterator, Sequence

from orgopt.agents.session import Means
from orgopt.basics.callback import Callback
from orgopt.evolve.trials import job as jobs_of_runs
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig, Job, Result
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import toy_replay as toy_replay
from tests.fakes.lab import FakeLab

_known: dict[tuple[object, ...], Result] = {}


class Remembering(Arena):
    """Does no run twice in this process: a run is a function of its job, which `test_scoring.py` proves.

    Tests of what a study does with its runs repeat the same studies again and again. Runs that somebody watches or
    that keep a folder are done each time, and so are those of workers.
    """

    def run(self, jobs: Sequence[Job], watch=None) -> Iterator[Result]:
        if self.workers > 1 or not _unwatched(watch):
            yield from super().run(jobs, watch)
            return
        for job in jobs:
            yield from self._once(job)

    def _once(self, job: Job) -> Iterator[Result]:
        if job.keeping:
            yield from super().run([job])
            return
        key = (job.program, job.seed, job.keep_events, repr(self.tasks[job.task]), self.terms, jobs_of_runs.evaluate)
        if key not in _known:
            (_known[key],) = super().run([job])
        yield _known[key]._replace(job=job)


def _unwatched(watch) -> bool:
    return watch is None or getattr(watch, "__func__", None) is Callback.event


def fake_lab(task: Task, slots: int) -> FakeLab:
    """A lab that has no truth: submissions are run again."""
    return FakeLab(task, slots)


def toy_arena(
    *tasks: Task,
    budget_s: float = 20,
    slots: int = 2,
    workers: int = 1,
    lab=fake_lab,
    anew: bool = False,
    means: Means | None = None,
) -> Arena:
    terms = ArenaConfig(lab=lab, slots=slots, budget_s=budget_s, verify_seeds=1, means=means)
    kind = Arena if anew else Remembering
    return kind({task.name: task for task in tasks}, terms, workers=workers)
