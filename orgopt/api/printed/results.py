"""What is printed of runs, contests, studies and recordings."""

from typing import Any, Literal

from typing_extensions import TypedDict  # pydantic asks for it below Python 3.12

from orgopt.api.benchmark import Arranged
from orgopt.api.model_skills import ModelSkill
from orgopt.scoring.score import Score
from orgopt.study.verdict.ending_form import Ending
from orgopt.tasks.normalisation import Measure
from orgopt.team.cost_of_parts import Report

State = Literal["running", "paused", "stopped", "done"]


class Run(TypedDict):
    """A run: what it was asked to do, and what came of it."""

    program: str
    task: str
    budget_s: float
    lab: str | None
    slots: int
    seed: int
    verify_seeds: int
    sandbox: str
    max_usd: float | None
    max_tokens: int | None
    of_study: bool
    remembers: bool
    folder: str
    score: Score
    validation_progress: float | None
    report: Report
    ending: Ending


class Behind(TypedDict):
    """A paired difference to the first; null is infinite."""

    mean: float
    low: float | None
    high: float | None
    mdd: float | None
    p_value: float
    sd: float | None
    n: int
    verdict: str


class Placing(TypedDict):
    """How an entrant did; null is infinite."""

    entrant: str
    mean: float
    low: float | None
    high: float | None
    n: int
    by_task: dict[str, float]
    heldout: dict[str, float]
    progress: float | None
    q_final: float
    q_mean: float
    behind: Behind | None
    verdict: str
    q: list[float]
    experiments: float


class Compare(TypedDict):
    """A contest, best first."""

    contest: str
    folder: str
    budget_s: float
    budgets_s: dict[str, float]
    placings: list[Placing]
    tasks: list[str]
    seeds: int
    comparisons: int
    resolves: float | None
    effect: float
    more_seeds: int | None
    self_reported: list[str]
    ending: Ending


class Ends(TypedDict):
    """A mean with its interval; null is infinite."""

    mean: float
    low: float | None
    high: float | None
    n: int


class Benched(TypedDict):
    """A document of a benchmark."""

    document: str
    digest: str
    agents: int
    rank: float
    score: Ends
    by_task: dict[str, Ends]


class Bench(TypedDict):
    """Documents on every task of the suite, best first."""

    version: str
    digest: str
    budget: str
    slots: int
    seeds: int
    seed: int
    tasks: list[Arranged]
    rows: list[Benched]


class Study(TypedDict):
    """A study; its final record's keys are beside these where there is one."""

    study: str
    folder: str
    state: State
    best: str
    ending: Ending


class _Exported(TypedDict):
    form: str
    target: str


class Export(_Exported, total=False):
    """What was written: candidates or rows of a study, of a document its files and what the form cannot hold."""

    study: str
    run: str
    rows: dict[str, int]
    candidates: int
    storage: str
    trials: int
    document: str
    files: list[str]
    as_text: list[str]
    left_out: list[str]


class Result(TypedDict):
    """A study, a contest or a run that a workspace keeps; `changed` is in seconds since the epoch."""

    result: Literal["study", "contest", "run"]
    name: str
    folder: str
    state: Literal["running", "paused", "stopped", "done", "empty", "damaged"]
    changed: float
    runs: int
    said: str


class Results(TypedDict):
    """What a workspace keeps, the newest first."""

    results: list[Result]


class Skills(TypedDict):
    """What language models did, a row a model, role and task."""

    skills: list[ModelSkill]


class Status(Result):
    """How a study, a contest or a run stands."""

    ending: Ending | None


class Steered(TypedDict):
    """What was paused, or goes on."""

    name: str
    state: Literal["running", "paused"]


class Told(TypedDict):
    """What a run was told, and whether any attendee of its stand-ups understands words."""

    name: str
    understood: bool


class Removed(TypedDict):
    """What was removed, how large it was, and how many runs in MLflow went with it."""

    removed: list[str]
    bytes: int
    mlflow_runs: int


class ReportPage(TypedDict):
    """A study's page."""

    study: str
    path: str
    state: State
    verdict: str
    title: str
    ending: Ending
    candidates: int
    evaluations: int
    bytes: int


class Recording(TypedDict):
    """A recording of real experiments."""

    task: str
    path: str
    runs: int
    status: dict[str, int]
    cpu_s: float
    bytes: int
    world: dict[str, Any] | None


class Parted(TypedDict):
    """Whether validation and held-out quality part in a world, see `orgopt.lab.worlds.metrics_part`."""

    name: str
    settings: dict[str, Any]
    progress: float | None
    quality: float
    reference: float
    agreement: float | None
    runs: int
    warnings: list[str]


class Figures(TypedDict):
    """What a world gives for the figures of its task.toml."""

    name: str
    baseline: Measure
    reference: Measure
    settings: dict[str, Any]


class Checked(TypedDict):
    """What runs of a checkout showed."""

    name: str
    status: list[str]
    error: str
    metrics: list[float]
    noise: float | None
    seconds: float | None
    memory_gb: float
    varied: list[str]
    read: list[str]
    acts: list[str]
    unproven: dict[str, str]
    untried: list[str]
