"""The local lab: slots are real processes of one thread each, forked from a warm process."""

import contextlib
import json
import math
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from orgopt.errors import LabError
from orgopt.lab.base import Checkpoint, Experiment, Outcome, Status
from orgopt.lab.curve import read_curve
from orgopt.task import Settings, Task

FILE_BYTES = 64 * 2**20  # no experiment may write a larger file, its log included
START_LIMIT_S = 120  # importing torch from a cold disk takes its time
_CLOSE_LIMIT_S = 2
_POLL_S = 0.05  # between two looks at the curves of watched experiments
_STOP_LIMIT_S = 30


@dataclass(slots=True)
class _Running:
    experiment: Experiment
    folder: Path
    started: float
    answer: dict[str, Any] | None = None
    killed: bool = False
    told: bool = False  # its outcome is known, only its slot is not free yet
    points: int = 0  # of its curve that were told as checkpoints


class LocalLab:
    """A Lab on this machine's cores.

    The warm process starts at once and loads its imports while the caller does other things; the first
    use of `data_digest` or `reset` waits for it, and raises LabError when its imports fail.

    Args:
        task: What the experiments train.
        slots: How many run at once, each with one thread.

    Example:
        with LocalLab(load_task("tinygpt"), slots=2) as lab:
            lab.submit(Experiment(id=1, settings={}, seed=7))
            outcomes = lab.wait(until=60)
    """

    def __init__(self, task: Task, slots: int) -> None:
        self.task = task
        self._slots = slots
        self._queue: deque[Experiment] = deque()
        self._running: dict[int, _Running] = {}
        self._stopped: list[Outcome] = []
        self._buffer = b""
        self._scratch = Path(tempfile.mkdtemp(prefix="orgopt-"))
        self._errors = (self._scratch / "errors").open("w+b")
        self._epoch = time.monotonic()
        limits = {
            "script": task.script,
            "file_bytes": FILE_BYTES,
            "preload": task.preload,
            "scratch": str(self._scratch),
        }
        self._warm = subprocess.Popen(
            [sys.executable, "-m", "orgopt.lab.warm", str(task.folder), json.dumps(limits)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end it
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        if self._warm.stdin is None or self._warm.stdout is None:
            raise LabError("the warm process has no pipes")
        self._requests, self._answers = self._warm.stdin, self._warm.stdout
        self._data_digest: str | None = None

    @property
    def slots(self) -> int:
        return self._slots

    @property
    def data_digest(self) -> str:
        if self._data_digest is None:
            ready = self._read(START_LIMIT_S)
            if not ready:
                raise LabError(f"the lab of {self.task.name} did not start within {START_LIMIT_S} s")
            self._data_digest = str(ready[0]["data_digest"])
        return self._data_digest

    @property
    def stamp(self) -> Mapping[str, str]:
        return {"lab": "local", "data": self.data_digest[:12]}

    def truth(self, settings: Settings) -> float | None:  # noqa: ARG002 training alone tells
        return None

    def reset(self) -> None:
        _ = self.data_digest  # waits until the warm process is ready
        self._epoch = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._epoch

    def submit(self, experiment: Experiment) -> None:
        _ = self.data_digest  # waits until the warm process is ready
        self._queue.append(experiment)
        self._start_queued()

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        _ = self.data_digest
        while True:
            self._kill_overdue()
            moments = [run.started + self.task.limit_s for run in self._running.values() if not run.killed]
            if any(run.experiment.watched and not run.killed for run in self._running.values()):
                moments.append(self.now() + _POLL_S)
            stopped, self._stopped = self._stopped, []
            ended = self._collect(0.0 if stopped else min([until, *moments]) - self.now())
            events = [*stopped, *ended, *self._checkpoints()]
            if events or self.now() >= until:
                return events

    def kill(self, experiment: int) -> None:
        now = self.now()
        run = self._running.get(experiment)
        if run is not None and not run.told:
            self._kill(run)
            self._stopped.append(self._cut(run, Status.STOPPED, now))
        for queued in [one for one in self._queue if one.id == experiment]:
            self._queue.remove(queued)
            self._stopped.append(Outcome(id=experiment, status=Status.STOPPED, started=now, ended=now))

    def stop(self) -> list[Outcome]:
        self._queue.clear()
        for run in self._running.values():
            self._kill(run)
        now = self.now()
        cut = [self._cut(run, Status.UNFINISHED, now) for run in self._running.values() if not run.told]
        unfinished, self._stopped = [*self._stopped, *cut], []
        deadline = time.monotonic() + _STOP_LIMIT_S
        while self._running:
            if time.monotonic() > deadline:
                raise LabError(f"the lab of {self.task.name} did not end its experiments within {_STOP_LIMIT_S} s")
            self._collect(_CLOSE_LIMIT_S)
        return unfinished

    def close(self) -> None:
        """End the warm process and all that it started; remove the scratch folder."""
        with contextlib.suppress(OSError):
            if self._warm.stdin:
                self._warm.stdin.close()
        try:
            self._warm.wait(_CLOSE_LIMIT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._warm.pid, signal.SIGKILL)
            self._warm.wait()
        if self._warm.stdout:
            self._warm.stdout.close()
        self._errors.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _start_queued(self) -> None:
        while self._queue and len(self._running) < self._slots:
            experiment = self._queue.popleft()
            try:
                folder = Path(tempfile.mkdtemp(prefix=f"{experiment.id}-", dir=self._scratch))
                (folder / self.task.script).write_text(self.task.script_with(experiment.settings), "utf-8")
            except OSError as error:
                raise LabError(f"cannot write {self._scratch}: {error.strerror}") from None
            self._running[experiment.id] = _Running(experiment, folder, self.now())
            self._send({"id": experiment.id, "folder": str(folder), "seed": experiment.seed})

    def _kill_overdue(self) -> None:
        for run in self._running.values():
            if self.now() - run.started >= self.task.limit_s:
                self._kill(run)

    def _kill(self, run: _Running) -> None:
        if not run.killed:
            run.killed = True
            self._send({"kill": run.experiment.id})

    def _cut(self, run: _Running, status: Status, now: float) -> Outcome:
        """The outcome of an experiment that was just killed, while its slot is still taken."""
        run.told = True
        curve = read_curve(run.folder)
        return Outcome(id=run.experiment.id, status=status, started=run.started, ended=now, curve=curve)

    def _checkpoints(self) -> list[Checkpoint]:
        """The points that watched experiments reported since the last look."""
        watched = [run for run in self._running.values() if run.experiment.watched and not run.killed]
        return [point for run in watched for point in self._new_points(run, read_curve(run.folder))]

    def _new_points(self, run: _Running, curve: tuple[float, ...]) -> list[Checkpoint]:
        first, run.points = run.points, len(curve)
        t = self.now()
        return [Checkpoint(id=run.experiment.id, t=t, step=k, value=curve[k]) for k in range(first, len(curve))]

    def _collect(self, timeout: float) -> list[Outcome | Checkpoint]:
        """The outcomes of the supervisors that ended within a time, after what was not told of their curves."""
        events: list[Outcome | Checkpoint] = []
        freed = False
        for message in self._read(max(0.0, timeout)):
            run = self._running.get(message["id"])
            if run is None:
                continue
            if "exit" in message:
                del self._running[message["id"]]
                freed = True
                if not run.told:
                    outcome = self._outcome(run)
                    events += self._new_points(run, outcome.curve) if run.experiment.watched else []
                    events.append(outcome)
                shutil.rmtree(run.folder, ignore_errors=True)
            else:
                run.answer = message
        if freed:
            self._start_queued()
        return events

    def _outcome(self, run: _Running) -> Outcome:
        answer = run.answer or {}
        status = Status(answer.get("status", "timeout" if run.killed else "crashed"))
        metrics = answer.get("metrics")
        named = (
            [metrics.get(name) for name in (self.task.metric, self.task.heldout)] if isinstance(metrics, dict) else []
        )
        finite = [
            float(v) for v in named if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)
        ]
        if status is Status.OK and len(finite) < 2:
            status = Status.INVALID_METRIC
        metric, heldout = finite if status is Status.OK else (None, None)
        return Outcome(
            id=run.experiment.id,
            status=status,
            started=run.started,
            ended=self.now(),
            metric=metric,
            heldout=heldout,
            curve=read_curve(run.folder),
            memory_gb=answer.get("memory_gb", 0.0),
            cpu_s=answer.get("cpu_s", 0.0),
            error="" if status is Status.OK else _last_line(run.folder / "log") or self._missing(metrics),
        )

    def _missing(self, metrics: Any) -> str:
        """Why the metrics that an evaluation returned are none."""
        if not isinstance(metrics, dict):
            return ""
        return f"prepare.py returned {metrics}, task.toml names {self.task.metric} and {self.task.heldout}"[:300]

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._requests.write((json.dumps(message) + "\n").encode())
            self._requests.flush()
        except OSError:
            raise LabError(f"the lab of {self.task.name} ended: {self._error()}") from None

    def _read(self, timeout: float) -> list[dict[str, Any]]:
        """The messages that arrive within a time; returns at the first."""
        ready, _, _ = select.select([self._answers], [], [], timeout)
        if not ready:
            return []
        chunk = os.read(self._answers.fileno(), 65536)
        if not chunk:
            raise LabError(f"the lab of {self.task.name} ended: {self._error()}")
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        return [json.loads(line) for line in lines]

    def _error(self) -> str:
        """The last line that the warm process wrote."""
        return _last_line(self._scratch / "errors") or "no message"


def _last_line(path: Path) -> str:
    """The last line of a file that may be huge or missing, at most 300 characters, without control characters."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4096))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return "".join(char for char in lines[-1] if char.isprintable())[:300] if lines else ""
