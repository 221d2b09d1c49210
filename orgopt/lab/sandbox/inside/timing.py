"""Timing of an experiment's code from outside of it: a process that runs only while it is timed.

For a task's `judge.answer`, which runs in an experiment's sandbox and trusts itself and nothing that the experiment
wrote. What is timed runs in a child of its own, which is stopped but for its calls:

- its time is the CPU time that Linux counts for it, read here, so that no clock of its own matters, and other work of
  the machine hardly does;
- it is stopped while its input is laid out, and stopped again before its output is taken: whatever it works between two
  stops is charged to the call, and work while it should stand still is noticed;
- it has one thread and starts no process, so that nobody works for it meanwhile, and one core with this process, since
  cores of one machine differ in speed from moment to moment;
- it is begun before an input is drawn, so that none is in its memory, and it cannot look into this process.

Without namespaces a script might still end or slow down this process: only bubblewrap holds it.
"""

import contextlib
import json
import mmap
import os
import resource
import select
import signal
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from . import isolate

_SECRET_S = 1e-3  # of work while it should stand still: less is charged and no more, since a signal may cross another

_DONE = b"\0"
_ERROR_BYTES = 300


class TamperedError(Exception):
    """It worked in time that nobody gave it, or changed how this process runs."""


class Timed:
    """A child that answers calls, each of which is timed.

    Args:
        load: Runs the experiment's code there, and gives what answers a call: it takes the call's arguments and the
            memory, and leaves its output in that.
        size: Bytes of memory that this process and the child share, for inputs and outputs.
        limit_s: Seconds that loading, and each call, may take at most.
        wall: Whether seconds of the wall count, as where a GPU does the work; it may then have threads and processes.

    Example:
        with Timed(load, 1 << 20) as own:
            own.memory[: len(data)] = data
            seconds = own.call(n=len(data))
            found = bytes(own.memory[:8])
    """

    def __init__(
        self, load: Callable[[], Callable[..., object]], size: int, limit_s: float = 60.0, *, wall: bool = False
    ) -> None:
        self.memory = mmap.mmap(-1, size)
        self._limit_s, self._wall = limit_s, wall
        isolate.close_to_others()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if not wall:
            _stay_on_this_core()
        self._manner = _manner()
        calls, self._calls = os.pipe()
        self._answers, answers = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._calls)
            os.close(self._answers)
            _serve(load, self.memory, calls, answers, alone=not wall)
        os.close(calls)
        os.close(answers)
        self._used = 0.0
        self._loaded = False

    def load(self) -> None:
        """Let it load its code.

        Raises:
            RuntimeError: It failed.
        """
        self._answered()
        self._stop()
        self._loaded = True

    def call(self, **arguments: Any) -> float:
        """The CPU seconds that it used from the end of its last call to that of this one.

        Args:
            arguments: What it is called with, as JSON.

        Raises:
            RuntimeError: The call failed.
            TamperedError: It worked while it should have stood still.
        """
        if not self._loaded:
            self.load()
        before, secret_s = self._used, self._cpu_s() - self._used
        if secret_s > _SECRET_S:
            raise TamperedError(f"it worked for {secret_s:.4f} s while it should have stood still")
        os.write(self._calls, (json.dumps(arguments) + "\n").encode())
        began = time.perf_counter()
        os.kill(self._pid, signal.SIGCONT)
        self._answered()
        took = time.perf_counter() - began
        self._stop()
        return took if self._wall else self._used - before

    def close(self) -> None:
        """End it, and look whether it changed how this process runs.

        Raises:
            TamperedError: It did.
        """
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
            os.close(self._calls)
            os.close(self._answers)
            if _manner() != self._manner:
                raise TamperedError("it changed the priority or the cores of the process that times it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        try:
            self.close()
        except TamperedError:
            if kind is None:
                raise

    def _cpu_s(self) -> float:
        return time.clock_gettime((~self._pid << 3) | 2)  # Linux's clock of another process

    def _answered(self) -> None:
        ready, _, _ = select.select([self._answers], [], [], self._limit_s)
        if not ready:
            raise RuntimeError(f"it did not answer within {self._limit_s:g} s")
        said = os.read(self._answers, _ERROR_BYTES)
        if said[:1] != _DONE:
            raise RuntimeError(said.decode("utf-8", "replace") or "it ended without an answer")

    def _stop(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)
        _, status = os.waitpid(self._pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._pid = 0
            raise RuntimeError(f"it ended with {os.waitstatus_to_exitcode(status)}")
        last, self._used = -1.0, self._cpu_s()
        while last != self._used:  # its stop is told a moment before it leaves its core
            last, self._used = self._used, self._cpu_s()


def _serve(
    load: Callable[[], Callable[..., object]], memory: mmap.mmap, calls: int, answers: int, *, alone: bool
) -> None:
    """Answer calls in the child, `alone` with one thread and without children; never returns."""
    code = 1
    try:
        if alone:
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
        answer = load()
        with os.fdopen(calls, "rb") as lines:
            os.write(answers, _DONE)
            for line in lines:
                arguments: Mapping[str, Any] = json.loads(line)
                answer(memory, **arguments)
                os.write(answers, _DONE)
        code = 0
    except BaseException as error:  # noqa: BLE001  a forked child must never return into what its parent does next
        traceback.print_exc()
        os.write(answers, f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:_ERROR_BYTES])
    finally:
        os._exit(code)


def _stay_on_this_core() -> None:
    """Keep to the core on which Linux put this process; which that is says field 39 of its line in /proc."""
    with contextlib.suppress(OSError):
        fields = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()
        os.sched_setaffinity(0, {int(fields[36])})


def _manner() -> tuple[Any, ...]:
    """How Linux runs this process: what an experiment could change from outside."""
    return os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0), sorted(os.sched_getaffinity(0))
