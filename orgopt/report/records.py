"""A study as its records tell it: candidates with their values, runs, controls and the final result.

A running study has not all of them; what is missing is empty or None, and a record that is not understood is left out.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from orgopt.errors import UsageError
from orgopt.study.log import SCHEMA_VERSION
from orgopt.study.standing import Standing, believed, over_tasks, standings

Record = dict[str, Any]


class Run(NamedTuple):
    """One evaluation: its research output and, over lab seconds, the quality of what would be submitted."""

    k: int
    output: float
    curve: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A document that the search proposed.

    Attributes:
        value: Mean over tasks and search seeds; None before the first, and of one that was disqualified.
        error: Standard error of the value, from the noise of all candidates; None where that is not known yet.
        estimate: What is believed of it.
        dropped: It was given fewer search seeds than others were.
    """

    index: int
    name: str
    generation: int
    parent: int | None
    proposer: str
    program: str
    changes: tuple[str, ...]
    value: float | None
    error: float | None
    estimate: float | None
    dropped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study's records by what they are about.

    Attributes:
        header: The record of kind `study`.
        runs: Evaluations by phase, entrant and task, in the order of their seeds.
        entrants: What controls and knock-outs are, by name.
        final: The latest final record; empty while there is none.
        started, ended: Epoch seconds of the first and the last record.
    """

    header: Record
    candidates: tuple[Candidate, ...]
    runs: Mapping[tuple[str, str, str], tuple[Run, ...]]
    entrants: Mapping[str, Record]
    final: Record
    evaluations: Sequence[Record]
    started: float | None
    ended: float | None

    @property
    def identity(self) -> Record:
        """What makes the study repeatable."""
        return mapping(self.header.get("identity"))

    @property
    def tasks(self) -> tuple[str, ...]:
        """Names of the tasks that were searched."""
        named = mapping(self.header.get("tasks")) or mapping(self.identity.get("tasks"))
        return tuple(map(str, named)) or tuple(sorted({task for phase, _, task in self.runs if phase == "search"}))

    @property
    def seed(self) -> Candidate | None:
        """The seed document."""
        return next((candidate for candidate in self.candidates if candidate.index == 0), None)

    @property
    def champion(self) -> Candidate | None:
        """The winner of the race; before one, the candidate of which most is believed."""
        if named := self.named(str(self.final.get("champion", ""))):
            return named
        known = [c for c in self.candidates if c.estimate is not None]
        return max(known, key=lambda c: c.estimate or 0.0, default=self.seed)

    @property
    def leader(self) -> str:
        """What the champion is called: it is none before the race."""
        return "champion" if self.final else "ahead so far"

    @property
    def claims(self) -> list[Record]:
        """Comparisons of the champion, those with a difference."""
        return [
            _claim(claim) for claim in rows(self.final.get("claims")) if finite(claim.get("difference")) is not None
        ]

    def named(self, name: str) -> Candidate | None:
        """The candidate of a name."""
        return next((candidate for candidate in self.candidates if candidate.name == name), None)

    def at(self, index: int | None) -> Candidate | None:
        """The candidate of an index."""
        return next((candidate for candidate in self.candidates if candidate.index == index), None)


def study(records: Sequence[Record]) -> Study:
    """The study of some records.

    Raises:
        UsageError: They are of a version that is not read.
    """
    header = next((record for record in records if record.get("kind") == "study"), Record())
    version = header.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise UsageError(
            f"study {header.get('name', '')} has records of version {version}, of another version of orgopt; "
            f"reports are made of version {SCHEMA_VERSION}: search again with `orgopt optimize`"
        )
    evaluations = [record for record in records if record.get("kind") == "evaluation"]
    runs = _runs(evaluations)
    finals = [record for record in records if record.get("kind") == "final"]
    times = [at for record in records if (at := finite(record.get("at"))) is not None]
    return Study(
        header=header,
        candidates=_candidates(records, runs),
        runs=runs,
        entrants={str(record.get("entrant", "")): record for record in records if record.get("kind") == "entrant"},
        final=finals[-1] if finals else {},
        evaluations=evaluations,
        started=min(times, default=None),
        ended=max(times, default=None),
    )


def mapping(value: Any) -> Record:
    """A JSON object; an empty one for anything else."""
    return cast("Record", value) if isinstance(value, dict) else {}


def rows(value: Any) -> list[Record]:
    """The JSON objects of a list."""
    return [row for row in items(value) if isinstance(row, dict)]


def items(value: Any) -> list[Any]:
    """A JSON list; an empty one for anything else."""
    return list(cast("Sequence[Any]", value)) if isinstance(value, list | tuple) else []


def finite(value: Any) -> float | None:
    """A number, or None for anything else."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None


