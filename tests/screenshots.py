"""The pictures of MLflow in docs/images, of a real study.

    make screenshots

SCREENSHOTS_OF names a workspace with a study that is in MLflow; without, one is made, which takes minutes.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from orgopt.study.view import StudyView, load_study
from tests.fakes.browser import keep, pages, served, undisturbed

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1440, 900
STUDY = (
    *("trio.md", "--task", "digits", "--lab", "replay", "--budget", "60s"),
    *("--generations", "6", "--population", "8", "--search-seeds", "5", "--race-seeds", "12", "--test-seeds", "12"),
)


@contextmanager
def workspace() -> Iterator[Path]:
    """A workspace with a study."""
    if given := os.environ.get("SCREENSHOTS_OF"):
        yield Path(given)
        return
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "mlruns").mkdir()
        shutil.copy(ROOT / "orgs" / "trio.md", scratch)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", "orgopt", "optimize", *STUDY], check=True, cwd=scratch, env=environment)
        yield Path(scratch)


def take(page: Any, runs: str, study: str, view: StudyView) -> None:
    """All pictures, of every screen as it is at first sight."""
    address, champion = runs.split("/#/")[0], view.final.champion if view.final else "g00-c00"
    plain, _, query = study.partition("?")
    page.goto(runs)
    page.get_by_role("link", name=re.compile("^★")).first.wait_for()
    keep(page, IMAGES / "runs.png")
    for row in (2, 3, 4):  # below the study and its first generation
        page.locator(f".ag-row[row-index='{row}'] input[type=checkbox]").first.click(force=True)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Comparing 3 Runs").first.wait_for()
    keep(page, IMAGES / "compare.png")
    page.goto(runs)
    page.get_by_role("link", name=re.compile(f"^★ {champion.replace('-', ' · ')} · ")).first.click()
    page.get_by_text("on test seeds").first.wait_for()
    keep(page, IMAGES / "candidate.png")
    here = page.url.split("?")[0]
    for name, picture in (("diff.html", "diff.png"), ("curves.svg", "artifacts.png")):
        page.goto(f"{here}/artifacts/{name}")
        page.get_by_text(re.compile(f"Path: .*{name}$")).wait_for()
        keep(page, IMAGES / picture)
    page.goto(study)
    page.get_by_text("Description").first.wait_for()
    keep(page, IMAGES / "study.png")
    page.goto(f"{plain}/model-metrics?{query}")
    page.get_by_text("best_so_far").first.wait_for()
    keep(page, IMAGES / "charts.png")
    page.goto(f"{plain}/artifacts/generations.svg")
    page.get_by_text(re.compile("Path: .*generations.svg$")).wait_for()
    keep(page, IMAGES / "generations.png")
    page.goto(f"{address}/#/prompts/program-md.{view.head.name}")
    page.get_by_text("Version 1").first.wait_for()
    undisturbed(page)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Text", exact=True).first.click()
    keep(page, IMAGES / "prompt.png")
    page.goto(f"{plain}/traces?{query}")
    trace = page.get_by_text("first test seed").first
    trace.wait_for()
    keep(page, IMAGES / "traces.png")
    trace.click()
    page.get_by_text("round 1").first.wait_for()
    keep(page, IMAGES / "trace.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with workspace() as folder:
        (source,) = (folder / "mlruns" / "studies").iterdir()
        with served(folder) as (runs, study), pages(WIDTH, HEIGHT) as page:
            take(page, runs, study, load_study(source))


if __name__ == "__main__":
    main()
