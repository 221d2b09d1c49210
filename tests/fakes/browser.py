"""A Chromium without a window, and MLflow's pages in it."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 60_000  # a busy machine
SETTLED_MS = 2500  # charts move until they stand
ROOT = Path(__file__).parent.parent.parent


@contextmanager
def pages(width: int = 1500, height: int = 950) -> Iterator[Any]:
    """A new page of a headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser.close()


def keep(page: Any, target: Path) -> None:
    """Write what a page shows, in 256 colours: a third of the bytes.

    Half of them are the most frequent, and half cover the rest, so that greys stay grey and dots keep their colours.
    """
    from PIL import Image

    page.wait_for_timeout(SETTLED_MS)
    picture = Image.open(io.BytesIO(page.screenshot(timeout=3 * PATIENCE_MS))).convert("RGB")
    frequent = sorted(picture.getcolors(1 << 24), reverse=True)[:128]
    rest = picture.quantize(128, Image.Quantize.MAXCOVERAGE).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _, colour in frequent for part in colour] + rest[: 3 * 128])
    target.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(palette=palette, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.name}  {target.stat().st_size // 1024} KB")


@contextmanager
def served(workspace: Path) -> Iterator[tuple[str, str]]:
    """The addresses of the list of runs and of the newest study, while `orgopt ui` serves a workspace."""
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "orgopt", "ui", "--no-browser", "--workspace", str(workspace), "--port", "5790"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        found = [re.search(r"http://\S+", process.stdout.readline()) for _ in range(2)]
        assert all(found)
        try:
            yield found[0][0], found[1][0]
        finally:
            process.send_signal(signal.SIGINT)


def undisturbed(page: Any) -> None:
    """Close what MLflow offers unasked, which stays closed."""
    page.wait_for_timeout(500)
    for name in ("Close", "Got it"):
        for button in page.get_by_role("button", name=name, exact=True).all():
            if button.is_visible():
                button.click()
