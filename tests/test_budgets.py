"""Budgets that are so many median experiments a slot: the seconds that they are on each task, shown and kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import orgopt
from orgopt.api.labs import budgets_of, relative
from orgopt.api.study_result import StudyResult
from orgopt.cli import main
from orgopt.errors import UsageError
from orgopt.report.method import facts
from orgopt.storage.jsonl import read_lines
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from tests.conftest import TRIO
from tests.test_replay import MINE, WORLD_TOML, own_world


@pytest.fixture
def worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """A world whose experiments take a second, and one whose take eight."""
    quick = own_world(tmp_path / "quick", MINE, WORLD_TOML)
    slow = own_world(tmp_path / "slow", MINE.replace("return 1.0,", "return 8.0,"), WORLD_TOML)
    (tmp_path / "orgopt.toml").write_text("")
    (tmp_path / "trio.md").write_text(TRIO)
    monkeypatch.chdir(tmp_path)
    return str(quick), str(slow)


def report(found: StudyResult) -> object:
    return dict(facts(found.view))["Budget of a run"]


def said(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def test_a_budget_of_experiments_is_what_they_take_on_each_task(worlds: tuple[str, str], tmp_path: Path) -> None:
    tasks = {name: load_task(str(tmp_path / name)) for name in ("quick", "slow")}
    assert budgets_of("5x", tasks, tmp_path) == {"quick": 5.0, "slow": 40.0}
    assert budgets_of("2.5×", tasks, tmp_path) == {"quick": 2.5, "slow": 20.0}
    assert budgets_of("30s", tasks, tmp_path) == {"quick": 30.0, "slow": 30.0}
    assert relative({"quick": 30.0, "slow": 30.0}) == {}
    digits = {"digits": load_task("digits")}
    assert 10 < budgets_of("36x", digits, tmp_path)["digits"] < 100, "by its recording"


@pytest.mark.parametrize(("budget", "why"), [("0.5x", "less than one experiment"), ("x", "is not a duration")])
def test_budgets_in_which_nothing_happens_are_refused(worlds: tuple[str, str], budget: str, why: str) -> None:
    for words in (["run", "trio.md"], ["compare", "trio.md", "optuna:random"], ["optimize", "trio.md"]):
        refused = said(*words, "--task", worlds[0], "--budget", budget)
        assert refused.exit_code == 2
        assert why in refused.stderr
    with pytest.raises(UsageError, match=why):
        orgopt.run("trio.md", task=worlds[0], budget=budget)


def test_what_nobody_has_measured_has_no_median(toy: Task, tmp_path: Path) -> None:
    nothing = replace(toy.baseline, metric=float("nan"))
    unknown = replace(toy, paced=True, folder=tmp_path, printed="loss", baseline=nothing)
    with pytest.raises(UsageError, match=r"nobody knows yet .* toy takes, so that 36x is no time: run it once"):
        budgets_of("36x", {"toy": unknown}, tmp_path)


@pytest.mark.slow
def test_a_contest_of_unlike_tasks_has_a_budget_for_each_and_goes_on(worlds: tuple[str, str]) -> None:
    words = ["compare", "trio.md", "optuna:random", "--budget", "6x", "--task", worlds[0], "--task", worlds[1]]
    first = said(*words, "--seeds", "1", "--workers", "1", "--json")
    assert first.exit_code == 0, first.stderr
    assert "6 s and 48 s on 2 slots" in first.stderr
    found = json.loads(first.stdout)
    assert (found["budget_s"], found["budgets_s"]) == (6.0, {"quick": 6.0, "slow": 48.0})
    lines = list(read_lines(Path(found["folder"]) / "contest.jsonl"))
    assert lines[0]["identity"]["budgets_s"] == {"quick": 6.0, "slow": 48.0}
    counts = {(one["entrant"], one["task"]): sum(one["score"]["experiments"].values()) for one in lines[1:]}
    assert counts["optuna:random", "quick"] == counts["optuna:random", "slow"]
    more = json.loads(said(*words, "--seeds", "2", "--workers", "1", "--json").stdout)
    assert (more["folder"], more["seeds"]) == (found["folder"], 2)


def test_one_task_is_the_same_contest_as_in_seconds(worlds: tuple[str, str]) -> None:
    words = ["compare", "trio.md", "optuna:random", "--task", worlds[1], "--seeds", "1", "--workers", "1", "--json"]
    folders = {json.loads(said(*words, "--budget", budget).stdout)["folder"] for budget in ("3x", "24s")}
    assert len(folders) == 1


def test_a_study_of_unlike_tasks_keeps_both_budgets(worlds: tuple[str, str]) -> None:
    sizes = {"generations": 1, "population": 2, "search_seeds": 1, "race_seeds": 0, "test_seeds": 1, "controls": "none"}
    asked = {"task": list(worlds), "budget": "6x", "workers": 1, "tracking": False, "name": "both", **sizes}
    assert orgopt.plan("trio.md", **asked).config.budgets_s == {"quick": 6.0, "slow": 48.0}
    found = orgopt.optimize("trio.md", **asked)
    identity = found.view.head.identity
    assert (identity.budget_s, identity.budget_of("slow")) == (6.0, 48.0)
    assert {round(one.score.curve[-1][0]) <= identity.budget_of(one.task) for one in found.view.evaluations} == {True}
    again = orgopt.optimize("trio.md", **asked)
    assert len(again.view.evaluations) == len(found.view.evaluations)
    assert report(found) == "6 s on quick, 48 s on slow × 2 slots"
