"""What is printed of boards: the board, its claims, and what is most worth trying."""

from typing import NotRequired

from typing_extensions import TypedDict  # pydantic asks for it below Python 3.12

Value = int | float | str


class Terms(TypedDict):
    """What a board is about; see `orgopt.board.records.Terms`."""

    id: str
    name: str
    task: str
    digest: str
    metric: str
    heldout: str
    unit: str
    baseline: float
    noise: float
    by_ratio: bool
    family: float
    step: float
    commitment: str
    made: float


class Listed(TypedDict):
    """A claim in a list; what it changes is there once it is decided."""

    id: int
    digest: str
    key: str
    name: str
    stated: float
    received: float
    decided: float | None
    why: str
    credits: int | None
    test: int | None
    against: int | None
    status: str
    gain: float | None
    error: float | None
    over_baseline: float | None
    over_error: float | None
    metric: float | None
    settings: NotRequired[dict[str, Value]]
    rewrites: NotRequired[bool]


class Board(TypedDict):
    """A board."""

    board: Terms
    tests: int
    level: float
    best: int | None
    gain: float | None
    heldout_gain: float
    counts: dict[str, int]
    accepted: list[Listed]
    newest: list[Listed]


class Round(TypedDict):
    """The runs of one seed; null is a run that failed or was not made."""

    seed: int
    own: float | None
    best: float | None
    base: float | None


class Result(TypedDict, total=False):
    """What a test gave; empty where there was none."""

    secret: str
    level: float
    log_evidence: float
    gain: float
    error: float | None
    over_baseline: float | None
    over_error: float | None
    metric: float | None
    rounds: list[Round]
    recheck: list[Round]
    holds: bool | None


class Claim(Listed):
    """A claim with all that it takes to repeat its test, once it is decided."""

    note: str
    ledger: str
    script: str
    text: str
    signature: str
    result: Result


class Again(TypedDict):
    """A run that was repeated; `who` is `own` or `best`."""

    seed: int
    who: str
    told: float | None
    here: float | None
    same: bool


class Shown(Claim):
    """A claim, what in it does not fit together, and its runs that were repeated."""

    wrong: list[str]
    repeated: list[Again]


class Served(TypedDict):
    """A board that is served."""

    address: str
    database: str
    task: str
    id: str
    commitment: str


class Verified(TypedDict):
    """Claims that were decided."""

    decided: list[Claim]


class Group(TypedDict):
    """A group of knobs: how often it was tried, and what that gained, from 0 to 1."""

    name: str
    tried: int
    gain: float


class Assigned(TypedDict):
    """What is most worth trying, and the document for it."""

    best: int | None
    settings: dict[str, Value]
    focus: str
    groups: list[Group]
    failed: list[dict[str, Value]]
    text: str
