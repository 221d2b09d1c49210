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
WIDTH, HEIGHT = 1440, 860
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
    """All pictures."""
    address, champion = runs.split("/#/")[0], view.final.champion if view.final else "g00-c00"
    page.goto(runs)
    page.get_by_text("matching run").first.wait_for()
    undisturbed(page)
    folded = page.locator("[role=gridcell] button")
    folded.first.click()
    page.get_by_role("link", name=re.compile("best")).first.wait_for()
    folded.nth(1).click()
    page.mouse.move(0, 0)
    keep(page, IMAGES / "runs.png")
    page.get_by_role("link", name=re.compile(f"^{champion.replace('-', ' · ')} · ")).first.click()
    page.get_by_text("Research output").first.wait_for()
    keep(page, IMAGES / "candidate.png")
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("curves.svg", exact=True).first.click()
    keep(page, IMAGES / "artifacts.png")
    plain, _, query = study.partition("?")
    page.goto(f"{plain}/model-metrics?{query}")
    page.get_by_text("best_so_far").first.wait_for()
    keep(page, IMAGES / "study.png")
    page.goto(f"{address}/#/prompts/program-md.{view.head.name}")
    page.get_by_text("Version 1").first.wait_for()
    undisturbed(page)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Text", exact=True).first.click()
    keep(page, IMAGES / "prompt.png")
    page.goto(runs.replace("/runs?", "/traces?"))
    page.get_by_text('"lead-1"').first.wait_for()
    undisturbed(page)
    page.get_by_text('"lead-1"').first.click()
    page.get_by_text("experiment 1", exact=True).first.click()
    keep(page, IMAGES / "trace.png")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with workspace() as folder:
        (source,) = (folder / "mlruns" / "studies").iterdir()
        with served(folder) as (runs, study), pages(WIDTH, HEIGHT) as page:
            take(page, runs, study, load_study(source))


if __name__ == "__main__":
    main()
