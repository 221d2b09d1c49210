"""Tasks: what is researched, its baseline and reference figures, and how `task.toml` is read.

Knobs are `orgopt.knob`'s, limits `orgopt.limits`'; running a task is the lab's.

A task is a folder with `task.toml` and either fixed files and one editable script, whose constants are its knobs,
or a world: a Python callable that answers any setting of the knobs that `task.toml` declares itself. A folder with
`train.py` and `prepare.py` alone is a foreign checkout, whose script prints its own metric (`orgopt.foreign`).
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orgopt import foreign, normalisation, regular
from orgopt.errors import TaskError
from orgopt.knob import Knob, Settings, Value, parse_knobs, with_values
from orgopt.limits import Limits as Limits
from orgopt.normalisation import Measure as Measure
from orgopt.task_form import read_toml
from orgopt.task_source import find_task, is_task

_PRINTS = "script"
"""The `kind` of a task whose script prints its metric."""
_CHECKOUT_KEYS = frozenset(
    {"kind", "title", "brief", "script", "metric", "direction", "timed", "unit", "python", "preload", "limits", "time"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A research task; metrics are lower-is-better.

    Attributes:
        metric, heldout: Names of the metric that steers the search and of the one that counts.
        script: Name of the editable file; empty for a world.
        world: Where a world's factory is, `file.py:name` in the task's folder or `package.module:name`;
            empty for a task with a script.
        parameters: Keyword arguments of the factory.
        limit_s: Wall seconds after which an experiment is killed.
        think_s: Agent-seconds that a policy agent's proposal takes.
        meeting_s, meeting_per_head_s: Seconds of thinking that a stand-up costs each attendee.
        random_start: Whether each agent's first proposal is a random setting of its own.
        baseline: The shipped script, measured.
        reference: The best verified setting, whose q is 1; None where none was verified, see `orgopt.normalisation`.
        timed: Whether the held-out metric is one of time or speed, which measures the machine along with the script.
        floors: Held-out metric of simple methods, for comparison.
        data_digest: SHA-256 of the data that the figures were measured on; a world has no data.
        source: The text that holds the knobs: the script, or the `knobs` of a world's `task.toml`.
        limits: What its experiments may use.
        printed: Name of the metric that the script prints itself, which no judge computes; empty where one does. Where
            more of it is better, `metric` is `-` and its name, and its value negated.
        data: Folders outside that its files name as those of its data; of such a script.
        seeds: What became of each seed that such a script fixes, a line each.
        python: The interpreter that runs such a script; empty for the one that runs orgopt.
        files_digest: SHA-256 over the files of such a script's folder, which its experiments can read.
    """

    name: str
    folder: Path
    title: str
    brief: str
    metric: str
    heldout: str
    unit: str
    script: str
    world: str
    parameters: Mapping[str, Any]
    preload: tuple[str, ...]
    limit_s: float
    think_s: float
    meeting_s: float
    meeting_per_head_s: float
    random_start: bool
    baseline: Measure
    reference: Measure | None
    floors: Mapping[str, float]
    data_digest: str
    source: str
    knobs: tuple[Knob, ...]
    limits: Limits = field(default_factory=Limits)
    printed: str = ""
    data: tuple[str, ...] = ()
    timed: bool = False
    seeds: tuple[str, ...] = ()
    python: str = ""
    files_digest: str = ""

    def __repr__(self) -> str:
        return f"Task({self.name!r}, {len(self.knobs)} knobs, {self.metric} and {self.heldout})"

    @property
    def self_reported(self) -> bool:
        """Whether its results are what its script says of itself."""
        return bool(self.printed)

    @property
    def measured(self) -> bool:
        """Whether there is a baseline; that of a script that prints its metric is measured on each machine."""
        return math.isfinite(self.baseline.metric)

    @property
    def steady(self) -> bool:
        """Whether its script printed the same with every seed, so that no fresh seed can tell luck from gain."""
        return self.self_reported and self.measured and not self.baseline.varies

    @property
    def digest(self) -> str:
        """SHA-256 over the task's files and its world's parameters, 12 hex digits; all that a checkout has count."""
        if self.files_digest:
            parts = [self.files_digest, self.source, self.python]
            return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        judge = ("judge.py",) if (self.folder / "judge.py").is_file() else ()
        files = ("prepare.py", *judge, self.script) if self.script else (self.world.split(":")[0],)
        paths = [self.folder / name for name in ("task.toml", *files)]
        parts = [path.read_bytes() for path in paths if path.is_file()]  # a package and a checkout lack some
        if self.parameters:
            parts.append(json.dumps(dict(self.parameters), sort_keys=True).encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]

    def quality(self, heldout: float) -> float:
        """The held-out improvement of a result: 0 at the baseline, 1 at the reference; see `orgopt.normalisation`."""
        return normalisation.quality(heldout, self.baseline, self.reference, timed=self.timed)

    def quality_error(self, heldout: float, error: float) -> float:
        """The standard error of the quality of a result with one."""
        return normalisation.quality_error(heldout, error, self.baseline, self.reference, timed=self.timed)

    def with_baseline(self, baseline: Measure) -> "Task":
        """The task with a baseline measured elsewhere and the same distance to its reference."""
        if self.reference is None:
            return replace(self, baseline=baseline)
        gap = self.baseline.heldout - self.reference.heldout
        reference = replace(self.reference, heldout=baseline.heldout - gap)
        return replace(self, baseline=baseline, reference=reference)

    def with_parameters(self, **parameters: Any) -> "Task":
        """The task with another of its worlds, such as another landscape."""
        return replace(self, parameters={**self.parameters, **parameters})

    def complete(self, settings: Settings) -> dict[str, Value]:
        """Settings with every knob named.

        Raises:
            TaskError: A knob is unknown or its value out of range.
        """
        full = {knob.name: knob.default for knob in self.knobs}
        knobs = {knob.name: knob for knob in self.knobs}
        for name, value in settings.items():
            knob = knobs.get(name)
            if knob is None or not knob.allows(value):
                raise TaskError(f"{self.name}: {name} = {value!r} is not in {knob.range if knob else 'the knobs'}")
            full[name] = value
        return full

    def script_with(self, settings: Settings) -> str:
        """The editable script, or a world's knobs, with the constants set."""
        return with_values(self.source, self.complete(settings))


