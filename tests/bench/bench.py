"""Measure orgopt's speed on this machine and write the table in docs/benchmarks.md.

    make bench

Ratios are taken within one run, because absolute times differ between machines and hours.
"""

import datetime as dt
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mistune

from orgopt.document import parse
from orgopt.evaluate import train_all
from orgopt.lab.base import Experiment
from orgopt.lab.local import LocalLab
from orgopt.task import load_task

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
ORGOPT = [sys.executable, "-m", "orgopt"]
ENV = {**os.environ, "OMP_NUM_THREADS": "1"}

Row = tuple[str, str, str]


def seconds(body: Callable[[], object], times: int) -> float:
    """Median wall time of some calls."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        body()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def help_time() -> Row:
    entry = [str(Path(sys.executable).parent / "orgopt"), "--help"]
    took = seconds(lambda: subprocess.run(entry, check=True, capture_output=True), 15)
    return "`orgopt --help`, median of 15", f"{took:.3f} s", "under 0.3 s"


def parse_time() -> Row:
    text = (ROOT / "orgs" / "chief-and-eight.md").read_text()
    text = (text * (1 + 10_240 // len(text)))[:10_240]
    markdown = mistune.create_markdown(renderer="ast", plugins=["table"])
    ratios = [seconds(lambda: parse(text), 20) / seconds(lambda: markdown(text), 20) for _ in range(5)]
    own = seconds(lambda: parse(text), 20)
    ratio = statistics.median(ratios)
    return "parsing a 10 KB document, against mistune's own parse", f"{own * 1e3:.1f} ms, {ratio:.2f} ×", "at most 2 ×"


def launch_overhead() -> list[Row]:
    """What an experiment costs besides training: tinygpt with a budget of no steps and little to evaluate."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "tinygpt"
        shutil.copytree(ROOT / "fitness" / "tinygpt", folder, ignore=shutil.ignore_patterns("__pycache__"))
        prepare = (folder / "prepare.py").read_text()
        prepare = re.sub(r"^BUDGET_FLOPS = \S+", "BUDGET_FLOPS = 0.0", prepare, flags=re.MULTILINE)
        prepare = re.sub(r"^EVAL_BYTES = .*$", "EVAL_BYTES = EVAL_SEGMENT", prepare, flags=re.MULTILINE)
        (folder / "prepare.py").write_text(prepare)

        def plain() -> None:
            for script in ("train.py", "prepare.py"):
                subprocess.run([sys.executable, script], check=True, capture_output=True, cwd=folder, env=ENV)

        by_hand = seconds(plain, 5)
        with LocalLab(load_task(str(folder)), slots=1) as lab:
            train_all(lab, [Experiment(id=1, settings={}, seed=0)], 60)
            took = seconds(lambda: train_all(lab, [Experiment(id=1, settings={}, seed=0)], 60), 15)
    return [
        ("an experiment without training in the local lab, both processes", f"{took * 1e3:.0f} ms", ""),
        ("the same by `python train.py` and `python prepare.py`", f"{by_hand * 1e3:.0f} ms", ""),
        ("launch overhead of the lab against plain processes", f"1 / {by_hand / took:.0f}", ""),
    ]


def run_utilisation(org: str, budget: str) -> Row:
    with tempfile.TemporaryDirectory() as workspace:
        (Path(workspace) / "mlruns").mkdir()
        path = Path(workspace) / f"{org}.md"
        path.write_text((ROOT / "orgs" / f"{org}.md").read_text())
        command = [*ORGOPT, "run", str(path), "--task", "tinygpt", "--budget", budget, "--slots", "2", "--json"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    score = json.loads(done.stdout)["score"]
    n = sum(score["experiments"].values())
    goal = "at least 0.90" if org == "eight-solo" else ""
    what = f"slot utilisation of `orgopt run orgs/{org}.md`, {budget} on 2 slots ({n} experiments)"
    return what, f"{score['utilisation']:.3f}", goal


def main() -> None:
    rows = [help_time(), parse_time(), *launch_overhead()]
    rows += [run_utilisation("eight-solo", "60s"), run_utilisation("trio", "60s"), run_utilisation("solo", "60s")]
    cpu = (re.findall(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE) or [""])[0]
    import torch

    head = (
        f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} with `make bench` on {os.cpu_count()} cores of {cpu}, "
        f"Python {platform.python_version()}, torch {torch.__version__}, {platform.system()} {platform.release()}."
    )
    table = "\n".join(["| what | measured | goal |", "|---|---|---|", *(f"| {a} | {b} | {c} |" for a, b, c in rows)])
    print(f"{head}\n\n{table}")
    page = PAGE.read_text("utf-8")
    block = f"<!-- bench -->\n{head}\n\n{table}\n<!-- /bench -->"
    PAGE.write_text(re.sub(r"<!-- bench -->.*<!-- /bench -->", lambda _: block, page, flags=re.DOTALL), "utf-8")


if __name__ == "__main__":
    main()
