"""Task folders: how one is read as a `Task`, from `task.toml`, a script or a world, or what a checkout's files say."""

import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from orgopt import foreign
from orgopt.errors import TaskError, UsageError
from orgopt.settings import SETTINGS
from orgopt.storage import regular_files
from orgopt.tasks import normalisation
from orgopt.tasks.experiment_limits import WITH_GPU, Limits
from orgopt.tasks.form import PRINTS, read_task_toml
from orgopt.tasks.knob import parse_knobs
from orgopt.tasks.source import find_task, is_task
from orgopt.tasks.task import Measure, Task

PLAIN: dict[str, Any] = {"kind": PRINTS}
"""What stands for the `task.toml` of a checkout that has none."""


def load_task(name: str, workspace: Path | None = None) -> Task:
    """A task by the name of its folder, or by a path to it; with parameters of its world, another of its worlds.

    `nk:landscape=7` is the task nk with that parameter, several are separated by commas, and of a task with one
    parameter `bench:167190` is enough. It is named after those that are not the default: `nk-landscape-7`.

    Raises:
        UsageError: There is no such task, or it has no such parameter.
        PluginError: The package that has it does not work, or the name is taken twice.
        TaskError: The task is malformed.
    """
    folder = Path(name)
    workspace = workspace or Path.cwd()
    if ":" in name and not is_task(folder):
        place, _, given = name.rpartition(":")
        return _with_given(load_task(place, workspace), given)
    if not is_task(folder):
        folder = find_task(name, workspace)
    toml = folder / "task.toml"
    try:
        table = read_task_toml(toml) if os.path.lexists(toml) else PLAIN
        if table.get("kind") == PRINTS:
            return _checkout(folder.resolve(), table, workspace)
        return _task(folder.resolve(), table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise TaskError(f"{toml if toml.is_file() else folder}: {what}") from None


def _with_given(task: Task, given: str) -> Task:
    """A task with parameters as they are written after its name."""
    known = ", ".join(f"{key}={json.dumps(value)}" for key, value in task.parameters.items()) or "none"
    found: dict[str, Any] = {}
    for one in given.split(","):
        key, equals, value = one.strip().partition("=")
        if not equals and len(task.parameters) == 1:
            (key,), value = task.parameters, one.strip()
        if key not in task.parameters or not value:
            raise UsageError(
                f"'{given}' says no parameter of {task.name} (there are: {known}): write {task.name}:NAME=VALUE"
            )
        found[key] = _parameter(task, key, value)
    other = {key: value for key, value in found.items() if value != task.parameters[key]}
    alone = len(task.parameters) == 1
    words = [str(value) if alone else f"{key}-{value}" for key, value in other.items()]
    name = re.sub(r"[^\w.-]+", "-", "-".join([task.name, *words]))
    return replace(task.with_parameters(**found), name=name)


def _parameter(task: Task, key: str, value: str) -> Any:
    """A parameter's value, of the type that `task.toml` gives it."""
    default: object = task.parameters[key]
    if isinstance(default, str):
        return value
    try:
        read: object = json.loads(value)
    except ValueError:
        read = None
    if isinstance(default, bool):
        fits, kind = isinstance(read, bool), "true or false"
    elif isinstance(default, float):
        fits, kind = isinstance(read, int | float) and not isinstance(read, bool), "a number"
    else:
        fits, kind = isinstance(read, int) and not isinstance(read, bool), "a whole number"
    if not fits:
        raise UsageError(f"{key} of {task.name} is {kind}, not '{value}'")
    return read


def _checkout(folder: Path, toml: dict[str, Any], workspace: Path) -> Task:
    """A task whose script prints its metric; what `task.toml` does not say is found in the files."""
    told = {key: value for key, value in toml.items() if toml is not PLAIN}
    found = foreign.find(folder, told)
    script = found.script
    runs = foreign.typed(found.run) if script == foreign.KNOBS_FILE else script
    metric, time = found.metric, toml.get("time", {})
    given = {"wall_s": found.times.limit_s, **toml.get("limits", {})}
    allowed = foreign.allowed(workspace, folder, toml)
    limits = replace(_limits(given, {}, {"gpu": int(found.gpu), **toml.get("resources", {})}), read=allowed.read)
    name = f"-{metric.name}" * metric.up or metric.name
    nothing = Measure(metric=math.nan, heldout=math.nan, sd=0.0, seeds=0)
    more = f" More {metric.name} is better: it stands here as {name}, negated." * metric.up
    task = Task(
        name=folder.name,
        folder=folder,
        title=str(toml.get("title", f"A checkout whose {runs} prints its own {metric.name}")),
        brief=str(toml.get("brief", f"Improve the {metric.name} that {runs} prints.{more}")).strip(),
        metric=name,
        heldout=name,
        unit=str(toml.get("unit", metric.name)),
        script=script,
        world="",
        parameters={},
        preload=tuple(toml.get("preload", ())),
        limit_s=_positive(given, "wall_s", found.times.limit_s),
        # A policy agent stands for a researcher: it thinks for a tenth of an experiment before each proposal.
        think_s=float(time.get("think_s", found.times.run_s / 10)),
        meeting_s=float(time.get("meeting_s", found.times.run_s / 30)),
        meeting_per_head_s=float(time.get("meeting_per_head_s", found.times.run_s / 30)),
        random_start=False,
        baseline=nothing,
        reference=None,
        floors={},
        data_digest="",
        source=found.source,
        knobs=parse_knobs(found.source, f"{folder.name}/{script}"),
        limits=limits,
        printed=metric.name,
        data=found.data,
        timed=_timed(toml, metric.name),
        seeds=found.seeds,
        python=allowed.python,
        files_digest=foreign.files_digest(folder),
        run=found.run,
        texts=found.texts,
        targets=found.targets,
        pattern=str(toml.get("pattern", "")),
        metric_file=str(toml.get("metric_file", "")),
        metric_key=str(toml.get("metric_key", "")),
        settings=str(workspace.absolute() / SETTINGS),
        paced=not found.times.said and "time" not in toml,
    )
    if not task.knobs:
        raise TaskError(
            f"{folder.name}/{script} has no knobs: it needs constants, options or settings that are numbers, or "
            f"constants that are marked with '# knob: …'{found.left_out}"
        )
    return task


def _task(folder: Path, toml: dict[str, Any]) -> Task:
    script, world = str(toml.get("script", "")), str(toml.get("world", ""))
    if bool(script) == bool(world):
        raise TaskError(f"{folder}/task.toml: a task has a 'script', or a 'world'" + ", not both" * bool(script))
    for needed in (script, "prepare.py") if script else ():
        if not (folder / needed).is_file():
            raise TaskError(f"{folder} has no {needed}, which a task needs")
    studies = toml.get("proposes") == "documents"
    if script and studies:
        raise TaskError(f"{folder}/task.toml: a task that proposes documents has a 'world', which runs studies")
    needed = ("preload", "measured") if script else () if studies else ("knobs",)
    if missing := [key for key in needed if key not in toml]:
        raise TaskError(
            f"{folder}/task.toml: missing '{missing[0]}', which a task with a {'script' if script else 'world'} has"
        )
    source = regular_files.read_text(folder / script) if script else str(toml.get("knobs", ""))
    limits, time = toml["limits"], toml["time"]
    reference = Measure(**{key: toml["reference"][key] for key in ("metric", "heldout", "sd", "seeds")})
    task = Task(
        name=folder.name,
        folder=folder,
        title=toml["title"],
        brief=toml["brief"].strip(),
        metric=toml["metric"],
        heldout=toml["heldout"],
        unit=toml["unit"],
        script=script,
        world=world,
        parameters=dict(toml.get("parameters", {})),
        preload=tuple(toml["preload"]) if script else (),
        limit_s=float(limits["wall_s"]),
        think_s=float(time["think_s"]),
        meeting_s=float(time["meeting_s"]),
        meeting_per_head_s=float(time["meeting_per_head_s"]),
        random_start=toml.get("start", {}).get("random", False),
        baseline=Measure(**toml["baseline"]),
        reference=reference,
        floors=dict(toml.get("floors", {})),
        data_digest=toml["measured"].get("data_digest", "") if script else "",
        source=source,
        knobs=parse_knobs(source, f"{folder.name}/{script or 'task.toml'}"),
        limits=_limits(limits, toml.get("sandbox", {}), toml.get("resources", {})),
        timed=_timed(toml, toml["heldout"]),
        proposes="documents" if studies else "experiments",
    )
    if task.baseline.heldout <= reference.heldout:
        raise TaskError(f"{folder}/task.toml: the reference ({reference.heldout}) must be below the baseline")
    if not task.knobs and not studies:
        raise TaskError(f"{folder.name}/{script or 'task.toml'} has no knobs: mark constants with '# knob: …'")
    try:
        task.complete(toml["reference"].get("settings", {}))
    except TaskError as error:
        raise TaskError(f"{folder}/task.toml: [reference.settings]: {error}") from None
    return task


def _timed(toml: dict[str, Any], metric: str) -> bool:
    """Whether a metric is one of time: as `task.toml` says, else by its name and unit."""
    return toml.get("timed", normalisation.is_time(metric, str(toml.get("unit", ""))))


def _limits(limits: dict[str, Any], sandbox: dict[str, Any], resources: dict[str, Any]) -> Limits:
    usual = WITH_GPU if (gpus := int(resources.get("gpu", 0))) else Limits()
    return Limits(
        memory_gb=_positive(limits, "memory_gb", usual.memory_gb),
        disk_gb=_positive(limits, "disk_gb", usual.disk_gb),
        processes=int(_positive(limits, "processes", usual.processes)),
        flops=float(limits.get("flops", 0.0)),
        best=float(limits["best"]) if "best" in limits else None,
        result=sandbox.get("result", usual.result),
        prime=tuple(sandbox.get("prime", ())),
        hide=tuple(sandbox.get("hide", ())),
        gpus=gpus,
    )


def _positive(table: dict[str, Any], key: str, default: float) -> float:
    value = float(table.get(key, default))
    if not value > 0:
        raise ValueError(f"[limits] {key} must be more than 0, not {value:g}")
    return value
