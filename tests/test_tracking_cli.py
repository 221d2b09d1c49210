"""Tracking from the command line: what a study sends while it runs, `sync`, `checkout` and `prompts:/` sources."""

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.cli.shared.messages import Said
from orgopt.document import parse
from orgopt.study.view import load_study
from orgopt.tasks.folder import load_task
from orgopt.testing.toy_task import TOY
from orgopt.tracking import store_uri
from orgopt.tracking.background import Projection
from tests.conftest import TRIO
from tests.fakes.processes import needs_sandbox
from tests.fakes.studies import NAME, SMALL, copied, make_study

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small study without controls."""
    from dataclasses import replace

    toy = load_task(str(TOY))
    config = replace(SMALL, population=2, controls="none", race_seeds=2, test_seeds=2)
    return make_study(tmp_path_factory.mktemp("original"), toy, parse(TRIO, "trio.md"), config)


@pytest.fixture
def workspace(tmp_path: Path, original: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the study, which MLflow does not have."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    copied(original, tmp_path)
    return tmp_path


def orgopt(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def kinds(workspace: Path) -> dict[str, int]:
    with sqlite3.connect(workspace / "mlflow.db") as database:
        return dict(database.execute("SELECT value, count(*) FROM tags WHERE key = 'orgopt.kind' GROUP BY value"))


@pytest.mark.slow
def test_what_is_removed_goes_from_mlflow_too(workspace: Path) -> None:
    assert orgopt("sync").exit_code == 0
    done = orgopt("rm", NAME, "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["mlflow_runs"] == 7
    with sqlite3.connect(workspace / "mlflow.db") as database:
        assert not list(database.execute("SELECT 1 FROM runs WHERE lifecycle_stage = 'active'"))
        assert not list(database.execute("SELECT 1 FROM registered_models"))
        assert not list(database.execute("SELECT 1 FROM experiment_tags WHERE key LIKE '%-charts'"))
    assert not (workspace / "mlruns" / "studies" / NAME).exists()


def test_sync_sends_what_is_missing_once(workspace: Path) -> None:
    first = orgopt("sync")
    assert first.exit_code == 0, first.output
    assert f"{NAME}: " in first.output
    assert kinds(workspace) == {"study": 1, "generation": 2, "candidate": 4}
    assert f"{NAME}: nothing to send" in orgopt("sync", NAME).output
    assert kinds(workspace) == {"study": 1, "generation": 2, "candidate": 4}
    missing = orgopt("sync", "nothing")
    assert missing.exit_code == 2
    assert "no study 'nothing'" in missing.output


def test_sync_says_what_stopped_it(workspace: Path) -> None:
    (workspace / "mlflow.db").mkdir()
    result = orgopt("sync")
    assert result.exit_code == 6
    assert "unable to open database file" in result.output


@pytest.mark.slow
def test_a_study_is_sent_from_beside_it(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = workspace / "mlruns" / "studies" / NAME
    with Projection(workspace, folder, Said()) as projection:
        projection.poke()
    assert kinds(workspace) == {"study": 1, "generation": 2, "candidate": 4}
    assert capsys.readouterr().err == ""


@pytest.mark.slow
def test_trouble_is_said_once_and_costs_little(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "mlflow.db").mkdir()
    folder = workspace / "mlruns" / "studies" / NAME
    with Projection(workspace, folder, Said()) as projection:
        for _ in range(5):
            projection.poke()
    said = capsys.readouterr().err
    assert said.count("MLflow could not be written") == 1
    assert f"sync {NAME}" in said
    (workspace / "mlflow.db").rmdir()
    assert orgopt("sync").exit_code == 0
    assert kinds(workspace) == {"study": 1, "generation": 2, "candidate": 4}


def test_nothing_is_sent_unasked(workspace: Path) -> None:
    with Projection(workspace, workspace / "mlruns" / "studies" / NAME, Said(), enabled=False) as projection:
        projection.poke()
    assert not (workspace / "mlflow.db").exists()


def test_checkout_writes_a_document_back(workspace: Path) -> None:
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    assert orgopt("checkout", f"seed@{NAME}").stdout == TRIO
    last = view.candidates[-1]
    assert orgopt("checkout", f"{last.name}@{NAME}").stdout == last.record.program
    target = workspace / "better.md"
    assert orgopt("checkout", f"champion@{NAME}", "-o", str(target)).exit_code == 0
    assert target.read_text() == view.candidate(view.final.champion).record.program
    target.write_text("# Another\n")
    refused = orgopt("checkout", f"champion@{NAME}", "-o", str(target))
    assert refused.exit_code == 2
    assert "--force replaces it" in refused.output
    assert target.read_text() == "# Another\n"
    assert orgopt("checkout", f"champion@{NAME}", "-o", str(target), "--force").exit_code == 0
    for wrong in ("champion", f"@{NAME}", f"g77-c77@{NAME}", "champion@nothing"):
        assert orgopt("checkout", wrong).exit_code == 2


@pytest.mark.slow
def test_checkout_takes_it_from_mlflow_where_the_study_is_gone(workspace: Path) -> None:
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    champion = view.candidate(view.final.champion)
    assert orgopt("sync").exit_code == 0
    shutil.rmtree(workspace / "mlruns" / "studies")
    assert orgopt("checkout", f"champion@{NAME}").stdout == champion.record.program
    assert orgopt("checkout", f"seed@{NAME}").stdout == TRIO
    assert orgopt("checkout", f"{champion.name}@{NAME}").stdout == champion.record.program
    assert orgopt("checkout", f"g77-c77@{NAME}").exit_code == 2


@needs_sandbox
@pytest.mark.slow
def test_a_version_in_the_registry_is_a_document(workspace: Path) -> None:
    assert orgopt("sync").exit_code == 0
    source = f"prompts:/{NAME}.md@seed"
    shown = json.loads(orgopt("show", source, "--json").output)
    assert [role["name"] for role in shown["roles"]] == ["Lead", "Explorer"]
    (workspace / "trio.md").write_text(TRIO)
    assert "The same organization." in orgopt("diff", source, "trio.md").output
    done = orgopt("run", source, "--task", str(TOY), "--budget", "2s", "--slots", "1", "--json")
    assert done.exit_code == 0, done.output
    assert (workspace / "mlruns" / "runs" / f"{NAME}-seed-toy-s0" / "program.md").read_text() == TRIO
    missing = orgopt("show", "prompts:/nothing.md@champion")
    assert missing.exit_code == 2
    assert "prompts:/nothing.md@champion" in missing.output


def test_the_store_is_the_workspace_s_own(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store_uri(workspace) == f"sqlite:///{workspace}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert store_uri(workspace) == "http://127.0.0.1:9"
    result = orgopt("sync")
    assert result.exit_code == 6
    assert "http://127.0.0.1:9 does not answer" in result.output
