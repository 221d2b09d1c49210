"""What the last record of a study consists of: claims, ablations, estimates, costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orgopt.study.records.values import Many, OrNone
from orgopt.study.score_parts import Parts
from orgopt.study.statistics import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean over n seeds with its 95 % interval, whose ends are None for one seed."""

    mean: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What became of a contender of the race.

    Attributes:
        seeds: On how many it was run.
        dropped_at: After how many seeds it left, in races that orgopt 0.1 ran; None for one that stayed.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    entrant: str
    seeds: int
    dropped_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """What is said of the champion: as picked, drawn to the mean of all, in the race, and in the test."""

    raw: float
    shrunken: float
    race: float | None
    test: Mean | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The champion against somebody else, on the same seeds.

    Attributes:
        task: Its name; `all` for the mean over several.
        entrant: Against whom.
        mean, champion_mean: What both reached.
        difference, low, high: By how much the champion is ahead, with its interval; no interval for one seed.
        mdd: The smallest true difference that so many seeds show with 80 % power.
        parts, champion_parts: What both means are made of; None of an orgopt that did not tell.
    """

    phase: str
    task: str
    entrant: str
    mean: float
    champion_mean: float
    difference: float
    low: float | None
    high: float | None
    mdd: float | None
    seeds: int
    verdict: Verdict
    parts: OrNone[Parts] = None
    champion_parts: OrNone[Parts] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """What the champion loses without a part.

    Attributes:
        part: Its name.
        role, link: The role's id, or the link between ids, that it is; empty for others.
        difference, low, high: The loss with its interval; no interval for one seed.
        model: What a model expected it to lose; None without one.
    """

    part: str
    role: str
    link: str
    difference: float
    low: float | None
    high: float | None
    seeds: int
    model: OrNone[float] = None

    @property
    def verdict(self) -> Verdict:
        """What the champion is with the part: `better`, `worse`, or neither is shown."""
        if self.low is None or self.high is None:
            return "no difference"
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """The share of the differences between candidates that goes with a part."""

    part: str
    importance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What all runs of a study cost."""

    evaluations: int
    experiments: int
    lab_slot_s: float
    real_evaluations: int
    wall_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrites:
    """What came of rewriting.

    Attributes:
        asked: For how many candidates the rewriter was asked; what came of them is counted by outcome.
        better, sampler_better: How many of its candidates, and of the sampler's beside them, beat their parent, of how
            many.
        runs: Teams that ran for it.
    """

    rewriter: str
    asked: int
    proposed: int
    refused: int
    unchanged: int
    failed: int
    better: tuple[int, int]
    sampler_better: tuple[int, int]
    calls: int
    tokens: int
    usd: float
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """How many of some candidates beat their parent, of how many that is known, and the mean of all."""

    better: int
    candidates: int
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LastModel:
    """How well the last model of a study predicted; empty where there was none. See `ModelRecord`."""

    records: OrNone[int] = None
    spearman: OrNone[float] = None
    coverage: Many[float] = field(default_factory=dict[str, float])
    related: Many[float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What came of a model's picks.

    Attributes:
        proposers: What came of candidates, by who proposed them.
        coverage_80: The share of picks that came out within their 80 % intervals; None where nothing was picked.
    """

    proposers: Mapping[str, Came]
    coverage_80: float | None
    model: LastModel
