"""How soon MLflow shows the list of an experiment with a large study, in Chromium.

    python -m tests.bench.tracking_page [GENERATIONS] [POPULATION]

Prints JSON: for the short list and for all candidates the seconds by the clock from the request to the first rows, the
CPU seconds of browser and server together for it: at a high load, only CPU says something. Each is the least of two,
with MLflow's scripts in the browser's cache.
"""

import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from orgopt.tracking import Tracking
from orgopt.tracking.shown.saved_view import EVERY, VIEW
from tests.fakes.browser import pages, served
from tests.fakes.studies import write_study
from tests.fakes.study import records

TURNS = 2


def main(generations: int = 100, population: int = 10) -> None:
    """Measure, and print."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.fsync = lambda _: None  # nobody cuts the power
    found: dict[str, Any] = {"candidates": generations * population, "load": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_study(Path(scratch) / "mlruns" / "studies" / "large", records(generations, population, tests=20))
        sent = Tracking(Path(scratch)).sync(folder)
        assert not sent.problem, sent.problem
        with served(Path(scratch)) as (runs, _), pages(1440, 900) as page:
            for view, address, row in (("short", runs, "★ g"), ("all", runs.replace(VIEW, EVERY), "g00 · c01")):
                took = [_shown(page, address, row) for _ in range(1 + TURNS)][1:]
                found[view] = {"s": min(s for s, _ in took), "cpu_s": min(cpu for _, cpu in took)}
    sys.stdout.write(json.dumps(found) + "\n")


def _shown(page: Any, address: str, row: str) -> tuple[float, float]:
    """Seconds by the clock and of CPU until a row is shown."""
    page.goto("about:blank")
    began, used = time.perf_counter(), _used()
    page.goto(address, wait_until="commit")
    page.locator(".ag-row a", has_text=row).first.wait_for()
    return round(time.perf_counter() - began, 2), round(_used() - used, 2)


def _used() -> float:
    """CPU seconds of all processes that this one started: the browser's and the server's."""
    stats: dict[int, tuple[int, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            rest = path.read_text().rpartition(")")[2].split()  # a name may have spaces
            stats[int(path.parent.name)] = int(rest[1]), int(rest[11]) + int(rest[12])
    ours = {os.getpid()}
    while more := {pid for pid, (parent, _) in stats.items() if parent in ours} - ours:
        ours |= more
    return sum(stats[pid][1] for pid in ours - {os.getpid()}) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
