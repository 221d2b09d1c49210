"""The Ray lab: slots on the nodes of a cluster, each an actor with a local lab of its own.

The order of experiments, their clock and their charges are decided here, as the local lab decides them; a node only
trains. Where a node, an actor or the connection is lost, the experiment is begun again on another, and charged once,
from its first start to its end.
"""

import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orgopt.errors import LabError, OrgoptError, SandboxError
from orgopt.lab.base import Checkpoint, Lost, Outcome, Status, reporting
from orgopt.lab.local import RETRIES
from orgopt.lab.ray.cluster import join
from orgopt.lab.ray.parcel import pack
from orgopt.lab.ray.slot import Ready, Slot, share
from orgopt.lab.running import Running
from orgopt.lab.sandbox.choice import Sandbox, chosen
from orgopt.lab.training import TrainingLab
from orgopt.tasks.task import Task
from orgopt.version import __version__

START_LIMIT_S = 180
"""For the first slots to find their places and import torch, and for a lab that lost all of them to get one again."""
LATECOMERS_S = 20.0
"""After the latest slot that opened, for the next: those that find no place then join when they do."""
_FAULTS_IN_A_ROW = 10  # a slot, without an outcome between them: then nothing works there
_GRACE_S = 15.0  # a slot ends its experiment itself: only one that nobody hears of is given up
_STOP_LIMIT_S = 30


@dataclass(slots=True, eq=False)
class _Seat:
    """A slot as it is seen from here.

    Attributes:
        actor: Ray's handle of it.
        answer: What it was asked last and has not answered; None when it is free.
        open: Whether it can begin experiments.
        run: What runs in it.
    """

    actor: Any
    answer: Any
    open: bool = False
    run: Running | None = None

    @property
    def free(self) -> bool:
        return self.open and self.run is None


