"""What a person sees in MLflow: generations that unfold, documents that compare, and text that runs nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orgopt.document import parse
from orgopt.study.verdict.study import ending
from orgopt.study.view import load_study
from orgopt.task_folder import load_task
from orgopt.testing.toy_task import TOY
from orgopt.tracking import Tracking
from tests.conftest import TRIO
from tests.fakes.browser import pages, served, undisturbed
from tests.fakes.studies import NAME, SMALL, make_study

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore")]
HOSTILE = "Explorer <script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3))"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a study whose document tries to run something, which MLflow has."""
    folder = tmp_path_factory.mktemp("browser")
    program = parse(TRIO.replace("### Explorer", f"### {HOSTILE}").replace("- Explorer →", f"- {HOSTILE} →"), "trio.md")
    toy = load_task(str(TOY))
    study = make_study(folder, toy, program, replace(SMALL, controls="none"))
    with pytest.MonkeyPatch.context() as clean:
        clean.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert Tracking(folder).sync(study).problem == ""
    return folder


@pytest.fixture(scope="module")
def site(workspace: Path) -> Iterator[tuple[str, str]]:
    """The addresses of the list of runs and of the study's page."""
    with served(workspace) as addresses:
        yield addresses


@pytest.fixture
def page(site) -> Iterator[Any]:
    """A page whose dialogs fail the test: nothing of ours opens one."""
    dialogs: list[str] = []
    with pages() as page:
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        yield page
    assert dialogs == []


def unfold(page: Any, runs: str) -> None:
    """Open the list of runs with the study and its last generation unfolded."""
    page.goto(runs)
    page.get_by_text("matching run").wait_for()
    undisturbed(page)
    folded = page.locator("[role=gridcell] button")
    folded.first.click()
    page.get_by_role("link", name=re.compile(r"^g01 · best")).wait_for()
    folded.nth(1).click()
    page.get_by_role("link", name=re.compile(r"^g01 · c0")).first.wait_for()


def artifact(page: Any, name: str) -> None:
    """Open an artifact from the tree of a run's page of artifacts."""
    page.get_by_text(name, exact=True).first.click()
    page.get_by_text(re.compile(f"Path: .*/{re.escape(name)}$")).wait_for()


def test_generations_unfold_to_candidates_with_their_results(page, site, workspace) -> None:
    unfold(page, site[0])
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    for one in view.generation(1):
        link = page.get_by_role("link", name=re.compile(f"^{one.name.replace('-', ' · ')} · "))
        assert link.count() == 1
    assert page.get_by_text("research_output").first.is_visible()
    value = f"{view.generation(1)[0].standing.value:.5f}".rstrip("0")  # MLflow writes no zeros behind
    assert page.get_by_text(re.compile(rf"^{re.escape(value)}0*$")).first.is_visible()


def test_a_candidate_tells_its_result_its_change_and_its_parent(page, site, workspace) -> None:
    unfold(page, site[0])
    page.get_by_role("link", name=re.compile(r"^g01 · c0")).first.click()
    page.get_by_text(re.compile(r"Research output [+−]")).first.wait_for()
    parent = page.get_by_role("link", name=re.compile(r"^g00-c0\d$")).first
    parent.wait_for()
    assert re.search(r"#/experiments/\d+/runs/\w{32}$", parent.get_attribute("href"))


def test_charts_diffs_and_tables_can_be_looked_at(page, site) -> None:
    unfold(page, site[0])
    page.get_by_role("link", name=re.compile(r"^g01 · c0")).first.click()
    page.get_by_text(re.compile(r"Research output [+−]")).first.wait_for()
    page.get_by_role("tab", name="Artifacts").click()
    for name in ("chart.svg", "curves.svg"):
        artifact(page, name)
        page.locator("img[src^=blob]").first.wait_for()
    artifact(page, "diff.md")
    page.get_by_text("@@").first.wait_for()
    artifact(page, "ledger-toy.json")
    page.get_by_text("held-out").first.wait_for()
    page.get_by_text("proposal").first.wait_for()
    artifact(page, "program.md")
    page.get_by_text("Find the bottom.").first.wait_for()


def test_the_study_tells_its_champion_and_shows_its_report(page, site, workspace) -> None:
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    page.goto(site[1])
    page.get_by_text(ending(view).title).first.wait_for()
    page.goto(f"{site[1].split('?')[0]}/artifacts/report.html")
    frame = page.frame_locator("iframe").first
    frame.get_by_text("Research organization study").first.wait_for()
    frame.get_by_text(view.final.champion).first.wait_for()


def test_two_candidates_are_compared(page, site) -> None:
    unfold(page, site[0])
    for row in (2, 3):  # below the study and its last generation
        page.locator(f".ag-row[row-index='{row}'] input[type=checkbox]").first.click(force=True)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Comparing 2 Runs").first.wait_for()
    page.get_by_text("explorer", exact=False).first.wait_for()


def test_the_champions_are_versions_of_a_prompt(page, site) -> None:
    page.goto(f"{site[0].split('/#/')[0]}/#/prompts/program-md.{NAME}")
    page.get_by_text("Version 1").first.wait_for()
    page.get_by_text("champion").first.wait_for()
    page.get_by_text("seed").first.wait_for()
    page.get_by_text("Find the bottom.").first.wait_for()


def test_the_traces_of_the_champion_unfold(page, site) -> None:
    page.goto(site[0].replace("/runs?", "/traces?"))
    page.get_by_text('"lead-1"').first.wait_for()
    undisturbed(page)
    page.get_by_text('"lead-1"').first.click()
    page.get_by_text("round 1", exact=True).first.wait_for()
    page.get_by_text("stand-up", exact=True).first.wait_for()
    page.get_by_text("experiment 1", exact=True).first.wait_for()
