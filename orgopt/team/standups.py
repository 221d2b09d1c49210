"""Stand-ups: when one is held, who attends, who hears what of whom, and what it costs.

Each attendee brings its best results, as many as the document says, and leaves with what all of them brought. What one
reports in words the others read. Who is not there hears nothing of it, and experiments go on meanwhile.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orgopt.ledger import BASELINE
from orgopt.org import Org
from orgopt.tasks.task import Task
from orgopt.team.desk import Desk


class HeldStandup(NamedTuple):
    """What came of a stand-up.

    Attributes:
        seconds: How long it stopped the thinking of each attendee.
        shared: The experiments that every attendee knows of then, in their order.
    """

    seconds: float
    shared: list[int]


class Standups:
    """The stand-ups of a run.

    Args:
        org: The organization; one without a stand-up never holds any.
        task: What it researches, which says how long meeting takes.
        desks: Its agents' places, by name.
    """

    def __init__(self, org: Org, task: Task, desks: Mapping[str, Desk]) -> None:
        self._standup, self._task = org.standup, task
        self.by_time = org.standup is not None and org.standup.unit == "s"
        self.next = org.standup.every if org.standup else float("inf")
        roles = set(org.standup.attendees) if org.standup else set[str]()
        self.attendees = [one for one in desks.values() if not roles or one.member.role.id in roles]

    def due(self, finished: int) -> bool:
        """Whether one is held now, after so many experiments; those by time have a timer instead."""
        return not self.by_time and finished >= self.next

    def call(self) -> Sequence[Desk]:
        """Begin one, and set when the next is: those who attend."""
        # Counted from when this one was due, so that a late one moves no other.
        self.next += self._standup.every if self._standup else 0.0
        return self.attendees

    def read_reports(self, attendees: Sequence[Desk], reports: Mapping[str, str]) -> None:
        """Each attendee reads what the others report, by the name of who says it; one alone keeps its own."""
        for one in attendees:
            for author, text in reports.items():
                if author != one.member.id:
                    one.agent.hear(f"{author} reports: {text}")
                elif len(attendees) == 1:
                    one.agent.hear(f"You noted: {text}")

    def read_notes(self, attendees: Sequence[Desk], told: Sequence[str]) -> None:
        """Each attendee hears what a person has told the team."""
        for one in attendees:
            for text in told:
                one.agent.hear(f"A person who follows this run says: {text}")

    def hold(self, attendees: Sequence[Desk], t: float) -> HeldStandup:
        """Hold one at a time: collect what all bring, and keep each busy while it lasts."""
        seconds = self._task.meeting_s + self._task.meeting_per_head_s * len(attendees)
        share = self._standup.share if self._standup else None
        brought: set[int] = set()
        for one in attendees:
            brought.update(one.beliefs.best_of(one.member.id, share))
            one.busy_until = max(one.busy_until, t) + seconds
        return HeldStandup(seconds, sorted(brought - {BASELINE}))  # the baseline everybody knows
