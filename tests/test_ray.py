"""The Ray lab: the contract of every lab, on a cluster of this machine, and what becomes of lost slots and nodes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("ray", reason="Ray is not installed: pip install 'orgopt[ray]'")

import ray
from ray.cluster_utils import Cluster

import orgopt
from orgopt.basics.callback import Callback
from orgopt.cli import main
from orgopt.errors import LabError, SandboxError, UsageError
from orgopt.evolve.space.candidate import Candidate
from orgopt.lab import make_lab
from orgopt.lab.base import Experiment, Lab, Outcome, Status
from orgopt.lab.ray import lab as ray_lab
from orgopt.lab.ray.cluster import ADDRESS
from orgopt.lab.ray.lab import RayLab
from orgopt.lab.ray.parcel import pack, unpack
from orgopt.lab.ray.slot import share
from orgopt.lab.sandbox import choice
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.study.standing import Standing
from orgopt.tasks.task import Task
from orgopt.testing.lab import LabContract, drain
from orgopt.testing.toy_task import TOY, toy_task

SHIPPED = Path(__file__).parents[1] / "orgs"

pytestmark = [pytest.mark.cluster, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

QUIET: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": False}


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.shutdown()
    ray.init(address="local", num_cpus=4, **QUIET)
    yield
    ray.shutdown()


@pytest.fixture
def toy() -> Task:
    return toy_task()


@pytest.mark.usefixtures("cluster")
class TestRayLab(LabContract):
    def make_lab(self, task: Task, slots: int) -> Lab:
        # The limit of the toy task is short for a busy machine, on which a node is several processes more.
        return RayLab(replace(task, limit_s=20.0), slots, Sandbox.PROCESS)


@pytest.mark.usefixtures("cluster")
def test_what_a_lost_slot_ran_is_begun_again_and_charged_once(toy: Task) -> None:
    with RayLab(toy, 2, Sandbox.PROCESS) as lab:
        lab.reset()
        for number in (1, 2, 3):
            lab.submit(Experiment(id=number, settings={"MODE": "slow", "X": 0.5}, seed=11, watched=True))
        lab.wait(10)
        victim = next(seat for seat in lab._seats if seat.run and seat.run.experiment.id == 1)
        ray.kill(victim.actor)
        outcomes = drain(lab, 3, 60)
        assert Counter(one.id for one in outcomes) == {1: 1, 2: 1, 3: 1}
        by_id = {one.id: one for one in outcomes}
        assert all(one.status is Status.OK for one in outcomes)
        assert by_id[1].metric == by_id[2].metric
        (lost,) = by_id[1].lost
        assert by_id[1].started == lost.started < lost.ended < by_id[1].ended
        assert "lost" in lost.reason
        assert not by_id[2].lost
        assert not by_id[3].lost


@pytest.mark.usefixtures("cluster")
def test_what_is_lost_three_times_is_given_up(toy: Task) -> None:
    with RayLab(toy, 1, Sandbox.PROCESS) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "hang"}, seed=1))
        lab.submit(Experiment(id=2, settings={}, seed=1))
        kills, outcomes = 0, list[Outcome]()
        while len(outcomes) < 2 and lab.now() < 120:
            seat = lab._seats[0]
            if seat.run and seat.run.experiment.id == 1:
                ray.kill(seat.actor)
                kills += 1
            outcomes += [one for one in lab.wait(lab.now() + 1) if isinstance(one, Outcome)]
        first, second = outcomes
        assert (kills, first.status, len(first.lost), second.status) == (3, Status.INFRA, 2, Status.OK)
        assert "lost" in first.error


@pytest.mark.usefixtures("cluster")
def test_the_death_of_an_experiment_s_neighbour_is_that_node_s_to_mend(toy: Task) -> None:
    """The warm process of a slot dies, and the slot's own lab starts it again: lost attempts are in lab seconds."""
    with RayLab(toy, 1, Sandbox.PROCESS) as lab:
        lab.reset()
        time.sleep(0.5)
        lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=1, watched=True))
        lab.wait(10)
        subprocess.run(["pkill", "-9", "-f", "inside.start"], check=True)
        (outcome,) = drain(lab, 1, 60)
        assert outcome.status is Status.OK
        assert all(outcome.started <= one.started <= one.ended <= outcome.ended for one in outcome.lost)
        assert len(outcome.lost) == 1


