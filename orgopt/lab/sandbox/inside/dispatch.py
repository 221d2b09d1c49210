"""The dispatcher: leads each experiment through its parts, and talks to the lab.

Begun by `start.py`; talks JSON lines: requests on standard input, answers on standard output. A request is
`{"id", "seed", "script", "own", "edited", "watched", "env", "hide"}`, the last two for the devices that it has and
those that it has not, or `{"kill": id}`; answers are points of learning curves and, last, how an experiment ended.
When standard input ends, everything ends.

It hears scripts and scores, so nothing that can run an experiment is forked from it after its start: the warm process
does that, which gets the experiment's folder alone and reads the request there, in the supervisor.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import processes
from .judge import JUDGE
from .part import OUTPUT, REQUEST
from .warm import ANSWER


@dataclass(slots=True)
class _Job:
    """An experiment on its way: who works on it, and what is left to do."""

    edited: bool
    folder: Path
    judged: bool = False  # whether the judge works on it, and not a supervisor
    part: Mapping[str, Any] | None = None  # what the supervisor reported of the part that runs
    judgement: Mapping[str, Any] = field(default_factory=dict[str, Any])
    questions: int = 0
    answered: int = 0
    killed: bool = False
    used: dict[str, float] = field(default_factory=lambda: {"memory_gb": 0.0, "cpu_s": 0.0})


class Dispatcher:
    """The loop of the dispatcher.

    Args:
        config: What the lab wants: `script`, `result`, `prints`, `folder` and `results`.
        answers: The lab's end of a pipe.
        heard: Where supervisors, the warm process and the judge report.
        judge: Its process, 0 where there is none, and where it takes requests.
        warm: The warm process, and where it takes orders.
    """

    def __init__(
        self, config: Mapping[str, Any], answers: int, heard: int, judge: tuple[int, int], warm: tuple[int, int]
    ) -> None:
        self.config, self._answers, self._heard = config, answers, heard
        self._judge_pid, self._asks = judge
        self._warm_pid, self._orders = warm
        os.set_blocking(self._heard, False)
        self._jobs: dict[int, _Job] = {}
        self._begun: dict[int, list[bytes]] = {0: [], self._heard: []}  # of the message that is not whole
        self._ready: dict[str, Any] = {}  # what the judge and the warm process said when they were
        self._has_judge = (Path(config["folder"]) / f"{JUDGE}.py").is_file()

    def serve(self) -> None:
        """Answer requests until standard input ends."""
        wake, woken = os.pipe()
        os.set_blocking(woken, False)  # a full pipe wakes the loop all the same
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, processes.wake)
        self._reap()  # of one that ended before the handler stood, no signal comes
        while True:
            ready, _, _ = select.select([0, wake, self._heard], [], [])
            for message in self._lines(self._heard) or ():
                self._hear(message)
            if wake in ready:
                os.read(wake, 4096)
                self._reap()
            if 0 in ready:
                lines = self._lines(0)
                if lines is None:
                    return
                for request in lines:
                    self._take(request)

    def _lines(self, source: int) -> Any:
        """The messages that have arrived; None when there will be no more."""
        begun, lines = self._begun[source], list[bytes]()
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(source, 1 << 16):
                *ends, rest = chunk.split(b"\n")
                for end in ends:  # a script may be long: what has arrived of it is not copied again and again
                    lines.append(b"".join((*begun, end)))
                    begun.clear()
                begun.append(rest)
                if source == 0:
                    break
            else:
                return None
        return [json.loads(line) for line in lines]

    def _reap(self) -> None:
        """End where the judge or the warm process did.

        Raises:
            SystemExit: It did; what it wrote says why, and where somebody killed it, this does.
        """
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                for known, name in ((self._judge_pid, "the judge"), (self._warm_pid, "the warm process")):
                    if pid == known:
                        code = os.waitstatus_to_exitcode(status)
                        if code != 1:
                            sys.stderr.write(f"{name} ended with {code}\n")
                        raise SystemExit(1)

    def _take(self, request: Mapping[str, Any]) -> None:
        if "kill" not in request:
            number = request["id"]
            folder = Path(tempfile.mkdtemp(prefix=f"{number}-", dir=self.config["results"]))
            (folder / REQUEST).write_text(json.dumps(request), "ascii")
            self._jobs[number] = _Job(request["edited"], folder)
            self._order({"id": number, "folder": str(folder)})
            return
        job = self._jobs.get(request["kill"])
        if job is not None:
            job.killed = True
            (self._ask if job.judged else self._order)({"kill": request["kill"]})

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "judge" in message or "warm" in message:
            self._ready |= message
            if {"judge", "warm"} <= self._ready.keys():
                self._answer({"ready": True, **self._ready["judge"]})
            return
        job = self._jobs.get(message["id"])
        if job is None:
            return
        if "curve" in message:
            self._answer(message)
        elif "part" in message:
            job.part = message["part"]
            job.used["memory_gb"] = max(job.used["memory_gb"], message["part"]["memory_gb"])
            job.used["cpu_s"] += message["part"]["cpu_s"]
        elif "judgement" in message:
            job.judgement = message["judgement"]
            job.used["cpu_s"] += job.judgement.get("cpu_s", 0.0)
        elif "ended" in message:
            self._supervised(message["id"], job, message["ended"])
        else:
            self._judged(message["id"], job, message["judged"])

    def _supervised(self, number: int, job: _Job, code: int) -> None:
        """Go on with the experiment whose supervisor ended."""
        part, job.part = job.part, None
        if job.killed or part is None:
            lost = {"status": "infra", "error": f"its supervisor ended with {code}"}
            self._end(number, job, {"status": "killed"} if job.killed else lost)
        elif part["status"] != "ok":
            self._end(number, job, {"status": part["status"], "error": part["error"]})
        elif self.config["prints"]:
            job.used["train_s"] = max(part["cpu_s"], part["wall_s"])
            self._end(number, job, {"status": "ok", "metrics": part["metrics"]})
        elif not self._asks_it(job):
            job.used["train_s"] = max(part["cpu_s"], part["wall_s"])
            self._judge(number, job, "evaluate")
        elif not job.questions:
            job.used["train_s"] = max(part["cpu_s"], part["wall_s"])
            self._judge(number, job, "ask")
        else:
            self._next_answer(number, job)

    def _asks_it(self, job: _Job) -> bool:
        """Whether its code is asked: where an agent rewrote it, and always where `prepare` has no `evaluate`."""
        return self._has_judge and (job.edited or not self._ready["judge"]["evaluates"])

    def _judge(self, number: int, job: _Job, do: str) -> None:
        job.judgement, job.judged = {}, True
        self._ask({"id": number, "do": do, "folder": str(job.folder)})

    def _judged(self, number: int, job: _Job, code: int) -> None:
        found, job.judged = job.judgement, False
        if job.killed:
            self._end(number, job, {"status": "killed"})
        elif "questions" in found:
            job.questions = found["questions"]
            self._next_answer(number, job)
        elif "tampered" in found:
            self._end(number, job, {"status": "tampered", "error": found["tampered"]})
        elif "metrics" in found:
            self._end(number, job, {"status": "ok", "metrics": found["metrics"]})
        else:
            error = found.get("error", f"its evaluation ended with {code}")
            self._end(number, job, {"status": "invalid_metric", "error": error})

    def _next_answer(self, number: int, job: _Job) -> None:
        """Let the experiment's code answer the next questions, in a process that knows no other; or have it graded."""
        if job.answered:
            (job.folder / ANSWER).rename(job.folder / f"answer-{job.answered - 1}.npz")
        if job.answered == job.questions:
            self._judge(number, job, "grade")
            return
        self._order({"id": number, "folder": str(job.folder), "question": f"question-{job.answered}.npz"})
        job.answered += 1

    def _end(self, number: int, job: _Job, found: Mapping[str, Any]) -> None:
        del self._jobs[number]
        if self.config["keeps"] or found["status"] != "ok":
            with contextlib.suppress(OSError):
                found = {**found, "output": (job.folder / OUTPUT).read_bytes().decode("utf-8", "replace")}
        shutil.rmtree(job.folder, ignore_errors=True)
        self._answer({"id": number, "end": True, **found, **job.used})

    def _order(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # it ended, which is about to be noticed
            _write(self._orders, message)

    def _ask(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):
            _write(self._asks, message)

    def _answer(self, message: Mapping[str, Any]) -> None:
        _write(self._answers, message)


def _write(target: int, message: Mapping[str, Any]) -> None:
    line = memoryview((json.dumps(message) + "\n").encode())
    while line:
        line = line[os.write(target, line) :]
