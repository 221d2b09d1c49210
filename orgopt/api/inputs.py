"""What the front door is given: documents, tasks and durations, as objects or as one would type them."""

import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from orgopt.callback import Callback
from orgopt.document import Program, load, parse
from orgopt.errors import UsageError
from orgopt.task import Task, load_task
from orgopt.workspace import find_workspace

Document = Program | str | Path
"""A document: read, or a file, a folder, or such as `prompts:/NAME@champion` of MLflow's prompt registry."""
AnyTask = Task | str | Path
"""A task: loaded, its name, or its folder."""
Duration = float | str
"""Seconds as a number, or such as `30s`, `10m` and `2h`."""

PROMPTS = "prompts:/"
MOST_S = 366 * 86_400
MOST_NAME_BYTES = 100
_UNITS = {"s": 1, None: 1, "m": 60, "min": 60, "h": 3600}


def program_of(document: Document) -> Program:
    """A document, read.

    Raises:
        DocumentError: It cannot be read.
        UsageError: There is no such prompt.
    """
    if isinstance(document, Program):
        return document
    source = str(document)
    if not source.startswith(PROMPTS):
        return load(source)
    from orgopt.tracking import load_prompt

    name = re.sub(r"[^\w.-]+", "-", source.removeprefix(PROMPTS))
    return parse(load_prompt(find_workspace(), source), f"{name}.md")


def workspace_of(document: Document) -> Path:
    """The workspace of what is done with a document."""
    source = document.source if isinstance(document, Program) else str(document)
    return find_workspace(None if source.startswith(PROMPTS) else source)


def source_of(document: Document) -> str:
    """A document as it was named."""
    return document.source if isinstance(document, Program) else str(document)


def stem_of(document: Document, program: Program) -> str:
    """What the results of a document are named after."""
    source = source_of(document)
    return Path(program.source if source.startswith(PROMPTS) else source).stem


def tasks_of(asked: AnyTask | Iterable[AnyTask], workspace: Path) -> dict[str, Task]:
    """Tasks by their own names.

    Raises:
        UsageError: There is none, no such task, or one is named twice.
        TaskError: A task is malformed.
    """
    tasks: dict[str, Task] = {}
    for one in [asked] if isinstance(asked, AnyTask) else asked:
        task = one if isinstance(one, Task) else load_task(str(one), workspace)
        if task.name in tasks:
            raise UsageError(f"task {task.name} is named twice")
        tasks[task.name] = task
    if not tasks:
        raise UsageError("name a task, such as tinygpt or a task's folder")
    return tasks


def one_task(asked: AnyTask, workspace: Path) -> Task:
    """The one task of a run.

    Raises:
        UsageError: There is no such task, or several are given.
        TaskError: The task is malformed.
    """
    if not isinstance(asked, AnyTask):  # pyright: ignore[reportUnnecessaryIsInstance]  callers may have no types
        raise UsageError(f"a run is on one task, not on {asked!r}: name one, such as tinygpt or a task's folder")
    return next(iter(tasks_of(asked, workspace).values()))


def task_names(asked: AnyTask | Sequence[AnyTask]) -> Sequence[AnyTask]:
    """One task or several, as several."""
    return [asked] if isinstance(asked, AnyTask) else asked


def seconds(duration: Duration) -> float:
    """Seconds of a duration.

    Raises:
        UsageError: It is none, or no time at all.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*", str(duration))
    if not match:
        raise UsageError(f"'{duration}' is not a duration: write 15s, 30m or 2h")
    found = float(match[1]) * _UNITS[match[2]]
    if found <= 0:
        raise UsageError(f"'{duration}' is no time at all: a budget must be more than zero")
    if found > MOST_S:
        raise UsageError(f"'{str(duration)[:20]}…' is longer than a year: a budget is at most {MOST_S / 3600:g}h")
    return found


def checked_name(name: str | None, noun: str) -> str | None:
    """A name for a folder of results.

    Raises:
        UsageError: It has characters that are not for names of folders.
    """
    if name is None:
        return None
    if not re.fullmatch(r"\w[\w.-]*", str(name)) or len(str(name).encode("utf-8", "replace")) > MOST_NAME_BYTES:
        raise UsageError(
            f"{noun} name {str(name)[:40]!r}: use letters, digits, '.', '-' and '_', a letter or digit first, "
            f"and no more than {MOST_NAME_BYTES} bytes"
        )
    return name


def names(value: str | Sequence[str]) -> tuple[str, ...]:
    """One name or several, as several."""
    return (value,) if isinstance(value, str) else tuple(value)


def told(callback: Callback | None) -> Callback:
    """A callback that was given; without one, notes become warnings.

    Raises:
        UsageError: It is no callback.
    """
    if callback is None:
        return Warned()
    if not isinstance(callback, Callback):  # pyright: ignore[reportUnnecessaryIsInstance]  callers may have no types
        raise UsageError(f"a callback is an object of a class of yours that inherits orgopt.Callback, not {callback!r}")
    return callback


class Warned(Callback):
    """Says what a person should know by Python's warnings."""

    def noted(self, line: str) -> None:
        warnings.warn(line, UserWarning, stacklevel=2)
