"""GPUs: what is found of them, what a slot's experiments see, what is waited for, and what is refused."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from orgopt.cli import main
from orgopt.errors import LabError
from orgopt.foreign.accelerator import needs_gpu
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.devices import slots
from orgopt.lab.devices.amd import Amd
from orgopt.lab.devices.nvidia import Nvidia
from orgopt.lab.devices.slots import Devices, listed
from orgopt.lab.doctor.gpus import try_gpus
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox import launch
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.ledger import Ledger, results_tsv
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.team.resume import _outcome
from orgopt.testing.lab import drain
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT
from tests.fakes.devices import FIRST, SECOND, TwoDevices, device_files, gpu, install_smi
from tests.fakes.processes import needs_sandbox

MIG = (
    f"GPU 0: Big Card (UUID: {FIRST})\n  MIG 3g.40gb     Device  0: (UUID: MIG-aa)\n"
    f"  MIG 1g.10gb     Device  1: (UUID: MIG-bb)\nGPU 1: Big Card (UUID: {SECOND})\n"
)


@pytest.fixture
def nvidia(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Nvidia:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    install_smi(tmp_path / "bin", [gpu(FIRST, 0), gpu(SECOND, 1, util="N/A")])
    device_files(tmp_path, "nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm")
    return Nvidia(tmp_path)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> TwoDevices:
    maker = TwoDevices()
    monkeypatch.setattr(slots, "makers", lambda *_: (maker,))
    return maker


@pytest.fixture
def needy(toy: Task) -> Task:
    return replace(toy, limits=replace(toy.limits, gpus=1))


def test_nvidias_gpus_are_found_with_their_files(nvidia: Nvidia) -> None:
    first, second = nvidia.devices()
    assert (first.id, first.nodes, first.name) == (FIRST, ("/dev/nvidia0",), "Big Card")
    assert first.memory_gb == pytest.approx(83.9, abs=0.1)
    assert second.nodes == ("/dev/nvidia1",)
    assert first.shared == second.shared == ("/dev/nvidiactl", "/dev/nvidia-uvm")
    assert nvidia.environment([second]) == {"CUDA_VISIBLE_DEVICES": SECOND}
    assert nvidia.use()[FIRST] == (pytest.approx(0.003, abs=0.001), 0.12)
    assert nvidia.use()[SECOND].share is None


@pytest.mark.parametrize(
    ("given", "left"),
    [("1", [SECOND]), ("1,0", [SECOND, FIRST]), ("GPU-0f", [SECOND]), ("", []), ("-1", []), ("0,9,1", [FIRST])],
)
def test_what_this_process_was_not_given_is_not_given_on(
    nvidia: Nvidia, monkeypatch: pytest.MonkeyPatch, given: str, left: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    assert [one.id for one in nvidia.devices()] == left
    if not left:
        assert nvidia.absent == f"CUDA_VISIBLE_DEVICES={given} leaves none"


def test_parts_of_a_gpu_are_devices_with_the_files_of_their_instances(nvidia: Nvidia, tmp_path: Path) -> None:
    install_smi(tmp_path / "bin", [gpu(FIRST, 0, used=70, parts=[(2, 0), (9, 0)]), gpu(SECOND, 1)], MIG)
    device_files(tmp_path, "nvidia-caps/nvidia-cap21", "nvidia-caps/nvidia-cap22", "nvidia-caps/nvidia-cap84")
    caps = tmp_path / "proc/driver/nvidia-caps"
    caps.mkdir(parents=True)
    lines = ["config 1", "gpu0/gi2/access 21", "gpu0/gi2/ci0/access 22", "gpu0/gi9/access 84", "gpu1/gi2/access 150"]
    (caps / "mig-minors").write_text("\n".join(lines))
    large, small, whole = nvidia.devices()
    assert (large.id, large.of, large.name) == ("MIG-aa", FIRST, "Big Card MIG 3g.40gb")
    assert large.nodes == ("/dev/nvidia0", "/dev/nvidia-caps/nvidia-cap21", "/dev/nvidia-caps/nvidia-cap22")
    assert small.nodes == ("/dev/nvidia0", "/dev/nvidia-caps/nvidia-cap84")
    assert whole.id == SECOND
    assert nvidia.use()["MIG-bb"] == (pytest.approx(0.0734, abs=1e-3), None)


def test_amds_gpus_are_found_in_sys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROCR_VISIBLE_DEVICES", raising=False)
    device_files(tmp_path, "kfd", "dri/renderD128", "dri/renderD129")
    for number, (simd, minor, unique) in enumerate([(0, 0, 0), (304, 128, 0xABC), (304, 129, 0xDEF)]):
        node = tmp_path / f"sys/class/kfd/kfd/topology/nodes/{number}"
        node.mkdir(parents=True)
        (node / "properties").write_text(f"simd_count {simd}\ndrm_render_minor {minor}\nunique_id {unique}\n")
        (node / "name").write_text("gfx942\n")
    card = tmp_path / "sys/class/drm/renderD129/device"
    card.mkdir(parents=True)
    for name, value in (("gpu_busy_percent", 40), ("mem_info_vram_total", 192e9), ("mem_info_vram_used", 3e9)):
        (card / name).write_text(f"{int(value)}\n")
    amd = Amd(tmp_path)
    first, second = amd.devices()
    assert (first.id, first.nodes, first.shared) == ("GPU-0000000000000abc", ("/dev/dri/renderD128",), ("/dev/kfd",))
    assert (second.name, second.memory_gb) == ("gfx942", 192.0)
    assert amd.environment([second]) == {"ROCR_VISIBLE_DEVICES": "GPU-0000000000000def"}
    assert amd.use()[second.id] == (3.0, 0.4)
    monkeypatch.setenv("ROCR_VISIBLE_DEVICES", "1")
    assert amd.devices() == [second]


@pytest.mark.parametrize("answer", ["", "<not xml", "<?xml version='1.0'?><nvidia_smi_log></nvidia_smi_log>"])
def test_a_driver_that_does_not_answer_has_no_gpus(nvidia: Nvidia, tmp_path: Path, answer: str) -> None:
    (tmp_path / "bin/report").write_text(answer)
    assert nvidia.devices() == []
    assert nvidia.use() == {}
    found, why = listed(tmp_path)
    assert found == []
    assert why == "nvidia-smi tells of none and Linux has no /dev/kfd"


@needs_sandbox
def test_the_sandbox_binds_the_labs_devices_after_its_own(
    nvidia: Nvidia, needy: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "makers", lambda *_: (nvidia,))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    devices = Devices(needy, 1)
    monkeypatch.setattr(Devices, "groups", [])  # of files that are not there
    start = launch.start(Sandbox.BUBBLEWRAP, needy, tmp_path, devices)
    devices.close()
    line = list(start.command[: start.command.index("--")])
    bound = [line[at + 1] for at, word in enumerate(line) if word == "--dev-bind"]
    assert bound == ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0"], "and not the second"
    assert line.index("--dev") < line.index("--dev-bind") < line.index("--remount-ro")
    assert line[(at := line.index("/sys") - 1) : at + 3] == ["--ro-bind", "/sys", "/sys"]
    assert start.env["CUDA_VISIBLE_DEVICES"] == ""
    plain = launch.start(Sandbox.BUBBLEWRAP, replace(needy, limits=replace(needy.limits, gpus=0)), tmp_path)
    assert "--dev-bind" not in plain.command
    assert "/sys" not in plain.command


LOOK = """
import os, json, numpy as np
major = lambda path: os.major(os.stat(path).st_rdev) * 1000 + os.minor(os.stat(path).st_rdev)
SEEN = [float(os.environ["CUDA_VISIBLE_DEVICES"] == "one"), major("/dev/full"), major("/dev/random")]
import resource
assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
raise SystemExit(json.dumps(SEEN))
"""
NULL, FULL, RANDOM = 1003, 1007, 1008


@pytest.mark.slow
@needs_sandbox
def test_each_experiment_sees_the_devices_of_its_slot_alone(two: TwoDevices, needy: Task) -> None:
    with LocalLab(needy, 2, Sandbox.BUBBLEWRAP) as lab:
        lab.submit(Experiment(id=1, settings={}, seed=1, script=LOOK))
        lab.submit(Experiment(id=2, settings={}, seed=1, script=LOOK))
        found = {outcome.id: json.loads(outcome.error) for outcome in drain(lab, 2)}
    assert sorted(found.values()) == [[0.0, NULL, RANDOM], [1.0, FULL, NULL]]


def test_what_an_experiment_used_stands_in_the_ledger(two: TwoDevices, needy: Task) -> None:
    with LocalLab(needy, 1, Sandbox.PROCESS) as lab:
        lab.submit(Experiment(id=1, settings={}, seed=1))
        (outcome,) = drain(lab, 1)
    assert (outcome.status, outcome.gpu_memory_gb, outcome.gpu_share) == (Status.OK, 0.5, 0.25)
    data = {"agent": "a", **outcome.to_dict()}
    assert (data["gpu_memory_gb"], data["gpu_share"]) == (0.5, 0.25)
    assert _outcome(data).to_dict() == outcome.to_dict(), "a run that is resumed repeats it"
    ledger = Ledger()
    ledger.add("start", 0.0, commit="c", baseline=1.0)
    ledger.add("proposal", 0.0, id=1, agent="a", note="n", commit="d")
    ledger.add("outcome", 1.0, **data)
    assert "\t0.5\t" in results_tsv(ledger, "loss").splitlines()[-1]
    plain = Outcome(id=1, status=Status.OK, started=0.0, ended=1.0).to_dict()
    assert not [name for name in plain if name.startswith("gpu")]


def test_memory_that_a_killed_experiment_left_is_waited_for(
    two: TwoDevices, needy: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = Devices(needy, 1)
    assert devices.take(1)
    assert not devices.take(2), "there is one slot"
    two.memory["one"] = 7.0
    devices.give_back(1, well=False)
    assert not devices.take(2)
    assert devices.waits
    two.memory["one"] = 0.6
    assert devices.take(2)
    assert not devices.waits
    two.memory["one"] = 7.0
    monkeypatch.setattr(slots, "CLEAN_LIMIT_S", -1.0)
    devices.give_back(2, well=False)
    with pytest.raises(LabError, match=r"6\.5 GB of one are still in use"):
        devices.take(3)
    devices.close()


def test_memory_after_an_experiment_that_ended_well_is_not(two: TwoDevices, needy: Task) -> None:
    devices = Devices(needy, 1)
    devices.take(1)
    two.memory["one"] = 7.0
    assert devices.give_back(1, well=True)["gpu_memory_gb"] == 7.0
    assert devices.take(2)
    devices.close()


def test_a_slot_with_two_gpus_owns_two(two: TwoDevices, needy: Task) -> None:
    devices = Devices(replace(needy, limits=replace(needy.limits, gpus=2)), 1)
    assert [device.id for device in devices.of_slot[0]] == ["one", "two"]
    devices.take(1)
    assert devices.seen(1, hides=True) == {"env": {"CUDA_VISIBLE_DEVICES": "one,two"}, "hide": []}
    devices.close()
    with pytest.raises(
        LabError, match=r"needs 4 GPUs, 2 for each of 2 slots \(.*\), and there are 2 here \(.*1 would do\): nothing"
    ):
        Devices(replace(needy, limits=replace(needy.limits, gpus=2)), 2)


@pytest.fixture
def task_with_gpu(tmp_path: Path) -> Path:
    folder = tmp_path / "needy"
    folder.mkdir()
    for path in TOY.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    (folder / "task.toml").write_text((TOY / "task.toml").read_text() + "\n[resources]\ngpu = 1\n")
    return folder


def test_a_task_says_how_many_it_needs(task_with_gpu: Path) -> None:
    task = load_task(str(task_with_gpu))
    assert task.limits.gpus == 1
    assert task.limits.processes == 512
    assert load_task(str(TOY)).limits.gpus == 0


@pytest.mark.parametrize("number", ["-1", "1.5", '"all"'])
def test_how_many_it_needs_is_a_number(task_with_gpu: Path, number: str) -> None:
    path = task_with_gpu / "task.toml"
    path.write_text(path.read_text().replace("gpu = 1", f"gpu = {number}"))
    with pytest.raises(Exception, match="gpu"):
        load_task(str(task_with_gpu))


def test_where_there_is_none_it_is_refused_in_a_line_and_nothing_is_left(
    task_with_gpu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(slots, "makers", lambda *_: (Nvidia(tmp_path), Amd(tmp_path)))
    monkeypatch.chdir(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = CliRunner().invoke(
        main, ["run", str(ROOT / "orgs/solo.md"), "--task", str(task_with_gpu), "--budget", "5s", "--slots", "1"]
    )
    assert done.exit_code != 0
    (line,) = (line for line in done.stderr.splitlines() if "error" in line)
    assert "needy needs a GPU ([resources] gpu = 1), and there is no nvidia-smi and Linux has no /dev/kfd" in line
    assert line.endswith("nothing was run")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("script", "needs"),
    [
        ("device = torch.device('cuda')\nmodel.to(device)", True),
        ("model = Net().cuda()\nprint(loss.cpu())", True),
        ("assert torch.cuda.is_available(), 'it needs one'\nmodel.to('cuda:0')", True),
        ("if not torch.cuda.is_available():\n    raise SystemExit('none')\nmodel.to('cuda')", True),
        ('torch.cuda.set_device(0)\ntorch.load("x", map_location="cpu")\ntorch.zeros(1, device="cpu")', True),
        ("import triton.language as tl", True),
        ("def load(device='cpu'): ...\nload('cuda')", True),
        ("device = 'cuda' if torch.cuda.is_available() else 'cpu'", False),
        ("if torch.backends.mps.is_available():\n    device = 'mps'\nelse:\n    device = 'cuda'", False),
        ("parser.add_argument('--device', choices=['cpu', 'cuda'])", False),
        ("model = Net()", False),
    ],
)
def test_a_script_that_names_nothing_else_needs_a_gpu(script: str, needs: bool) -> None:
    assert needs_gpu([ast.parse(script)]) == needs


def test_a_checkout_that_needs_a_gpu_has_one_unless_it_says_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "prepare.py").write_text("TIME_BUDGET = 5\n")
    (folder / "train.py").write_text("import torch\nLR = 0.1\ntorch.zeros(1).cuda()\nprint(f'val_loss: {LR}')\n")
    assert load_task(str(folder)).limits.gpus == 1
    (folder / "task.toml").write_text('kind = "script"\n[resources]\ngpu = 0\n')
    assert load_task(str(folder)).limits.gpus == 0


@needs_sandbox
def test_doctor_uses_each_gpu_and_says_what_came_of_it(two: TwoDevices) -> None:
    tried, why = try_gpus()
    assert why == ""
    assert [(one.id, one.name, one.memory_gb) for one in tried] == [("one", "A", 8.0), ("two", "A", 8.0)]
    assert all(not one.usable and "libcuda" in one.detail for one in tried), "no driver is here"


@pytest.mark.gpu
def test_doctor_can_use_the_gpus_of_this_machine() -> None:
    tried, why = try_gpus()
    assert tried, why
    assert all(one.usable for one in tried), tried
