"""What a person sees in MLflow: what came out at first sight, documents that compare, and text that runs nothing."""

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


def listed(page: Any, runs: str) -> None:
    """Open the list of runs, as `orgopt ui` names it."""
    page.goto(runs)
    page.get_by_text("matching run").wait_for()
    page.get_by_role("link", name=re.compile(r"g01 · c0")).first.wait_for()


def artifact(page: Any, name: str) -> None:
    """Open an artifact from the tree of a run's page of artifacts."""
    page.get_by_text(name, exact=True).first.click()
    page.get_by_text(re.compile(f"Path: .*/{re.escape(name)}$")).wait_for()


def test_the_list_says_at_first_sight_what_came_out_and_has_the_candidates_as_they_happened(
    page, site, workspace
) -> None:
    listed(page, site[0])
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    rows = page.locator(".ag-pinned-left-cols-container .ag-row, .ag-center-cols-container .ag-row")
    names = [text for row in range(len(view.candidates) + 3) if (text := _row_name(page, row))]
    expected = ["s"]
    for number in view.complete:
        expected += [f"g{number:02d}", *(one.name for one in view.generation(number))]
    plain = [name.replace("★ ", "").split(" · ") for name in names]
    assert ["-".join(part[:2]) if part[1:] and part[1].startswith("c") else part[0] for part in plain] == expected
    assert sum(name.startswith("★ ") for name in names) == 1
    assert rows.first.is_visible()
    assert page.get_by_text(
        f"★ {view.final.champion} {ending(view).word}"
    ).first.is_visible()  # the verdict, on the study's row
    test = f"{view.final.estimates.test.mean:.3f}".rstrip("0")
    assert page.get_by_text(re.compile(rf"^{re.escape(test)}0*$")).first.is_visible()
    assert not page.locator("[data-assistant-ui]").first.is_visible()
    assert not page.get_by_text("You're viewing a shared view").is_visible()


def _row_name(page: Any, row: int) -> str:
    """The name in a row of the list of runs; empty where there is none."""
    link = page.locator(f".ag-row[row-index='{row}'] a").first
    return link.inner_text().strip() if link.count() else ""


def test_the_champion_leads_with_the_test_and_links_to_its_parent(page, site) -> None:
    listed(page, site[0])
    page.get_by_role("link", name=re.compile(r"^★ g0")).first.click()
    page.get_by_text(re.compile(r"★ Champion: [+−]\d\.\d{3} on test seeds")).first.wait_for()
    parent = page.get_by_role("link", name=re.compile(r"^g0\d-c0\d$")).first
    parent.wait_for()
    assert re.search(r"#/experiments/\d+/runs/\w{32}$", parent.get_attribute("href"))


def test_charts_diffs_and_tables_can_be_looked_at(page, site) -> None:
    listed(page, site[0])
    page.get_by_role("link", name=re.compile(r"g01 · c0")).first.click()
    page.get_by_text("Description").first.wait_for()
    page.get_by_role("tab", name="Artifacts").click()
    for name in ("chart.svg", "curves.svg"):
        artifact(page, name)
        page.locator("img[src^=blob]").first.wait_for()
    artifact(page, "diff.html")
    came = page.frame_locator("iframe").first.locator("tr.plus").first
    came.wait_for()
    assert came.evaluate("row => getComputedStyle(row).backgroundColor") == "rgb(218, 251, 225)"
    artifact(page, "ledger-toy.json")
    page.get_by_text("held-out").first.wait_for()
    page.get_by_text("proposal").first.wait_for()
    artifact(page, "program.md")
    page.get_by_text("Find the bottom.").first.wait_for()


def test_the_study_tells_its_champion_and_shows_its_report(page, site, workspace) -> None:
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    page.goto(site[1])
    page.get_by_text(ending(view).title).first.wait_for()
    pictures = page.locator("img[src^='get-artifact']")
    pictures.first.wait_for(state="attached")
    page.wait_for_function(
        "[...document.querySelectorAll('img[src^=get-artifact]')].every(one => one.naturalWidth > 300)"
    )
    page.goto(f"{site[1].split('?')[0]}/artifacts/report.html")
    frame = page.frame_locator("iframe").first
    frame.get_by_text("Research organization study").first.wait_for()
    frame.get_by_text(view.final.champion).first.wait_for()


def test_two_candidates_are_compared(page, site) -> None:
    listed(page, site[0])
    for row in (2, 3):  # below the study and its first generation
        page.locator(f".ag-row[row-index='{row}'] input[type=checkbox]").first.click(force=True)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Comparing 2 Runs").first.wait_for()
    page.get_by_text("1 agents", exact=True).first.wait_for()


def test_the_champions_are_versions_of_a_prompt(page, site) -> None:
    page.goto(f"{site[0].split('/#/')[0]}/#/prompts/program-md.{NAME}")
    page.get_by_text("Version 1").first.wait_for()
    page.get_by_text("champion").first.wait_for()
    page.get_by_text("seed").first.wait_for()
    page.get_by_text("Find the bottom.").first.wait_for()


def test_the_champion_is_compared_with_the_seed_document_at_a_click(page, site) -> None:
    page.goto(f"{site[0].split('/#/')[0]}/#/prompts/program-md.{NAME}")
    page.get_by_text("Version 2").first.wait_for()
    undisturbed(page)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Comparing version 2 with version 1").first.wait_for()


def test_the_traces_of_a_study_say_what_each_experiment_changed_and_brought(page, site) -> None:
    page.goto(f"{site[1].split('?')[0]}/traces")
    name = page.get_by_text(re.compile(r"score .+ · first test seed")).first
    name.wait_for()
    undisturbed(page)
    name.click()
    page.get_by_text(re.compile(r"^round 1 · \d+ experiments · best")).first.wait_for()
    page.get_by_text(re.compile(r"^stand-up · ")).first.wait_for()
    page.get_by_text(re.compile(r" · #\d+ .+ → .+ kept$")).first.wait_for()
