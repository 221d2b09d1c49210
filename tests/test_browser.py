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
from orgopt.study.wording import marked, plain
from orgopt.tasks.folder import load_task
from orgopt.testing.toy_task import TOY
from orgopt.tracking import Tracking
from tests.conftest import TRIO
from tests.fakes.browser import PATIENCE_MS, pages, served, undisturbed
from tests.fakes.studies import NAME, SMALL, make_study

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore")]
SECTIONS = ("Run details", "Parameters", "Metrics", "Visualizations")
HOSTILE = "Explorer <script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3))"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a study whose document tries to run something, which MLflow has."""
    folder = tmp_path_factory.mktemp("browser")
    program = parse(TRIO.replace("### Explorer", f"### {HOSTILE}").replace("- Explorer →", f"- {HOSTILE} →"), "trio.md")
    toy = load_task(str(TOY))
    study = make_study(folder, toy, program, replace(SMALL, controls="fast"))
    with pytest.MonkeyPatch.context() as clean:
        clean.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert Tracking(folder).sync(study).problem == ""
    return folder


@pytest.fixture(scope="module")
def site(workspace: Path) -> Iterator[tuple[str, str]]:
    """The addresses of the list of runs and of the study's page."""
    with served(workspace) as addresses:
        yield addresses


WATCH = """
addEventListener("securitypolicyviolation", (event) => breached(`${event.violatedDirective} ${event.blockedURI}`));
"""


@pytest.fixture
def page(site) -> Iterator[Any]:
    """A page whose dialogs and breaches of its policy fail the test."""
    faults: list[str] = []
    with pages() as page:
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.expose_function("breached", lambda text: faults.append(text))  # noqa: PLW0108  a built-in has no attributes
        page.add_init_script(WATCH)
        yield page
    assert faults == []


def listed(page: Any, runs: str) -> None:
    """Open the list of runs, as `orgopt ui` names it."""
    page.goto(runs)
    page.get_by_text("matching run").wait_for()
    page.get_by_role("link", name=re.compile(r"^g01 · best")).first.wait_for()


def way(page: Any, study: str, words: str) -> str:
    """Follow a link of the study's note, which opens pages of their own; returns its address."""
    page.goto(study)
    found = page.get_by_role("link", name=words, exact=True).first
    found.wait_for()
    address = f"{study.split('/#')[0]}/{found.get_attribute('href')}"
    page.goto(address)
    return address


def artifact(page: Any, name: str) -> None:
    """Open an artifact from the tree of a run's page of artifacts."""
    page.get_by_text(name, exact=True).first.click()
    page.get_by_text(re.compile(f"Path: .*/{re.escape(name)}$")).wait_for()


def test_the_list_says_at_first_sight_what_came_out_and_the_champion_stands_below_its_study(
    page, site, workspace
) -> None:
    listed(page, site[0])
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    champion, tested = view.final.champion, [one for one in view.final.claims if one.phase == "test"]
    names = [text for row in range(20) if (text := _row_name(page, row))]
    controls = [name for name in names if name.startswith("control · ")]
    assert names[0] == NAME
    assert names[1].startswith("seed document · g00-c00 · ")
    assert names[2].startswith(f"★ champion · {champion} · ")
    assert len(controls) == len(tested) - 1
    assert [name[:3] for name in names[3 + len(controls) :]] == [f"g{number:02d}" for number in view.complete]
    assert page.get_by_text(
        f"★ {champion} {marked(ending(view).word)}"
    ).first.is_visible()  # the verdict, on the study's row
    test = plain(view.final.estimates.test.mean).rstrip("0")
    assert page.get_by_text(re.compile(rf"^{re.escape(test)}0*$")).first.is_visible()
    assert not page.locator("[data-assistant-ui]").first.is_visible()
    assert not page.get_by_text("You're viewing a shared view").is_visible()


def test_every_candidate_is_a_click_from_the_study_and_from_its_generation(page, site, workspace) -> None:
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    way(page, site[1], "all candidates")
    page.get_by_role("link", name=re.compile("^g01 · c0")).first.wait_for()
    assert page.get_by_text(f"{len(view.candidates) + len(view.complete) + 1 + _controls(view)} matching runs").count()
    page.get_by_role("link", name=re.compile(r"^g01 · best")).first.click()
    for one in view.generation(1):
        page.get_by_role("link", name=one.name, exact=True).first.wait_for()


def _controls(view: Any) -> int:
    return sum(one.phase == "test" for one in view.final.claims) - 1


def _row_name(page: Any, row: int) -> str:
    """The name in a row of the list of runs; empty where there is none."""
    link = page.locator(f".ag-row[row-index='{row}'] a").first
    return link.inner_text().strip() if link.count() else ""


def test_the_champion_leads_with_the_test_and_links_to_its_parent(page, site) -> None:
    listed(page, site[0])
    page.get_by_role("link", name=re.compile("^★ champion")).first.click()
    page.get_by_text(
        re.compile(r"★ Champion: seed document −?\d\.\d+ → −?\d\.\d+ on \d+ fresh test seed")
    ).first.wait_for()
    parent = page.get_by_role("link", name=re.compile(r"^g0\d-c0\d$")).first
    parent.wait_for()
    assert re.search(r"#/experiments/\d+/runs/\w{32}\?", parent.get_attribute("href"))
    # The whole note is there unasked, with its pictures and the ways to the rest.
    page.wait_for_function(
        "document.querySelectorAll('img[src^=get-artifact]').length == 2 &&"
        "[...document.querySelectorAll('img[src^=get-artifact]')].every(one => one.naturalWidth > 300)"
    )
    page.get_by_text("Its teams ran ").first.wait_for()
    assert not page.get_by_text("Show more").first.is_visible()
    assert page.get_by_role("link", name="Seed document beside champion").first.is_visible()


