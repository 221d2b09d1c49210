"""The warm process: has a task's imports and shared data loaded, and forks from itself all that experiments run in.

Begun by `start.py`. Whatever it has in memory, experiments can read, so it gets no more than numbers and folders: the
script of an experiment, its results and its score never pass through it. Orders are JSON lines, `{"id", "folder"}` for
the training of an experiment, with a `question` for an answer of its, or `{"kill": id}`; when they end, it ends.
"""

import contextlib
import json
import os
import runpy
import select
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from . import checkout_files, processes, trackers
from .execute import execute, is_command
from .judge import JUDGE
from .outcome import tell
from .part import Part, read_request
from .supervise import refuse, supervise

ANSWER, QUESTION = "answer.npz", "question.npz"


class Warm:
    """The loop of the warm process.

    Args:
        config: What the lab wants: `script`, `result`, `prints`, `limits`, `hidden` and `namespaces`; of a checkout
            also its `folder`, its files (`beside`), and what may be `read`, below which `home`.
        orders: Where they are read.
        reports: Where supervisors report, and where the end of each is reported, as `{"id", "ended": exit code}`.
    """

    def __init__(self, config: Mapping[str, Any], orders: int, reports: int) -> None:
        self.config, self._orders, self._reports = config, orders, reports
        self._supervisors: dict[int, int] = {}  # process to experiment

    def serve(self) -> None:
        """Do as ordered until the orders end."""
        wake, woken = os.pipe()
        os.set_blocking(woken, False)  # a full pipe wakes the loop all the same
        # Written by the C handler: one in Python would not run before a select that the signal just missed.
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, processes.wake)
        buffer = b""
        while True:
            ready, _, _ = select.select([self._orders, wake], [], [])
            if wake in ready:
                os.read(wake, 4096)
                self._reap()
            if self._orders in ready:
                chunk = os.read(self._orders, 1 << 16)
                if not chunk:
                    return
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    self._take(json.loads(line))

    def _take(self, order: Mapping[str, Any]) -> None:
        if "kill" in order:
            for pid in [pid for pid, number in self._supervisors.items() if number == order["kill"]]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            return
        pid = os.fork()
        if pid == 0:
            os.close(self._orders)
            self._begin(order)
        self._supervisors[pid] = order["id"]

    def _reap(self) -> None:
        """Report the supervisors that ended, and end what those that were lost have left to this process."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                if pid in self._supervisors:
                    number, code = self._supervisors.pop(pid), os.waitstatus_to_exitcode(status)
                    if code:
                        self._end_orphans()
                    tell(self._reports, {"id": number, "ended": code})

    def _end_orphans(self) -> None:
        for pid in processes.children("self"):
            if pid not in self._supervisors:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _begin(self, order: Mapping[str, Any]) -> NoReturn:
        """Become the supervisor of a part; what its request makes fail is an outcome of the experiment."""
        try:
            part = self._part(order)
        except (ValueError, MemoryError, RecursionError) as error:
            refuse(order["id"], f"its script cannot be written: {error}", self._reports)
        supervise(part, self._reports, namespaces=self.config["namespaces"])

    def _part(self, order: Mapping[str, Any]) -> Part:
        folder, question = Path(order["folder"]), order.get("question")
        request, result = read_request(folder), self.config["result"]
        files = {self.config["script"]: request["script"].encode()}
        files |= {name: text.encode() for name, text in request["files"].items()}
        if question is not None:
            files |= {QUESTION: (folder / question).read_bytes(), result: (folder / result).read_bytes()}
        return Part(
            id=order["id"],
            files=files,
            body=_seeing(request["env"], self._training(request) if question is None else _answering),
            leaves=result if question is None else ANSWER,
            folder=folder,
            limits={**self.config["limits"], "silent": question is not None, "starts": is_command(self.config)},
            hidden=(*self.config["hidden"], *request["hide"]),
            watched=request["watched"] and question is None,
            prints=self.config["prints"],
            reads=self.config["reads"],
            keeps=self.config["keeps"],
        )

    def _training(self, request: Mapping[str, Any]) -> Callable[[], None]:
        script, run, seed = self.config["script"], self.config["run"], request["seed"]

        def train() -> None:
            os.environ["ORGOPT_SEED"] = str(seed)
            if self.config["reads"]["file"] == trackers.TRACKED:
                trackers.stand_in(Path.cwd() / trackers.TRACKED)
            if self.config["prints"]:
                checkout_files.lay(Path(self.config["folder"]), self.config["beside"], Path.cwd())
                if self.config["home"]:
                    checkout_files.settle(self.config["read"], self.config["home"], Path.cwd())
            if run:
                execute(run, script, request["script"], seed)
                return
            sys.argv = [script]
            runpy.run_path(script, run_name="__main__")

        return train


def _seeing(env: Mapping[str, str], body: Callable[[], None]) -> Callable[[], None]:
    """The body with the variables that say which devices it has."""

    def run() -> None:
        os.environ.update(env)
        body()

    return run


def _answering() -> None:
    sys.modules[JUDGE].answer(Path.cwd())
