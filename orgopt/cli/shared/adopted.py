"""`orgopt init --task FOLDER`: a task of the user's own script; what is unsure is asked in a terminal."""

import math
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from orgopt.api.adoption import adopt, read_checkout
from orgopt.api.labs import kept_baseline
from orgopt.cli.shared.base import count, err, near, out, own_command
from orgopt.cli.shared.check import show_check
from orgopt.errors import OrgoptError, StoreError, UsageError
from orgopt.foreign.checkout import KNOBS_FILE
from orgopt.foreign.draft import Answers, sentences
from orgopt.foreign.results import direction
from orgopt.foreign.survey import Survey
from orgopt.ledger import write_text
from orgopt.settings import SETTINGS
from orgopt.study.wording import duration
from orgopt.tasks.folder import load_task
from orgopt.tasks.source import is_task
from orgopt.tasks.task import Task
from orgopt.workspace import find_workspace

IGNORED = "mlruns/\nmlflow.db*\n"
_SETTINGS = """\
# Settings of this workspace. Each table gives a command's options; the command line wins over them.

[lint]
task = "{task}"

[run]
task = "{task}"
budget = "{budget}"
slots = 2

[compare]
task = "{task}"
budget = "{budget}"
slots = 2
seeds = {seeds}  # runs of each; more add to a contest

[optimize]
task = "{task}"
budget = "{budget}"
slots = 2
"""
_EXPERIMENTS = 8
"""A budget has room for as many experiments a slot."""
_LEAST_S, _USUAL_S = 10, 60
_FIRST_S = 150.0
"""Seconds that a first contest of two should take, where its experiments let it."""
_LEAST_SEEDS, _MOST_SEEDS = 3, 5
_VERIFIED = 2.5
"""Experiments that a run's verification takes beside its budget."""


def adopt_folder(checkout: Path, folder: Path | None, org: Path, *, script: str, tries: bool) -> list[Path]:
    """Make a task of a checkout, and a workspace for it where one is named; what is there already stays.

    Returns what was written.

    Raises:
        StoreError: A folder cannot be written.
        TaskError: Nothing in the checkout looks like something to run.
        UsageError: Nothing in it could be turned.
    """
    workspace = find_workspace(folder)
    described = os.path.lexists(checkout / "task.toml")
    known = _known(checkout, workspace)
    seconds = known.baseline.seconds if known else _adopted(checkout, workspace, script=script, tries=tries)
    if known:
        out.print(f"{near(checkout)} is a task as it stands: {count(len(known.knobs), 'knob')}, {known.metric}")
    written = [] if described or known else [checkout / "task.toml"]
    if folder is not None:
        texts = {
            "program.md": org.read_text("utf-8"),
            SETTINGS: _SETTINGS.format(task=checkout, budget=f"{_budget(seconds)}s", seeds=_seeds(seconds)),
            ".gitignore": IGNORED,
        }
        new = write_new(folder, texts)
        for path in new:
            out.print(f"  + {near(path)}", markup=False)
        written += new
    if seconds is not None:
        _say_next(checkout, folder, seconds)
    return written


def _known(checkout: Path, workspace: Path) -> Task | None:
    """The checkout as the task that it is already; None where it needs a `task.toml`.

    Raises:
        OrgoptError: It has one, which is not understood.
    """
    described = os.path.lexists(checkout / "task.toml")
    if not described and not is_task(checkout):
        return None
    try:
        return kept_baseline(load_task(str(checkout), workspace), workspace)
    except OrgoptError:
        if described:
            raise
        return None


def _adopted(checkout: Path, workspace: Path, *, script: str, tries: bool) -> float | None:
    """Write what is found of a checkout and say it.

    Returns:
        Seconds of an experiment, 0 where none ran; None where it is no task yet.
    """
    found = read_checkout(checkout, script)
    for what, text in sentences(found):
        out.print(f"{what:<16} {text}", markup=False, soft_wrap=True)
    if not found.knobs:
        script = found.parts.script.name
        raise UsageError(
            f"{near(checkout)} has nothing that could be turned: no constant, option, field or configuration file with "
            f"a number in {'its files' if script == KNOBS_FILE else script}. Name another script with --script"
        )
    done = adopt(
        found, workspace, answered(found), tries=tries, note=lambda line: err.print(line, style="dim", markup=False)
    )
    out.print(f"  + {near(done.toml)}", markup=False)
    if done.left_open:
        err.print(f"To decide: {done.left_open}", style="yellow", markup=False, soft_wrap=True)
    if done.task and done.check:
        show_check(done.task, done.check)
    if found.lacks:
        needs = ", ".join(found.lacks)
        err.print(
            f"To decide: the script needs {needs}: write it into run in {near(done.toml)}", style="yellow", markup=False
        )
    ran = done.check is not None and not math.isnan(done.check.seconds)
    return None if done.task is None else done.check.seconds if ran and done.check else 0.0


def asks() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def answered(found: Survey) -> Answers:
    """What steers, asked in a terminal where it is unsure; elsewhere what is most likely."""
    steers = found.steering
    if steers is None:
        return Answers()
    if steers.test and not asks():
        return Answers()  # nothing of test data steers unless somebody says so
    name, up = steers.shown.name, steers.up
    if not steers.sure and asks():
        if steers.test:
            out.print(f"{name} is measured on test data: agents will fit them.", style="yellow", markup=False)
        name = click.prompt("Which number steers?", default=name, type=click.Choice([name, *steers.others[:6]]))
        up = up if name == steers.shown.name else direction(name)
        if up is None:
            up = click.prompt(f"Is less {name} better, or more?", type=click.Choice(["less", "more"])) == "more"
    return Answers(metric=name, up=up)


def _budget(seconds: float | None) -> int:
    """Seconds of a budget with room for some experiments."""
    return math.ceil(max(_LEAST_S, seconds * _EXPERIMENTS)) if seconds else _USUAL_S


def _run_s(seconds: float | None) -> float:
    """Seconds that a run takes with its verification."""
    return _budget(seconds) + _VERIFIED * (seconds or 0.0)


def _seeds(seconds: float | None) -> int:
    """Runs of each of two entrants in a first contest: as many as an impatient person waits for."""
    return max(_LEAST_SEEDS, min(_MOST_SEEDS, int(_FIRST_S / (2 * _run_s(seconds)))))


def _say_next(checkout: Path, folder: Path | None, seconds: float) -> None:
    """What to type next, such that it works from here, and how long it takes."""
    away = folder is not None and folder.resolve() != Path.cwd()
    there = f"cd {shlex.quote(str(folder))} && " if away else ""
    name = own_command(anywhere=away)
    if folder is None:
        out.print(
            f"\nNext, a workspace beside it: {name} init my-lab --task {shlex.quote(near(checkout))}", markup=False
        )
        return
    one, two = (duration(_run_s(seconds) * runs) for runs in (1, 2 * _seeds(seconds)))
    out.print(f"\nNext, in about {one}: {there}{name} run program.md", markup=False, soft_wrap=True)
    out.print(
        f"Is it better than plain Optuna? In about {two}: {there}{name} compare program.md optuna:tpe",
        markup=False,
        soft_wrap=True,
    )


def write_new(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files that are not there yet; returns what was written.

    Raises:
        StoreError: The folder cannot be written.
    """
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            if not os.path.lexists(folder / name):
                write_text(folder / name, text)
                written.append(folder / name)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}") from None
    return written
