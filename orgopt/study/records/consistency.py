"""What records cannot say together: a candidate of a later generation, a run of nobody. Damage that types do not show.

Readers take for granted what is looked at here, so that none of them ends in a traceback.
"""

from collections.abc import Iterable, Iterator, Sequence

from orgopt.study.records.head import ContestRecord, StudyRecord
from orgopt.study.records.kinds import CandidateRecord, EvaluationRecord, FinalRecord, GenerationRecord, Record
from orgopt.study.records.names import PHASES

_OF_CANDIDATES = {"search", "race"}
_ELSEWHERE = {"held-out", "rewrite"}
"""Phases of other tasks, or of documents that are no candidates."""


def misfits(records: Sequence[Record]) -> Iterator[tuple[int, str]]:
    """The lines that do not fit those before them, from 1, with what is wrong."""
    if not records:
        return
    head = records[0]
    if isinstance(head, StudyRecord):
        yield from _in_study(head, records)
    elif isinstance(head, ContestRecord):
        yield from _in_contest(head, records)
    else:
        yield 1, f"a log begins with a study or a contest, and not with a record of the kind {head.kind}"


class _Study:
    """What was read of a study, and what may follow."""

    def __init__(self, head: StudyRecord) -> None:
        self.head, self.names, self.generation = head, set[str](), 0
        self.params: set[str] = set()

    def why(self, record: Record) -> str:
        """What is wrong with the next record; empty where nothing is."""
        match record:
            case CandidateRecord():
                return self._candidate(record)
            case EvaluationRecord():
                return self._run(record)
            case GenerationRecord():
                return self._end(record)
            case FinalRecord():
                unknown = {record.champion, record.simplest, *(place.entrant for place in record.race)} - self.names
                return f"the result names {_named(unknown)}, which is no candidate" if unknown else ""
            case StudyRecord() | ContestRecord():
                return f"a {record.kind} begins inside of a study"
            case _:
                return ""

    def _candidate(self, record: CandidateRecord) -> str:
        number, name, parent = len(self.names), record.name, record.parent
        if record.index != number or name in self.names:
            return f"candidate {name} has number {record.index}, where number {number} and a new name should be"
        if record.generation != self.generation:
            return f"candidate {name} is of generation {record.generation}, inside of generation {self.generation}"
        if parent is not None and not 0 <= parent < number:
            return f"candidate {name} has the parent {parent}, which is no earlier candidate"
        if number and set(record.params) != self.params:
            return f"candidate {name} has other parameters than the first: {_named(self.params ^ set(record.params))}"
        self.names.add(name)
        self.params = set(record.params)
        return ""

    def _run(self, record: EvaluationRecord) -> str:
        if record.phase not in PHASES:
            return f"there is no phase {record.phase}"
        if record.phase in _OF_CANDIDATES and record.entrant not in self.names:
            return f"a run of {record.entrant}, which is no candidate"
        if record.phase not in _ELSEWHERE and record.task not in self.head.tasks:
            return f"a run on {record.task}, which is no task of the study"
        return _no_curve(record)

    def _end(self, record: GenerationRecord) -> str:
        if record.generation != self.generation:
            return f"generation {record.generation} ends where generation {self.generation} should"
        self.generation += 1
        return ""


def _in_study(head: StudyRecord, records: Sequence[Record]) -> Iterator[tuple[int, str]]:
    tasks, others = set(head.tasks), set(head.identity.tasks)
    if tasks != others or not tasks:
        yield 1, f"the tasks of the study are {_named(tasks)}, and those of its identity {_named(others)}"
    so_far = _Study(head)
    for number, record in enumerate(records[1:], 2):
        if why := so_far.why(record):
            yield number, why


def _in_contest(head: ContestRecord, records: Sequence[Record]) -> Iterator[tuple[int, str]]:
    entrants = {one.entrant for one in head.entrants}
    for number, record in enumerate(records[1:], 2):
        if not isinstance(record, EvaluationRecord):
            yield number, f"a {record.kind} is no record of a contest"
        elif record.entrant not in entrants or record.task not in head.tasks:
            yield number, f"a run of {record.entrant} on {record.task}, who or which takes no part"
        elif why := _no_curve(record):
            yield number, why


def _no_curve(record: EvaluationRecord) -> str:
    return "" if record.score.curve else "a run without a curve"


def _named(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
