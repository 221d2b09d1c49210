"""A lab in virtual time that writes down what every experiment gave."""

import os
from collections.abc import Mapping
from pathlib import Path

from orgopt.lab.base import Checkpoint, Outcome
from orgopt.lab.replay import ReplayLab
from orgopt.lab.worlds.world import open_world
from orgopt.tasks.task import Task


class Audited(ReplayLab):
    """The replay lab, with a line in a file for each outcome."""

    path = Path(os.environ.get("AUDIT", "audit.txt"))

    @property
    def stamp(self) -> Mapping[str, str]:
        """What results are measured on; `lab` is the name of the entry point."""
        return {**super().stamp, "lab": "audited"}

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        """The next outcomes, which are in the file by then."""
        events = super().wait(until)
        with self.path.open("a") as file:
            file.writelines(f"{one.id} {one.status} {one.metric}\n" for one in events if isinstance(one, Outcome))
        return events


def open_audited(task: Task, slots: int) -> Audited:
    """The lab for a task that is a world."""
    return Audited(task, open_world(task), slots)
