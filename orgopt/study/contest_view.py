"""A contest as its log has it: who takes part, the runs so far, and how they rank on the seeds that all have had."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orgopt.document import parse, read
from orgopt.errors import StoreError
from orgopt.study.contest_log import LOG
from orgopt.study.ranking import Ranking, ranking
from orgopt.study.records.head import ContestRecord
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.records.reader import read_records
from orgopt.study.verdict.contest import ending
from orgopt.study.verdict.ending_form import Ending
from orgopt.study.verdict.evidence import unvaried

PLAIN = "optuna:"
"""What the text of an entrant begins with that is no document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestView:
    """A contest.

    Attributes:
        head: Its first record.
        runs: Those that are done, in the order in which they ended.
    """

    head: ContestRecord
    runs: Sequence[EvaluationRecord]

    @property
    def entrants(self) -> tuple[str, ...]:
        """Who takes part."""
        return tuple(one.entrant for one in self.head.entrants)

    @property
    def seeds(self) -> int:
        """The seeds that all entrants have had on all tasks."""
        done = {(one.entrant, one.task, one.k) for one in self.runs}
        every = [(who, task) for who in self.entrants for task in self.head.tasks]
        k = 0
        while every and all((who, task, k) in done for who, task in every):
            k += 1
        return k

    def ranked(self) -> Ranking | None:
        """The entrants on these seeds; None before there is one."""
        if not self.seeds:
            return None
        scores = {(one.entrant, one.task, one.k): one.score for one in self.runs}
        budgets = {task: self.head.identity.budget_of(task) for task in self.head.tasks}
        steady = unvaried(self.head.identity, self.head.tasks)
        return ranking(scores, self.entrants, list(self.head.tasks), self.seeds, budgets, sure=not steady)


def contest_view(folder: Path) -> ContestView:
    """The contest in a folder.

    Raises:
        StoreError: There is none.
        UsageError: Its log cannot be read.
    """
    head, *rest = read_records(folder / LOG) or [None]
    if not isinstance(head, ContestRecord):
        raise StoreError(f"{folder} has no contest yet")
    return ContestView(head=head, runs=[one for one in rest if isinstance(one, EvaluationRecord)])


def contest_ending(told: ContestView, found: Ranking, command: str = "", workers: int = 1) -> Ending:
    """A contest in words.

    Args:
        told: The contest.
        found: How its entrants rank.
        command: What continues it.
        workers: How many runs went on at once.
    """
    head = told.head
    texts = {one.entrant: one.program for one in head.entrants}
    sizes = {name: read(parse(text)).org.headcount for name, text in texts.items() if not text.startswith(PLAIN)}
    return ending(
        found,
        head.tasks,
        sizes=sizes,
        self_reported=bool(head.identity.self_reported),
        steady=unvaried(head.identity, head.tasks),
        command=command,
        seed_s=sum(one.wall_s for one in told.runs) / found.seeds / workers,
    )
