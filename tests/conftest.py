"""Fixtures: the toy task, and documents; and what is left out where no sandbox holds."""

from functools import cache
from pathlib import Path

import pytest

from orgopt.document import Program, parse
from orgopt.lab.probes import trial
from orgopt.lab.sandbox import Sandbox
from orgopt.task import Task, load_task

ROOT = Path(__file__).parent.parent

TRIO = """\
# Trio

Find the bottom.

## Roles

### Lead
- **Headcount:** 1
- **Agent:** tpe
- **Risk tolerance:** 0.2

Decide.

### Explorer
- **Headcount:** 2
- **Agent:** hill-climb
- **Risk tolerance:** 0.5

Explore.

## Links
- Explorer → Lead: reports to

## Rhythm
- **Stand-up:** every 8 experiments, everyone, best 2
"""


NO_SANDBOX = "no sandbox holds here: "


@cache
def without_sandbox() -> str:
    """Why no experiment can be sandboxed here, from really starting one; empty where one can."""
    return trial(Sandbox.BUBBLEWRAP).partition("\n")[0].rstrip(":")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("sandbox") and (why := without_sandbox()):
        pytest.skip(NO_SANDBOX + why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())]
    if left_out := [why.partition(NO_SANDBOX)[2] for why in skipped if NO_SANDBOX in why]:
        terminalreporter.write_line(f"{len(left_out)} tests skipped for want of a sandbox: {left_out[0]}", yellow=True)


@pytest.fixture
def toy() -> Task:
    return load_task(str(ROOT / "tests" / "toy"))


@pytest.fixture
def trio() -> Program:
    return parse(TRIO, "trio.md")
