"""A small study of the toy task, for contracts that need one."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from orgopt.basics.callback import Callback
from orgopt.document import Program
from orgopt.evolve.search import optimize
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig
from orgopt.evolve.trials.runs import Runs
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.study.view import StudyView, load_study
from orgopt.testing.documents import trio
from orgopt.testing.toy_task import toy_replay, toy_task

CONFIG = StudyConfig(generations=2, population=3, budget_s=2, slots=2, search_seeds=2, contenders=2, test_seeds=1)


@contextmanager
def opened(folder: Path, program: Program, config: StudyConfig = CONFIG) -> Generator[Runs]:
    """The runs of a new study in a folder, in virtual time."""
    task = toy_task()
    terms = ArenaConfig(lab=toy_replay, slots=config.slots, budget_s=config.budget_s, verify_seeds=1)
    identity = config.identity(program, {task.name: task}, None, {task.name: {}})
    with (
        Arena({task.name: task}, terms) as arena,
        StudyLog(folder, identity, program, {task.name: task}) as log,
    ):
        yield Runs(arena, log, config.seed, Callback(), lambda _, k: k == 0)


def small_study(folder: Path) -> StudyView:
    """A study that has ended, as its records tell it."""
    program = trio()
    with opened(folder, program) as runs:
        optimize(program, runs.arena, CONFIG, runs.log)
    return load_study(folder)
