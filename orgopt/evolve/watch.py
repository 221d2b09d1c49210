"""What a study tells of itself while it runs."""

from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.trials.arena import Job
from orgopt.ledger import Event
from orgopt.score import Score
from orgopt.study.records.kinds import RewriteRecord
from orgopt.study.standing import Standing


class Watch:
    """Told of what happens in a study; the base class does nothing."""

    def planned(self, phase: str, runs: int) -> None:
        """So many runs of a phase begin."""

    def rewritten(self, name: str, record: RewriteRecord) -> None:
        """A rewriter did its part for a candidate; the record says what came of it."""

    def noted(self, line: str) -> None:
        """Something that a person should know, in a line."""

    def event(self, job: Job, event: Event) -> None:
        """A team that runs in this process did something."""

    def evaluated(self, phase: str, job: Job, score: Score) -> None:
        """A run ended and is kept."""

    def told(self, candidate: Candidate, standing: Standing, *, dropped: bool) -> None:
        """A candidate of the search has all the runs that it gets; `dropped` if it was clearly worse before."""

    def saved(self) -> None:
        """A generation or a phase is complete in the study's log."""
