"""The pictures of MLflow in docs/images, of a real study.

    make screenshots

SCREENSHOTS_OF names a workspace with a study that is in MLflow; without, one is made, which takes minutes.
"""

import io
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

from PIL import Image

from orgopt.study.view import StudyView, load_study
from tests.fakes.browser import pages, served, undisturbed

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1440, 860
STUDY = (
    *("trio.md", "--task", "digits", "--lab", "replay", "--budget", "60s"),
    *("--generations", "6", "--population", "8", "--search-seeds", "5", "--race-seeds", "12", "--test-seeds", "12"),
)
SETTLED_MS = 2500  # charts move until they stand


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


def keep(page: Any, name: str) -> None:
    """Write what a page shows, in 128 colours: a third of the bytes."""
    page.wait_for_timeout(SETTLED_MS)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    target = IMAGES / f"{name}.png"
    picture.quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}  {target.stat().st_size // 1024} KB")


def take(page: Any, runs: str, study: str, view: StudyView) -> None:
    """All pictures."""
    address, champion = runs.split("/#/")[0], view.final["champion"] if view.final else "g00-c00"
    page.goto(runs)
    page.get_by_text("matching run").first.wait_for()
    undisturbed(page)
    folded = page.locator("[role=gridcell] button")
    folded.first.click()
    page.get_by_role("link", name=re.compile("best")).first.wait_for()
    folded.nth(1).click()
    page.mouse.move(0, 0)
    keep(page, "runs")
    page.get_by_role("link", name=re.compile(f"^{champion.replace('-', ' · ')} · ")).first.click()
    page.get_by_text("Research output").first.wait_for()
    keep(page, "candidate")
    page.get_by_role("tab", name="Artifacts").click()
    page.get_by_text("curves.svg", exact=True).first.click()
    keep(page, "artifacts")
    plain, _, query = study.partition("?")
    page.goto(f"{plain}/model-metrics?{query}")
    page.get_by_text("best_so_far").first.wait_for()
    keep(page, "study")
    page.goto(f"{address}/#/prompts/program-md.{view.head['name']}")
    page.get_by_text("Version 1").first.wait_for()
    undisturbed(page)
    page.get_by_text("Compare", exact=True).first.click()
    page.get_by_text("Text", exact=True).first.click()
    keep(page, "prompt")
    page.goto(runs.replace("/runs?", "/traces?"))
    page.get_by_text('"lead-1"').first.wait_for()
    undisturbed(page)
    page.get_by_text('"lead-1"').first.click()
    page.get_by_text("experiment 1", exact=True).first.click()
    keep(page, "trace")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with workspace() as folder:
        (source,) = (folder / "mlruns" / "studies").iterdir()
        with served(folder) as (runs, study), pages(WIDTH, HEIGHT) as page:
            take(page, runs, study, load_study(source))


if __name__ == "__main__":
    main()
