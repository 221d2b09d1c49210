"""Making a task of a checkout that nobody has described: reading it, trying it, and writing its `task.toml`."""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from orgopt.errors import OrgoptError, TaskError
from orgopt.foreign.draft import Answers, draft
from orgopt.foreign.survey import Survey, survey
from orgopt.lab.checking import Check, check
from orgopt.ledger import write_text
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.workspace import require_writable

_ALONE_S = 60.0
"""Seconds for knobs that are tried one at a time."""
_HEAVY = ("torch", "tensorflow", "jax", "sklearn", "scipy", "pandas", "numpy", "xgboost", "lightgbm")
"""What takes long to import, the slowest first; imported once where experiments begin from one process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What became of a checkout.

    Attributes:
        survey: What its files say.
        toml: The file that was written.
        task: It as a task; None where something is left to decide.
        left_open: What is left to decide, as a message; empty for nothing.
        check: What a run showed; None where none was made.
    """

    survey: Survey
    toml: Path
    task: Task | None
    left_open: str = ""
    check: Check | None = None


def adopt(
    found: Survey,
    workspace: Path,
    answers: Answers,
    *,
    tries: bool = True,
    note: Callable[[str], None] = lambda _: None,
) -> Adoption:
    """Write the `task.toml` of a checkout, and run it once to see which knobs arrive; those that do not are left.

    Raises:
        StoreError: Its folder cannot be written.
        TaskError: It has one already.
    """
    toml = found.folder / "task.toml"
    require_writable(toml)
    if os.path.lexists(toml):
        raise TaskError(f"{toml} is already there: it says what is known of this checkout")
    answers = replace(answers, preload=preloads(found))
    write_text(toml, draft(found, answers))
    try:
        task = load_task(str(found.folder), workspace)
    except OrgoptError as error:
        return Adoption(survey=found, toml=toml, task=None, left_open=str(error))
    if not tries:
        return Adoption(survey=found, toml=toml, task=task)
    try:
        done = check(task, runs=1, alone_s=_ALONE_S, note=note)
    except OrgoptError as error:
        return Adoption(survey=found, toml=toml, task=task, left_open=str(error))
    left = [*done.unproven, *done.untried]
    if not done.failed and done.read and left:
        leave = dict.fromkeys(left, "a run did not show that its value arrives")
        write_text(toml, draft(found, replace(answers, leave=leave)))
        task = load_task(str(found.folder), workspace)
    return Adoption(survey=found, toml=toml, task=task, check=done)


def read_checkout(folder: Path, script: str = "") -> Survey:
    """What the files of a checkout say; `script` names its script where a person did.

    Raises:
        TaskError: Nothing in it looks like something to run, or a file of it cannot be read.
    """
    return survey(folder.resolve(), script)


def preloads(found: Survey) -> tuple[str, ...]:
    """Installed modules that the script imports and that take long, where it runs in the Python that runs orgopt."""
    if found.python or found.parts.script.tree is None:
        return ()
    text = found.parts.script.text
    names = [name for name in _HEAVY if f"import {name}" in text or f"from {name}" in text]
    return tuple(name for name in names if importlib.util.find_spec(name) is not None)
