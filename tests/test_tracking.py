"""Tracking: what MLflow has after a study, that it is sent once, and that it stops nothing."""

import sqlite3
from pathlib import Path
from typing import NamedTuple

import pytest

from orgopt.document import Program, load
from orgopt.evolve import StudyConfig, StudyLog, optimize
from orgopt.ledger import read_lines
from orgopt.task import Task
from orgopt.tracking import Tracking, store_uri
from tests.conftest import ROOT
from tests.fakes.lab import FakeLab

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow warns of its own deprecations


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(ROOT)  # never the current directory's store
    return tmp_path


class Sent(NamedTuple):
    """The tracking of one study."""

    tracking: Tracking
    folder: Path

    def sync(self) -> str | None:
        return self.tracking.sync(self.folder)


def study(workspace: Path, toy: Task, trio: Program, generations: int = 2) -> Sent:
    config = StudyConfig(generations=generations, population=3, budget_s=20, slots=2)
    folder = workspace / "mlruns" / "studies" / "s"
    library = load(ROOT / "orgs" / "library.md")
    with StudyLog(folder, config.identity(trio, toy, library), trio, toy) as log:
        optimize(trio, toy, FakeLab(toy), config, log, library=library)
    return Sent(Tracking(workspace), folder)


def runs(workspace: Path) -> list:
    from mlflow import MlflowClient

    client = MlflowClient(store_uri(workspace))
    experiment = client.get_experiment_by_name("toy")
    return client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])


def test_a_study_is_nested_runs_with_everything_in_them(workspace: Path, toy: Task, trio: Program) -> None:
    from mlflow import MlflowClient

    tracking = study(workspace, toy, trio)
    assert tracking.sync() is None
    found = runs(workspace)
    kinds = [run.data.tags["orgopt.kind"] for run in found]
    assert kinds.count("study") == 1
    assert kinds.count("generation") == 2
    assert kinds.count("candidate") == 6
    by_id = {run.info.run_id: run for run in found}
    client = MlflowClient(store_uri(workspace))
    for run in found:
        kind, parent = run.data.tags["orgopt.kind"], run.data.tags.get("mlflow.parentRunId")
        expected = {"study": None, "generation": "study", "candidate": "generation"}[kind]
        assert (by_id[parent].data.tags["orgopt.kind"] if parent else None) == expected
        assert run.info.status == "FINISHED"
        files = {file.path for file in client.list_artifacts(run.info.run_id)}
        if kind == "candidate":
            assert {"program.md", "chart.svg", "ledger.json", "ledger.jsonl", "results.tsv"} <= files
            assert ("diff.md" in files) == (run.data.tags["orgopt.parent"] != "")
            assert {"research_output", "q_final", "q_mean", "heldout_loss", "utilisation"} <= set(run.data.metrics)
            assert {"headcount", "standup", "lead.agent", "explorer.risk"} <= set(run.data.params)
            steps = [metric.step for metric in client.get_metric_history(run.info.run_id, "budget/best_val_loss")]
            assert len(steps) > 5
            assert steps == sorted(steps)
            assert steps[-1] <= 20
        if kind == "study":
            assert {"seed", "champion"} <= files
            best = client.get_metric_history(run.info.run_id, "generations/best_so_far")
            assert [metric.step for metric in best] == [0, 1]
            assert "Champion: g0" in run.data.tags["mlflow.note.content"]
    assert sum(run.data.tags.get("orgopt.champion") == "true" for run in found) == 1


def test_champions_are_versions_of_a_prompt(workspace: Path, toy: Task, trio: Program) -> None:
    from mlflow import MlflowClient

    tracking = study(workspace, toy, trio)
    assert tracking.sync() is None
    client = MlflowClient(store_uri(workspace))
    records = [r for r in read_lines(tracking.folder / "study.jsonl") if r["kind"] == "candidate"]
    best = max(records, key=lambda r: r["score"]["research_output"])
    champion = client.get_prompt_version_by_alias("program-md.s", "champion")
    assert champion.template == best["program"]
    assert champion.tags["candidate"] == best["name"]
    assert best["changes"] in champion.commit_message


