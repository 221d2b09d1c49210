"""The pictures of MLflow in docs/images, of a real study.

    make screenshots

SCREENSHOTS_OF names a workspace with a study that is in MLflow; without, one is made, which takes minutes.
SCREENSHOTS_TO names another folder for the pictures.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.browser import PATIENCE_MS, keep, pages, served, undisturbed

ROOT = Path(__file__).parent.parent
IMAGES = Path(os.environ.get("SCREENSHOTS_TO") or ROOT / "docs" / "images")
WIDTH, HEIGHT = 1440, 900
STUDY = (
    *("trio.md", "--task", "digits", "--lab", "replay", "--budget", "60s", "--name", "trio-on-digits"),
    *("--generations", "6", "--population", "8", "--search-seeds", "5", "--race-seeds", "12", "--test-seeds", "12"),
)


@contextmanager
def workspace() -> Iterator[Path]:
    """A workspace with a study."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    if given := os.environ.get("SCREENSHOTS_OF"):
        # A copy, or one whose sending was ended, may lack the end of its study, for which pages would wait in vain.
        subprocess.run([sys.executable, "-m", "orgopt", "sync"], check=True, cwd=given, env=environment)
        yield Path(given)
        return
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "mlruns").mkdir()
        shutil.copy(ROOT / "orgs" / "trio.md", scratch)
        subprocess.run([sys.executable, "-m", "orgopt", "optimize", *STUDY], check=True, cwd=scratch, env=environment)
        yield Path(scratch)


def link(page: Any, study: str, words: str) -> str:
    """The address to which a link of the study's note leads."""
    page.goto(study)
    found = page.get_by_role("link", name=words, exact=True).first
    found.wait_for()
    return f"{study.split('/#')[0]}/{found.get_attribute('href')}"


def shown(page: Any, address: str, waited: Callable[[], Any], name: str) -> None:
    """A picture of a page, once something is there."""
    page.goto("about:blank")  # as somebody who comes from elsewhere
    page.goto(address)
    waited()
    keep(page, IMAGES / f"{name}.png")


def take(page: Any, runs: str, study: str) -> None:
    """All pictures, of every screen as it is at first sight."""

    def said(words: str | re.Pattern[str]) -> Callable[[], Any]:
        return page.get_by_text(words).first.wait_for

    starred = page.get_by_role("link", name=re.compile("^★ champion"))
    shown(page, runs, starred.first.wait_for, "runs")
    page.locator(".ag-row[row-index='1'] input[type=checkbox]").first.click(force=True)
    page.locator(".ag-row[row-index='2'] input[type=checkbox]").first.click(force=True)
    page.get_by_text("Compare", exact=True).first.click()
    said("Comparing 2 Runs")()
    keep(page, IMAGES / "compare.png")
    shown(page, study, lambda: page.wait_for_function(PICTURED, timeout=3 * PATIENCE_MS), "study")
    champion = link(page, study, page.get_by_role("link", name=re.compile("^★ g")).first.inner_text())
    shown(page, champion, lambda: page.wait_for_function(PICTURED, timeout=3 * PATIENCE_MS), "candidate")
    ways = {name: link(page, study, words) for name, words in WAYS.items()}
    for name, charts in (("teams", 2), ("charts", 4)):
        shown(page, ways[name], lambda n=charts: page.wait_for_function(DRAWN, arg=n, timeout=3 * PATIENCE_MS), name)
    shown(page, ways["diff"], said(re.compile("Path: .*diff.html$")), "diff")
    shown(page, ways["prompt"], said(re.compile("^Comparing version")), "prompt")
    shown(page, ways["prompt"].rpartition("/")[0], said("trio-on-digits.md"), "prompts")
    plain, _, query = study.partition("?")
    shown(page, f"{plain}/artifacts/generations.svg?{query}", said(re.compile("Path: .*svg$")), "generations")
    trace = page.get_by_text("★ champion · test seed 1 of").first
    shown(page, f"{plain}/traces?{query}", trace.wait_for, "traces")
    undisturbed(page)
    trace.click()
    said("round 1")()
    keep(page, IMAGES / "trace.png")


DRAWN = "(charts) => document.querySelectorAll('.js-plotly-plot').length >= charts"
"""Whether charts are there, and not what MLflow shows until it has their points: those of one run after the other."""
PICTURED = """() => {
    const every = [...document.querySelectorAll("img[src^='get-artifact']")];
    return every.length && every.every((one) => one.complete && one.naturalWidth);
}"""
"""Whether the pictures of a note are there."""
WAYS = {
    "teams": "Seed document beside champion",
    "charts": "charts",
    "diff": "their documents in colours",
    "prompt": "prompt versions",
}
"""The pictures of what the study's note leads to, by its links."""


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with workspace() as folder, served(folder) as (runs, study), pages(WIDTH, HEIGHT) as page:
        take(page, runs, study)


if __name__ == "__main__":
    main()
