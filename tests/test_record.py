"""Recordings: what is run, what survives a kill, and what a reader refuses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.errors import StoreError, TaskError, UsageError
from orgopt.lab.base import Status
from orgopt.lab.worlds.recorder import SEEDS, Recording, plan
from orgopt.lab.worlds.recording import load_records, read_table, write_table
from orgopt.lab.worlds.recording_files import records_path
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from tests.conftest import ROOT
from tests.fakes.lab import FakeLab, curve
from tests.fakes.processes import needs_sandbox

TOY = str(ROOT / "orgopt" / "testing" / "toy")


def record(task: Task, folder: Path, runs: int, seed: int = 0, **options: Any) -> int:
    """Record in virtual time; returns how many experiments were run."""
    lab = FakeLab(task, **options)
    with Recording(task, folder, seed=seed, data_digest="toy") as recording:
        return sum(1 for _ in recording.run(lab, runs, "orgopt record toy"))


def orgopt(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_a_plan_is_spread_near_the_baseline_and_repeated(toy: Task) -> None:
    runs = plan(toy, 480, seed=1)
    assert [one.row for one in runs] == list(range(480))
    assert len({one.seed for one in runs}) == 480
    settings = [json.dumps(one.settings) for one in runs]
    assert settings[:SEEDS] == [json.dumps(toy.complete({}))] * SEEDS
    assert len({text for text in settings if settings.count(text) >= SEEDS}) >= 18
    default = toy.complete({})
    x = np.array([one.settings["X"] for one in runs], dtype=float)
    moved = np.array([sum(one.settings[name] != default[name] for name in default) for one in runs])
    assert 0.15 < np.mean(moved < len(default) - 1) < 0.6, "about a quarter are near the baseline"
    far = x[moved == len(default)]
    assert np.histogram(far, bins=4, range=(0, 1))[0].min() > 0.2 * len(far)


@pytest.mark.parametrize("runs", [1, 5, 24, 100])
def test_a_longer_plan_begins_with_the_shorter(toy: Task, runs: int) -> None:
    assert plan(toy, 300, seed=4)[:runs] == plan(toy, runs, seed=4)
    assert plan(toy, 24, seed=4) != plan(toy, 24, seed=5)


def test_a_recording_reads_back(toy: Task, tmp_path: Path) -> None:
    assert record(toy, tmp_path, 30) == 30
    assert {path.name for path in tmp_path.iterdir()} == {"records.parquet", "records.parquet.sha256"}
    records = load_records(tmp_path / "records.parquet", toy)
    planned = plan(toy, 30, seed=0)
    assert len(records) == 30
    assert records.units.shape == (30, len(toy.knobs))
    for k, one in enumerate(planned):
        settings = {knob.name: knob.at(unit) for knob, unit in zip(toy.knobs, records.units[k], strict=True)}
        assert settings.pop("MODE") == one.settings["MODE"]
        assert settings == pytest.approx({name: one.settings[name] for name in settings}, rel=1e-3)
        assert records.curves[k] == pytest.approx(curve(one.settings))
        assert records.seeds[k] == one.seed
    assert set(records.status) == {"ok"}
    assert np.isfinite(records.metric).all()
    assert records.seconds == pytest.approx(np.ones(30))
    (part,) = records.provenance["parts"]
    assert records.provenance["task"] == "toy"
    assert records.provenance["data_digest"] == "toy"
    assert {"cpu", "cores", "python", "torch", "platform", "orgopt", "date", "command"} <= set(part)


def test_failures_are_rows_without_a_metric(toy: Task, tmp_path: Path) -> None:
    record(toy, tmp_path, 8, metric=lambda *_: (None, None))
    records = load_records(tmp_path / "records.parquet", toy)
    assert set(records.status) == {Status.CRASHED}
    assert np.isnan(records.metric).all()
    assert [len(points) for points in records.curves] == [0] * 8


def test_cpu_seconds_decide_what_is_too_late(toy: Task, tmp_path: Path) -> None:
    record(toy, tmp_path, 4, seconds=toy.limit_s + 0.5)
    records = load_records(tmp_path / "records.parquet", toy)
    assert set(records.status) == {Status.TIMEOUT}
    assert records.seconds == pytest.approx(np.full(4, toy.limit_s))


def test_a_stopped_recording_continues_and_a_finished_one_grows(toy: Task, tmp_path: Path) -> None:
    lab = FakeLab(toy)
    with Recording(toy, tmp_path, seed=0, data_digest="toy") as recording:
        outcomes = recording.run(lab, 40, "first")
        for _ in range(13):
            next(outcomes)
    assert not (tmp_path / "records.parquet").exists()
    with (tmp_path / "records.jsonl.part").open("a") as log:
        log.write('{"kind": "row", "ro')  # a torn line
    assert record(toy, tmp_path, 40) == 27
    assert record(toy, tmp_path, 40) == 0
    assert record(toy, tmp_path, 55) == 15
    whole, grown = tmp_path / "whole", load_records(tmp_path / "records.parquet", toy)
    whole.mkdir()
    record(toy, whole, 55)
    once = load_records(whole / "records.parquet", toy)
    assert np.array_equal(once.units, grown.units)
    assert np.array_equal(once.metric, grown.metric)
    assert [part["from_row"] for part in grown.provenance["parts"]] == [0, 13, 40]


def test_a_log_left_by_a_kill_after_the_file_was_written_is_removed(toy: Task, tmp_path: Path) -> None:
    with Recording(toy, tmp_path, seed=0, data_digest="toy") as recording:
        for _ in recording.run(FakeLab(toy), 6, ""):
            shutil.copy(tmp_path / "records.jsonl.part", tmp_path / "copy")
    (tmp_path / "copy").rename(tmp_path / "records.jsonl.part")
    assert record(toy, tmp_path, 6) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"records.parquet", "records.parquet.sha256"}


def test_another_recording_at_the_place_is_refused(toy: Task, tmp_path: Path) -> None:
    record(toy, tmp_path, 5)
    before = (tmp_path / "records.parquet").read_bytes()
    with pytest.raises(UsageError, match="seed: recorded 0, here 7"):
        record(toy, tmp_path, 10, seed=7)
    assert {path.name for path in tmp_path.iterdir()} == {"records.parquet", "records.parquet.sha256"}
    changed = tmp_path / "toy"
    shutil.copytree(TOY, changed, ignore=shutil.ignore_patterns("__pycache__"))
    (changed / "prepare.py").write_text((changed / "prepare.py").read_text() + "\n# changed\n")
    with pytest.raises(UsageError, match=r"files prepare\.py: recorded .*, here "):
        record(load_task(str(changed)), tmp_path, 10)
    assert (tmp_path / "records.parquet").read_bytes() == before


def test_a_started_recording_of_another_seed_stays(toy: Task, tmp_path: Path) -> None:
    with Recording(toy, tmp_path, seed=0, data_digest="toy") as recording:
        next(recording.run(FakeLab(toy), 9, ""))
        with pytest.raises(StoreError, match="another process records"):
            Recording(toy, tmp_path, seed=0, data_digest="toy")
    with pytest.raises(UsageError, match="seed: recorded 0, here 1"):
        Recording(toy, tmp_path, seed=1, data_digest="toy")
    assert record(toy, tmp_path, 9) == 8


def test_what_a_reader_refuses(toy: Task, tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    with pytest.raises(TaskError, match="no recording at"):
        load_records(path, toy)
    record(toy, tmp_path, 10)
    table, provenance = read_table(path)
    good = path.read_bytes()
    for content in (good[: len(good) // 2], b"", b"PAR1 nonsense PAR1", good[:-100] + b"\0" * 100):
        path.write_bytes(content)
        with pytest.raises(TaskError, match=r"is damaged: its SHA-256 is .*where you changed it yourself, remove"):
            read_table(path)
    path.with_name("records.parquet.sha256").unlink()
    for content in (good[: len(good) // 2], b"", b"PAR1 nonsense PAR1", good[:-100] + b"\0" * 100):
        path.write_bytes(content)
        with pytest.raises(TaskError, match="damaged or no Parquet file"):
            load_records(path, toy)
    pq.write_table(table.replace_schema_metadata(None), path)
    with pytest.raises(TaskError, match="does not say where it comes from"):
        load_records(path, toy)

    def refused(new: pa.Table, match: str, **origin: Any) -> None:
        write_table(path, new, {**provenance, **origin})
        with pytest.raises(TaskError, match=match):
            load_records(path, toy)

    def column(name: str, values: list[Any]) -> pa.Table:
        return table.set_column(table.column_names.index(name), name, pa.array(values))

    refused(table, "schema version 99", schema_version=99)
    refused(table, r"another version of toy \(task: recorded tinygpt, here toy\)", task="tinygpt")
    refused(table, r"files train\.py: recorded 0000", files={**provenance["files"], "train.py": "0000"})
    refused(table.drop_columns(["X", "curve"]), "columns are missing: X, curve")
    refused(column("X", [0.5] * 9 + [1.5]), r"X = 1\.5 is not in 0 … 1 in row 9")
    refused(column("X", [None] + [0.5] * 9), "X = None is not in")
    refused(column("COUNT", [2.5] * 10), r"COUNT = 2\.5 is not in .* in row 0, 1, 2, 3, 4, …")
    refused(column("MODE", ["party"] * 10), "MODE = 'party' is not in")
    refused(column("status", ["splendid"] * 10), "unknown status splendid")
    refused(column("status", ["crashed"] * 10), "metric does not agree with status")
    refused(column("metric", ["much"] * 10), "much")
    refused(column("metric", [float("nan")] * 10), "metric does not agree with status")
    refused(column("seconds", [-1.0] * 10), "seconds is not a time")
    refused(column("seed", [None] * 10), "column seed has empty rows")
    refused(column("curve", [[float("inf")]] * 10), "curve is not finite")
    write_table(path, table, provenance)
    assert len(load_records(path, toy)) == 10


@needs_sandbox
@pytest.mark.slow
def test_the_command_records_real_runs(tmp_path: Path, toy: Task) -> None:
    result = orgopt("record", TOY, "--runs", "20", "--out", tmp_path, "--json")
    assert result.exit_code == 0, result.output
    assert "toy: 10 of 20 runs" in result.stderr
    summary = json.loads(result.stdout)
    assert summary["runs"] == 20
    records = load_records(Path(summary["path"]), toy)
    assert sum(summary["status"].values()) == 20
    assert summary["status"]["ok"] >= SEEDS
    assert all(
        len(points) == 5 for points, status in zip(records.curves, records.status, strict=True) if status == "ok"
    )
    assert (records.seconds > 0).all()
    result = orgopt("record", TOY, "--runs", "5", "--out", tmp_path)
    assert result.exit_code == 2
    assert "has 20 runs already" in result.stderr


@needs_sandbox
def test_bad_input_of_the_command_is_one_message(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for args, code, message in [
        (["nothing", "--runs", "5"], 2, "no task 'nothing'"),
        ([TOY, "--runs", "0"], 2, "--runs"),
        ([TOY], 2, "--runs"),
        ([TOY, "--runs", "5", "--out", file / "below"], 6, "cannot write"),
    ]:
        result = orgopt("record", *args)
        assert result.exit_code == code
        assert message in result.stderr
        assert "Traceback" not in result.stderr
    (tmp_path / "records.parquet").write_text("not one")
    result = orgopt("record", TOY, "--runs", "5", "--out", tmp_path)
    assert result.exit_code == 2
    assert "damaged or no Parquet file" in result.stderr


@pytest.mark.fault
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.nightly)])
@needs_sandbox
def test_a_killed_command_continues(tmp_path: Path, toy: Task, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "orgopt", "record", TOY, "--runs", "40", "--out", str(tmp_path)]
    log = tmp_path / "records.jsonl.part"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") > 8):
            time.sleep(0.02)
        os.kill(process.pid, number)
    assert not (tmp_path / "records.parquet").exists()
    kept = log.read_bytes().count(b'"kind": "row"')
    assert kept >= 8
    again = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert again.returncode == 0
    assert f"continues after {kept} runs" in again.stderr
    records = load_records(tmp_path / "records.parquet", toy)
    assert records.seeds.tolist() == [one.seed for one in plan(toy, 40, seed=0)]


def test_every_shipped_recording_is_of_its_task() -> None:
    for name, least in (("digits", 2000), ("tinygpt", 2000), ("speed", 1500)):
        task = load_task(name, ROOT)
        if not records_path(task).exists():
            continue
        records = load_records(records_path(task), task)
        assert len(records) >= least
        assert records.provenance["data_digest"] == task.data_digest
        assert np.mean(records.status == "ok") > 0.8
        assert records_path(task).stat().st_size < 5e6
