"""Callbacks: what runs, contests, studies and recordings tell of themselves while they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from orgopt.evolve.contest import Contest
    from orgopt.evolve.space.candidate import Candidate
    from orgopt.evolve.trials.job import Job
    from orgopt.lab.base import Outcome
    from orgopt.ledger import Event
    from orgopt.scoring.score import Score
    from orgopt.study.config import StudyConfig
    from orgopt.study.folder import StudyLog
    from orgopt.study.records.kinds import RewriteRecord
    from orgopt.study.standing import Standing
    from orgopt.tasks.task import Task


class Callback:
    """Told of what happens; the base class does nothing. Subclass it and override what you want to hear of.

    Example:
        class Loud(orgopt.Callback):
            def noted(self, line):
                print(line)

        orgopt.run("orgs/solo.md", task="digits", budget="30s", lab="replay", callback=Loud())
    """

    def noted(self, line: str) -> None:
        """Something that a person should know, in a line."""

    def organization_read(self, line: str, inferred: Sequence[str]) -> None:
        """A document was read, and nothing has begun: its organization in a line, and what was inferred of it."""

    def run_begun(self, task: Task, budget_s: float, folder: Path) -> None:
        """A run begins, or goes on; its files are in the folder."""

    def contest_begun(self, contest: Contest, seeds: int, folder: Path) -> None:
        """A contest begins, or goes on with the runs that `contest.scores` has."""

    def study_begun(self, config: StudyConfig, tasks: Mapping[str, Task], lab: str, log: StudyLog) -> None:
        """A study begins, or goes on with what is in its log."""

    def recording_begun(self, task: Task, runs: int, done: int) -> None:
        """A recording of so many runs begins, of which some are done."""

    def recorded(self, outcome: Outcome) -> None:
        """An experiment of a recording ended and is kept."""

    def fitting(self) -> None:
        """A recording is complete, and the world that replays it is fitted."""

    def planned(self, phase: str, runs: int) -> None:
        """So many runs of a phase of a study begin."""

    def rewritten(self, name: str, record: RewriteRecord) -> None:
        """A rewriter did its part for a candidate; the record says what came of it."""

    def event(self, job: Job | None, event: Event) -> None:
        """A team that runs in this process did something; a run that is no contest's or study's has no job."""

    def compared(self, job: Job, k: int, score: Score) -> None:
        """A run of a contest on its k-th seed ended and is kept."""

    def evaluated(self, phase: str, job: Job, score: Score) -> None:
        """A run of a study ended and is kept."""

    def told(self, candidate: Candidate, standing: Standing, *, dropped: bool) -> None:
        """A candidate of the search has all the runs that it gets; `dropped` if it was clearly worse before."""

    def sending(self) -> None:
        """All is measured, and the last of it is sent to MLflow."""

    def saved(self) -> None:
        """A generation or a phase is complete in the study's log."""


class Following(Callback):
    """Tells another callback all that it hears, and then calls functions of one's own.

    Args:
        callback: Told first.
        after: Functions without arguments, by the method after which each is called.
    """

    def __init__(self, callback: Callback, **after: Callable[[], None]) -> None:
        self._callback, self._after = callback, after

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        told, after = getattr(self._callback, name), self._after.get(name)
        if after is None:
            return told

        def both(*args: object, **kwargs: object) -> None:
            told(*args, **kwargs)
            after()

        return both
