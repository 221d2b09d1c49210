"""Studies and runs as tables: candidates, runs, experiments, in CSV and Parquet."""

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import orgopt
from orgopt.cli import main
from orgopt.exporting.tables import frame
from tests.conftest import TRIO
from tests.fakes.studies import write_study
from tests.fakes.study import records


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orgopt.toml").touch()
    (tmp_path / "trio.md").write_text(TRIO)
    return tmp_path


def said(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


@pytest.mark.sweep(2)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_study_is_written_as_tables_and_read_back(lab: Path, form: str) -> None:
    told = records(2, 3)
    write_study(lab / "mlruns" / "studies" / "alpha", told)
    done = json.loads(said("export", "alpha", f"--{form}", "out", "--json").stdout)
    assert done["files"] == [f"{name}.{form}" for name in ("candidates", "runs", "experiments")]
    read = pd.read_csv if form == "csv" else pd.read_parquet
    candidates, runs = read(lab / "out" / f"candidates.{form}"), read(lab / "out" / f"runs.{form}")
    assert list(candidates["candidate"]) == [one["name"] for one in told if one["kind"] == "candidate"]
    evaluations = [one for one in told if one["kind"] == "evaluation"]
    assert list(runs["research_output"]) == pytest.approx([one["score"]["research_output"] for one in evaluations])
    assert done["rows"] == {"candidates": 6, "runs": len(evaluations), "experiments": 0}
    assert {"parent", "changes", "param_roles"} & {*candidates.columns}
    assert list(orgopt.open_study("alpha").tables()["runs"]["entrant"]) == [one["entrant"] for one in evaluations]


@pytest.mark.slow
def test_a_real_study_and_a_run_have_their_experiments(lab: Path) -> None:
    words = ["--task", "nk", "--budget", "3s", "-q"]
    small = ["--generations", "1", "--population", "2", "--search-seeds", "1", "--race-seeds", "0", "--test-seeds", "1"]
    assert said("optimize", "trio.md", *words, *small, "--controls", "none", "--no-tracking").exit_code == 0
    assert said("export", "--csv", "study").exit_code == 0
    with (lab / "study" / "experiments.csv").open() as file:
        rows = list(csv.DictReader(file))
    kept = {path.parent.name for path in (lab / "mlruns").rglob("ledger-*.jsonl")}
    assert {Path(row["run"]).parent.name for row in rows} == kept
    assert said("run", "trio.md", *words).exit_code == 0
    assert said("export", "trio-nk-s0", "--parquet", "run").exit_code == 0
    table = pd.read_parquet(lab / "run" / "experiments.parquet")
    ledger = (lab / "mlruns" / "runs" / "trio-nk-s0" / "ledger.jsonl").read_text()
    assert len(table) == ledger.count('"kind": "outcome"') > 3
    assert set(table["status"]) <= {"ok", "unfinished"}
    assert any(name.startswith("knob_") for name in table.columns)
    assert table[table["submitted"]]["metric"].notna().all()


def test_a_column_of_numbers_and_words_is_text(tmp_path: Path) -> None:
    table = frame([{"a": 1, "b": "x"}, {"a": "all", "b": None}, {"b": "y"}, {"a": 2.5}])
    assert list(table["a"])[:2] == ["1", "all"]
    assert table["a"].isna().tolist() == [False, False, True, False]
    table.to_parquet(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (["export", "--csv", "a", "--parquet", "b"], "say where to, once"),
        (["export"], "say where to, once"),
        (["export", "none", "--csv", "a"], "no study 'none'"),
        (["export", "--csv", "orgopt.toml"], "cannot write"),
    ],
)
def test_what_cannot_be_written_is_said(lab: Path, args: list[str], problem: str) -> None:
    write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    result = said(*args)
    assert result.exit_code in {2, 6}
    assert problem in result.output
