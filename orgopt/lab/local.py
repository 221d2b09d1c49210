"""The local lab: slots are real processes of one thread each, forked from a warm process inside a sandbox."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from orgopt.errors import LabError, SandboxError
from orgopt.lab.base import Lost, Outcome, Status, reporting
from orgopt.lab.devices.slots import LOOK_S, UNSEEN, Devices
from orgopt.lab.plausible import weigh
from orgopt.lab.running import Running
from orgopt.lab.sandbox.choice import Sandbox, chosen
from orgopt.lab.sandbox.harness import Harness
from orgopt.lab.sandbox.process import EndedError, WarmProcess
from orgopt.lab.training import TrainingLab
from orgopt.tasks.task import Task

START_LIMIT_S = 120  # importing torch from a cold disk takes its time
RETRIES = 2
"""How often an experiment is begun again that was lost by a fault of the lab."""

_FAULTS_IN_A_ROW = 10  # without an outcome between them: then nothing works here
_STARTS = 4  # of a warm process in place of one that died
_GRACE_S = 1.0  # a supervisor ends its experiment at the limit itself
_STOP_LIMIT_S = 30
_LINES, _LINE = 20, 200  # of what a failed experiment printed last, and characters of each


class LocalLab(TrainingLab):
    """A Lab on this machine's cores.

    The warm process starts at once and loads its imports while the caller does other things; the first
    use of `data_digest` or `reset` waits for it, and raises LabError when its imports fail. When it dies later, it is
    started again, and so are the experiments that ran, twice each at most.

    Args:
        task: What the experiments train.
        slots: How many run at once, each with one thread.
        sandbox: What holds them; None is what was chosen for this process, bubblewrap unless somebody did.
        keeps: Whether the end of what each experiment printed is kept, in `printed` by its number.

    Raises:
        LabError: There are fewer GPUs than the task's experiments need.
        SandboxError: The sandbox is not to be had on this machine.

    Example:
        with LocalLab(load_task("tinygpt"), slots=2) as lab:
            lab.submit(Experiment(id=1, settings={}, seed=7))
            outcomes = lab.wait(until=60)
    """

    def __init__(self, task: Task, slots: int, sandbox: Sandbox | None = None, *, keeps: bool = False) -> None:
        super().__init__(task, slots)
        self.sandbox = sandbox or chosen()
        self._running: dict[int, Running] = {}
        self._harness = Harness(task)
        self._ready: Mapping[str, Any] | None = None
        self._keeps = keeps
        self.printed: dict[int, str] = {}
        self._devices = Devices(task, slots) if task.limits.gpus else None
        self._warm = WarmProcess(task, self.sandbox, self._devices, keeps=keeps)

    @property
    def data_digest(self) -> str:
        if self._ready is None:
            self._ready = self._await_ready()
        return str(self._ready["data_digest"])

    @property
    def stamp(self) -> Mapping[str, str]:
        return {"lab": "local", "data": self.data_digest[:12], "sandbox": self.sandbox.value, **reporting(self.task)}

    def reset(self) -> None:
        _ = self.data_digest  # waits until the warm process is ready
        self._epoch = time.monotonic()

    def close(self) -> None:
        """End the warm process and all that it started; remove the scratch folder."""
        self._warm.close()
        if self._devices:
            self._devices.close()

    def _await_ready(self) -> Mapping[str, Any]:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            for message in self._warm.read(deadline - time.monotonic()):
                if message.get("ready"):
                    return message
        raise LabError(f"the lab of {self.task.name} did not start within {START_LIMIT_S} s")

    def _charged(self) -> Iterable[Running]:
        return self._running.values()

    def _await_end(self) -> None:
        deadline = time.monotonic() + _STOP_LIMIT_S
        while self._running:
            if time.monotonic() > deadline:
                raise LabError(f"the lab of {self.task.name} did not end its experiments within {_STOP_LIMIT_S} s")
            self._collect(_GRACE_S)

    def _moments(self) -> list[float]:
        """When experiments have to be ended, should their supervisors not have done it."""
        ends = [run.begun + self._limit_s(run) for run in self._running.values() if not run.killed]
        waits = self._devices is not None and self._queue and self._devices.waits
        return [*ends, self.now() + LOOK_S] if waits else ends

    def _limit_s(self, run: Running) -> float:
        """Seconds after which an attempt is ended here; answering for a rewritten script may take as long again."""
        return self.task.limit_s * (1 + (run.experiment.script is not None)) + _GRACE_S

    def _start_queued(self) -> None:
        while self._queue and len(self._running) < self._slots:
            if self._devices and not self._devices.take(self._queue[0].id):
                return
            experiment = self._queue.popleft()
            now = self.now()
            run = self._running[experiment.id] = Running(experiment, now, now)
            self._begin(run)

    def _begin(self, run: Running) -> None:
        """Start an experiment, or start it again."""
        seen = (
            self._devices.seen(run.experiment.id, hides=self.sandbox is Sandbox.BUBBLEWRAP) if self._devices else UNSEEN
        )
        self._send({**run.request(self.task), **seen})

    def _end_overdue(self) -> None:
        for run in list(self._running.values()):
            if self.now() - run.begun >= self._limit_s(run):
                self._kill(run)

    def _kill(self, run: Running) -> None:
        if not run.killed:
            run.killed = True
            self._send({"kill": run.experiment.id})

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            self._warm.send(message)
        except EndedError as error:
            self._recover(error)

    def _collect(self, timeout: float) -> None:
        """Note what the warm process tells within a time."""
        try:
            messages = self._warm.read(max(0.0, timeout))
        except EndedError as error:
            self._recover(error)
            return
        for message in messages:
            run = self._running.get(message.get("id", -1))
            if run is None:
                continue
            if "curve" in message:
                run.curve += message["curve"]
                self._events += run.checkpoints(self.now())
            elif message["status"] == "infra" and not run.told:
                self._fault(run, message["error"])
            else:
                self._ended(run, message)
        self._start_queued()

    def _ended(self, run: Running, answer: Mapping[str, Any]) -> None:
        used = self._leave(run, well=answer["status"] == "ok")
        self._faults = 0
        if self._keeps:
            self.printed[run.experiment.id] = str(answer.get("output", ""))
        if not run.told:
            self._events.append(replace(self._outcome(run, answer), **used))

    def _leave(self, run: Running, *, well: bool) -> dict[str, float]:
        """Take an experiment's slot from it; what it used of its devices."""
        del self._running[run.experiment.id]
        return self._devices.give_back(run.experiment.id, well=well) if self._devices else {}

    def _recover(self, error: EndedError) -> None:
        """Start another warm process in place of one that died, and what ran in it.

        Raises:
            LabError: It died before it was ready, or again and again, or it has other data now.
        """
        if self._ready is None:
            raise error
        digest, reason = self.data_digest, str(error)
        running = list(self._running.values())
        self._faults += not running  # lost experiments count for themselves
        self._ready = self._restarted(reason)
        # Results on other data must not be mixed with those that the team has.
        if self.data_digest != digest:
            raise LabError(f"the data of {self.task.name} changed while its lab ran")
        for run in running:
            if self._running.get(run.experiment.id) is run:
                self._fault(run, reason)

    def _restarted(self, reason: str) -> Mapping[str, Any]:
        """Another warm process, which may be killed in its turn, and what it says when it is ready."""
        for attempt in range(_STARTS):
            self._warm.close()
            self._warm = WarmProcess(self.task, self.sandbox, self._devices, keeps=self._keeps)
            try:
                return self._await_ready()
            except (EndedError, SandboxError) as again:  # the sandbox held before
                if attempt == _STARTS - 1:
                    raise LabError(f"{again}; it was started {_STARTS} times again after: {reason}") from None
        raise LabError(reason)

    def _fault(self, run: Running, reason: str) -> None:
        """Begin an experiment again that the lab lost, unless it did so often enough."""
        self._faults += 1
        if self._faults > _FAULTS_IN_A_ROW * self._slots:
            raise LabError(f"the lab of {self.task.name} lost {self._faults} experiments in a row: {reason}")
        now = self.now()
        run.lost.append(Lost(run.begun, now, reason))
        if run.killed or run.told or len(run.lost) > RETRIES:
            self._leave(run, well=False)
            if not run.told:
                status = Status.TIMEOUT if run.killed else Status.INFRA
                if not run.killed:
                    run.lost.pop()  # the last attempt is the outcome itself
                self._events.append(replace(run.cut(status, now), curve=(), error=reason))
        else:
            # Another attempt has all of its time; its points come again, and those that were told are not told twice.
            run.begun, run.curve = now, []
            self._begin(run)

    def _outcome(self, run: Running, answer: Mapping[str, Any]) -> Outcome:
        self._events += run.checkpoints(self.now())
        named = Status.TIMEOUT if answer["status"] == "killed" else Status(answer["status"])
        status, error = named, answer.get("error", "")
        metric = heldout = None
        if named is Status.OK:
            speed = self._ready["flops_per_s"] if self._ready else 0.0
            status, error, values = weigh(self.task, self._named(answer["metrics"]), answer["train_s"], speed)
            metric, heldout = values or (None, None)
        if changed := self._harness.changed():
            status, error = Status.TAMPERED, f"it changed {', '.join(changed)}"
            metric = heldout = None
            self._restore(changed)
        # What a killed process used says nothing of what the setting needs.
        cpu_s = 0.0 if status is Status.TIMEOUT else answer["cpu_s"]
        measured = {"metric": metric, "heldout": heldout, "memory_gb": answer["memory_gb"], "cpu_s": cpu_s}
        output = _end_of(answer.get("output", "")) if status.failed else ""
        return replace(run.cut(status, self.now()), error=error, output=output, **measured)

    def _named(self, metrics: Any) -> Any:
        """Metrics by the task's names; one that a script printed stands for both, negated where more is better."""
        if not self.task.self_reported:
            return metrics
        value = metrics[self.task.printed]
        return {self.task.metric: value if self.task.metric == self.task.printed else -value}

    def _restore(self, changed: list[str]) -> None:
        """Put the task's files back.

        Raises:
            LabError: They changed though no experiment can reach them: somebody else edits the task.
        """
        if self.sandbox is Sandbox.BUBBLEWRAP:
            raise LabError(f"{', '.join(changed)} of {self.task.name} changed while its lab ran: start again")
        try:
            self._harness.restore()
        except OSError as error:
            raise LabError(f"cannot put back what an experiment changed: {error}") from None


def _end_of(output: str) -> str:
    """The last lines of what a failed experiment printed, without control characters; empty for one line alone."""
    lines = ["".join(sign for sign in line if sign.isprintable()).rstrip() for line in output.strip().splitlines()]
    return "\n".join(line[:_LINE] for line in lines[-_LINES:]) if len(lines) > 1 else ""
