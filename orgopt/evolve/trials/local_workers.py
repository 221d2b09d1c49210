"""Workers on this machine: processes that run jobs at the same time.

The first begins anew, since threads of this process must not be forked, loads what runs need and opens their labs; the
others are forks of it, which have that already: a worker of its own would take a second for it.
"""

import atexit
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import cast

from orgopt.errors import LabError
from orgopt.evolve.trials.job import ArenaConfig, Job, Result, run_job
from orgopt.lab.base import Lab
from orgopt.plugin_faults import naming_packages
from orgopt.tasks.task import Task

_PR_SET_PDEATHSIG = 1
_PATIENCE_S = 5.0
"""How long a worker may take to end; then it is killed."""


class LocalWorkers:
    """Runs jobs in processes, which begin with the first of them.

    Args:
        tasks: The tasks, by name.
        terms: What is the same for all runs.
        workers: How many run at once.
    """

    def __init__(self, tasks: Mapping[str, Task], terms: ArenaConfig, workers: int) -> None:
        self._tasks, self._terms, self._workers = dict(tasks), terms, workers
        self._first: BaseProcess | None = None
        self._lines: list[Connection] = []  # one a worker

    def run(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """The results, each as it ends.

        Raises:
            DocumentError: A document cannot be run.
            LabError: A lab broke, or a worker died.
        """
        if self._first is None:
            self._begin()
        left, busy = list(reversed(jobs)), set[Connection]()
        try:
            for line in self._lines[: len(jobs)]:
                line.send(left.pop())
                busy.add(line)
            while busy:
                for line in cast("list[Connection]", wait(busy)):
                    answer: Result | BaseException = line.recv()
                    if left:  # before whoever asked does something with the answer
                        line.send(left.pop())
                    else:
                        busy.remove(line)
                    if isinstance(answer, BaseException):
                        raise answer
                    yield answer
        except (EOFError, ConnectionError):
            self.close()
            raise LabError("a worker process died: out of memory, or killed") from None
        finally:
            if busy:  # what they are at is given up: nobody waits for it any more
                self.close()

    def close(self) -> None:
        """End them. May be called twice."""
        first, self._first = self._first, None
        if first is None:
            return
        atexit.unregister(self.close)
        first.terminate()
        first.join(_PATIENCE_S)
        first.kill()
        first.join()
        for line in self._lines:
            line.close()

    def _begin(self) -> None:
        context = multiprocessing.get_context("spawn")
        pairs = [context.Pipe() for _ in range(self._workers)]
        theirs = [line for _, line in pairs]
        first = context.Process(target=_first, args=(self._tasks, self._terms, theirs, os.getpid()))
        with _undisturbed():
            first.start()
        for line in theirs:
            line.close()
        self._first, self._lines = first, [ours for ours, _ in pairs]
        atexit.register(self.close)  # Python would wait for ever for workers of an arena that nobody closed


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


_labs: dict[str, Lab] = {}


def _first(tasks: dict[str, Task], terms: ArenaConfig, lines: list[Connection], parent: int) -> None:
    """Be the first worker: make the others, and end them when it is told to end."""
    _attach(parent)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch under a GPSampler: workers are as many as cores
    if terms.lab == "replay":  # labs that train are machinery which cannot be shared
        import_module("orgopt.agents.policy.gp")  # most searches try it, and SciPy takes a quarter of a second
        for name, task in tasks.items():
            with suppress(Exception):  # said by the run that needs it
                _labs[name] = terms.open(task)
    forks, anew = multiprocessing.get_context("fork"), multiprocessing.get_context("spawn")
    process = forks.Process if _single_threaded() else anew.Process
    others: list[BaseProcess] = []
    while len(lines) > 1:
        line = lines.pop()
        other = process(target=_other, args=(tasks, terms, line, lines, os.getpid()))
        other.start()
        line.close()  # held by nobody else, it says when its worker died
        others.append(other)

    def end(*_: object) -> None:
        for other in others:
            other.kill()
        for other in others:
            other.join()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    _serve(tasks, terms, lines[0])


def _other(tasks: dict[str, Task], terms: ArenaConfig, line: Connection, rest: list[Connection], parent: int) -> None:
    _attach(parent)
    for other in rest:
        other.close()
    _serve(tasks, terms, line)


def _attach(parent: int) -> None:
    """Let this process end with its parent, and leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it could be asked for
            os._exit(1)


def _single_threaded() -> bool:
    """Whether nothing that was loaded began a thread: a fork would have its locks and not the thread."""
    threads = Path("/proc/self/task")
    return len(list(threads.iterdir())) == 1 if threads.is_dir() else threading.active_count() == 1


def _serve(tasks: dict[str, Task], terms: ArenaConfig, line: Connection) -> None:
    """Do the jobs that come, until nobody is there to send one."""
    with suppress(EOFError):
        while True:
            job: Job = line.recv()
            try:
                answer: Result | BaseException = _work(job, tasks, terms)
            except BaseException as error:  # noqa: BLE001  raised again where the job came from
                error.add_note(traceback.format_exc())
                answer = error
            try:
                line.send(answer)
            except Exception as error:  # noqa: BLE001  it cannot be pickled
                line.send(LabError(f"a worker's answer cannot be sent: {error}"))


@naming_packages()  # here, because tracebacks do not reach the process that asked
def _work(job: Job, tasks: dict[str, Task], terms: ArenaConfig) -> Result:
    if job.task not in _labs:
        _labs[job.task] = terms.open(tasks[job.task])
    return run_job(job, tasks[job.task], _labs[job.task], terms)
