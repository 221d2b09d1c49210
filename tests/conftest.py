"""Fixtures: the toy task, and documents; and what is left out where no sandbox holds."""

import gc
import json
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for

from orgopt.document import Program, parse
from orgopt.lab.doctor.probes import trial
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.tasks.task import Task
from orgopt.testing.documents import TRIO as TRIO
from orgopt.testing.toy_task import toy_task

ROOT = Path(__file__).parent.parent

collect_ignore = ["plugin"]  # a package of its own: see test_plugins.py

GROUPS = {
    "browser": ("browser",),
    "cluster": ("ray",),
    "models": ("kept", "language_cli", "minds", "model", "optimizers", "rewrite"),
    "studies": ("feedback", "study"),
    "tracking": ("tracking", "tracking_cli", "tracking_server"),
}
"""Files of tests that share what takes seconds: imports, databases, runs of studies. A group is one process's."""

NO_SANDBOX = "no sandbox holds here: "


@cache
def without_sandbox() -> str:
    """Why no experiment can be sandboxed here, from really starting one; empty where one can."""
    return trial(Sandbox.BUBBLEWRAP).partition("\n")[0].rstrip(":")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of a test that sweeps over many cases, leave one in so many to the default tests, and the rest to `make slow`."""
    seen = Counter[str]()
    for item in items:
        if swept := item.get_closest_marker("sweep"):
            name = item.nodeid.partition("[")[0]
            if seen[name] % swept.args[0]:
                item.add_marker(pytest.mark.slow)
            seen[name] += 1


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("sandbox") and (why := without_sandbox()):
        pytest.skip(NO_SANDBOX + why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report.longrepr[2] for report in terminalreporter.stats.get("skipped", ())]
    if left_out := [why.partition(NO_SANDBOX)[2] for why in skipped if NO_SANDBOX in why]:
        terminalreporter.write_line(f"{len(left_out)} tests skipped for want of a sandbox: {left_out[0]}", yellow=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Groups by file, the largest first; xdist's own marks do nothing under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    group_of = {f"tests/test_{name}.py": group for group, names in GROUPS.items() for name in names}

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of.get(nodeid.partition("::")[0], nodeid)

    return Groups(config, log)


@pytest.fixture(scope="session", autouse=True)
def quick() -> Iterator[None]:
    """Do not wait for the disk, as no test cuts the power, nor for more of a forest than tests look at.

    Garbage is looked for rarely: each time takes long, so full of libraries is the memory.
    """
    gc.set_threshold(100_000, 20, 100)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as a shell's background has it: no child would hear Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: None)
        patched.setattr("orgopt.evolve.importances.TREES", 8)
        yield


@pytest.fixture(autouse=True)
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where results may go: nothing of a test lands in the checkout."""
    if "tmp_path" in request.fixturenames:
        monkeypatch.chdir(request.getfixturevalue("tmp_path"))


@pytest.fixture(autouse=True)
def printed_json_is_as_its_schema_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a command prints as JSON in a test keeps to what `orgopt schema` says of its kind."""
    from orgopt.cli.shared import base

    echo = base.echo

    def checked(text: str) -> None:
        if text.startswith("{") and (kind := json.loads(text).get("kind")):
            validator(kind).validate(json.loads(text))
        echo(text)

    monkeypatch.setattr(base, "echo", checked)


@cache
def validator(kind: str) -> Validator:
    """What checks the JSON of a kind."""
    from orgopt.api.schemas import schema

    cls = validator_for(schema(kind))
    cls.check_schema(schema(kind))
    return cls(schema(kind))


@pytest.fixture
def toy() -> Task:
    return toy_task()


@pytest.fixture
def trio() -> Program:
    return parse(TRIO, "trio.md")


@pytest.fixture
def known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Boards draw the same seeds each time: how many rounds a claim takes, and at times its outcome, is their luck."""
    drawn = random.Random(0)
    monkeypatch.setattr("secrets.token_hex", lambda size=32: drawn.randbytes(size).hex())
