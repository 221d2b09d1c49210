"""`orgopt optimize` from the command line: real and replayed studies, stops, kills, full disks, dry runs, verdicts."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.storage.jsonl import read_lines
from tests.conftest import TRIO
from tests.fakes.processes import needs_sandbox
from tests.test_cli import TOY, _descendants
from tests.test_replay import own_world

BOWL = """
    import numpy as np

    class Bowl:
        def curve(self, knobs, seed):
            return 1.0, [self.truth(knobs) + np.random.default_rng(seed).normal(0, 0.02)]

        def truth(self, knobs):
            return (knobs["X"] - 0.7) ** 2

    def world():
        return Bowl()
"""
SMALL = ("--generations", "2", "--population", "3", "--search-seeds", "2", "--race-seeds", "2", "--test-seeds", "2")


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document in a workspace with a task of its own, another folder being the current one."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    workspace, elsewhere = tmp_path / "lab", tmp_path / "elsewhere"
    (workspace / "mlruns").mkdir(parents=True)
    (workspace / "orgopt.toml").touch()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (workspace / "fitness").mkdir()
    own_world(workspace / "fitness" / "bowl", BOWL)
    path = workspace / "trio.md"
    path.write_text(TRIO)
    return path


def optimize(org: Path, *args: str) -> Result:
    command = ["optimize", str(org), "--task", "bowl", "--budget", "10s", "--no-tracking", *args]
    return CliRunner().invoke(main, command)


def child(org: Path, *args: str) -> list[str]:
    own = [sys.executable, "-m", "orgopt", "optimize", str(org), "--no-tracking"]
    return [*own, *args]


def the_study(org: Path) -> Path:
    (folder,) = (org.parent / "mlruns" / "studies").iterdir()
    return folder


def evaluations(folder: Path) -> list[tuple[Any, ...]]:
    """The runs of a study and what they found, in the order of their names."""
    records = [record for record in read_lines(folder / "study.jsonl") if record["kind"] == "evaluation"]
    found = [(r["phase"], r["entrant"], r["task"], r["k"], r["score"]["research_output"]) for r in records]
    assert len({one[:4] for one in found}) == len(found), "a run was repeated"
    return sorted(found)


def test_a_replayed_study_from_end_to_end(org: Path) -> None:
    done = optimize(org, *SMALL, "--workers", "1")
    assert done.exit_code == 0, done.output
    folder = the_study(org)
    for expected in ("evolved team", "Score: 0 = the untouched script", "Best document:", "Report:"):
        assert expected in done.stdout
    assert {"one agent", "without links", "Optuna TPE"} <= set(done.stdout.replace("  ", "\n").split("\n"))
    assert "champion is, with 95 % interval" not in done.stdout
    assert "champion is, with 95 % interval" in optimize(org, *SMALL, "--workers", "1", "--verbose").stdout
    assert (folder / "best.md").exists()
    assert "<html" in (folder / "report.html").read_text()
    again = optimize(org, *SMALL, "--workers", "1", "--json")
    assert again.exit_code == 0, again.output
    data = json.loads(again.stdout)
    assert data["candidates"] == 6
    assert Path(data["best"]).read_text() == (folder / "best.md").read_text()
    assert "runs are in its log" not in again.stdout


@needs_sandbox
@pytest.mark.slow
def test_a_study_of_real_runs_goes_to_mlflow(org: Path) -> None:
    options = ("--search-seeds", "1", "--race-seeds", "0", "--test-seeds", "1", "--controls", "none")
    args = ("optimize", str(org), "--task", TOY, "--generations", "2", "--population", "2", "--budget", "1s", *options)
    done = subprocess.run([sys.executable, "-m", "orgopt", *args], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"--workspace {org.parent}" in done.stdout
    assert (org.parent / "mlflow.db").exists()
    assert not list(Path.cwd().iterdir())


@needs_sandbox
@pytest.mark.slow
def test_ctrl_c_ends_everything_and_the_same_command_continues(org: Path) -> None:
    options = ("--search-seeds", "1", "--race-seeds", "0", "--test-seeds", "1", "--controls", "none")
    size = ("--generations", "1", "--population", "3", "--budget", "0.6s")
    command = child(org, "--task", TOY, *size, *options)
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        while not any(b'"evaluation"' in log.read_bytes() for log in org.parent.glob("mlruns/studies/*/study.jsonl")):
            assert process.poll() is None
            time.sleep(0.02)
        labs = _descendants(process.pid)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(30) == 130, rest
    assert labs
    assert "of 3 candidates (of 3) are saved. Continue: the same command." in rest
    _gone(labs)
    before = evaluations(the_study(org))
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert f"goes on after {len(before)} run" in done.stderr
    assert set(before) <= set(evaluations(the_study(org)))


@pytest.mark.nightly
@pytest.mark.fault
@pytest.mark.timeout(900)
def test_fifty_kills_lose_nothing_and_repeat_nothing(org: Path) -> None:
    """SIGKILL at random places of a study with two workers: what its log has stays, and the end is the same."""
    args = ("--task", "bowl", "--budget", "6s", "--workers", "2", "--generations", "4", "--population", "4")
    args += ("--search-seeds", "3", "--race-seeds", "3", "--test-seeds", "2", "--contenders", "4")
    subprocess.run(child(org, *args, "--name", "whole"), check=True, capture_output=True, timeout=120)
    studies = org.parent / "mlruns" / "studies"
    whole, rng = evaluations(studies / "whole"), random.Random(0)
    kills, number = 0, 0
    while kills < 50:
        number += 1
        log = studies / f"s{number}" / "study.jsonl"
        for left in range(50 - kills, -1, -1):
            known = _lines(log)
            with subprocess.Popen(child(org, *args, "--name", f"s{number}"), stderr=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL) as process:  # fmt: skip
                wanted = len(known) + rng.randint(0, 24)
                while process.poll() is None and (not left or len(_lines(log)) < wanted):
                    time.sleep(0.002)
                time.sleep(rng.random() * 0.02)
                workers = _descendants(process.pid) if process.poll() is None else []
                if process.poll() is None:
                    process.kill()
                    kills += 1
                elif process.returncode == 0:
                    break
            assert _lines(log)[: len(known)] == known, "a finished run was lost"
            _gone(workers)
        assert evaluations(studies / f"s{number}") == whole
        assert (studies / f"s{number}" / "best.md").read_text() == (studies / "whole" / "best.md").read_text()
    assert number < 50


def _lines(log: Path) -> list[bytes]:
    """The whole lines of a log."""
    return log.read_bytes().split(b"\n")[:-1] if log.exists() else []


def _gone(processes: list[int]) -> None:
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        assert time.monotonic() < deadline, "a worker outlived its study"
        time.sleep(0.02)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("options", "message"), [("ro", "Read-only file system"), ("size=96k", "No space left on device")]
)
def test_a_read_only_or_full_disk(org: Path, options: str, message: str) -> None:
    """A study on such a disk ends with one message, and continues once there is room."""
    mlruns = org.parent / "mlruns"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(mlruns)], check=False).returncode:
        pytest.skip("needs the right to mount")
    command = child(org, "--task", "bowl", "--budget", "10s", *SMALL, "--workers", "1")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 6, done.stderr
        assert done.stderr.count("error:") == 1
        assert message in done.stderr
        assert "Traceback" not in done.stderr
        if options != "ro":
            kept = evaluations(the_study(org))
            subprocess.run(["mount", "-o", "remount,size=50m", str(mlruns)], check=True)
            again = subprocess.run(command, capture_output=True, text=True, timeout=120)
            assert again.returncode == 0, again.stderr
            assert set(kept) <= set(evaluations(the_study(org)))
    finally:
        subprocess.run(["umount", str(mlruns)], check=True)


def test_a_dry_run_says_what_it_would_cost_and_starts_nothing(org: Path) -> None:
    done = optimize(org, *SMALL, "--dry-run", "--usd-per-slot-hour", "2")
    assert done.exit_code == 0, done.output
    for word in ("runs, search", "experiments", "time of slots", "dollars", "time with", "Nothing was started."):
        assert word in done.stdout
    assert not list((org.parent / "mlruns").iterdir())
    data = json.loads(optimize(org, *SMALL, "--dry-run", "--json").stdout)
    assert data["runs"]["search"] == [12, 12]
    assert data["usd"] is None
    low, high = data["experiments"]
    assert 0 < low < high


BAD = [
    (("--task", "bowl"), 2, "task bowl is named twice"),
    (("--held-out-task", "bowl"), 2, "task bowl is named twice"),
    (("--budget", "0.4s"), 2, "too small for one experiment on bowl"),
    (("--fix", "charters"), 2, "'charters' is not one of"),
    (("--only", "risk", "--fix", "risk"), 2, "nothing is left to change"),
    (("--sampler", "cmaes", "--also", "agent-seconds"), 2, "cmaes has one objective"),
    (("--also", "dollars"), 2, "only language agents cost any"),
    (("--lab", "local"), 2, "use --lab replay"),
    (("--contenders", "1"), 2, "contenders"),
]


@pytest.mark.parametrize(("args", "code", "message"), BAD, ids=[" ".join(args) for args, _, _ in BAD])
def test_bad_input_gets_one_message(org: Path, args: tuple[str, ...], code: int, message: str) -> None:
    done = optimize(org, *SMALL, "--workers", "1", *args)
    assert done.exit_code == code, done.output
    assert message in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_another_document_does_not_continue_a_study(org: Path) -> None:
    args = ("--name", "mine", "--generations", "1", "--population", "2", "--search-seeds", "1", "--race-seeds", "0",
            "--test-seeds", "1", "--controls", "none", "--workers", "1")  # fmt: skip
    assert optimize(org, *args).exit_code == 0
    org.write_text(TRIO.replace("0.5", "0.6"))
    done = optimize(org, *args)
    assert done.exit_code == 2
    assert "study mine has other settings (program" in " ".join(done.output.split())


@pytest.mark.slow
def test_a_study_is_exported_to_optuna(org: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import optuna

    assert optimize(org, *SMALL, "--population", "2", "--workers", "1", "--controls", "none").exit_code == 0
    storage = f"sqlite:///{org.parent}/study.db"
    for _ in range(2):  # the second writes it again
        done = CliRunner().invoke(main, ["export", "--optuna", storage, "--workspace", str(org.parent)])
        assert done.exit_code == 0, done.output
    study = optuna.load_study(study_name=the_study(org).name, storage=storage)
    records = [record for record in read_lines(the_study(org) / "study.jsonl") if record["kind"] == "candidate"]
    assert [trial.user_attrs["candidate"] for trial in study.trials] == [record["name"] for record in records]
    varied = [key for key in records[0]["params"] if len({str(record["params"][key]) for record in records}) > 1]
    assert 0 < len(varied) < len(records[0]["params"]), "what never varied is left out"
    told = [{key: record["params"][key] for key in varied} for record in records]
    assert [trial.params for trial in study.trials] == told
    assert study.metric_names == ["research output"]
    assert study.best_value == max(trial.value for trial in study.trials)
    for bad, code in (("nonsense", 2), (f"sqlite:///{org.parent}/no/such/folder.db", 6)):
        done = CliRunner().invoke(main, ["export", "--optuna", bad, "--workspace", str(org.parent)])
        assert done.exit_code == code, done.output
        assert "Traceback" not in done.output
