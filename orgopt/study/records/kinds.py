"""The kinds of records: one class for each line that the log of a study or a contest can have.

The order of the fields is the order in the file. A field that is left out where it has nothing to say is `Optional`.
Fields that no class has are ignored on reading: an orgopt of the same version may have added them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from orgopt.scoring.score import Score
from orgopt.study.records.head import ContestRecord, StudyRecord
from orgopt.study.records.result import Ablation, Claim, Cost, Estimates, Feedback, Importance, Place, Rewrites
from orgopt.study.records.values import Many, OrNone, Time, Value
from orgopt.team.skill import Skill


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What a model expected of a candidate that it picked."""

    mean: float
    sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateRecord:
    """A document that was proposed.

    Attributes:
        index: Its number in the study, from 0, the seed document.
        parent: The index of the candidate that it is a change of; None for the seed document.
        params: Its place in the search space.
        texts: The texts that were rewritten, by their places.
        other: The index of the candidate that it has a part of, where two were crossed.
        sampler_state: What the sampler needs when the study is continued.
    """

    kind: Literal["candidate"] = "candidate"
    index: int
    name: str
    generation: int
    parent: int | None
    proposer: str
    params: Mapping[str, Value]
    program: str
    changes: tuple[str, ...]
    texts: Many[str] = field(default_factory=dict[str, str])
    predicted: OrNone[Predicted] = None
    other: OrNone[int] = None
    sampler_state: Mapping[str, Any] = field(default_factory=dict[str, Any])
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteChange:
    """A change that a rewriter made, see `orgopt.evolve.space.model_changes.Change`."""

    place: str
    to: Any
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteRecord:
    """What came of a rewriter's part, see `orgopt.evolve.proposers.rewrite.rewriting.Rewrite`."""

    kind: Literal["rewrite"] = "rewrite"
    index: int
    name: str
    parent: int
    rewriter: str
    outcome: str
    reason: str
    changes: tuple[RewriteChange, ...]
    calls: int
    tokens: int
    usd: float
    runs: Annotated[int, Field(exclude_if=lambda runs: not runs)] = 0
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRecord:
    """A run that is done, on the k-th seed of a phase.

    Attributes:
        wall_s: Wall seconds that it took.
        memory: What roles remember after it, by their ids, where it is a run that leaves memory.
        skills: What the language models of its roles did.
    """

    kind: Literal["evaluation"] = "evaluation"
    phase: str
    entrant: str
    task: str
    k: int
    seed: int
    score: Score
    wall_s: float
    memory: Many[str] = field(default_factory=dict[str, str])
    skills: Annotated[tuple[Skill, ...], Field(exclude_if=lambda shown: not shown)] = ()
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRecord:
    """That all candidates of a generation have their runs.

    Attributes:
        estimates: What a model believes of each candidate by name, and one standard deviation of doubt.
    """

    kind: Literal["generation"] = "generation"
    generation: int
    estimates: Many[tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntrantRecord:
    """Who runs beside the champion: `role` is `control` or `knock-out`, the word on disk for an ablation."""

    kind: Literal["entrant"] = "entrant"
    entrant: str
    role: str
    program: str
    about: str
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRecord:
    """How well the model of a study predicts; see `orgopt.study.model_fit`.

    Attributes:
        candidates: How many it had learned from.
        related: How far each other study's results counted, by the study.
    """

    kind: Literal["model"] = "model"
    candidates: int
    related: Many[float] = field(default_factory=dict[str, float])
    records: int
    spearman: float
    coverage: Mapping[str, float]
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleRecord:
    """How well the ensemble over role graphs predicts, and the digest of what it learned from."""

    kind: Literal["ensemble"] = "ensemble"
    digest: str
    records: int
    spearman: float
    coverage: Mapping[str, float]
    at: Time = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalRecord:
    """What a study found.

    Attributes:
        candidates: How many there were.
        champion, simplest: The names of the winner, and of the smallest that was as good.
        changes, effects: The edits that make the champion of the seed document, and those of them that matter to a run;
            None of an orgopt that did not tell them apart.
        ablations: What the champion loses without each of its parts.
        rewrites, feedback: What came of the rewriter, and of the model; None without.
    """

    kind: Literal["final"] = "final"
    candidates: int
    champion: str
    simplest: str
    changes: tuple[str, ...]
    effects: OrNone[tuple[str, ...]] = None
    race: tuple[Place, ...]
    estimates: Estimates
    claims: tuple[Claim, ...]
    ablations: Annotated[tuple[Ablation, ...], Field(alias="knock_outs")]
    importances: tuple[Importance, ...]
    cost: Cost
    rewrites: OrNone[Rewrites] = None
    feedback: OrNone[Feedback] = None
    at: Time = 0.0


Record = (
    StudyRecord
    | ContestRecord
    | CandidateRecord
    | RewriteRecord
    | EvaluationRecord
    | GenerationRecord
    | EntrantRecord
    | ModelRecord
    | EnsembleRecord
    | FinalRecord
)
