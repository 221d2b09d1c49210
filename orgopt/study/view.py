"""What the records of a study say: its candidates with their standing, its generations, its result. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orgopt.errors import UsageError
from orgopt.ledger import read_lines
from orgopt.study.log import LOG, SCHEMA_VERSION, SEARCH
from orgopt.study.standing import Standing, believed, over_tasks, standings

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """A candidate as the log has it.

    Attributes:
        record: Its `candidate` record: name, generation, parent, proposer, params, program, changes.
        scores: Its scores in the search by task, in the order of the seeds.
        standing: What is known of its research output; None where no seed is complete.
        dropped: Whether the search ended with it early, since it was clearly worse.
        disqualified: Why it counts for nothing: an experiment was tampered with; empty when it counts.
    """

    record: Record
    scores: Mapping[str, Sequence[Record]]
    standing: Standing | None
    dropped: bool
    disqualified: str

    @property
    def name(self) -> str:
        """A short name such as `g01-c05`."""
        return self.record["name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyView:
    """A study as its log has it.

    Attributes:
        head: The `study` record.
        candidates: In the order in which they were proposed; the first is the seed document.
        complete: The generations all of whose candidates have their runs.
        rewrites: What came of a rewriter's part, by the candidate's name.
        entrants: The `entrant` records by name: controls and knock-outs.
        evaluations: All `evaluation` records.
        final: The latest `final` record, or None.
    """

    head: Record
    candidates: tuple[CandidateView, ...]
    complete: tuple[int, ...]
    rewrites: Mapping[str, Record]
    entrants: Mapping[str, Record]
    evaluations: tuple[Record, ...]
    final: Record | None

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks that are searched."""
        return tuple(self.head["identity"]["tasks"])

    def candidate(self, name: str) -> CandidateView | None:
        """A candidate by its name."""
        return next((one for one in self.candidates if one.name == name), None)

    def generation(self, number: int) -> list[CandidateView]:
        """The candidates of a generation."""
        return [one for one in self.candidates if one.record["generation"] == number]

    def scores(self, phase: str, entrant: str, task: str) -> list[Record]:
        """The scores of an entrant's runs of a phase, in the order of the seeds."""
        found = [
            one for one in self.evaluations if (one["phase"], one["entrant"], one["task"]) == (phase, entrant, task)
        ]
        return [one["score"] for one in sorted(found, key=lambda one: one["k"])]

    @property
    def best(self) -> CandidateView | None:
        """The champion; before there is one, the candidate of the highest estimate."""
        if self.final:
            return self.candidate(self.final["champion"])
        known = [one for one in self.candidates if one.standing]
        return max(known, key=lambda one: one.standing.estimate if one.standing else 0.0, default=None)


def study(records: Sequence[Record]) -> StudyView:
    """The view of a study's records.

    Raises:
        UsageError: They are of another version of orgopt.
    """
    head = records[0]
    if head.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(
            f"study {head.get('name')} was made by orgopt {head.get('orgopt')}: its records are of a form "
            "that this version does not read"
        )
    evaluations = tuple(record for record in records if record["kind"] == "evaluation")
    generations = [record for record in records if record["kind"] == "generation"]
    complete = tuple(record["generation"] for record in generations)
    estimates: Record = generations[-1].get("estimates", {}) if generations else {}
    proposed = [record for record in records if record["kind"] == "candidate"]
    return StudyView(
        head=head,
        candidates=tuple(_candidates(head, proposed, evaluations, set(complete), estimates)),
        complete=complete,
        rewrites={record["name"]: record for record in records if record["kind"] == "rewrite"},
        entrants={record["entrant"]: record for record in records if record["kind"] == "entrant"},
        evaluations=evaluations,
        final=next((record for record in reversed(records) if record["kind"] == "final"), None),
    )


def load_study(folder: Path) -> StudyView:
    """The view of the study in a folder.

    Raises:
        UsageError: There is none.
        StoreError: Its log is damaged.
    """
    records = list(read_lines(folder / LOG))
    if not records:
        raise UsageError(f"{folder} has no {LOG}: it is not the folder of a study")
    return study(records)


def _candidates(
    head: Record,
    proposed: Sequence[Record],
    evaluations: Iterable[Record],
    complete: set[int],
    estimates: Mapping[str, tuple[float, float]],
) -> Iterable[CandidateView]:
    tasks = list(head["identity"]["tasks"])
    scores: dict[str, dict[str, list[tuple[int, Record]]]] = {}
    for one in evaluations:
        if one["phase"] == SEARCH:
            by_task = scores.setdefault(one["entrant"], {task: [] for task in tasks})
            by_task[one["task"]].append((one["k"], one["score"]))
    ordered = {
        name: {task: [score for _, score in sorted(rows, key=lambda row: row[0])] for task, rows in by_task.items()}
        for name, by_task in scores.items()
    }
    caught = {
        name: next((s["disqualified"] for rows in by_task.values() for s in rows if s["disqualified"]), "")
        for name, by_task in ordered.items()
    }
    honest = {name: by_task for name, by_task in ordered.items() if not caught[name]}
    outputs = {
        name: [[score["research_output"] for score in rows] for rows in by_task.values()]
        for name, by_task in honest.items()
    }
    found, _ = standings({name: over_tasks(by_task) for name, by_task in outputs.items()})
    found = believed(found, estimates)
    planned = head["identity"]["search_seeds"]
    for record in proposed:
        standing = found.get(record["name"])
        yield CandidateView(
            record=record,
            scores=ordered.get(record["name"], {task: [] for task in tasks}),
            standing=standing,
            dropped=standing is not None and record["generation"] in complete and standing.seeds < planned,
            disqualified=caught.get(record["name"], ""),
        )
