"""What the front door is given: documents, tasks and durations, as objects or as one would type them."""

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from orgopt.basics.callback import Callback
from orgopt.document import Program, load, parse, require_org
from orgopt.document.reading_summary import in_a_line, inferred, with_policies
from orgopt.errors import UsageError
from orgopt.org import Org
from orgopt.tasks.documents import require_fit
from orgopt.tasks.folder import load_task
from orgopt.tasks.suite import SUITE, is_suite, suite_folders
from orgopt.tasks.task import Task
from orgopt.workspace import find_workspace

Document = Program | str | Path
"""A document: read, or a file, a folder, or such as `prompts:/NAME@champion` of MLflow's prompt registry."""
AnyTask = Task | str | Path
"""A task: loaded, its name, or its folder."""
Duration = float | str
"""Seconds as a number, or such as `30s`, `10m` and `2h`; of a budget such as `36x`, too: so many median experiments a
slot of each task."""

PROMPTS = "prompts:/"
SHORTEST_S = 0.001
"""The shortest budget: ledgers have times to a tenth of that."""
MOST_S = 366 * 86_400
MOST_NAME_BYTES = 100
_UNITS = {"s": 1, None: 1, "m": 60, "min": 60, "h": 3600}


def require_document(document: object, name: str = "document") -> None:
    """Refuse what is no document, and an empty name, which would be the current folder.

    Args:
        document: What was given.
        name: Of the argument.

    Raises:
        UsageError: It says which argument, and what it may be.
    """
    if not isinstance(document, Document) or document == "":
        raise UsageError(f"{name} must be a file, a folder, prompts:/NAME@ALIAS or a Program, not {document!r}")


def one_by_one(documents: Sequence[Document | Sequence[Document]]) -> tuple[Document, ...]:
    """Documents as they were given: one by one, or all in one list.

    Raises:
        UsageError: One of them is none.
    """
    only = documents[0] if len(documents) == 1 else None
    given = cast("tuple[Document, ...]", tuple(only) if isinstance(only, list | tuple) else documents)
    for document in given:
        require_document(document, "each document")
    return given


def program_of(document: Document, name: str = "document", *, agents: str | None = None) -> Program:
    """A document, read.

    Args:
        document: Where it is kept, or itself.
        name: Of the argument, for errors.
        agents: A policy that stands in for the agents that think in words; None leaves them.

    Raises:
        DocumentError: It cannot be read.
        UsageError: It is none, or there is no such prompt, or no such policy.
    """
    program = _program(document, name)
    return program if agents is None else with_policies(program, agents)


def _program(document: Document, name: str) -> Program:
    require_document(document, name)
    if isinstance(document, Program):
        return document
    source = str(document)
    if not source.startswith(PROMPTS):
        return load(source)
    from orgopt.tracking import load_prompt

    name = re.sub(r"(\.md)?[^\w.-]+", "-", source.removeprefix(PROMPTS))
    return parse(load_prompt(find_workspace(), source), f"{name}.md")


def announce(program: Program, callback: Callback) -> Org:
    """The organization of a document that may run, after a person was told what was read.

    Raises:
        DocumentError: The document has errors.
    """
    org = require_org(program)
    callback.organization_read(in_a_line(program), inferred(program))
    return org


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
    """Tasks by their own names; `suite` is all of `orgopt.tasks.suite`.

    Raises:
        UsageError: There is none, no such task, or one is named twice.
        TaskError: A task is malformed.
    """
    tasks: dict[str, Task] = {}
    for one in task_names(asked):
        meant = suite_folders() if is_suite(one, workspace) else (one,)
        for task in (each if isinstance(each, Task) else load_task(str(each), workspace) for each in meant):
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
        raise UsageError(f"task must be one name, one folder or one Task, not {asked!r}")
    found = tasks_of(asked, workspace)
    if len(found) > 1:
        raise UsageError(
            f"{SUITE} is {len(found)} tasks, and this takes one: {', '.join(found)}. compare, optimize and bench "
            "take them all"
        )
    return next(iter(found.values()))


def require_entrants(entrants: Iterable[str], orgs: Mapping[str, Org], tasks: Iterable[Task]) -> None:
    """Refuse who cannot work on a task: teams and plain samplers on one for searches, and searches on one for teams.

    Args:
        entrants: Who takes part, by name.
        orgs: The organizations of those that are documents.
        tasks: What all of them do.

    Raises:
        UsageError: It says who, and on what.
    """
    for task in tasks:
        for name in entrants:
            if name in orgs:
                require_fit(orgs[name], task)
            elif task.proposes == "documents":
                raise UsageError(f"{name} draws settings, and {task.name} has none: it is a task for searches")


def task_names(asked: object, name: str = "task") -> Sequence[AnyTask]:
    """One task or several, as several.

    Args:
        asked: What was given.
        name: Of the argument, for errors.

    Raises:
        UsageError: It is something else.
    """
    alone = isinstance(asked, AnyTask) or not isinstance(asked, Iterable)
    several = cast("Iterable[object]", [asked] if alone else asked)
    found: list[AnyTask] = []
    for one in several:
        if not isinstance(one, AnyTask) or one == "":
            raise UsageError(f"{name} must be a name, a folder or a Task, or several of them, not {one!r}")
        found.append(one)
    return found


def seconds(duration: Duration) -> float:
    """Seconds of a duration.

    Raises:
        UsageError: It is none, or no time at all.
    """
    if isinstance(duration, bool) or not isinstance(duration, str | int | float):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UsageError(f"budget must be seconds, or text such as 15s, 30m or 2h, not {duration!r}")
    if isinstance(duration, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*", duration)
        if not match:
            raise UsageError(f"'{duration}' is not a duration: write 15s, 30m or 2h")
        found = float(match[1]) * _UNITS[match[2]]
    else:
        found = float(duration)
    if found > MOST_S:
        raise UsageError(f"'{str(duration)[:20]}' is longer than a year: a budget is at most {MOST_S / 3600:g}h")
    if not found >= SHORTEST_S:  # nor what is no number
        raise UsageError(f"'{duration}' is no time at all: a budget must be {SHORTEST_S:g} s or more")
    return found


def experiments_a_slot(budget: Duration) -> float | None:
    """How many median experiments a slot a budget is, such as `36x`; None where it is a time.

    Raises:
        UsageError: It is fewer than one.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*[x×]\s*", budget) if isinstance(budget, str) else None
    if match and not float(match[1]) >= 1:
        raise UsageError(f"'{budget}' is less than one experiment: a budget must be 1x or more")
    return float(match[1]) if match else None


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
