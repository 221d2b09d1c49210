"""How often nothing is confirmed, and how often a gain is: real processes of two fast scripts in the local lab.

    python -m tests.bench.confirm                 # 100 + 100 verifications of each script, 3 to 6 minutes
    python -m tests.bench.confirm --runs 20       # to try it
    python -m tests.bench.confirm --busy 2        # with two endless loops beside it

A script of each kind: one prints a loss that its seed decides, the other the time that it took for some work. A
submission turns a knob that does nothing (A/A), or one whose gain is twice the resolution that the A/A runs stated, in
the median. Every one of them is verified as that of a team is: nothing is left out because no team would have
submitted it. The machine should have nothing else to do, unless `--busy` is asked for.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from orgopt.lab.local import LocalLab
from orgopt.scoring.calibration import measured
from orgopt.scoring.gain_evidence import PAIRS, Evidence
from orgopt.scoring.verification import Submissions, verify
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Settings, Task

LOSS = """
import os
import numpy as np
IDLE = 1.0  # knob: 0..2
GAIN = 0.0  # knob: 0..1
rng = np.random.default_rng([int(os.environ["ORGOPT_SEED"]), round(1000 * IDLE), round(1e6 * GAIN)])
print(f"val_loss: {0.5 - GAIN + 0.02 * rng.normal():.6f}")
"""
LATENCY = """
import time
IDLE = 1.0  # knob: 0..2
GAIN = 0.0  # knob: 0..1
began = time.perf_counter()
total = 0
for k in range(round(200_000 * (1 - GAIN))):
    total += k * k
print(f"latency_ms: {1000 * (time.perf_counter() - began):.4f}")
"""
SCRIPTS = {"val_loss": LOSS, "latency_ms": LATENCY}


def task_of(folder: Path, metric: str) -> Task:
    """A checkout whose script prints a metric."""
    folder.mkdir()
    (folder / "train.py").write_text(SCRIPTS[metric])
    (folder / "prepare.py").write_text("TIME_BUDGET = 0.05\n")
    toml = f'kind = "script"\nmetric = "{metric}"\ndirection = "down"\npreload = ["numpy"]\n'
    (folder / "task.toml").write_text(toml)
    return load_task(str(folder), folder.parent)


def verified(task: Task, lab: LocalLab, settings: Settings, runs: int, first: int) -> list[Evidence]:
    """What is said of a submission, each time with other seeds."""
    submitted = Submissions(settings={1: settings}, last=1)
    found = [verify(task, lab, submitted, seed=first + k, seeds=2, pairs=PAIRS).evidence for k in range(runs)]
    return [one for one in found if one is not None]


def row(metric: str, runs: int, scratch: Path) -> str:
    """The row of a script in a table."""
    began = time.perf_counter()
    with LocalLab(task_of(scratch / metric, metric), slots=2) as lab:
        task = measured(lab.task, lab)
        nothing = verified(task, lab, {"IDLE": 2.0}, runs, 0)
        resolution = median(one.resolution or 0.0 for one in nothing)
        share = resolution / task.baseline.heldout if task.timed else resolution
        planted = verified(task, lab, {"GAIN": min(2 * share, 0.95)}, runs, runs)
    took = time.perf_counter() - began
    stated = f"{share:.1%}" if task.timed else f"{resolution:.4f}"
    told = " | ".join(f"{sum(one.confirmed for one in found)} of {len(found)}" for found in (nothing, planted))
    return f"| {metric} | {told} | {stated} | {took:.0f} |"


@contextmanager
def beside(loops: int) -> Generator[None]:
    """Some endless loops while the body runs."""
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)]
    try:
        yield
    finally:
        for one in started:
            one.kill()
            one.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100, help="verifications of each kind (100)")
    parser.add_argument("--busy", type=int, default=0, help="endless loops beside them (0)")
    parser.add_argument("--script", choices=SCRIPTS, action="append", help="only this script")
    asked = parser.parse_args(arguments)
    machine = (
        f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} before it began"
    )
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {asked.busy} endless loops beside it, {PAIRS} pairs each.\n")
    print("| metric | confirmed of no gain | confirmed of twice the resolution | stated resolution | seconds |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch, beside(asked.busy):
        for metric in asked.script or SCRIPTS:
            print(row(metric, asked.runs, Path(scratch)), flush=True)


if __name__ == "__main__":
    main()