def _claim(record: Record) -> Record:
    """A claim whose names are text and whose count of seeds is a number or None."""
    names = {key: str(record.get(key) or "") for key in ("phase", "task", "entrant", "verdict")}
    seeds = record.get("seeds")
    return {**record, **names, "seeds": seeds if isinstance(seeds, int) else None}


def _runs(evaluations: Sequence[Record]) -> dict[tuple[str, str, str], tuple[Run, ...]]:
    found: dict[tuple[str, str, str], dict[int, Run]] = defaultdict(dict)
    for record in evaluations:
        score = mapping(record.get("score"))
        output, k = finite(score.get("research_output")), record.get("k", 0)
        if output is None or not isinstance(k, int):
            continue
        points = [point for point in items(score.get("curve")) if len(items(point)) == 2]
        curve = tuple((t, q) for t, q in ((finite(a), finite(b)) for a, b in points) if t is not None and q is not None)
        key = (str(record.get("phase", "")), str(record.get("entrant", "")), str(record.get("task", "")))
        found[key][k] = Run(k, output, curve)
    return {key: tuple(runs[k] for k in sorted(runs)) for key, runs in found.items()}


def _candidates(
    records: Sequence[Record], runs: Mapping[tuple[str, str, str], tuple[Run, ...]]
) -> tuple[Candidate, ...]:
    proposed = {
        record["index"]: record
        for record in records
        if record.get("kind") == "candidate" and isinstance(record.get("index"), int)
    }
    told = _standings(records, runs)
    most = max((one.seeds for one in told.values()), default=0)
    return tuple(_candidate(record, told.get(str(record.get("name"))), most) for _, record in sorted(proposed.items()))


def _standings(
    records: Sequence[Record], runs: Mapping[tuple[str, str, str], tuple[Run, ...]]
) -> Mapping[str, Standing]:
    """The figures of the search itself: what every candidate achieved, and what is believed of it."""
    by_task: dict[str, list[list[float]]] = defaultdict(list)
    for (phase, entrant, _), found in runs.items():
        if phase == "search":
            by_task[entrant].append([run.output for run in found])
    caught = {
        record.get("entrant")
        for record in records
        if record.get("phase") == "search" and mapping(record.get("score")).get("disqualified")
    }
    told, _ = standings({name: over_tasks(outputs) for name, outputs in by_task.items() if name not in caught})
    kept = [record for record in records if record.get("kind") == "generation"]
    estimates = mapping(kept[-1].get("estimates")) if kept else {}
    return believed(told, {name: (one[0], one[1]) for name, one in estimates.items() if len(items(one)) == 2})


def _candidate(record: Record, told: Standing | None, most: int) -> Candidate:
    parent, generation = record.get("parent"), record.get("generation")
    return Candidate(
        index=record["index"],
        name=str(record.get("name", record["index"])),
        generation=generation if isinstance(generation, int) else 0,
        parent=parent if isinstance(parent, int) and parent != record["index"] else None,
        proposer=str(record.get("proposer", "")),
        program=str(record.get("program", "")),
        changes=tuple(map(str, items(record.get("changes")))),
        value=told.value if told else None,
        error=(told.error or None) if told else None,
        estimate=told.estimate if told else None,
        dropped=told is not None and told.seeds < most,
    )
