"""How soon the live page of a large study is shown, and how much memory its script takes, in Chromium.

    python -m tests.bench.live_page [GENERATIONS] [POPULATION]

Prints JSON: seconds from the request to the first verdict and chart, with a server that has just started (`cold`) and
one that has read the log (`warm`); the seconds until the page shows a run that was added to the log; megabytes of the
script's memory after a collection of garbage; and the load of the machine, which decides all seconds.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.fakes.studies import write_study
from tests.fakes.study import records
from tests.test_live import append
from tests.test_live_page import served, watched

NAME = "large"


def main(generations: int = 100, population: int = 10) -> None:
    """Measure, and print."""
    os.fsync = lambda _: None  # nobody cuts the power
    told = records(generations, population, tests=20)
    last = max(i for i, record in enumerate(told) if record["kind"] == "evaluation" and record["phase"] == "search")
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_study(Path(scratch) / "mlruns" / "studies" / NAME, told[:last])
        with served(Path(scratch)) as address, watched() as (page, faults):
            found: dict[str, Any] = {"candidates": generations * population, "load": os.getloadavg()[0]}
            for name in ("cold", "warm"):
                found[f"{name}_s"] = _shown(page, f"{address}/orgopt/studies/{NAME}")
            began = time.perf_counter()
            before = page.evaluate("document.querySelector('.facts').textContent")
            append(folder, told[last : last + 1])
            page.wait_for_function("before => document.querySelector('.facts').textContent !== before", arg=before)
            found["followed_s"] = round(time.perf_counter() - began, 2)
            found["heap_mb"] = _heap(page)
            found["faults"] = faults
    sys.stdout.write(json.dumps(found) + "\n")


def _shown(page: Any, address: str) -> float:
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("h1")
    page.wait_for_selector("#fitness svg .pick")
    return round(time.perf_counter() - began, 2)


def _heap(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    return round(used / 1e6, 1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
