"""The task of a GPU kernel: all but its speed is tried without a GPU, the shipped kernel in Triton's interpreter."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.errors import LabError
from orgopt.lab.base import Experiment, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.launch import INSIDE
from orgopt.scoring.calibration import train_all
from orgopt.tasks.folder import load_task
from tests.conftest import ROOT
from tests.fakes.kernel_cheaters import CHEATERS, HONEST
from tests.fakes.processes import needs_sandbox

KERNEL = ROOT / "fitness" / "kernel"
HAS_TRITON = importlib.util.find_spec("triton") is not None
NEEDS_TRITON = pytest.mark.skipif(not HAS_TRITON, reason="pip install 'orgopt[kernel]'")
JUDGE = f"""
import os, sys
sys.path[:0] = [{str(INSIDE.parent)!r}, {str(KERNEL)!r}]
import pathlib
import torch
torch.set_num_threads(1)
import judge
scripts = sys.argv[1:]
for number, script in enumerate(scripts):
    folder = pathlib.Path(f"run-{{number}}").resolve()
    folder.mkdir()
    (folder / "train.py").write_text(script)
    sys.stdout.flush()
    if (pid := os.fork()) == 0:
        os.chdir(folder)
        try:
            judge.ask(folder, script)
            judge.answer(folder)
            (folder / "answer.npz").rename(folder / "answer-0.npz")
            print(judge.grade(folder), flush=True)
        except Exception as error:
            print(f"{{type(error).__name__}}: {{error}}", flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
"""
RIGHT = "{'val_log2_time': 0.0, 'heldout_log2_time': 0.0}"


def judged(folder: Path, *scripts: str) -> list[str]:
    """What the judge says of scripts, as `answer` and `grade` do where there is no GPU."""
    env = {name: value for name, value in os.environ.items() if "VISIBLE_DEVICES" not in name}
    done = subprocess.run([sys.executable, "-c", JUDGE, *scripts], cwd=folder, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
def test_a_right_kernel_is_right_and_cheaters_are_wrong(tmp_path: Path) -> None:
    if os.getuid() == 0:
        names = [name for name in CHEATERS if name not in {"leaves the work to a thread", "reads the judge's memory"}]
    else:
        names = list(CHEATERS)
    honest, *found = judged(tmp_path, HONEST, *(CHEATERS[name].script for name in names))
    assert honest == RIGHT
    for name, said in zip(names, found, strict=True):
        assert CHEATERS[name].reason in said, (name, said)


@NEEDS_TRITON
@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"BLOCK_M": 16, "BLOCK_N": 128, "BLOCK_K": 64, "GROUP_M": 3, "GELU": "sigmoid"},
        {"BLOCK_K": 16, "GROUP_M": 16},
    ],
)
def test_the_shipped_kernel_is_right_whatever_its_knobs(tmp_path: Path, settings: dict[str, int | str]) -> None:
    task = load_task(str(KERNEL))
    own = task.script_with(settings)
    wrong = own.replace("y * y * y)", "y * y)")
    assert wrong != own
    right, other = judged(tmp_path, own, wrong)
    assert right == RIGHT
    assert "wrong by" in other


@NEEDS_TRITON
@needs_sandbox
@pytest.mark.slow
def test_it_runs_in_the_sandbox_without_a_gpu() -> None:
    task = load_task(str(KERNEL))
    task = replace(task, limits=replace(task.limits, gpus=0))
    names = ("leaves the work to a thread", "reads the judge's memory", "patches the judge")
    scripts = [None, *(CHEATERS[name].script for name in names)]
    with LocalLab(task, 1, Sandbox.BUBBLEWRAP) as lab:
        experiments = [Experiment(id=n, settings={}, seed=1, script=script) for n, script in enumerate(scripts, 1)]
        own, *cheaters = train_all(lab, experiments, 180)
    assert own.status is Status.OK, own.error
    assert (own.metric, own.heldout) == (0.0, 0.0)
    for name, outcome in zip(names, cheaters, strict=True):
        assert outcome.metric is None
        assert CHEATERS[name].reason in outcome.error


@pytest.mark.slow
@pytest.mark.skipif(HAS_TRITON, reason="Triton is installed")
def test_without_triton_it_is_refused_in_a_line() -> None:
    task = load_task(str(KERNEL))
    task = replace(task, limits=replace(task.limits, gpus=0), preload=("numpy",))
    with LocalLab(task, 1, Sandbox.PROCESS) as lab, pytest.raises(LabError, match=r"pip install 'orgopt\[kernel\]'"):
        _ = lab.data_digest


def test_it_needs_a_gpu() -> None:
    assert load_task(str(KERNEL)).limits.gpus == 1


@pytest.mark.gpu
def test_on_a_gpu_it_is_right_and_timed_beside_torch() -> None:
    task = load_task(str(KERNEL))
    with LocalLab(task, 1, Sandbox.BUBBLEWRAP) as lab:
        scripts = [None, *(cheater.script for cheater in CHEATERS.values())]
        experiments = [Experiment(id=n, settings={}, seed=1, script=script) for n, script in enumerate(scripts, 1)]
        own, *cheaters = train_all(lab, experiments, 180)
    assert own.status is Status.OK, own.error
    assert -3 < (own.heldout or 9) < 6
    assert (own.gpu_memory_gb or 0) > 0.1
    assert all(outcome.metric is None for outcome in cheaters), cheaters
