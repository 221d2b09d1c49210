"""Studies of the toy task in virtual time, for what comes after them."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orgopt.document import Program, load
from orgopt.evolve.search import optimize
from orgopt.storage.jsonl import JsonLog
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.tasks.task import Task
from tests.conftest import ROOT
from tests.fakes.arena import toy_arena

NAME = "s"
SMALL = StudyConfig(
    generations=2,
    population=3,
    budget_s=8,
    slots=2,
    search_seeds=2,
    contenders=3,
    race_seeds=3,
    test_seeds=3,
    controls="fast",
)


def make_study(workspace: Path, toy: Task, seed: Program, config: StudyConfig = SMALL) -> Path:
    """Run a study, or go on with it; returns its folder."""
    folder = workspace / "mlruns" / "studies" / NAME
    library = load(ROOT / "orgs" / "library.md")
    arena = toy_arena(toy, budget_s=config.budget_s, slots=config.slots)
    identity = config.identity(seed, {toy.name: toy}, library, {toy.name: {"lab": "replay", "recording": "abc123"}})
    with arena, StudyLog(folder, identity, seed, {toy.name: toy}, "orgopt optimize trio.md") as log:
        optimize(seed, arena, config, log, library=library)
    return folder


def write_study(folder: Path, told: Sequence[dict[str, Any]]) -> Path:
    """Write made-up records as the log of a study; returns its folder."""
    folder.mkdir(parents=True)
    log = JsonLog(folder / "study.jsonl", counted=True)
    for record in told:
        log.append(record)
    log.close()
    return folder


def copied(source: Path, workspace: Path) -> Path:
    """A study in another workspace; returns its folder."""
    folder = workspace / "mlruns" / "studies" / NAME
    shutil.copytree(source, folder)
    return folder
