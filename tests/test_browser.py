"""What a person sees in MLflow: nested runs that read, and document text that runs nothing."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orgopt.document import parse
from orgopt.task import Task
from orgopt.tracking import Tracking
from tests.conftest import TRIO
from tests.fakes.studies import make_study

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]
HOSTILE = "Explorer <img src=x onerror=alert(1)> [x](javascript:alert(2))"


@pytest.fixture
def ui(tmp_path: Path, toy: Task, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of MLflow on a study whose document tries to run something."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    program = parse(TRIO.replace("### Explorer", f"### {HOSTILE}").replace("- Explorer →", f"- {HOSTILE} →"), "trio.md")
    assert Tracking(tmp_path).sync(make_study(tmp_path, toy, program)) is None
    command = [sys.executable, "-m", "orgopt", "ui", "--workspace", str(tmp_path), "--port", "5790"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        match = re.search(r"http://\S+", process.stdout.readline())
        assert match
        yield match[0]
        process.send_signal(signal.SIGINT)


def test_generations_unfold_and_nothing_in_a_document_runs(ui: str) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    with sync_api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = browser.new_page(viewport={"width": 1700, "height": 1000})
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(ui)
        page.get_by_text("6 matching runs").or_(page.get_by_text("9 matching runs")).wait_for(timeout=30_000)
        folded = page.locator("[role=gridcell] button")
        folded.first.click()
        page.get_by_text("generation 1", exact=True).wait_for(timeout=10_000)
        folded.nth(1).click()
        candidate = page.get_by_role("link", name=re.compile("^g01-c0")).first
        candidate.wait_for(timeout=10_000)
        candidate.click()
        page.get_by_text("orgopt.changes").first.wait_for(timeout=20_000)
        address = page.url.split("?")[0]
        for artifact in ("diff.md", "chart.svg", "program.md"):
            page.goto(f"{address}/artifacts/{artifact}")
            page.get_by_text(artifact).first.wait_for(timeout=20_000)
            page.wait_for_timeout(1000)
        assert dialogs == []
        browser.close()
