"""The suite, and the table of documents on it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import orgopt
from orgopt.api.inputs import tasks_of
from orgopt.api.schemas import schema
from orgopt.cli import main
from orgopt.errors import UsageError
from orgopt.lab.base import Status
from orgopt.lab.worlds.recording import load_records
from orgopt.lab.worlds.recording_files import records_path
from orgopt.study.wording import plain
from orgopt.tasks import suite
from orgopt.tasks.folder import load_task
from tests.conftest import ROOT

SMALL = ["--budget", "3x", "--slots", "2", "--seeds", "3", "--workers", "1"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("trio.md", "solo.md"):
        (tmp_path / name).write_text((ROOT / "orgs" / name).read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(suite, "TASKS", ("digits", "nk"))
    return tmp_path


def said(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def test_the_suite_is_all_that_is_recorded_and_nk() -> None:
    recorded = {folder.parent.name for folder in (ROOT / "fitness").glob("*/world.npz")}
    assert set(suite.TASKS) == {*recorded, "nk"}
    assert len(suite.TASKS) == len(set(suite.TASKS))


@pytest.mark.parametrize("name", sorted(set(suite.TASKS) - {"nk"}))
def test_a_recording_is_large_enough_plausible_and_small_to_ship(name: str) -> None:
    task = load_task(name, ROOT)
    records = load_records(records_path(task), task)  # refuses what other files than these gave
    assert len(records) >= 1_500
    assert sum(file.stat().st_size for file in task.folder.iterdir() if file.is_file()) < 1.5e6
    fine = records.status == Status.OK
    assert fine.mean() > 0.7
    assert task.limits.best is not None
    assert task.limits.best < min(records.metric[fine].min(), records.heldout[fine].min())
    assert json.loads((task.folder / "world.json").read_text())["recording"]
    assert task.reference is not None
    assert task.reference.seeds >= 16
    assert task.reference.heldout < task.baseline.heldout - 2 * task.baseline.sd / np.sqrt(task.baseline.seeds)


def test_suite_stands_for_its_tasks_unless_one_of_your_own_has_the_name(place: Path) -> None:
    assert list(tasks_of("suite", place)) == ["digits", "nk"]
    assert list(tasks_of(["speed", "suite"], place)) == ["speed", "digits", "nk"]
    with pytest.raises(UsageError, match="task nk is named twice"):
        tasks_of(["suite", "nk"], place)
    with pytest.raises(UsageError, match="suite is 2 tasks, and this takes one: digits, nk"):
        orgopt.evaluate("solo.md", task="suite", budget=9)
    other = place / "fitness" / "digits"
    other.mkdir(parents=True)
    (other / "task.toml").write_text("title = 'not that of the suite'")
    assert tasks_of("suite", place)["digits"].folder == ROOT / "fitness" / "digits"
    other.rename(other.with_name("suite"))
    with pytest.raises(orgopt.errors.TaskError):
        tasks_of("suite", place)


def test_tasks_of_which_one_is_a_world_are_replayed(place: Path) -> None:
    found = orgopt.compare("solo.md", "trio.md", task="suite", budget=4, seeds=2, workers=1)
    assert found.ranking.tasks == ("digits", "nk")
    assert {one["lab"]["lab"] for one in _identity(found.folder)["tasks"].values()} == {"replay"}


def _identity(folder: Path) -> dict:
    return json.loads((folder / "contest.jsonl").read_text().splitlines()[0])["identity"]


def test_a_benchmark_is_a_table_that_can_be_cited(place: Path) -> None:
    words = ["bench", "trio.md", "solo.md", "optuna:random", *SMALL]
    found = json.loads(said(*words, "--json").stdout)
    validate(found)
    assert [row["document"] for row in found["rows"]] == sorted(
        (row["document"] for row in found["rows"]), key=lambda name: -_of(found, name)["score"]["mean"]
    )
    assert {row["document"] for row in found["rows"]} == {"trio", "solo", "optuna:random"}
    assert (_of(found, "trio")["agents"], _of(found, "optuna:random")["agents"]) == (3, 0)
    assert sum(row["rank"] for row in found["rows"]) == pytest.approx(6)
    digits, nk = found["tasks"]
    assert digits["world"] == "08435fc157a5"
    assert (digits["budget_s"], nk["budget_s"]) == pytest.approx((3 * digits["experiment_s"], 3 * 0.99), rel=1e-3)
    for row in found["rows"]:
        assert row["score"]["mean"] == pytest.approx(np.mean([one["mean"] for one in row["by_task"].values()]))
    assert json.loads(said(*words, "--json").stdout) == found  # the same again

    alone = orgopt.bench("solo.md", budget="3x", slots=2, seeds=3, workers=1)
    assert alone.digest == found["digest"]  # who else is in the table matters to ranks alone
    assert alone.to_dict()["rows"][0]["by_task"] == _of(found, "solo")["by_task"]
    assert alone.digest != orgopt.bench("solo.md", budget=4, slots=2, seeds=3, workers=1).digest

    lines = list(csv.DictReader(said(*words, "--csv").stdout.splitlines()))
    assert len(lines) == 6
    assert {line["benchmark"] for line in lines} == {found["digest"]}
    assert {line["world"] for line in lines if line["task"] == "digits"} == {"08435fc157a5"}
    shown = said(*words).stdout
    assert found["digest"] in shown
    assert _of(found, "solo")["digest"] in shown
    assert plain(_of(found, "solo")["score"]["mean"]) in shown


def _of(found: dict, name: str) -> dict:
    return next(row for row in found["rows"] if row["document"] == name)


def validate(found: dict) -> None:
    import jsonschema

    jsonschema.Draft202012Validator(schema("bench")).validate(found)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "a benchmark needs a document or more"),
        (["solo.md", "solo.md"], "solo.md is named twice"),
        (["solo.md", "--budget", "0x"], "a budget must be 1x or more"),
        (["solo.md", "--budget", "manyx"], "'manyx' is not a duration"),
        (["solo.md", "--budget", "nonsense"], "'nonsense' is not a duration"),
        (["solo.md", "--json", "--csv"], "give one of them"),
        (["optuna:magic"], "no plain sampler"),
    ],
)
def test_what_cannot_be_benched_is_said(place: Path, args: list[str], message: str) -> None:
    result = said("bench", *args)
    assert result.exit_code == 2
    assert message in result.output
