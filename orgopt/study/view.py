"""What the records of a study say: its candidates with their standing, its generations, its result. Pure functions.

The one reading of a study's log: terminal, page, MLflow and exports all ask it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

from orgopt.errors import StoreError, UsageError
from orgopt.scoring.score import Score
from orgopt.storage import regular_files
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import (
    CandidateRecord,
    EntrantRecord,
    EvaluationRecord,
    FinalRecord,
    GenerationRecord,
    Record,
    RewriteRecord,
)
from orgopt.study.records.names import LOG, SEARCH, STOPPED
from orgopt.study.records.reader import read_records
from orgopt.study.standing import Standing, believed, over_tasks, standings

_MAX_STOPPED = 300  # characters
R = TypeVar("R", bound=Record)
Runs = Mapping[tuple[str, str, str], Sequence[EvaluationRecord]]
"""Evaluations by phase, entrant and task, in the order of their seeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A candidate as the log has it.

    Attributes:
        record: Its record.
        scores: Its scores in the search by task, in the order of the seeds.
        standing: What is known of its research output; None where no seed is complete, and of one that was
            disqualified.
        dropped: Whether the search ended with it early, since it was clearly worse.
        disqualified: Why it counts for nothing: an experiment was tampered with; empty when it counts.
    """

    record: CandidateRecord
    scores: Mapping[str, Sequence[Score]]
    standing: Standing | None
    dropped: bool
    disqualified: str

    @property
    def name(self) -> str:
        """A short name such as `g01-c05`."""
        return self.record.name

    @property
    def value(self) -> float | None:
        """Its mean research output over tasks and search seeds, where it has one."""
        return self.standing.value if self.standing else None

    @property
    def error(self) -> float | None:
        """The standard error of its value; None where the noise is not known yet."""
        return (self.standing.error or None) if self.standing else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyView:
    """A study as its log has it.

    Attributes:
        head: The first record.
        candidates: In the order in which they were proposed; the first is the seed document.
        complete: The generations all of whose candidates have their runs.
        rewrites: What came of a rewriter's part, by the candidate's name.
        entrants: Who ran beside the champion, by name: controls and ablations.
        evaluations: All runs.
        runs: The same by phase, entrant and task.
        final: The latest result, or None.
        ended: When the last record was written, in seconds since the epoch.
        folder: Where its kept runs lie; None of records alone.
        stopped: The error that it was stopped by; empty where none was.
    """

    head: StudyRecord
    candidates: tuple[CandidateView, ...]
    complete: tuple[int, ...]
    rewrites: Mapping[str, RewriteRecord]
    entrants: Mapping[str, EntrantRecord]
    evaluations: tuple[EvaluationRecord, ...]
    runs: Runs
    final: FinalRecord | None
    ended: float
    folder: Path | None = field(default=None, compare=False)
    stopped: str = field(default="", compare=False)
    _named: Mapping[str, CandidateView] = field(init=False, repr=False, compare=False)
    _best: CandidateView | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Pages ask for both thousands of times.
        object.__setattr__(self, "_named", {one.name: one for one in reversed(self.candidates)})
        object.__setattr__(self, "_best", self._found())

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks that are searched."""
        return tuple(self.head.identity.tasks)

    @property
    def seed(self) -> CandidateView | None:
        """The seed document; None before it is proposed."""
        return self.candidates[0] if self.candidates else None

    @property
    def best(self) -> CandidateView | None:
        """The champion; before there is one, the candidate of the highest estimate."""
        return self._best

    def _found(self) -> CandidateView | None:
        if self.final:
            return self.candidate(self.final.champion)
        known = [one for one in self.candidates if one.standing]
        return max(known, key=lambda one: one.standing.estimate if one.standing else 0.0, default=None)

    @property
    def ahead(self) -> CandidateView | None:
        """The best; the seed document before anything is measured."""
        return self.best or self.seed

    def candidate(self, name: str) -> CandidateView | None:
        """A candidate by its name."""
        return self._named.get(name)

    def parent(self, of: CandidateView) -> CandidateView | None:
        """The candidate that one is a change of; None for the seed document."""
        return None if of.record.parent is None else self.candidates[of.record.parent]

    def generation(self, number: int) -> list[CandidateView]:
        """The candidates of a generation."""
        return [one for one in self.candidates if one.record.generation == number]

    def scores(self, phase: str, entrant: str, task: str) -> list[Score]:
        """The scores of an entrant's runs of a phase, in the order of the seeds."""
        return [one.score for one in self.runs.get((phase, entrant, task), ())]


