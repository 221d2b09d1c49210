"""The first record of a log: what a study or a contest is, and on which tasks."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from orgopt import seeds
from orgopt.study.records.values import Count, Many, OrNone, Positive, Time
from orgopt.tasks.task import Measure

SCHEMA_VERSION = 2
"""The version of the form of records; it is in the first record of a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskIdentity:
    """What makes a task that task: its digest, its baseline here, and the stamp of its lab."""

    digest: str
    baseline: float
    lab: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The part of a study's or a contest's settings that readers ask for.

    Attributes:
        tasks: The tasks by name.
        budget_s: Lab seconds of each run; of tasks whose budgets differ, of the shortest.
        budgets_s: By task, where they differ.
        slots: Experiments at once.
        search_seeds: Runs of a candidate on each task; a contest has none.
        streams: The version of the streams of seeds; None before there were versions.
    """

    tasks: Mapping[str, TaskIdentity]
    budget_s: Positive
    slots: Count
    search_seeds: int = 0
    streams: int | None = None
    budgets_s: Many[float] = field(default_factory=dict[str, float])

    def budget_of(self, task: str) -> float:
        """Lab seconds of a run on a task."""
        return self.budgets_s.get(task, self.budget_s)

    @property
    def other_seeds(self) -> bool:
        """Whether it was made with other streams of seeds than this orgopt has."""
        return self.streams != seeds.VERSION

    @property
    def self_reported(self) -> list[str]:
        """The tasks whose metric is what their own script prints."""
        return [name for name, task in self.tasks.items() if task.lab.get("metric") == "self-reported"]


def _measured(value: Measure) -> dict[str, Any]:
    """A measure as a log has it: without seconds that nobody measured, as of 0.1.0."""
    found = asdict(value)
    if not value.seconds:
        del found["seconds"]
    return found


Measured = Annotated[Measure, PlainSerializer(_measured)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """What a reader of a log must know of a task.

    Attributes:
        reference: None where no setting was verified; of 0.1.0, twice a self-reported metric.
        metric, heldout: Names of the metric that steers the search and of the one that counts.
        curves: How well learning curves predict where they end; of a study's task.
    """

    baseline: Measured
    reference: OrNone[Measured] = None
    title: str
    metric: str
    heldout: str
    unit: str
    curves: OrNone[float] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRecord:
    """The first record of a study.

    Attributes:
        identity: Of its settings, what is asked for by name.
        settings: All settings that must agree for the study to be continued, as they were written.
        program: The text of the seed document.
        source: Where that was.
        command: What makes the same study.
    """

    kind: Literal["study"] = "study"
    name: str
    schema_version: int = SCHEMA_VERSION
    orgopt: str
    identity: Annotated[Identity, Field(exclude=True)]
    settings: Annotated[Mapping[str, Any], Field(alias="identity")]
    tasks: Mapping[str, TaskRecord]
    program: str
    source: str
    command: str
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestEntrant:
    """Who takes part in a contest: a name, and a document's text or a plain sampler."""

    entrant: str
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestRecord:
    """The first record of a contest; see `StudyRecord`."""

    kind: Literal["contest"] = "contest"
    name: str
    schema_version: int = SCHEMA_VERSION
    orgopt: str
    identity: Annotated[Identity, Field(exclude=True)]
    settings: Annotated[Mapping[str, Any], Field(alias="identity")]
    tasks: Mapping[str, TaskRecord]
    entrants: tuple[ContestEntrant, ...]
    command: str
    at: Time = 0.0


Head = StudyRecord | ContestRecord
