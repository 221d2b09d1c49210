"""`orgopt ui`: serves the workspace's runs, and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from orgopt.document import Program
from orgopt.tasks.task import Task
from orgopt.tracking import Tracking
from tests.fakes.studies import make_study
from tests.test_cli import _descendants

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_the_ui_shows_the_nested_runs_of_the_workspace(
    tmp_path: Path, toy: Task, trio: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert not Tracking(tmp_path).sync(make_study(tmp_path, toy, trio)).problem
    command = [sys.executable, "-m", "orgopt", "ui", "--workspace", str(tmp_path), "--port", "5690"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.search(r"(http://127\.0\.0\.1:\d+)/#/experiments/(\d+)/runs", line)
        assert match, line
        request = urllib.request.Request(
            f"{match[1]}/api/2.0/mlflow/runs/search",
            data=json.dumps({"experiment_ids": [match[2]]}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found = json.load(answer)["runs"]
        kinds = [tag["value"] for one in found for tag in one["data"]["tags"] if tag["key"] == "orgopt.kind"]
        assert {kind: kinds.count(kind) for kind in ("study", "generation", "candidate")} == {
            "study": 1,
            "generation": 2,
            "candidate": 6,
        }
        with urllib.request.urlopen(f"{match[1]}/", timeout=20) as page:
            assert b"MLflow" in page.read()
        for origin in ("http://localhost:1234", "http://127.0.0.1:1234", "null"):
            request.add_header("Origin", origin)  # a page of another server on this machine
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(request, timeout=20)
        servers = _descendants(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
    assert servers
    for pid in servers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