def study(records: Sequence[Record], folder: Path | None = None) -> StudyView:
    """The view of a study's records, as `read_records` gives them.

    Args:
        records: All of them.
        folder: Where its kept runs lie, for who shows one.

    Raises:
        UsageError: They are not those of a study.
    """
    head = records[0] if records else None
    if not isinstance(head, StudyRecord):
        raise UsageError("these are no records of a study")
    evaluations = tuple(_of(EvaluationRecord, records))
    runs = _runs(evaluations)
    generations = _of(GenerationRecord, records)
    complete = tuple(record.generation for record in generations)
    estimates = generations[-1].estimates if generations else dict[str, tuple[float, float]]()
    finals = _of(FinalRecord, records)
    return StudyView(
        head=head,
        candidates=tuple(_candidates(head, _of(CandidateRecord, records), runs, set(complete), estimates)),
        complete=complete,
        rewrites={record.name: record for record in _of(RewriteRecord, records)},
        entrants={record.entrant: record for record in _of(EntrantRecord, records)},
        evaluations=evaluations,
        runs=runs,
        final=finals[-1] if finals else None,
        ended=records[-1].at,
        folder=folder,
        stopped=_stopped(folder) if folder else "",
    )


def _stopped(folder: Path) -> str:
    """What stopped the study of a folder, in a line."""
    try:
        text = regular_files.read_bytes(folder / STOPPED).decode("utf-8", "replace")
    except (OSError, StoreError):
        return ""
    return " ".join(text.split())[:_MAX_STOPPED]


def load_study(folder: Path) -> StudyView:
    """The view of the study in a folder.

    Raises:
        UsageError: There is none, or it is of another version of orgopt.
        StoreError: Its log is damaged.
    """
    records = read_records(folder / LOG)
    if not records:
        raise UsageError(f"{folder / LOG} has no record of a study yet: wait for its first, or name another study")
    if not isinstance(records[0], StudyRecord):
        raise UsageError(f"{folder / LOG} is the log of a {records[0].kind}, and not of a study")
    return study(records, folder)


def _of(kind: type[R], records: Sequence[Record]) -> list[R]:
    return [record for record in records if isinstance(record, kind)]


def _runs(evaluations: Iterable[EvaluationRecord]) -> Runs:
    found: dict[tuple[str, str, str], list[EvaluationRecord]] = {}
    for one in evaluations:
        found.setdefault((one.phase, one.entrant, one.task), []).append(one)
    return {key: sorted(ones, key=attrgetter("k")) for key, ones in found.items()}


def _candidates(
    head: StudyRecord,
    proposed: Sequence[CandidateRecord],
    runs: Runs,
    complete: set[int],
    estimates: Mapping[str, tuple[float, float]],
) -> Iterable[CandidateView]:
    scores = {
        one.name: {task: [run.score for run in runs.get((SEARCH, one.name, task), ())] for task in head.identity.tasks}
        for one in proposed
    }
    caught = {
        name: next((score.disqualified for ones in by_task.values() for score in ones if score.disqualified), "")
        for name, by_task in scores.items()
    }
    outputs = {
        name: over_tasks([[score.research_output for score in ones] for ones in by_task.values()])
        for name, by_task in scores.items()
        if not caught[name]
    }
    told, _ = standings(outputs)
    told = believed(told, estimates)
    for record in proposed:
        standing = told.get(record.name)
        yield CandidateView(
            record=record,
            scores=scores[record.name],
            standing=standing,
            dropped=standing is not None
            and record.generation in complete
            and standing.seeds < head.identity.search_seeds,
            disqualified=caught[record.name],
        )
