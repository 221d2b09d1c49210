"""How soon MLflow shows the list of an experiment with a large study, in Chromium.

    python -m tests.bench.tracking_page [GENERATIONS] [POPULATION]

Prints JSON: seconds from the request to the first rows of the short list and of all candidates, in a browser that has
MLflow's scripts already (`warm`) and one that has not (`cold`); and the load of the machine, which decides all seconds.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from orgopt.tracking import Tracking
from orgopt.tracking.saved_view import EVERY, VIEW
from tests.fakes.browser import pages, served
from tests.fakes.studies import write_study
from tests.fakes.study import records

NAME = "large"


def main(generations: int = 100, population: int = 10) -> None:
    """Measure, and print."""
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.fsync = lambda _: None  # nobody cuts the power
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_study(Path(scratch) / "mlruns" / "studies" / NAME, records(generations, population, tests=20))
        began = time.process_time()
        sent = Tracking(Path(scratch)).sync(folder)
        assert not sent.problem, sent.problem
        found: dict[str, Any] = {"candidates": generations * population}
        found["sent_cpu_s"] = round(time.process_time() - began, 1)
        with served(Path(scratch)) as (runs, _), pages(1440, 900) as page:
            found["load"] = round(os.getloadavg()[0], 1)
            for name in ("cold", "warm", "again"):
                found[f"short_{name}_s"] = _shown(page, runs, "★ g")
            for name in ("warm", "again"):
                found[f"all_{name}_s"] = _shown(page, runs.replace(VIEW, EVERY), "g00 · c01")
    sys.stdout.write(json.dumps(found) + "\n")


def _shown(page: Any, address: str, row: str) -> float:
    page.goto("about:blank")
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(".ag-row a", has_text=row).first.wait_for()
    return round(time.perf_counter() - began, 2)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
