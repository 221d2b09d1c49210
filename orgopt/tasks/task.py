"""Tasks: what is researched, with its baseline and reference figures.

How a folder is read as one is `orgopt.tasks.folder`'s, knobs `orgopt.tasks.knob`'s, limits
`orgopt.tasks.experiment_limits`', running it the lab's.

A task is a folder with `task.toml` and either fixed files and one editable script, whose constants are its knobs,
or a world: a Python callable that answers any setting of the knobs that `task.toml` declares itself. A folder with
`train.py` and `prepare.py` alone is a foreign checkout, whose script prints its own metric (`orgopt.foreign`).
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orgopt.errors import TaskError
from orgopt.foreign.targets import Target, edited
from orgopt.org import Proposes
from orgopt.settings import SETTINGS
from orgopt.tasks import normalisation
from orgopt.tasks.experiment_limits import Limits as Limits
from orgopt.tasks.knob import Knob, Settings, Value, settled, values_in, with_values
from orgopt.tasks.normalisation import Measure as Measure

THINK_SHARE, MEETING_SHARE = 1 / 10, 1 / 30
"""Of an experiment: how long a policy agent, which stands for a researcher, thinks before each proposal, and how long a
stand-up takes."""
_METRICS = ("metric", "heldout")  # of a measure


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
        reference: The best verified setting, whose q is 1; None where none was verified, see `normalisation`.
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
        run: The words of the command that runs such a checkout, in which `{NAME}` is the value of a knob; empty where
            the script alone does.
        texts: Files of such a checkout with knobs, beside its script, by path.
        targets: Where the values of knobs go in these.
        pattern: The regular expression that finds the metric in what is printed; empty where it stands in a line of its
            own.
        metric_file: The file that the metric is written to; empty where it is printed.
        metric_key: The name that it has in JSON; empty where it is no JSON.
        settings: The file of the workspace that says what its experiments may read.
        proposes: What organizations on it propose: experiments, or documents, and then its runs are studies.
        paced: Whether nothing says how long an experiment takes, so that agents think for a share of what was measured.
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
    run: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    targets: tuple[Target, ...] = ()
    pattern: str = ""
    metric_file: str = ""
    metric_key: str = ""
    settings: str = SETTINGS
    paced: bool = False
    proposes: Proposes = "experiments"

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
    def by_ratio(self) -> bool:
        """Whether its held-out metric is compared by ratios."""
        return normalisation.by_ratio(self.heldout, timed=self.timed)

    @property
    def steady(self) -> bool:
        """Whether its script printed the same with every seed, so that no fresh seed can tell luck from gain."""
        return self.self_reported and self.measured and not self.baseline.varies

    @property
    def digest(self) -> str:
        """SHA-256 over the task's files and its world's parameters, 12 hex digits; all that a checkout has count."""
        if self.files_digest:
            parts = [self.files_digest, self.source, self.python]
            reading = (*self.run, self.pattern, self.metric_file, self.metric_key)
            parts += [repr(reading)] * any(reading)
            return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        judge = ("judge.py",) if (self.folder / "judge.py").is_file() else ()
        files = ("prepare.py", *judge, self.script) if self.script else (self.world.split(":")[0],)
        paths = [self.folder / name for name in ("task.toml", *files)]
        parts = [path.read_bytes() for path in paths if path.is_file()]  # a package and a checkout lack some
        if self.parameters:
            parts.append(json.dumps(dict(self.parameters), sort_keys=True).encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]

    def quality(self, heldout: float) -> float:
        """The held-out improvement of a result: 0 at the baseline, 1 at the reference; see `normalisation`."""
        return normalisation.quality(heldout, self.baseline, self.reference, timed=self.by_ratio)

    def progress(self, metric: float) -> float | None:
        """How far the metric that steers the search is on the way from the baseline, 0, to the reference, 1.

        None where there is no reference, or one that is no better in this metric. Beside the quality it tells whether
        what was searched for and what counts part: this of what was submitted, measured anew, is validation progress.
        """
        gap = math.nan if self.reference is None else self.baseline.metric - self.reference.metric
        return (self.baseline.metric - metric) / gap if gap > 0 else None

    def quality_error(self, heldout: float, error: float) -> float:
        """The standard error of the quality of a result with one."""
        return normalisation.quality_error(heldout, error, self.baseline, self.reference, timed=self.by_ratio)

    def with_baseline(self, baseline: Measure) -> "Task":
        """The task with a baseline measured elsewhere and the same distance to its reference."""
        if self.reference is None:
            return self._at_pace(replace(self, baseline=baseline), baseline.seconds)
        metric, heldout = (getattr(self.reference, name) - getattr(self.baseline, name) for name in _METRICS)
        reference = replace(self.reference, metric=baseline.metric + metric, heldout=baseline.heldout + heldout)
        return replace(self, baseline=baseline, reference=reference)

    @staticmethod
    def _at_pace(task: "Task", seconds: float) -> "Task":
        """A task whose agents think for a share of what its experiments took, where nothing else says how long."""
        if not task.paced or seconds <= 0:
            return task
        meeting = seconds * MEETING_SHARE
        return replace(task, think_s=seconds * THINK_SHARE, meeting_s=meeting, meeting_per_head_s=meeting)

    def with_parameters(self, **parameters: Any) -> "Task":
        """The task with another of its worlds, such as another landscape."""
        return replace(self, parameters={**self.parameters, **parameters})

    @property
    def address(self) -> str:
        """What `load_task` finds it by again: its folder, with the parameters of its world."""
        given = ",".join(f"{key}={_written(value)}" for key, value in self.parameters.items())
        return f"{self.folder}:{given}" if given else str(self.folder)

    def complete(self, settings: Settings) -> dict[str, Value]:
        """Settings with every knob named; one that they do not turn has its default (`Knob.only_if`).

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
        return dict(settled(self.knobs, full))

    def files_with(self, script: str, seed: int) -> dict[str, str]:
        """The other files of a checkout with the values that the knobs of a script have, and seeds moved by one."""
        return edited(self.texts, self.targets, values_in(script), seed) if self.texts else {}

    def script_with(self, settings: Settings) -> str:
        """The editable script, or a world's knobs, with the constants set."""
        return with_values(self.source, self.complete(settings))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
