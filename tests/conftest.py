"""Fixtures: the toy task, and documents."""

from pathlib import Path

import pytest

from orgopt.document import Program, parse
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


@pytest.fixture
def toy() -> Task:
    return load_task(str(ROOT / "tests" / "toy"))


@pytest.fixture
def trio() -> Program:
    return parse(TRIO, "trio.md")
