"""The experiments of one run: who asked for which, what runs, and what is noted of each.

Numbers begin with 1, in the order in which they were asked for; 0 is the baseline. When one is asked for, and who hears
what came of it, is `runtime`'s.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from orgopt.agents import Catalogue, Proposal
from orgopt.agents.thinking.situation import Attempt
from orgopt.lab.base import Outcome
from orgopt.ledger import BASELINE
from orgopt.tasks.knob import conditional, settled
from orgopt.tasks.task import Settings, Task
from orgopt.team.beliefs import Finished
from orgopt.team.scripts import Scripts


class Asked(NamedTuple):
    """An experiment that somebody asked for; `setting` is the first experiment with the same settings."""

    agent: str
    setting: int
    settings: Settings


class Experiments(Mapping[int, Asked]):
    """All that were asked for, by number.

    Args:
        task: What they try.

    Attributes:
        scripts: What each trains; `catalogue`: which have the same settings.
        notes: Why each was asked for, by whom.
        errors: How some failed.
        attempts: What else is noted, for those that think in words.
        running: Those that run or wait for a slot, in their order.
        ended: How many ended within the budget.
    """

    def __init__(self, task: Task) -> None:
        self.scripts, self.catalogue = Scripts(task), Catalogue(task.knobs)
        self.catalogue.add(task.complete({}), BASELINE)
        self.notes, self.errors = dict[int, str](), dict[int, str]()
        self.attempts, self.running = dict[int, Attempt](), dict[int, None]()
        self.ended = 0
        self._asked: dict[int, Asked] = {}
        self._knobs, self._conditional = task.knobs, conditional(task.knobs)

    def add(self, agent: str, proposal: Proposal) -> int:
        """Note one that an agent asks for; gives its number."""
        number = len(self._asked) + 1
        if self._conditional:  # two settings that differ in a knob that is off are one
            proposal = replace(proposal, settings=settled(self._knobs, proposal.settings))
        script = proposal.script or self.scripts.child(proposal.parent, proposal.settings)
        self.scripts.put(number, proposal.settings, script)
        setting = self.catalogue.add(proposal.settings, number, self.scripts.key(number))
        self._asked[number] = Asked(agent, setting, proposal.settings)
        self.notes[number] = f"{agent}: {proposal.note}"
        self.attempts[number] = Attempt(agent, proposal.parent)
        self.running[number] = None
        return number

    def end(self, outcome: Outcome, seconds: float) -> Finished:
        """Note what came of one that took some lab seconds, and give it as the team is told of it."""
        number, asked = outcome.id, self._asked[outcome.id]
        self.ended += 1
        del self.running[number]
        self.attempts[number] = self.attempts[number]._replace(seconds=seconds, curve=outcome.curve)
        told = (outcome.metric, outcome.curve, outcome.status.failed)
        return Finished(number, asked.agent, asked.setting, asked.settings, *told)

    def __getitem__(self, number: int) -> Asked:
        return self._asked[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._asked)

    def __len__(self) -> int:
        return len(self._asked)
