"""The local lab: the contract, and every way in which a real experiment can end."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.errors import LabError
from orgopt.lab.base import Experiment, Lab, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.inside.curve import read_curve
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.lab import LabContract, drain
from orgopt.testing.toy_task import TOY
from tests.fakes.lab import FakeLab
from tests.fakes.processes import found, gone, needs_sandbox, wait_until

KINDS = [pytest.param(Sandbox.BUBBLEWRAP, marks=needs_sandbox), Sandbox.PROCESS]
SEED = os.getpid()  # what tests in other processes start is not ours


@needs_sandbox
class TestLocalLab(LabContract):
    def make_lab(self, task: Task, slots: int) -> Lab:
        return LocalLab(task, slots, Sandbox.BUBBLEWRAP)


@pytest.mark.slow
class TestProcessSandbox(LabContract):
    def make_lab(self, task: Task, slots: int) -> Lab:
        return LocalLab(task, slots, Sandbox.PROCESS)


class TestFakeLab(LabContract):
    budget_s = 30.0

    def make_lab(self, task: Task, slots: int) -> Lab:
        return FakeLab(task, slots)


@pytest.fixture(scope="module", params=KINDS)
def opened(request: pytest.FixtureRequest) -> Iterator[LocalLab]:
    with LocalLab(load_task(str(TOY)), 2, request.param) as lab:
        yield lab


@pytest.fixture
def lab(opened: LocalLab) -> LocalLab:
    """A lab in which other experiments ended before."""
    opened.reset()
    return opened


@pytest.mark.parametrize(
    ("mode", "status", "error"),
    [
        ("crash", Status.CRASHED, "ValueError: the loss exploded [31m"),
        ("exit", Status.CRASHED, ""),
        ("nan", Status.INVALID_METRIC, ""),
        ("nothing", Status.INVALID_METRIC, "weights.npz"),
        ("garbage", Status.INVALID_METRIC, "pickle"),
    ],
)
def test_a_failure_is_an_outcome(lab: LocalLab, mode: str, status: Status, error: str) -> None:
    lab.submit(Experiment(id=1, settings={"MODE": mode}, seed=1))
    (outcome,) = drain(lab, 1)
    assert outcome.status is status
    assert outcome.metric is None
    assert outcome.heldout is None
    assert error in outcome.error
    if mode == "crash":
        first, *_, last = outcome.output.splitlines()
        assert (first, last) == ("Traceback (most recent call last):", outcome.error)


def test_a_curve_that_is_not_numbers_ends_there(lab: LocalLab, tmp_path: Path) -> None:
    lab.submit(Experiment(id=1, settings={"MODE": "garbage"}, seed=1, watched=True))
    (outcome,) = drain(lab, 1)
    assert outcome.curve == (0.5,)
    file = tmp_path / "curve"
    assert read_curve(tmp_path) == ()
    for content, points in [
        (b"", ()),
        (b"1\n2.5\n3", (1.0, 2.5)),
        (b"1\nnan\n2\n", (1.0,)),
        (b"1\n1e300\n2\n", (1.0,)),
        (b"\xff\x00\n1\n", ()),
        (b"7" * 10_000_000, ()),
    ]:
        file.write_bytes(content)
        assert read_curve(tmp_path) == points
    file.write_bytes(b"1\n" * 100_000)
    assert len(read_curve(tmp_path)) <= 256
    file.unlink()
    secret = tmp_path / "secret"
    secret.write_text("1\n")
    file.symlink_to(secret)
    assert read_curve(tmp_path) == ()
    file.unlink()
    os.mkfifo(file)
    assert read_curve(tmp_path) == ()
    file.unlink()
    file.mkdir()
    assert read_curve(tmp_path) == ()


@pytest.mark.slow
@needs_sandbox
def test_an_experiment_is_killed_at_its_limit(toy: Task) -> None:
    with LocalLab(replace(toy, limit_s=1.5), slots=1) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "hang"}, seed=1))
        lab.submit(Experiment(id=2, settings={}, seed=1))
        first, second = drain(lab, 2, until=10)
        assert first.status is Status.TIMEOUT
        assert 1.5 <= first.ended - first.started < 3.5
        assert second.status is Status.OK


@pytest.mark.sweep(2)
@pytest.mark.parametrize("sandbox", KINDS)
def test_what_an_experiment_started_dies_with_it(toy: Task, sandbox: Sandbox) -> None:
    with LocalLab(replace(toy, limit_s=2.5), 1, sandbox) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "children"}, seed=SEED))
        wait_until(lambda: found(f"toy-child-{SEED}"))
        (outcome,) = drain(lab, 1, until=10)
        assert outcome.status is Status.TIMEOUT
        assert gone(f"toy-child-{SEED}")


@needs_sandbox
def test_output_is_limited(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orgopt.lab.sandbox.launch.OUTPUT_BYTES", 3_000_000)
    with LocalLab(toy, slots=1) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "flood"}, seed=1))
        (outcome,) = drain(lab, 1)
        assert outcome.status is Status.OUTPUT_LIMIT


def test_memory_and_seconds_are_measured(lab: LocalLab) -> None:
    lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=1))
    (outcome,) = drain(lab, 1)
    assert 0.3 <= outcome.ended - outcome.started < 3
    assert 0.005 < outcome.memory_gb < 2
    assert 0 < outcome.cpu_s < 0.25, "it slept the most of its time"


@needs_sandbox
def test_scratch_files_are_removed(toy: Task) -> None:
    lab = LocalLab(toy, slots=1)
    lab.reset()
    scratch = lab._warm.scratch
    lab.submit(Experiment(id=1, settings={}, seed=1))
    drain(lab, 1)
    assert sorted(path.name for path in scratch.rglob("*")) == ["errors", "results"]
    lab.close()
    assert not scratch.exists()


def test_a_kill_reaches_an_experiment_that_was_forked_a_moment_ago(lab: LocalLab) -> None:
    for number in range(30):
        lab.submit(Experiment(id=number, settings={"MODE": "hang"}, seed=1))
        began = time.monotonic()
        assert [outcome.id for outcome in lab.stop()] == [number]
        assert time.monotonic() - began < 1.5  # well before the task's limit


@needs_sandbox
def test_a_lab_may_be_used_without_a_reset(toy: Task) -> None:
    with LocalLab(toy, slots=1) as lab:
        lab.submit(Experiment(id=1, settings={}, seed=7))
        (outcome,) = drain(lab, 1)
        assert outcome.status is Status.OK


@pytest.mark.parametrize("sandbox", KINDS)
def test_closing_ends_running_experiments(toy: Task, sandbox: Sandbox) -> None:
    with LocalLab(toy, 1, sandbox) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "children"}, seed=SEED))
        wait_until(lambda: found(f"toy-child-{SEED}"))
    assert gone(f"toy-child-{SEED}")


@needs_sandbox
def test_imports_that_fail_are_a_lab_error(toy: Task) -> None:
    with (
        LocalLab(replace(toy, preload=("no_such_module",)), slots=1) as lab,
        pytest.raises(LabError, match="No module named 'no_such_module'"),
    ):
        lab.reset()