@pytest.mark.usefixtures("cluster")
def test_a_slot_that_nobody_hears_of_is_given_up(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_lab, "_GRACE_S", 0.5)
    with RayLab(replace(toy, limit_s=2.0), 1, Sandbox.PROCESS) as lab:
        lab.reset()
        lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=1, watched=True))
        lab.wait(10)
        stopped = [int(pid) for pid in subprocess.check_output(["pgrep", "-f", "ray::Slot"], text=True).split()]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        (outcome,) = drain(lab, 1, 180)
        assert outcome.status is Status.OK
        assert [one.reason for one in outcome.lost] == ["the node was not heard of any more"]


def test_a_slot_of_a_task_with_gpus_asks_for_them(toy: Task) -> None:
    assert share(toy) == {"num_cpus": 1.0}
    assert share(replace(toy, limits=replace(toy.limits, gpus=2))) == {"num_cpus": 1.0, "num_gpus": 2.0}


@pytest.mark.usefixtures("cluster")
def test_a_clock_is_set_at_once_where_all_slots_are_there(toy: Task) -> None:
    with RayLab(toy, 2, Sandbox.PROCESS) as lab:
        lab.reset()
        began = time.monotonic()
        for _ in range(10):
            lab.reset()
        assert time.monotonic() - began < 1


@pytest.mark.usefixtures("cluster")
def test_another_version_on_a_node_is_refused(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_lab, "__version__", "9.9")
    with RayLab(toy, 1, Sandbox.PROCESS) as lab, pytest.raises(LabError, match=r"has orgopt .*, and this is 9\.9"):
        lab.reset()


@pytest.mark.usefixtures("cluster")
def test_a_task_that_does_not_load_there_says_so(toy: Task) -> None:
    foreign = replace(toy, preload=("no_such_module",))
    with RayLab(foreign, 1, Sandbox.PROCESS) as lab, pytest.raises(LabError, match="no_such_module"):
        lab.reset()


@pytest.mark.usefixtures("cluster")
def test_more_slots_than_cores_work_as_soon_as_one_has_a_place(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_lab, "LATECOMERS_S", 5.0)
    with RayLab(toy, 6, Sandbox.PROCESS) as lab:
        lab.reset()
        for number in range(1, 8):
            lab.submit(Experiment(id=number, settings={}, seed=number))
        assert sorted(one.id for one in drain(lab, 7)) == [1, 2, 3, 4, 5, 6, 7]


def test_a_node_without_a_sandbox_is_refused(toy: Task) -> None:
    ray.shutdown()
    lacking = {"num_cpus": 1, "include_dashboard": False, "env_vars": {"ORGOPT_BUBBLEWRAP": "/nowhere"}}
    cluster = Cluster(initialize_head=True, head_node_args=lacking)
    try:
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        with RayLab(toy, 1, Sandbox.BUBBLEWRAP) as lab, pytest.raises(SandboxError, match="on a node of the cluster"):
            lab.reset()
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_nodes_come_and_go(toy: Task) -> None:
    """A node is taken away with what it runs, and another added: nothing is lost, and nothing is told twice."""
    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        leaving = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        with RayLab(toy, 2, Sandbox.PROCESS) as lab:
            lab.reset()
            for number in range(1, 9):
                lab.submit(Experiment(id=number, settings={"MODE": "slow"}, seed=number))
            outcomes = [one for one in lab.wait(10) if isinstance(one, Outcome)]
            cluster.remove_node(leaving)
            cluster.add_node(num_cpus=1)
            outcomes += drain(lab, 8 - len(outcomes), 120)
            assert Counter(one.id for one in outcomes) == dict.fromkeys(range(1, 9), 1)
            assert {one.status for one in outcomes} == {Status.OK}
            assert sum(len(one.lost) for one in outcomes) == 1
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_a_parcel_is_what_was_packed_whatever_became_of_the_store(tmp_path: Path) -> None:
    source, store = tmp_path / "toy", tmp_path / "store"
    source.mkdir()
    for path in TOY.glob("*"):
        if path.is_file():
            (source / path.name).write_bytes(path.read_bytes())
    (source / "run.sh").write_text("echo 1\n")
    (source / "run.sh").chmod(0o755)
    (source / ".env").write_text("SECRET=1")
    parcel = pack(source)
    assert pack(source) == parcel
    folder = unpack(parcel, store)
    assert folder.name == "toy"
    assert {path.name for path in folder.iterdir()} == {path.name for path in source.iterdir()} - {".env"}
    assert os.access(folder / "run.sh", os.X_OK)
    (folder / "train.py").write_text("changed")
    assert (unpack(parcel, store) / "train.py").read_bytes() == (source / "train.py").read_bytes()
    inode = (folder / "train.py").stat().st_ino
    assert (unpack(parcel, store) / "train.py").stat().st_ino == inode, "what is there is not written again"


