"""The warm process: has a task's imports loaded, and forks from itself all that an experiment needs.

Begun by `start.py`; talks JSON lines: requests on standard input, answers on standard output. A request is
`{"id", "seed", "script", "own", "edited", "watched"}` or `{"kill": id}`; answers are points of learning curves and,
last, how an experiment ended. When standard input ends, everything ends.
"""

import contextlib
import json
import os
import runpy
import select
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import beside, processes
from .judge import JUDGE
from .supervise import Part, supervise


@dataclass(slots=True)
class _Job:
    """An experiment on its way: which part runs, and what is left to do."""

    request: Mapping[str, Any]
    folder: Path
    pid: int = 0  # of the supervisor, or 0 while the judge works
    part: Mapping[str, Any] | None = None  # what the supervisor reported of the part that runs
    judgement: Mapping[str, Any] = field(default_factory=dict[str, Any])
    questions: int = 0
    answered: int = 0
    killed: bool = False
    used: dict[str, float] = field(default_factory=lambda: {"memory_gb": 0.0, "cpu_s": 0.0})


class Warm:
    """The loop of the warm process.

    Args:
        config: What the lab wants: `script`, `result`, `prints`, `limits`, `hidden`, `results` and `namespaces`; of a
            checkout also its `folder`, its files (`beside`), and what may be `read`, below which `home`.
        answers: The lab's end of a pipe.
        asks: The judge's.
        told: Where supervisors and the judge report, and the end to read that from.
    """

    def __init__(self, config: Mapping[str, Any], answers: int, asks: int, told: tuple[int, int]) -> None:
        self.config, self._answers, self._asks = config, answers, asks
        self._heard, self._reports = told
        os.set_blocking(self._heard, False)
        self._jobs: dict[int, _Job] = {}
        self._buffers = {0: b"", self._heard: b""}
        self._has_judge = JUDGE in sys.modules

    def serve(self) -> None:
        """Answer requests until standard input ends, then end everything."""
        wake, woken = os.pipe()
        os.set_blocking(woken, False)  # a full pipe wakes the loop all the same
        # Written by the C handler: one in Python would not run before a select that the signal just missed.
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, processes.wake)
        while True:
            ready, _, _ = select.select([0, wake, self._heard], [], [])
            ended: list[tuple[int, int]] = []
            if wake in ready:
                os.read(wake, 4096)
                ended = self._reap()
            for message in self._lines(self._heard):  # all that those which ended have written
                self._hear(message)
            for pid, code in ended:
                self._supervised(pid, code)
            if 0 in ready:
                lines = self._lines(0)
                if lines is None:
                    return
                for request in lines:
                    self._take(request)

    def _lines(self, source: int) -> Any:
        """The messages that have arrived; None when there will be no more."""
        chunks: list[bytes] = []
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(source, 1 << 16):
                chunks.append(chunk)
                if source == 0:
                    break
            else:
                return None
        *lines, self._buffers[source] = (self._buffers[source] + b"".join(chunks)).split(b"\n")
        return [json.loads(line) for line in lines]

    def _take(self, request: Mapping[str, Any]) -> None:
        if "kill" not in request:
            folder = Path(tempfile.mkdtemp(prefix=f"{request['id']}-", dir=self.config["results"]))
            job = self._jobs[request["id"]] = _Job(request, folder)
            self._start(request["id"], job, self._training(request), self.config["result"])
            return
        job = self._jobs.get(request["kill"])
        if job is None:
            return
        job.killed = True
        if job.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(job.pid, signal.SIGTERM)
        else:
            self._ask({"kill": request["kill"]})

    def _training(self, request: Mapping[str, Any]) -> Callable[[], None]:
        script = self.config["script"]

        def train() -> None:
            os.environ["ORGOPT_SEED"] = str(request["seed"])
            if self.config["prints"]:
                beside.lay(Path(self.config["folder"]), self.config["beside"], Path.cwd())
                if self.config["home"]:
                    beside.settle(self.config["read"], self.config["home"], Path.cwd())
            sys.argv = [script]
            runpy.run_path(script, run_name="__main__")

        return train

    def _start(
        self, number: int, job: _Job, body: Callable[[], None], leaves: str, more: Mapping[str, bytes] | None = None
    ) -> None:
        script = {self.config["script"]: job.request["script"].encode()}
        job.part = None
        pid = os.fork()
        if pid == 0:
            os.close(self._answers)
            os.close(self._asks)
            part = Part(
                id=number,
                files={**script, **(more or {})},
                body=body,
                leaves=leaves,
                folder=job.folder,
                limits=self.config["limits"],
                hidden=tuple(self.config["hidden"]),
                watched=job.request["watched"] and leaves == self.config["result"],
                prints=self.config["prints"],
            )
            supervise(part, self._reports, namespaces=self.config["namespaces"])
        job.pid = pid

    def _reap(self) -> list[tuple[int, int]]:
        """The children that ended, with their exit codes, orphans of lost supervisors among them."""
        ended: list[tuple[int, int]] = []
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                ended.append((pid, os.waitstatus_to_exitcode(status)))
        return ended

    def _hear(self, message: Mapping[str, Any]) -> None:
        if "judge" in message:
            self._answer({"ready": True, **message["judge"]})
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
        else:
            self._judged(message["id"], job, message["judged"])

    def _supervised(self, pid: int, code: int) -> None:
        """Go on with the experiment whose supervisor ended."""
        number = next((number for number, job in self._jobs.items() if job.pid == pid), None)
        if number is None:
            if pid == self.config["judge"]:
                raise RuntimeError(f"the judge ended with {code}")
            return
        job = self._jobs[number]
        job.pid = 0
        part = job.part
        if job.killed or part is None:
            self._end_orphans()
            lost = {"status": "infra", "error": f"its supervisor ended with {code}"}
            self._end(number, job, {"status": "killed"} if job.killed else lost)
        elif part["status"] != "ok":
            self._end(number, job, {"status": part["status"], "error": part["error"]})
        elif self.config["prints"]:
            job.used["train_s"] = max(part["cpu_s"], part["wall_s"])
            self._end(number, job, {"status": "ok", "metrics": part["metrics"]})
        elif not (job.request["edited"] and self._has_judge):
            job.used["train_s"] = max(part["cpu_s"], part["wall_s"])
            (job.folder / self.config["script"]).write_text(job.request["own"], "utf-8")
            self._judge(number, job, "evaluate")
        elif not job.questions:
            job.used["train_s"] = max(part["cpu_s"], part["wall_s"])
            self._judge(number, job, "ask", script=job.request["script"])
        else:
            self._next_answer(number, job)

    def _judge(self, number: int, job: _Job, do: str, **more: str) -> None:
        job.judgement = {}
        self._ask({"id": number, "do": do, "folder": str(job.folder), **more})

    def _judged(self, number: int, job: _Job, code: int) -> None:
        found = job.judgement
        if job.killed:
            self._end(number, job, {"status": "killed"})
        elif "questions" in found:
            job.questions = found["questions"]
            self._next_answer(number, job)
        elif "metrics" in found:
            self._end(number, job, {"status": "ok", "metrics": found["metrics"]})
        else:
            error = found.get("error", f"its evaluation ended with {code}")
            self._end(number, job, {"status": "invalid_metric", "error": error})

    def _next_answer(self, number: int, job: _Job) -> None:
        """Let the experiment's code answer the next questions, in a process that knows no other; or have it graded."""
        if job.answered:
            (job.folder / "answer.npz").rename(job.folder / f"answer-{job.answered - 1}.npz")
        if job.answered == job.questions:
            self._judge(number, job, "grade")
            return
        question, result = job.folder / f"question-{job.answered}.npz", self.config["result"]
        files = {"question.npz": question.read_bytes(), result: (job.folder / result).read_bytes()}
        job.answered += 1
        self._start(number, job, lambda: sys.modules[JUDGE].answer(Path.cwd()), "answer.npz", files)

    def _end(self, number: int, job: _Job, found: Mapping[str, Any]) -> None:
        del self._jobs[number]
        shutil.rmtree(job.folder, ignore_errors=True)
        self._answer({"id": number, "end": True, **found, **job.used})

    def _end_orphans(self) -> None:
        """Kill what a supervisor that was lost has left to this process."""
        known = {self.config["judge"], *(job.pid for job in self._jobs.values())}
        for pid in processes.children("self"):
            if pid not in known:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _ask(self, message: Mapping[str, Any]) -> None:
        os.write(self._asks, (json.dumps(message) + "\n").encode())

    def _answer(self, message: Mapping[str, Any]) -> None:
        line = (json.dumps(message) + "\n").encode()
        while line:
            line = line[os.write(self._answers, line) :]
