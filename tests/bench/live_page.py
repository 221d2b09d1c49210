"""How soon the live page of a large study is shown, and how much memory its script takes, in Chromium.

    python -m tests.bench.live_page [GENERATIONS] [POPULATION]

Prints JSON: seconds from the request to the first verdict and chart, with a server that has just started (`cold`) and
one that has read the log (`warm`, as the newest study is by a server that waits for its first request); the seconds
until the page shows a run that was added to the log; megabytes of the script's memory after a collection of garbage,
and of the page's process that it has for itself, above those of an empty page; and the load of the machine, which
decides all seconds. The seconds of processor time of both, `server_cpu_s` and `page_cpu_s`, depend on it less.
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
            page.goto("about:blank")
            empty, renderer = _private_mb(page), _renderer(page)
            for name in ("cold", "warm"):
                used = time.process_time(), _cpu_s(renderer)
                found[f"{name}_s"] = _shown(page, f"{address}/orgopt/studies/{NAME}")
                renderer, before = _renderer(page), used[1] if _renderer(page) == renderer else 0.0
                found[f"{name}_server_cpu_s"] = round(time.process_time() - used[0], 2)
                found[f"{name}_page_cpu_s"] = round(_cpu_s(renderer) - before, 2)
            began = time.perf_counter()
            before = page.evaluate("document.querySelector('.facts').textContent")
            append(folder, told[last : last + 1])
            page.wait_for_function("before => document.querySelector('.facts').textContent !== before", arg=before)
            found["followed_s"] = round(time.perf_counter() - began, 2)
            found["heap_mb"] = _heap(page)
            found["page_mb"] = round(_private_mb(page) - empty, 1)
            found["faults"] = faults
    sys.stdout.write(json.dumps(found) + "\n")


def _shown(page: Any, address: str) -> float:
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector("h1")
    page.wait_for_selector("#fitness svg .pick")
    return round(time.perf_counter() - began, 2)


def _renderer(page: Any) -> int:
    """The process that has the page."""
    session = page.context.browser.new_browser_cdp_session()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    return max(one["id"] for one in found if one["type"] == "renderer")


def _cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _private_mb(page: Any) -> float:
    """What the page's process has for itself alone."""
    lines = Path(f"/proc/{_renderer(page)}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1000


def _heap(page: Any) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    return round(used / 1e6, 1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