def test_a_run_is_a_trace_of_its_agents(workspace: Path, toy: Task, trio: Program) -> None:
    import mlflow

    tracking = study(workspace, toy, trio, generations=1)
    assert tracking.sync() is None
    (run,) = [r for r in runs(workspace) if r.info.run_name.startswith("g00-c00")]
    mlflow.flush_trace_async_logging()
    (trace,) = mlflow.search_traces(
        locations=[run.info.experiment_id], run_id=run.info.run_id, return_type="list", include_spans=True
    )
    names = [span.name for span in trace.data.spans]
    assert {"g00-c00", "lead-1", "explorer-1", "explorer-2", "stand-up", "experiment 1"} <= set(names)
    root = next(span for span in trace.data.spans if span.parent_id is None)
    assert (root.end_time_ns - root.start_time_ns) / 1e9 == pytest.approx(20, abs=0.01)
    first = next(span for span in trace.data.spans if span.name == "experiment 1")
    assert first.outputs["status"] == "ok"


def test_what_was_sent_is_not_sent_again(workspace: Path, toy: Task, trio: Program) -> None:
    tracking = study(workspace, toy, trio, generations=1)
    assert tracking.sync() is None
    assert tracking.sync() is None
    study(workspace, toy, trio, generations=2)
    assert Tracking(workspace).sync(tracking.folder) is None
    kinds = [run.data.tags["orgopt.kind"] for run in runs(workspace)]
    assert (kinds.count("study"), kinds.count("generation"), kinds.count("candidate")) == (1, 2, 6)


def test_an_interrupted_projection_makes_no_second_run(
    workspace: Path, toy: Task, trio: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = study(workspace, toy, trio, generations=1)

    def fail(*_) -> str:
        raise OSError("no more")

    with monkeypatch.context() as broken:
        broken.setattr("orgopt.tracking.projection.svg", fail)
        for _ in range(3):
            assert tracking.sync() == "OSError: no more"
    assert tracking.sync() is None
    kinds = [run.data.tags["orgopt.kind"] for run in runs(workspace)]
    assert (kinds.count("study"), kinds.count("generation"), kinds.count("candidate")) == (1, 1, 3)


def test_a_store_that_was_deleted_is_filled_again(workspace: Path, toy: Task, trio: Program) -> None:
    tracking = study(workspace, toy, trio, generations=1)
    assert tracking.sync() is None
    for path in workspace.glob("mlflow.db*"):
        path.unlink()
    assert Tracking(workspace).sync(tracking.folder) is None
    assert len(runs(workspace)) == 1 + 1 + 3


def test_a_database_is_made_whole_or_not_at_all(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    def stop(*_) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(SqlAlchemyStore, "_create_default_experiment", stop)
        with pytest.raises(KeyboardInterrupt):
            Tracking(workspace).open()
    assert not list(workspace.glob("mlflow.db*"))
    assert Tracking(workspace).open() is None


def test_the_database_is_in_wal_mode_and_in_the_workspace(workspace: Path, toy: Task, trio: Program) -> None:
    tracking = study(workspace, toy, trio, generations=1)
    assert tracking.tracking.open() is None
    with sqlite3.connect(workspace / "mlflow.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_store_that_cannot_be_written_is_reported_and_sent_later(workspace: Path, toy: Task, trio: Program) -> None:
    tracking = study(workspace, toy, trio, generations=1)
    (workspace / "mlflow.db").mkdir()
    assert tracking.tracking.open() is not None
    problem = tracking.sync()
    assert problem is not None
    assert "unable to open database file" in problem
    (workspace / "mlflow.db").rmdir()
    assert tracking.sync() is None
    assert len(runs(workspace)) == 1 + 1 + 3


def test_document_text_is_text_in_notes(workspace: Path, toy: Task, trio: Program) -> None:
    from orgopt.tracking.content import escape

    assert escape("<script>`*_[x](javascript:1)|") == r"\<script\>\`\*\_\[x\](javascript:1)\|"