def test_charts_diffs_and_tables_can_be_looked_at(page, site) -> None:
    way(page, site[1], "all candidates")
    page.get_by_role("link", name=re.compile(r"^g01 · c0")).first.click()
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


def test_ticked_runs_are_compared_by_what_they_are_and_then_by_plots(page, site) -> None:
    listed(page, site[0])
    for row in (1, 2):
        page.locator(f".ag-row[row-index='{row}'] input[type=checkbox]").first.click(force=True)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Comparing 2 Runs").first.wait_for()
    page.get_by_role("button", name="Parameters").first.wait_for()
    tops = [page.get_by_role("button", name=name).first.bounding_box()["y"] for name in SECTIONS]
    assert tops == sorted(tops)
    score = page.get_by_text("Score on test seeds (counts):").first
    score.wait_for()
    assert page.get_by_text(re.compile(r"^−?\d\.\d+, mean of \d+ seeds?$")).count() == 4  # of both, in test and search
    assert score.bounding_box()["y"] < tops[1]  # before the parameters


def test_champion_and_seed_document_are_beside_each_other_at_a_click(page, site) -> None:
    way(page, site[1], "Seed document beside champion")
    page.get_by_text("What differs").first.wait_for()
    table = page.get_by_text("Compare by").first
    table.wait_for()
    assert page.get_by_text("How well, on test seeds").first.bounding_box()["y"] < table.bounding_box()["y"]
    for name in (re.compile("^★ champion · "), re.compile("^seed document · ")):
        page.get_by_text(name).first.wait_for()
    page.get_by_text("seconds of the budget").first.wait_for()  # the axis


def test_the_charts_of_a_study_have_generations_in_one_and_everybody_over_the_budget_in_another(
    page, site, workspace
) -> None:
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    way(page, site[1], "charts")
    page.get_by_text("By generation, and over the budget").first.wait_for()
    page.get_by_text("best so far").first.wait_for(timeout=3 * PATIENCE_MS)  # MLflow asks run by run
    page.get_by_text("median", exact=True).first.wait_for()
    page.get_by_text("Who scored what on test seeds").first.wait_for()
    page.get_by_text("seconds of the budget").first.wait_for()  # the axes
    page.get_by_text("score by which the champion is better").first.wait_for()
    page.get_by_text("generation", exact=True).first.wait_for()
    assert not page.get_by_text("(2)", exact=True).first.is_visible()  # of charts, which nobody counts
    # Rows of distances and curves have the names of their runs in the chart, and generations their best scores.
    page.wait_for_function("document.querySelectorAll('.scatterlayer text.orgopt').length > 4")
    named = page.locator(".scatterlayer text.orgopt").all_text_contents()
    assert sum(bool(re.fullmatch(r"−?\d\.\d\d", name)) for name in named) == len(view.complete)
    assert sum(name.endswith("seed document") for name in named) == named.count("★ champion") == 2
    assert not page.get_by_text("Parallel Coordinates").count()


def test_the_champions_are_versions_of_a_prompt(page, site) -> None:
    page.goto(f"{site[0].split('/#/')[0]}/#/prompts/{NAME}.md")
    page.get_by_text("Version 1").first.wait_for()
    page.get_by_text("champion").first.wait_for()
    page.get_by_text("seed").first.wait_for()
    page.get_by_text("Find the bottom.").first.wait_for()


def test_the_champions_document_is_compared_with_the_seed_document_at_a_click(page, site) -> None:
    way(page, site[1], "prompt versions")
    page.get_by_text("Comparing version 1 with version 2").first.wait_for()
    page.get_by_text("Diff highlighting is not supported").wait_for(state="detached")
    way(page, site[1], "their documents in colours")
    page.frame_locator("iframe").first.locator("tr.plus").first.wait_for()


def test_the_list_of_documents_says_the_verdict(page, site, workspace) -> None:
    view = load_study(workspace / "mlruns" / "studies" / NAME)
    page.goto(way(page, site[1], "prompt versions").rpartition("/")[0])
    page.get_by_text(re.compile(r"★ version \d is the champion: .*" + re.escape(ending(view).word))).first.wait_for()


def test_the_traces_of_a_study_say_what_each_experiment_changed_and_brought(page, site) -> None:
    page.goto(f"{site[1].split('?')[0]}/traces")
    name = page.get_by_text(re.compile(r"champion · test seed 1 of ")).first
    name.wait_for()
    page.get_by_text("mean score", exact=True).first.wait_for()  # a column of its own
    undisturbed(page)
    name.click()
    page.get_by_text(re.compile(r"^round 1 · best .+ · \d+ experiments")).first.wait_for()
    page.get_by_text(re.compile(r"^stand-up · ")).first.wait_for()
    page.get_by_text(re.compile(r"^#\d+ \S+-\d+ .+ kept · ")).first.wait_for()
    page.get_by_text("See more", exact=True).first.click()
    page.get_by_text("What it handed in, the last first:").first.wait_for()
