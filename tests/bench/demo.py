"""The demo as people see it, and whether it holds: the study of `make demo` with ten seeds.

    make demo-studies        # ten minutes of two quiet cores

Writes the table of the ten in docs/benchmarks.md, the end of the first in README.md, and, where there is a Chromium,
the picture of its report. Studies that are there are not run again: `--anew` runs them again, after a change of seeds,
agents or search.
"""

import argparse
import datetime as dt
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orgopt.study.records.result import Claim
from orgopt.study.verdict.ending_form import text
from orgopt.study.verdict.study import ending
from orgopt.study.view import StudyView, load_study
from tests.fakes.browser import CHROMIUM, keep, pages

ROOT = Path(__file__).parent.parent.parent
STUDIES = 10
WORKSPACE = ROOT / "mlruns" / "demo-studies"
PICTURE = ROOT / "docs" / "images" / "report.png"
RIVALS = {
    "seed document": "over solo.md",
    "more agents": "over as many solo agents",
    "hand-made": "over gp-four, as many as slots",
    "optuna:tpe": "over plain TPE",
}


def command() -> list[str]:
    """The demo's arguments, as the Makefile has them."""
    found = re.search(r"^DEMO := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert found, "the Makefile has no line DEMO := …"
    return shlex.split(found[1])


class Done(NamedTuple):
    """A study that is done, its wall seconds, and its claims on test seeds by whom they are against."""

    folder: Path
    view: StudyView
    seconds: float

    @property
    def claims(self) -> dict[str, Claim]:
        assert self.view.final
        return {claim.entrant: claim for claim in self.view.final.claims if claim.phase == "test"}


def study(seed: int) -> Done:
    """The demo's study with a seed."""
    kept, folder = WORKSPACE / f"seed-{seed}.json", WORKSPACE / "mlruns" / "studies" / f"seed-{seed}"
    if not kept.exists():
        kind, document, *rest = command()
        WORKSPACE.mkdir(parents=True, exist_ok=True)
        (WORKSPACE / "orgopt.toml").touch()  # a workspace of its own
        name = Path(shutil.copy(ROOT / document, WORKSPACE)).name
        line = [sys.executable, "-m", "orgopt", kind, name, *rest, "--seed", str(seed), "--name", folder.name]
        since = time.monotonic()
        subprocess.run(line, check=True, capture_output=True, cwd=WORKSPACE)
        kept.write_text(json.dumps({"seconds": time.monotonic() - since}), "utf-8")
    return Done(folder, load_study(folder), json.loads(kept.read_text("utf-8"))["seconds"])


def table(studies: Sequence[Done]) -> str:
    """The ten studies, a line each."""
    lines = ["| seed | solo.md | evolved | " + " | ".join(RIVALS.values()) + " | agents | seconds |"]
    lines.append("|---" * (5 + len(RIVALS)) + "|")
    shown = 0
    for seed, one in enumerate(studies):
        first = one.claims.get("seed document")
        shown += bool(first and first.low is not None and first.low > 0)
        cells = [_difference(one.claims.get(name)) for name in RIVALS]
        own = f"{first.mean:.2f} | {first.champion_mean:.2f}" if first else "– | –"
        agents = ending(one.view).bars[0].meaning.split()[0]
        lines.append(f"| {seed} | {own} | {' | '.join(cells)} | {agents} | {one.seconds:.0f} |")
    return "\n".join([f"In {shown} of {len(studies)} the evolved team is better than solo.md.", "", *lines])


def _difference(claim: Claim | None) -> str:
    if claim is None or claim.low is None or claim.high is None:
        return "–"
    said = f"{claim.difference:+.2f} [{claim.low:+.2f}, {claim.high:+.2f}]".replace("-", "−")
    return f"**{said}**" if claim.low > 0 or claim.high < 0 else said


def block(path: Path, name: str, content: str) -> None:
    """Replace what stands between the marks of a name in a page."""
    page = path.read_text("utf-8")
    marks = f"<!-- {name} -->", f"<!-- /{name} -->"
    assert all(page.count(mark) == 1 for mark in marks), f"{path} has no marks {marks}"
    pattern = rf"{marks[0]}.*{marks[1]}"
    path.write_text(re.sub(pattern, lambda _: f"{marks[0]}\n{content}\n{marks[1]}", page, flags=re.DOTALL), "utf-8")


def end(view: StudyView) -> str:
    """The end of a study as the terminal has it, in a block of Markdown."""
    return f"```\n{text(ending(view))}\n```"


def picture(report: Path) -> None:
    """The top of a report as a picture."""
    if not Path(CHROMIUM).exists():
        print(f"no {CHROMIUM}: {PICTURE.name} stays as it is")
        return
    with pages(1280, 1000) as page:
        page.goto(report.as_uri())
        keep(page, PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--anew", action="store_true", help="run the studies that are there again")
    parser.add_argument("--studies", type=int, default=STUDIES)
    asked = parser.parse_args()
    if asked.anew:
        shutil.rmtree(WORKSPACE, ignore_errors=True)
    done: list[Done] = []
    for seed in range(asked.studies):
        done.append(study(seed))
        print(f"seed {seed}: {ending(done[-1].view).title} {done[-1].seconds:.0f} s", flush=True)
    where = f"on {os.cpu_count()} cores, Python {platform.python_version()}"
    line = f"`orgopt {shlex.join(command())} --seed S`"
    head = f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} {where} with `make demo-studies`: {line}."
    found = table(done)
    print(found)
    if asked.studies < STUDIES:
        return
    block(ROOT / "docs" / "benchmarks.md", "demo", f"{head} {found}")
    block(ROOT / "README.md", "demo", end(done[0].view))
    picture(done[0].folder / "report.html")


if __name__ == "__main__":
    main()