def test_too_large_a_task_stays_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orgopt.lab.ray.parcel.MOST_BYTES", 10)
    (tmp_path / "data.bin").write_bytes(b"0" * 11)
    with pytest.raises(LabError, match="on a file system that all nodes see"):
        pack(tmp_path)


def test_an_address_where_nobody_listens_is_refused_at_once(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    ray.shutdown()
    monkeypatch.setenv(ADDRESS, "127.0.0.1:1")
    began = time.monotonic()
    with pytest.raises(LabError, match=r"no Ray cluster answers at 127\.0\.0\.1:1"):
        make_lab(toy, "ray", 1)
    assert time.monotonic() - began < 30


def test_without_ray_the_remedy_is_said(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match="pip install 'orgopt\\[ray\\]'"):
        make_lab(toy, "ray", 1)


def test_a_run_from_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(choice.CHOICE, "process")
    ray.shutdown()
    document = tmp_path / "solo.md"
    document.write_text("# Solo\n\n## Roles\n\n- Researcher\n  - Agent: gp\n")
    try:
        result = CliRunner().invoke(
            main, ["run", str(document), "--task", str(TOY), "--lab", "ray", "--budget", "2s", "--slots", "1"]
        )
        assert result.exit_code == 0, result.output
        assert "Measured on: lab ray" in " ".join(result.output.split())
    finally:
        ray.shutdown()


class StoppedError(Exception):
    pass


class Stops(Callback):
    """Ends a study when its first candidate is told, as Ctrl-C would."""

    def told(self, candidate: Candidate, standing: Standing, *, dropped: bool) -> None:
        raise StoppedError


def test_a_study_on_the_cluster_ends_as_one_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun here, it goes on there."""
    monkeypatch.chdir(tmp_path)
    whole = _study("here", 2)
    ray.shutdown()
    ray.init(address="local", num_cpus=2, **QUIET)
    try:
        with pytest.raises(StoppedError):
            _study("there", 2, Stops())
        assert _study("there", "ray") == whole
    finally:
        ray.shutdown()


def _study(name: str, workers: int | str, callback: Callback | None = None) -> dict[str, float]:
    """The candidates of a small study with their outputs."""
    found = orgopt.optimize(
        SHIPPED / "solo.md",
        task="digits",
        lab="replay",
        budget="10s",
        generations=2,
        population=3,
        search_seeds=1,
        race_seeds=1,
        test_seeds=2,
        controls="none",
        name=name,
        workers=workers,
        callback=callback,
        tracking=False,
    )
    return {one.name: one.standing.value for one in found.candidates if one.standing}


def test_the_doctor_tries_every_node() -> None:
    ray.shutdown()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1, env_vars={"ORGOPT_BUBBLEWRAP": "/nowhere"})
        cluster.wait_for_nodes()
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
        result = CliRunner().invoke(main, ["doctor", "--lab", "ray", "--json"])
        assert result.exit_code == 5, result.output
        nodes = json.loads(result.stdout)["nodes"]
        assert len(nodes) == 2
        assert any("/nowhere" in one["problem"] and not one["fit"] for one in nodes)
    finally:
        ray.shutdown()
        cluster.shutdown()
