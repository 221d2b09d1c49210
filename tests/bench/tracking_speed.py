"""What MLflow costs: a study that is logged against the same one that is not, and a store of a thousand candidates."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orgopt.storage.jsonl import read_lines
from orgopt.study.records.names import LOG

ROOT = Path(__file__).parent.parent.parent
ORGOPT = [sys.executable, "-m", "orgopt"]
ENV = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"} | {"PYTHONPATH": str(ROOT)}
Record = dict[str, Any]
Row = tuple[str, str, str]


def run_study(workspace: Path, *options: str, env: dict[str, str] | None = None) -> float:
    """Wall seconds of a study of the trio in replay."""
    (workspace / "mlruns").mkdir(exist_ok=True)
    shutil.copy(ROOT / "orgs" / "trio.md", workspace)
    command = [*ORGOPT, "optimize", "trio.md", "--task", "digits", "--lab", "replay", *options]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=workspace, env=env or ENV)
    return time.perf_counter() - began


def many(source: Path, target: Path, candidates: int, population: int) -> Path:
    """A study of many candidates, made by repeating those of a small one."""
    target.mkdir(parents=True)
    records = list(read_lines(source / LOG))
    given = [record for record in records if record["kind"] == "candidate"]
    head = {**records[0], "name": target.name, "identity": {**records[0]["identity"], "population": population}}
    with (target / LOG).open("w", encoding="utf-8") as log:
        for record in [head, *_repeated(records, given, candidates, population, source, target)]:
            log.write(json.dumps(record) + "\n")
    return target


def _repeated(
    records: list[Record], given: list[Record], candidates: int, population: int, source: Path, target: Path
) -> Iterator[Record]:
    by_name: dict[str, list[Record]] = {}
    for record in records:
        if record["kind"] == "evaluation" and record["phase"] == "search":
            by_name.setdefault(record["entrant"], []).append(record)
    for index in range(candidates):
        old, generation = given[index % len(given)], index // population
        name = f"g{generation:02d}-c{index:02d}"
        yield {**old, "index": index, "name": name, "generation": generation, "parent": index // 2 if index else None}
        yield from ({**one, "entrant": name} for one in by_name[old["name"]])
        shutil.copytree(source / "candidates" / old["name"], target / "candidates" / name)
        if (index + 1) % population == 0:
            yield {"kind": "generation", "generation": generation, "at": old["at"]}


def project(workspace: Path, folder: Path) -> tuple[float, float, int]:
    """CPU seconds of opening MLflow and of sending a study in a process of its own, and the things sent."""
    body = (
        "import sys, time; from pathlib import Path; from orgopt.tracking import Tracking\n"
        "t = Tracking(Path(sys.argv[1])); a = t.open(); b = time.process_time(); s = t.sync(Path(sys.argv[2]))\n"
        "assert not a and not s.problem, (a, s); print(b, time.process_time() - b, s.things)"
    )
    command = [sys.executable, "-c", body, str(workspace), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=workspace, env=ENV)
    opened, sent, things = done.stdout.split()
    return float(opened), float(sent), int(things)


def rows() -> list[Row]:
    """The rows of the table of benchmarks."""
    with tempfile.TemporaryDirectory() as scratch:
        return [*_logged(Path(scratch)), *_down(Path(scratch)), *_list(Path(scratch))]


def _logged(scratch: Path) -> Iterator[Row]:
    """A study of about a minute, 150 candidates and 5 seeds, with and without MLflow, in turns."""
    size = ("--generations", "15", "--population", "10", "--search-seeds", "5", "--budget", "60s")
    rest = ("--race-seeds", "0", "--test-seeds", "5", "--controls", "none", "--name", "bench")
    times: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2):
        for tracked in (True, False):
            workspace = scratch / f"logged-{turn}-{tracked}"
            workspace.mkdir()
            times[tracked].append(run_study(workspace, *size, *rest, *([] if tracked else ["--no-tracking"])))
    with_it, without = min(times[True]), min(times[False])
    what = f"wall time that MLflow adds to a study of 150 candidates × 5 seeds ({without:.0f} s without)"
    yield what, f"{with_it - without:+.1f} s, {with_it / without - 1:+.1%}", "at most 5 %"
    folder = scratch / "logged-0-False" / "mlruns" / "studies" / "bench"
    opened, sent, _ = project(scratch / "logged-0-False", folder)
    yield (
        "CPU of sending that study to MLflow",
        f"{sent / 150 * 1e3:.0f} ms a candidate, and {opened:.1f} s to begin",
        "",
    )


def _down(scratch: Path) -> Iterator[Row]:
    """A study whose tracking server is not there."""
    size = ("--generations", "15", "--population", "10", "--search-seeds", "5", "--budget", "60s")
    rest = ("--race-seeds", "0", "--test-seeds", "5", "--controls", "none", "--name", "bench")
    workspace = scratch / "down"
    workspace.mkdir()
    plain = run_study(workspace, *size, *rest, "--no-tracking")
    shutil.rmtree(workspace)
    workspace.mkdir()
    took = run_study(workspace, *size, *rest, env={**ENV, "MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
    yield "wall time that a tracking server that is down adds to it", f"{took / plain - 1:+.1%}", "at most 2 %"


def _list(scratch: Path) -> Iterator[Row]:
    """The first page of the list of runs among 1,000 candidates, as the pages of MLflow ask for it."""
    workspace = scratch / "many"
    workspace.mkdir()
    source = scratch / "logged-0-False" / "mlruns" / "studies" / "bench"
    folder = many(source, workspace / "mlruns" / "studies" / "many", 1000, 20)
    _, sent, _ = project(workspace, folder)
    yield "CPU of sending 1,000 candidates to MLflow", f"{sent:.0f} s, {sent:.0f} ms a candidate", ""
    command = [*ORGOPT, "ui", "--no-browser", "--workspace", str(workspace)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENV) as process:
        assert process.stdout
        line = process.stdout.readline()
        address = line[line.index("http") :].split("/#/")[0]
        experiment = line.split("/experiments/")[1].split("/")[0]
        took = min(_ask(address, experiment) for _ in range(3))
        process.terminate()
    yield "first page of the list of runs, 1,000 candidates", f"{took:.2f} s", "under 2 s"


def _ask(address: str, experiment: str) -> float:
    query = {"experiment_ids": [experiment], "max_results": 100, "order_by": ["tags.`orgopt.order` ASC"]}
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/2.0/mlflow/runs/search", json.dumps(query).encode(), headers)
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert len(json.load(answer)["runs"]) == 100
    return time.perf_counter() - began


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(row))
