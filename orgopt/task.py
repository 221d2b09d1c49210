"""Tasks: what is researched. Covers task.toml, knobs and their grammar; running a task is the lab's.

A task is a folder with `task.toml`, fixed files and one editable script whose upper-case constants may
carry their range in a comment:

    LR = 3e-4  # knob: log 1e-5..1e-1, group optimizer
    DEPTH = 2  # knob: int 1..4, group model
    OPTIMIZER = "adamw"  # knob: one of adamw|muon|sgd, group optimizer
"""

import ast
import hashlib
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orgopt.errors import TaskError, UsageError

Value = int | float | str
Settings = Mapping[str, Value]
"""Values of knobs by name; a knob that is not named keeps its default."""

_KNOB = re.compile(
    r"^(?P<name>[A-Z][A-Z0-9_]*)(?P<equals>\s*=\s*)(?P<value>\S.*?)(?P<comment>\s*#\s*knob:\s*(?P<spec>.+?)"
    r"(?:,\s*group\s+(?P<group>[\w-]+))?\s*)$",
    re.MULTILINE,
)
_RANGE = re.compile(r"(?P<scale>int |log )?\s*(?P<low>[-+.\deE]+)\.\.(?P<high>[-+.\deE]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A constant that may be turned.

    Attributes:
        name: Name of the constant in the script.
        group: The part of the task that it belongs to, such as `optimizer`.
        default: Its value in the shipped script.
        choices: Allowed values; empty for a range.
        low, high: Ends of the range, both allowed.
        log: Whether the range is searched on a logarithmic scale.
        integer: Whether values are whole numbers.
    """

    name: str
    group: str
    default: Value
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    integer: bool = False

    @property
    def ordered(self) -> bool:
        """Whether nearby values are alike: ranges, and choices that are all numbers."""
        return not any(isinstance(choice, str) for choice in self.choices)

    def at(self, unit: float) -> Value:
        """The value at a position from 0 to 1; positions outside are clipped."""
        unit = min(1.0, max(0.0, unit))
        if self.choices:
            return self.choices[min(int(unit * len(self.choices)), len(self.choices) - 1)]
        if self.integer:
            return min(int(self.high), int(self.low) + int(unit * (self.high - self.low + 1)))
        if self.log:
            value = math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + unit * (self.high - self.low)
        return min(self.high, max(self.low, float(f"{value:.4g}")))

    def unit(self, value: Value) -> float:
        """The position of a value, 0 to 1; of a choice or an integer, the middle of its share."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices)
        number = float(value)
        if self.integer:
            return (number - self.low + 0.5) / (self.high - self.low + 1)
        if self.log:
            return (math.log(number) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (number - self.low) / (self.high - self.low)

    def allows(self, value: Any) -> bool:
        """Whether a value may be set."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high and not (self.integer and value % 1)

    @property
    def range(self) -> str:
        """The range as a person reads it."""
        if self.choices:
            return " | ".join(map(str, self.choices))
        return f"{self.low:g} … {self.high:g}" + (" (log)" if self.log else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What real runs of one setting gave: means over `seeds` seeds, and the seed noise of the held-out metric."""

    metric: float
    heldout: float
    sd: float
    seeds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A research task; metrics are lower-is-better.

    Attributes:
        metric, heldout: Names of the metric that steers the search and of the one that counts.
        script: Name of the editable file.
        limit_s: Wall seconds after which an experiment is killed.
        think_s: Agent-seconds that a policy agent's proposal takes.
        meeting_s, meeting_per_head_s: Seconds of thinking that a stand-up costs each attendee.
        baseline: The shipped script, measured.
        reference: The best verified setting: the held-out quality that counts as 1.
        floors: Held-out metric of simple methods, for comparison.
        data_digest: SHA-256 of the data that the figures were measured on.
    """

    name: str
    folder: Path
    title: str
    brief: str
    metric: str
    heldout: str
    unit: str
    script: str
    preload: tuple[str, ...]
    limit_s: float
    think_s: float
    meeting_s: float
    meeting_per_head_s: float
    baseline: Measure
    reference: Measure
    floors: Mapping[str, float]
    data_digest: str
    source: str
    knobs: tuple[Knob, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the task's files, 12 hex digits."""
        names = ("task.toml", "prepare.py", self.script)
        return hashlib.sha256(b"\0".join((self.folder / name).read_bytes() for name in names)).hexdigest()[:12]

    def quality(self, heldout: float) -> float:
        """The held-out improvement of a result: 0 at the baseline, 1 at the reference."""
        return (self.baseline.heldout - heldout) / (self.baseline.heldout - self.reference.heldout)

    def with_baseline(self, baseline: Measure) -> "Task":
        """The task with a baseline measured elsewhere and the same distance to its reference."""
        gap = self.baseline.heldout - self.reference.heldout
        reference = replace(self.reference, heldout=baseline.heldout - gap)
        return replace(self, baseline=baseline, reference=reference)

    def complete(self, settings: Settings) -> dict[str, Value]:
        """Settings with every knob named.

        Raises:
            TaskError: A knob is unknown or its value out of range.
        """
        full = {knob.name: knob.default for knob in self.knobs}
        for name, value in settings.items():
            knob = next((knob for knob in self.knobs if knob.name == name), None)
            if knob is None or not knob.allows(value):
                raise TaskError(f"{self.name}: {name} = {value!r} is not in {knob.range if knob else 'the knobs'}")
            full[name] = value
        return full

    def script_with(self, settings: Settings) -> str:
        """The editable script with its constants set."""
        full = self.complete(settings)

        def line(match: re.Match[str]) -> str:
            return f"{match['name']}{match['equals']}{_literal(full[match['name']])}{match['comment']}"

        return _KNOB.sub(line, self.source)


def find_tasks(workspace: Path) -> dict[str, Path]:
    """Folders of the tasks that can be named: the workspace's own, then the shipped ones."""
    found: dict[str, Path] = {}
    for root in (workspace / "fitness", *shipped("fitness")):
        for toml in sorted(root.glob("*/task.toml")):
            found.setdefault(toml.parent.name, toml.parent)
    return found


def shipped(kind: str) -> list[Path]:
    """Where the shipped `orgs` or `fitness` lie: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent
    return [root for root in (package / "shipped" / kind, package.parent / kind) if root.is_dir()]


def load_task(name: str, workspace: Path | None = None) -> Task:
    """A task by the name of its folder, or by a path to it.

    Raises:
        UsageError: There is no such task.
        TaskError: The task is malformed.
    """
    folder = Path(name)
    if not (folder / "task.toml").is_file():
        known = find_tasks(workspace or Path.cwd())
        if folder.is_dir() and name not in known:
            raise UsageError(f"{folder} has no task.toml: it is not a task")
        if name not in known:
            raise UsageError(f"no task '{name}': known tasks are {', '.join(known) or 'none'}, or give a task's folder")
        folder = known[name]
    try:
        return _task(folder.resolve(), tomllib.loads((folder / "task.toml").read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise TaskError(f"{folder}/task.toml: {what}") from None


def parse_knobs(source: str, where: str = "train.py") -> tuple[Knob, ...]:
    """The knobs of a script, in order.

    Raises:
        TaskError: A knob comment is not understood, or a default lies outside its range.
    """
    knobs: list[Knob] = []
    for match in _KNOB.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        try:
            knob = _knob(match)
        except (ValueError, SyntaxError) as error:
            raise TaskError(f"{where}:{line}: {match['name']}: {error}") from None
        if not knob.allows(knob.default):
            raise TaskError(f"{where}:{line}: {knob.name} = {knob.default!r} is outside its range {knob.range}")
        knobs.append(knob)
    return tuple(knobs)


def _knob(match: re.Match[str]) -> Knob:
    given: dict[str, Any] = {"name": match["name"], "group": match["group"] or "main"}
    default = ast.literal_eval(match["value"])
    if not isinstance(default, int | float | str):
        raise ValueError(f"{match['value']} is not a number or a string")
    spec = match["spec"].strip()
    if spec.startswith("one of "):
        return Knob(**given, default=default, choices=tuple(_choice(text) for text in spec[7:].split("|")))
    numbers = _RANGE.match(spec)
    if not numbers:
        raise ValueError(f"range '{spec}' not understood: write '0..1', 'log 1e-4..1', 'int 1..4' or 'one of a|b'")
    low, high, scale = float(numbers["low"]), float(numbers["high"]), (numbers["scale"] or "").strip()
    if low >= high or (scale == "log" and low <= 0):
        raise ValueError(f"range '{spec}' is empty or has no logarithm")
    return Knob(**given, default=default, low=low, high=high, log=scale == "log", integer=scale == "int")


def _choice(text: str) -> Value:
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return text.strip()
    return value if isinstance(value, int | float) else str(value)


def _literal(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _task(folder: Path, toml: dict[str, Any]) -> Task:
    script = str(toml["script"])
    for needed in (script, "prepare.py"):
        if not (folder / needed).is_file():
            raise TaskError(f"{folder} has no {needed}, which a task needs")
    source = (folder / script).read_text("utf-8")
    limits, time = toml["limits"], toml["time"]
    task = Task(
        name=folder.name,
        folder=folder,
        title=toml["title"],
        brief=toml["brief"].strip(),
        metric=toml["metric"],
        heldout=toml["heldout"],
        unit=toml["unit"],
        script=script,
        preload=tuple(toml["preload"]),
        limit_s=float(limits["wall_s"]),
        think_s=float(time["think_s"]),
        meeting_s=float(time["meeting_s"]),
        meeting_per_head_s=float(time["meeting_per_head_s"]),
        baseline=Measure(**toml["baseline"]),
        reference=Measure(**{key: toml["reference"][key] for key in ("metric", "heldout", "sd", "seeds")}),
        floors=dict(toml.get("floors", {})),
        data_digest=toml["measured"]["data_digest"],
        source=source,
        knobs=parse_knobs(source, f"{folder.name}/{script}"),
    )
    if task.baseline.heldout <= task.reference.heldout:
        raise TaskError(f"{folder}/task.toml: the reference ({task.reference.heldout}) must be below the baseline")
    return task
