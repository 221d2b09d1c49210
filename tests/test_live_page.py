"""The live page in a browser: it changes without a reload, ends with the verdict, and runs nothing foreign."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from orgopt.document import parse
from orgopt.live.pages import Pages
from orgopt.live.server import listening
from orgopt.report import page as report
from orgopt.study.verdict.study import ending
from orgopt.study.view import load_study
from orgopt.tasks.folder import load_task
from orgopt.testing.toy_task import TOY
from orgopt.tracking.own_origin import App, own_pages
from tests.conftest import TRIO
from tests.fakes.browser import pages
from tests.fakes.studies import NAME, SMALL, make_study

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900), pytest.mark.filterwarnings("ignore")]
WATCH = """
globalThis.faults = [];
addEventListener("securitypolicyviolation", (event) => faults.push(`${event.violatedDirective} ${event.blockedURI}`));
addEventListener("error", (event) => faults.push(event.message));
"""


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The pages of a workspace, from a thread of this process."""
    import uvicorn

    bound = listening(5200)
    app = cast("Any", own_pages(cast("App", Pages(workspace).app())))
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    server.install_signal_handlers = lambda: None
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@contextmanager
def watched(width: int = 1440, height: int = 900) -> Iterator[tuple[Any, list[str]]]:
    """A page whose errors, dialogs and foreign requests are noted."""
    with pages(width, height) as page:
        faults: list[str] = []
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on(
            "request",
            lambda asked: (
                None if "//127.0.0.1:" in asked.url or asked.url.startswith("file:") else faults.append(asked.url)
            ),
        )
        page.add_init_script(WATCH)
        yield page, faults
        faults += page.evaluate("faults")


def test_the_page_of_a_study_that_runs_changes_and_ends_with_the_verdict(tmp_path: Path) -> None:
    hostile = 'Explorer <script>alert(1)</script> <img src=x onerror="alert(2)">'
    program = parse(TRIO.replace("### Explorer", f"### {hostile}").replace("- Explorer →", f"- {hostile} →"), "trio.md")
    toy, config = load_task(str(TOY)), replace(SMALL, generations=3, population=4, controls="none")
    folder = tmp_path / "mlruns" / "studies" / NAME
    study = threading.Thread(target=make_study, args=(tmp_path, toy, program, config))
    study.start()
    while not (folder / "study.jsonl").exists():
        study.join(0.05)
    with served(tmp_path) as address, watched() as (page, faults):
        page.goto(f"{address}/orgopt/studies/{NAME}")
        page.evaluate("globalThis.loaded = 1")
        page.locator("#live.running, #live.done").wait_for()
        page.locator("#panel[data-shown] h3").wait_for()
        page.locator("#tab-beside").click()
        study.join()
        page.locator("#live.done").wait_for()
        view = load_study(folder)
        page.get_by_role("heading", name=ending(view).title).wait_for()
        assert page.evaluate("globalThis.loaded") == 1  # it was never loaded again
        for candidate in view.candidates:
            assert page.locator(f"#fitness .pick[data-i='{candidate.record.index}']").count() == 1
        for name in ("fitness", "lineage", "candidate", "timeline", "costs", "decisions", "method"):
            assert page.locator(f"section#{name}").count() == 1, name
        assert page.locator("#timeline path.run").count() > 4
        assert page.locator("#timeline .gantt").count() == (1 if view.best is view.seed else 2)
        page.locator("#timeline button[data-zoom='16']").first.click()
        width = "(plane) => plane.scrollWidth / plane.clientWidth"
        assert page.locator("#timeline .across").first.evaluate(width) == pytest.approx(16, rel=0.01)
        page.evaluate("orgoptPage.mark()")  # as after a section was replaced
        assert page.locator("#timeline .across").first.evaluate(width) == pytest.approx(16, rel=0.01)
        assert page.get_by_role("tab", name="Side by side").get_attribute("aria-selected") == "true"
        page.locator("#view-beside .side").nth(1).wait_for()
        assert "seeds alike" in page.locator("#view-beside table.versus").inner_text()
        page.set_viewport_size({"width": 390, "height": 844})
        page.locator("#fitness svg.narrow").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert faults == []
        # The page on the disk is the same, and needs no server.
        path = tmp_path / "report.html"
        path.write_text(report(view))
        page.goto(path.as_uri())
        page.get_by_role("heading", name=ending(view).title).wait_for()
        page.locator("#panel[data-shown] h3").wait_for()
        assert page.locator("#live").count() == 0
    assert faults == []


def test_what_was_chosen_stays_chosen_and_a_lost_server_is_said(tmp_path: Path) -> None:
    from tests.fakes.studies import write_study
    from tests.fakes.study import records
    from tests.test_live import append

    told = records(3, 4, tests=2)
    cut = next(i for i, record in enumerate(told) if record["kind"] == "generation") + 1
    folder = write_study(tmp_path / "mlruns" / "studies" / "s", told[:cut])
    with watched() as (page, faults):
        with served(tmp_path) as address:
            page.goto(f"{address}/orgopt/studies/s")
            page.locator("#panel[data-shown]").wait_for()
            page.locator("#pick").select_option(index=2)
            page.locator("#panel[data-shown='g00-c02']").wait_for()
            append(folder, told[cut:])
            page.locator("#claims").wait_for()
            page.locator("#pick option").nth(11).wait_for(state="attached")
            title = ending(load_study(folder)).title  # it may have asked while the log was being written
            page.locator("h1").filter(has_text=title).wait_for()
            assert page.locator("#panel").get_attribute("data-shown") == "g00-c02"
            assert page.locator(".pick.selected").first.get_attribute("data-i") == "2"
        page.locator("#live.lost").wait_for()
        assert page.locator("h1").inner_text() == title
    assert [fault for fault in faults if "ERR_CONNECTION" not in fault] == []  # it asks on, less and less
