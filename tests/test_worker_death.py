"""The dispatcher, the warm process, the judge, a slot or an experiment killed at random, fifty times in one run."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from orgopt.document import Program
from orgopt.lab.base import Experiment, Status
from orgopt.lab.local import RETRIES, LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.ledger import Ledger
from orgopt.scoring.evaluation import run
from orgopt.tasks.task import Task
from orgopt.testing.lab import drain
from tests.fakes.processes import below, needs_sandbox, wait_until

KILLS, BUDGET_S, SLOTS = 50, 80.0, 2


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def parts(lab: LocalLab) -> dict[str, list[int]]:
    """The lab's processes as this machine knows them."""
    python = [pid for pid in below(lab._warm.pid) if b"inside.start" in _command(pid) and b"bwrap" not in _command(pid)]
    if not python:
        return {}
    dispatcher = python[0]
    judge, warm = [*children(dispatcher), 0, 0][:2]
    slots = children(warm)
    inner = [pid for slot in slots for pid in children(slot)]
    named = {"dispatcher": [dispatcher], "judge": [judge], "warm": [warm], "slot": slots, "experiment": inner}
    return {name: [pid for pid in pids if pid] for name, pids in named.items()}


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


class CountingLab(LocalLab):
    begun = 0

    def _begin(self, run) -> None:
        self.begun += 1
        super()._begin(run)


@pytest.mark.nightly
@needs_sandbox
@pytest.mark.fault
@pytest.mark.timeout(240)
def test_fifty_kills_in_one_run_lose_nothing(toy: Task, trio: Program) -> None:
    rng, killed, over = random.Random(6), Counter(), threading.Event()
    ledger = Ledger()
    with CountingLab(toy, SLOTS, Sandbox.BUBBLEWRAP) as lab:
        lab.reset()

        def kill_at_random() -> None:
            while killed.total() < KILLS and not over.wait(rng.uniform(0.2, 1.2)):
                kind = rng.choice(("dispatcher", "warm", "slot", "slot", "experiment", "judge"))
                if pids := parts(lab).get(kind):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(rng.choice(pids), signal.SIGKILL)
                        killed[kind] += 1

        killer = threading.Thread(target=kill_at_random)
        killer.start()
        try:
            run(trio, toy, lab, budget_s=BUDGET_S, seed=3, ledger=ledger)
        finally:
            over.set()
            killer.join()
    outcomes = [event.data for event in ledger.of("outcome")]
    lost = [attempt for data in outcomes for attempt in data.get("lost", [])]
    counts = Counter(data["status"] for data in outcomes)
    assert killed.total() == KILLS
    assert killed["warm"] + killed["dispatcher"] >= 5
    assert killed["slot"] >= 5
    assert len(lost) + counts["infra"] >= 10, "kills were felt"
    assert lab.begun == len(outcomes) + len(lost), "every attempt is in the ledger"
    assert all(len(data.get("lost", [])) <= RETRIES for data in outcomes)
    assert len({data["id"] for data in outcomes}) == len(outcomes)
    assert counts["ok"] > 20
    assert counts["crashed"] > 0, "the team's own crashes are outcomes"
    assert all("ended" in reason or "killed" in reason for _, _, reason in lost), (
        "only faults of the lab are tried again"
    )
    charged = sum(data["ended"] - data["started"] for data in outcomes)
    assert charged <= SLOTS * BUDGET_S + toy.limit_s + 1


@pytest.mark.sweep(2)
@pytest.mark.parametrize("sandbox", [pytest.param(Sandbox.BUBBLEWRAP, marks=needs_sandbox), Sandbox.PROCESS])
def test_a_dead_warm_process_is_started_again(toy: Task, sandbox: Sandbox) -> None:
    with LocalLab(toy, 2, sandbox) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=11, watched=True))
        lab.submit(Experiment(id=2, settings={}, seed=11))
        os.kill(lab._warm.pid, signal.SIGKILL)
        by_id = {outcome.id: outcome for outcome in drain(lab, 2)}
        assert {outcome.status for outcome in by_id.values()} == {Status.OK}
        assert by_id[1].metric == by_id[2].metric
        assert len(by_id[1].lost) == 1
        attempt = by_id[1].lost[0]
        assert by_id[1].started == attempt.started < attempt.ended <= by_id[1].ended, "the slot was charged meanwhile"
        assert "the lab of toy ended" in attempt.reason


@pytest.mark.slow
@needs_sandbox
def test_what_is_lost_three_times_is_the_labs_fault_and_charged_once(toy: Task) -> None:
    with LocalLab(toy, 1, Sandbox.BUBBLEWRAP) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "hang"}, seed=11))
        for attempt in range(1 + RETRIES):
            wait_until(lambda: parts(lab).get("slot"))
            os.kill(parts(lab)["slot"][0], signal.SIGKILL)
            began = time.monotonic()
            while not (events := lab.wait(lab.now() + 0.02)) and time.monotonic() - began < 0.5 and attempt < RETRIES:
                pass
        (outcome,) = events or drain(lab, 1)
        assert outcome.status is Status.INFRA
        assert len(outcome.lost) == RETRIES
        assert outcome.metric is None
        assert outcome.to_dict()["lost"][0][2].startswith("its supervisor ended with -9")
        lab.submit(Experiment(id=2, settings={}, seed=11))
        (after,) = drain(lab, 1)
        assert after.status is Status.OK


def test_a_crash_is_not_tried_again(toy: Task) -> None:
    with CountingLab(toy, 1, Sandbox.PROCESS) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "crash"}, seed=11))
        (outcome,) = drain(lab, 1)
        assert (outcome.status, outcome.lost, lab.begun) == (Status.CRASHED, (), 1)