def load_task(name: str, workspace: Path | None = None) -> Task:
    """A task by the name of its folder, or by a path to it.

    Raises:
        UsageError: There is no such task.
        PluginError: The package that has it does not work, or the name is taken twice.
        TaskError: The task is malformed.
    """
    folder = Path(name)
    workspace = workspace or Path.cwd()
    if not is_task(folder):
        folder = find_task(name, workspace)
    toml = folder / "task.toml"
    try:
        table = read_toml(toml) if os.path.lexists(toml) else {"kind": _PRINTS}
        if table.get("kind") == _PRINTS:
            return _checkout(folder.resolve(), table, workspace)
        return _task(folder.resolve(), table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise TaskError(f"{toml if toml.is_file() else folder}: {what}") from None


def _checkout(folder: Path, toml: dict[str, Any], workspace: Path) -> Task:
    """A task whose script prints its metric; what `task.toml` does not say is found in the files."""
    known = {
        "kind",
        "title",
        "brief",
        "script",
        "metric",
        "direction",
        "timed",
        "unit",
        "python",
        "preload",
        "limits",
        "time",
    }
    if unknown := set(toml) - known:
        raise ValueError(f"a task of kind 'script' has no {', '.join(sorted(unknown))}: {', '.join(sorted(known))}")
    script = str(toml.get("script", "train.py"))
    found = foreign.find(folder, script, toml)
    metric, time = found.metric, toml.get("time", {})
    given = {"wall_s": found.times.limit_s, **toml.get("limits", {})}
    allowed = foreign.allowed(workspace, folder, toml)
    limits = replace(_limits(given, {}), read=allowed.read)
    name = f"-{metric.name}" * metric.up or metric.name
    nothing = Measure(metric=math.nan, heldout=math.nan, sd=0.0, seeds=0)
    more = f" More {metric.name} is better: it stands here as {name}, negated." * metric.up
    task = Task(
        name=folder.name,
        folder=folder,
        title=str(toml.get("title", f"A checkout whose {script} prints its own {metric.name}")),
        brief=str(toml.get("brief", f"Improve the {metric.name} that {script} prints.{more}")).strip(),
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
    )
    if not task.knobs:
        raise TaskError(
            f"{folder.name}/{script} has no knobs: it needs upper-case constants above zero at its top level, or "
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
    needed = ("preload", "measured") if script else ("knobs",)
    if missing := [key for key in needed if key not in toml]:
        raise TaskError(
            f"{folder}/task.toml: missing '{missing[0]}', which a task with a {'script' if script else 'world'} has"
        )
    source = regular.read_text(folder / script) if script else str(toml["knobs"])
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
        limits=_limits(limits, toml.get("sandbox", {})),
        timed=_timed(toml, toml["heldout"]),
    )
    if task.baseline.heldout <= reference.heldout:
        raise TaskError(f"{folder}/task.toml: the reference ({reference.heldout}) must be below the baseline")
    if not task.knobs:
        raise TaskError(f"{folder.name}/{script or 'task.toml'} has no knobs: mark constants with '# knob: …'")
    try:
        task.complete(toml["reference"].get("settings", {}))
    except TaskError as error:
        raise TaskError(f"{folder}/task.toml: [reference.settings]: {error}") from None
    return task


def _timed(toml: dict[str, Any], metric: str) -> bool:
    """Whether a metric is one of time: as `task.toml` says, else by its name and unit."""
    timed = toml.get("timed", normalisation.is_time(metric, str(toml.get("unit", ""))))
    if not isinstance(timed, bool):
        raise ValueError(f"timed = {timed!r}: write timed = true where the metric is a time or a speed, or false")
    return timed


def _limits(limits: dict[str, Any], sandbox: dict[str, Any]) -> Limits:
    usual = Limits()
    return Limits(
        memory_gb=_positive(limits, "memory_gb", usual.memory_gb),
        disk_gb=_positive(limits, "disk_gb", usual.disk_gb),
        processes=int(_positive(limits, "processes", usual.processes)),
        flops=float(limits.get("flops", 0.0)),
        best=float(limits["best"]) if "best" in limits else None,
        result=sandbox.get("result", usual.result),
        prime=tuple(sandbox.get("prime", ())),
        hide=tuple(sandbox.get("hide", ())),
    )


def _positive(table: dict[str, Any], key: str, default: float) -> float:
    value = float(table.get(key, default))
    if not value > 0:
        raise ValueError(f"[limits] {key} must be more than 0, not {value:g}")
    return value
