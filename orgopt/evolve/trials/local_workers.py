"""Workers on this machine: processes that run jobs at the same time."""

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from types import ModuleType

from orgopt.errors import LabError
from orgopt.evolve.trials.job import ArenaConfig, Job, Result, run_job
from orgopt.lab.base import Lab
from orgopt.plugin_faults import naming_packages
from orgopt.task import Task

_PR_SET_PDEATHSIG = 1


class LocalWorkers:
    """Runs jobs in processes, which begin with the first of them.

    Args:
        tasks: The tasks, by name.
        terms: What is the same for all runs.
        workers: How many run at once.
    """

    def __init__(self, tasks: Mapping[str, Task], terms: ArenaConfig, workers: int) -> None:
        self._tasks, self._terms, self._workers = dict(tasks), terms, workers
        self._pool: ProcessPoolExecutor | None = None

    def run(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """The results, each as it ends.

        Raises:
            DocumentError: A document cannot be run.
            LabError: A lab broke, or a worker died.
        """
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
        """End them. May be called twice."""
        if not self._pool:
            return
        # What they are at is given up: nobody waits for it any more.
        for process in list(getattr(self._pool, "_processes", {}).values()):
            process.kill()
        self._pool.shutdown(cancel_futures=True)
        self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context("spawn"),  # threads of this process must not be forked
                initializer=_begin,
                initargs=(self._tasks, self._terms, os.getpid()),
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


_tasks: dict[str, Task] = {}
_labs: dict[str, Lab] = {}
_terms: list[ArenaConfig] = []


def _begin(tasks: dict[str, Task], terms: ArenaConfig, parent: int) -> None:
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
