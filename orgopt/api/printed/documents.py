"""What is printed of documents and tasks."""

from typing import Any, Literal

from typing_extensions import TypedDict  # pydantic asks for it below Python 3.12

from orgopt.tasks.task import Measure


class Place(TypedDict):
    """A line and a column, from 1."""

    line: int
    column: int


class Fix(TypedDict):
    """A replacement of text; offsets count characters of the document."""

    offset: int
    length: int
    text: str
    safe: bool


class Found(TypedDict):
    """A finding of lint; its end is exclusive."""

    path: str
    line: int
    column: int
    end: Place
    code: str
    name: str
    severity: Literal["error", "warning", "info"]
    message: str
    help: str
    fix: Fix | None


class Lint(TypedDict):
    """Findings of `orgopt lint`."""

    findings: list[Found]
    fixed: int


class Rule(TypedDict):
    """A rule of lint, with a document that breaks it and one that does not."""

    code: str
    name: str
    severity: Literal["error", "warning", "info"]
    summary: str
    why: str
    bad: str
    good: str


class Rules(TypedDict):
    """All rules of `orgopt explain`."""

    rules: list[Rule]


class Diff(TypedDict):
    """The edits between two documents: each has its type as `edit`, its values, and what it does in words as `text`."""

    before: str
    after: str
    edits: list[dict[str, Any]]
    same_text: bool


class Fmt(TypedDict):
    """What became of a document that is brought into the canonical form."""

    document: str
    path: str | None
    canonical: bool
    written: bool


class Checkout(TypedDict):
    """A document of a study, and where it was written."""

    document: str
    path: str | None
    text: str


class Init(TypedDict):
    """A new workspace, and commands to go on with."""

    folder: str
    written: list[str]
    next: list[str]


class Template(TypedDict):
    """An organization to start from."""

    name: str
    headcount: int
    summary: str


class Templates(TypedDict):
    """The organizations to start from."""

    templates: list[Template]


class Knob(TypedDict):
    """A knob of a task's script."""

    name: str
    group: str
    default: bool | float | int | str
    range: str


class Named(TypedDict):
    """A task of the list."""

    name: str
    title: str


class Tasks(TypedDict):
    """All tasks that can be named."""

    tasks: list[Named]


class OneTask(TypedDict):
    """A task; a metric is better when it is lower."""

    name: str
    title: str
    brief: str
    metric: str
    heldout: str
    unit: str
    baseline: Measure | None
    reference: Measure | None
    self_reported: bool
    timed: bool
    varies: bool | None
    seeds: list[str]
    floors: dict[str, float]
    limit_s: float
    random_start: bool
    digest: str
    folder: str
    knobs: list[Knob]