class RayLab(TrainingLab):
    """A Lab on a Ray cluster; the slots start at once, and the first use waits for the first of them.

    Args:
        task: What the experiments train; its folder travels to each node once.
        slots: How many run at once, each with a core and the accelerators that the task asks for.
        sandbox: What holds them on their nodes; None is what was chosen for this process.
        note: Is told which cluster it is.

    Raises:
        UsageError: Ray is not installed.
        LabError: There is no cluster.
    """

    def __init__(
        self, task: Task, slots: int, sandbox: Sandbox | None = None, note: Callable[[str], None] | None = None
    ) -> None:
        super().__init__(task, slots)
        self.sandbox = sandbox or chosen()
        self._ray = join(slots, note)
        self._parcel = self._ray.put(pack(task.folder))
        self._waiting: deque[Running] = deque()  # have a slot by their charge, and lost their seat
        self._digest: str | None = None
        self._seats = [self._seat() for _ in range(slots)]
        self._homeless_since = time.monotonic()
        self._waited = False  # for the slots that find a place at first

    @property
    def data_digest(self) -> str:
        while self._digest is None:
            self._collect(START_LIMIT_S)
        return self._digest

    @property
    def stamp(self) -> Mapping[str, str]:
        return {"lab": "ray", "data": self.data_digest[:12], "sandbox": self.sandbox.value, **reporting(self.task)}

    def reset(self) -> None:
        _ = self.data_digest
        if not self._waited:
            opened, since = 0, time.monotonic()  # a clock that runs while slots are made would charge for them
            while opened < self._slots and time.monotonic() - since < LATECOMERS_S:
                if (now_open := sum(seat.open for seat in self._seats)) > opened:
                    opened, since = now_open, time.monotonic()
                else:
                    self._collect(1.0)
            self._waited = True
        self._epoch = time.monotonic()

    def close(self) -> None:
        """Give the slots back to the cluster; what runs in them ends."""
        seats, self._seats = self._seats, []
        for seat in seats:
            self._ray.kill(seat.actor)

    def _seat(self) -> _Seat:
        """A new slot, wherever the cluster has a place for it."""
        options = {"max_concurrency": 2, "scheduling_strategy": "SPREAD", "max_restarts": 0, **share(self.task)}
        actor = self._ray.remote(**options)(Slot).remote()
        return _Seat(actor=actor, answer=actor.open.remote(self.task, self._parcel, self.sandbox.value))

    def _charged(self) -> list[Running]:
        """What has a slot, in its seat or waiting for another."""
        return [*(seat.run for seat in self._seats if seat.run), *self._waiting]

    def _await_end(self) -> None:
        deadline = time.monotonic() + _STOP_LIMIT_S
        while any(seat.run for seat in self._seats):
            if time.monotonic() > deadline:
                for seat in [one for one in self._seats if one.run]:
                    self._replace(seat)  # nobody hears of it: what it runs ends with it
            else:
                self._collect(1.0)

    def _homeless_s(self) -> float:
        return time.monotonic() - self._homeless_since

    def _limit_s(self, run: Running) -> float:
        return self.task.limit_s * (1 + (run.experiment.script is not None)) + _GRACE_S

    def _moments(self) -> list[float]:
        """When experiments are given up of which nobody hears."""
        return [seat.run.begun + self._limit_s(seat.run) for seat in self._seats if seat.run]

    def _start_queued(self) -> None:
        for seat in [one for one in self._seats if one.free]:
            if self._waiting:
                run = self._waiting.popleft()
                run.begun, run.curve = self.now(), []  # its points come again; those that were told are not told twice
            elif self._queue and len(self._charged()) < self._slots:
                now = self.now()
                run = Running(self._queue.popleft(), now, now)
            else:
                return
            seat.run, seat.answer = run, seat.actor.begin.remote(run.experiment)

    def _kill(self, run: Running) -> None:
        """End an experiment that was told."""
        run.killed = True
        if run in self._waiting:
            self._waiting.remove(run)
        for seat in self._seats:
            if seat.run is run:
                seat.actor.kill.remote(run.experiment.id)

    def _end_overdue(self) -> None:
        for seat in [one for one in self._seats if one.run]:
            if seat.run and self.now() - seat.run.begun >= self._limit_s(seat.run):
                self._lost(seat, "the node was not heard of any more")

    def _collect(self, timeout: float) -> None:
        """Note what slots tell within a time.

        Raises:
            LabError: No slot has found a place for long.
        """
        asked = {seat.answer: seat for seat in self._seats if seat.answer is not None}
        if not any(seat.open for seat in self._seats):
            if self._homeless_s() > START_LIMIT_S:
                cores = self._ray.cluster_resources().get("CPU", 0)
                raise LabError(f"no slot of {self.task.name} found a place on the cluster, which has {cores:g} cores")
            timeout = min(timeout, 1.0)
        if not asked:
            time.sleep(max(0.0, timeout))
            return
        answers = list(asked)
        if self._ray.wait(answers, num_returns=1, timeout=max(0.0, timeout))[0]:
            for answer in self._ray.wait(answers, num_returns=len(answers), timeout=0)[0]:
                self._heard(asked[answer], answer)
        self._start_queued()

    def _heard(self, seat: _Seat, answer: Any) -> None:
        seat.answer = None
        try:
            told = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            raise self._cause(error) from None
        except (self._ray.exceptions.RayError, OSError) as error:
            self._lost(seat, _reason(error))
            return
        if isinstance(told, Ready):
            self._opened(seat, told)
        elif seat.run is not None:
            self._told(seat, seat.run, told)

    def _opened(self, seat: _Seat, told: Ready) -> None:
        """A slot can begin.

        Raises:
            LabError: Results there could not be compared with those elsewhere.
        """
        if told.version != __version__:
            raise LabError(f"{told.node} has orgopt {told.version}, and this is {__version__}: install the same there")
        if told.data_digest != (self._digest or told.data_digest):
            raise LabError(f"{told.node} has other data of {self.task.name} than the other nodes")
        self._digest, seat.open = told.data_digest, True

    def _told(self, seat: _Seat, run: Running, events: Sequence[Outcome | Checkpoint]) -> None:
        now = self.now()
        for event in events:
            if isinstance(event, Checkpoint):
                run.curve.append(event.value)
                self._events += run.checkpoints(now)
            else:
                self._ended(seat, run, event)
        if seat.run is not None:
            seat.answer = seat.actor.more.remote()

    def _ended(self, seat: _Seat, run: Running, outcome: Outcome) -> None:
        seat.run, self._faults = None, 0
        if run.told:
            return
        run.curve = list(outcome.curve)
        now = self.now()
        self._events += run.checkpoints(now)
        run.lost += [Lost(run.begun + one.started, run.begun + one.ended, one.reason) for one in outcome.lost]
        run.told = True
        self._events.append(replace(outcome, started=run.started, ended=now, lost=tuple(run.lost)))

    def _lost(self, seat: _Seat, reason: str) -> None:
        """A slot that is no more: another one in its place, and what ran there begun again, twice at most.

        Raises:
            LabError: That happens again and again.
        """
        run, seat.run = seat.run, None
        self._replace(seat)
        self._faults += 1
        if self._faults > _FAULTS_IN_A_ROW * self._slots:
            raise LabError(f"the cluster lost {self._faults} slots of {self.task.name} in a row: {reason}")
        if run is None or run.told:
            return
        now = self.now()
        if len(run.lost) >= RETRIES:
            self._events.append(replace(run.cut(Status.INFRA, now), curve=(), error=reason))
        else:
            run.lost.append(Lost(run.begun, now, reason))
            self._waiting.append(run)

    def _replace(self, seat: _Seat) -> None:
        self._ray.kill(seat.actor)
        if not any(one.open for one in self._seats if one is not seat):
            self._homeless_since = time.monotonic()
        fresh = self._seat()
        seat.actor, seat.answer, seat.open, seat.run = fresh.actor, fresh.answer, False, None

    def _cause(self, error: Any) -> OrgoptError:
        """What a slot raised, by its own class where it is worded for users."""
        cause = error.cause
        if isinstance(cause, SandboxError):
            return SandboxError(f"{cause} (on a node of the cluster)")
        if isinstance(cause, OrgoptError):
            return type(cause)(*cause.args)
        return LabError(f"a slot of {self.task.name} failed: {type(cause).__name__}: {cause}")


def _reason(error: BaseException) -> str:
    """Why a slot is no more, in a line."""
    named = type(error).__name__.removesuffix("Error")
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in named).strip()
    raised = [line for line in str(error).splitlines() if re.match(r"\w+(Error|Exception):", line.strip())]
    return f"the slot was lost: {words}{f' ({raised[-1].strip()})' if raised else ''}"
