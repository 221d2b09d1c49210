"""An experiment that a local lab runs: which attempt, and what is known of it."""

from dataclasses import dataclass, field
from typing import Any

from orgopt.lab.base import Checkpoint, Experiment, Lost, Outcome, Status
from orgopt.tasks.task import Task


@dataclass(slots=True)
class Running:
    """An experiment that has a slot.

    Attributes:
        started: Lab seconds at which it got the slot.
        begun: At which this attempt began.
        curve: Its learning curve so far, of this attempt.
        lost: Attempts that ended by a fault of the lab.
        killed: Whether its end was asked for.
        told: Whether its outcome is known, and only its slot not free yet.
        points: How many points of its curve were told as checkpoints.
    """

    experiment: Experiment
    started: float
    begun: float
    curve: list[float] = field(default_factory=list[float])
    lost: list[Lost] = field(default_factory=list[Lost])
    killed: bool = False
    told: bool = False
    points: int = 0

    def cut(self, status: Status, now: float) -> Outcome:
        """The outcome of an experiment that ends now; it is told from then on."""
        self.told = True
        return Outcome(
            id=self.experiment.id,
            status=status,
            started=self.started,
            ended=now,
            curve=tuple(self.curve),
            lost=tuple(self.lost),
        )

    def request(self, task: Task) -> dict[str, Any]:
        """What a warm process is asked to run."""
        one, own = self.experiment, task.script_with(self.experiment.settings)
        script = own if one.script is None else one.script
        edited = one.script is not None
        return {
            "id": one.id,
            "seed": one.seed,
            "watched": one.watched,
            "script": script,
            "own": own,
            "edited": edited,
            "files": task.files_with(script, one.seed),
        }

    def checkpoints(self, now: float) -> list[Checkpoint]:
        """The points of its curve that are new, where somebody watches; another attempt repeats them."""
        if not self.experiment.watched or self.told:
            return []
        new = range(self.points, len(self.curve))
        self.points = max(self.points, len(self.curve))
        return [Checkpoint(id=self.experiment.id, t=now, step=k, value=self.curve[k]) for k in new]
