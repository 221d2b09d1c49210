"""Tasks that are larger than an experiment: who hands them out, who holds one, how far it is, and how it ends.

A role with a `Task length` hands one to each agent that it delegates to. Who holds a task starts from its own work in
it until it ends, whatever others find meanwhile; what it brought is then the giver's, who merges what won.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orgopt.agents import Known, Proposal
from orgopt.agents.base import HeldAssignment
from orgopt.ledger import BASELINE, Event
from orgopt.team.assignment_words import AssignmentWords, ending_of, words_of
from orgopt.team.beliefs import Finished
from orgopt.team.desk import Desk
from orgopt.team.merging import merged
from orgopt.team.scripts import Scripts

_HOW = (
    "You hand out tasks of up to {length} to {who}. Write your assignment as 'NAME: goal. Steps: one; two. Done when: "
    "the metric is below a number.', and ' | ' between the tasks of several"
)


class AssignmentEnd(StrEnum):
    """How a task ended."""

    DONE = "done"  # by what counts as done, or because who held it said so
    LENGTH = "length"  # it took as many experiments as it may
    DEADLINE = "deadline"
    GAVE_UP = "gave up"
    HANDED_OVER = "handed over"


@dataclass(slots=True, eq=False)
class Assignment:
    """A task, and how far it is.

    Attributes:
        id: Its number in the run, from 1.
        giver, holder: Who handed it out, and who holds it.
        words: Its goal, steps, and what counts as done.
        most: Experiments that it may take.
        deadline: Lab seconds.
        base: The setting that it begins with.
        head: The setting that its next experiment starts from: the best that came of it.
        runs: Its finished experiments, oldest first.
        first: The number of the first experiment that can be one of its own.
        held: Who has held it.
        said: Why its holder says that it is done, once its experiments have ended; empty before.
    """

    id: int
    giver: Desk
    holder: Desk
    words: AssignmentWords
    most: float
    deadline: float
    base: int
    head: int
    first: int
    runs: list[Finished] = field(default_factory=list[Finished])
    held: tuple[str, ...] = ()
    said: str = ""


class Ways(Protocol):
    """How settings come from one agent to another, as of `exchange.Exchange`."""

    def hand(self, t: float, one: Desk, given: tuple[int, tuple[str, ...], str], to: list[str]) -> None:
        """Give some agents a setting, a focus and words."""
        ...

    def bring(self, t: float, holder: Desk, giver: Desk, setting: int) -> None:
        """Let a giver know of what came of a task."""
        ...


class Assignments:
    """The tasks of a run.

    Args:
        desks: The agents' places, by name.
        scripts: The script of each experiment.
        add: Writes an event into the ledger: `task` when one is handed out, `task-end` when it ends.
        ways: How settings come from one agent to another.
    """

    def __init__(
        self,
        desks: Mapping[str, Desk],
        scripts: Scripts,
        add: Callable[..., Event],
        ways: "Ways",
    ) -> None:
        self._desks, self._scripts, self._add, self._ways = desks, scripts, add, ways
        self._givers = [one for one in desks.values() if one.hands_to and one.member.role.task_length]
        self._open: dict[str, Assignment] = {}
        self._won: dict[str, list[Assignment]] = {one.member.id: [] for one in self._givers}
        self._given: dict[tuple[str, str], str] = {}  # the words that an agent last had from another
        self._count = 0
        self._last = 0

    def hand_out(self, t: float) -> None:
        """Give a task to everybody who has none and is to have one."""
        for giver in self._givers:
            for name in giver.hands_to:
                holder = self._desks[name]
                if name in self._open or holder.out:
                    continue
                words = words_of(giver.assignment, name, giver.hands_to) if giver.agent.assigns else AssignmentWords()
                # Who gives tasks in words has to find new ones; until then, whoever has none works as it likes.
                if words is not None and (not words.goal or self._given.get((giver.member.id, name)) != words.text):
                    self._given[giver.member.id, name] = words.text
                    self._begin(t, giver, holder, words, giver.beliefs.chosen(giver.copy_rule))

    def remind(self, one: Desk) -> None:
        """Tell an agent that is about to think of the task that it holds, or of those that it is to hand out."""
        if task := self._open.get(one.member.id):
            one.agent.hear(self._state(task))
        length = one.member.role.task_length
        if length and one.agent.assigns and one.hands_to:
            idle = [name for name in one.hands_to if name not in self._open]
            if idle:
                one.agent.hear(_HOW.format(length=length, who=", ".join(idle)))

    def check(self, one: Desk, t: float) -> None:
        """End the task of an agent that is due, where its time is over, or it thinks no more; others may follow."""
        task = self._open.get(one.member.id)
        if task and one.out:
            self._end(t, task, AssignmentEnd.GAVE_UP, why="it thinks no more")
        elif task and t >= task.deadline:
            self._end(t, task, AssignmentEnd.DEADLINE)
            self.hand_out(t)

    def said(self, one: Desk, t: float, notes: Sequence[str]) -> None:
        """End the task of an agent that says so in the words of its next experiments; one that is done, after them."""
        task = self._open.get(one.member.id)
        found = next(filter(None, map(ending_of, notes)), None) if task else None
        if task is None or found is None:
            return
        if found.how == AssignmentEnd.DONE:
            task.said = found.why or "it says so"
        else:
            self._end(t, task, AssignmentEnd(found.how), found.to, found.why)

    def proposed(self, number: int) -> None:
        """Note the number of the experiment that was proposed last."""
        self._last = number

    def take(self, t: float, run: Finished) -> None:
        """Count a finished experiment of a task, and end that where it is done or at its length."""
        task = self._open.get(run.agent)
        if task is None or run.id < task.first:  # what ran before it is no work on it
            return
        task.runs.append(run)
        beliefs = task.holder.beliefs
        if run.metric is not None and _metric(beliefs.known(run.setting)) < _metric(beliefs.known(task.head)):
            task.head = run.setting
        self._show(task)
        if task.words.below is not None and _metric(beliefs.known(task.head)) <= task.words.below:
            self._end(t, task, AssignmentEnd.DONE)
        elif task.said and not task.holder.queue:
            self._end(t, task, AssignmentEnd.DONE, why=task.said)
        elif len(task.runs) >= task.most:
            self._end(t, task, AssignmentEnd.LENGTH)

    def progress(self, agents: Sequence[str]) -> dict[str, str]:
        """What the agents of a stand-up say of their tasks."""
        return {name: self._state(self._open[name]) for name in agents if name in self._open}

    def _begin(
        self, t: float, giver: Desk, holder: Desk, words: AssignmentWords, base: int, held: tuple[str, ...] = ()
    ) -> None:
        length = giver.member.role.task_length
        if length is None:
            return
        self._count += 1
        most, deadline = length.experiments or math.inf, t + length.seconds if length.seconds else math.inf
        name = holder.member.id
        holder.queue.clear()  # what it meant to do before it had the task
        task = self._open[name] = Assignment(
            id=self._count,
            giver=giver,
            holder=holder,
            words=words,
            most=most,
            deadline=deadline,
            base=base,
            head=base,
            first=self._last + 1,
            held=(*held, name),
        )
        described = {"goal": words.goal, "steps": list(words.steps), "done_when": words.done_when}
        limits = {"experiments": length.experiments, "deadline": round(deadline, 4) if deadline < math.inf else None}
        known = giver.beliefs.known(base)
        self._add("task", t, id=task.id, giver=giver.member.id, agent=name, base=known.id, **described, **limits)
        self._ways.hand(t, giver, (base, giver.focus, ""), [name])
        self._show(task)

    def _end(self, t: float, task: Assignment, how: AssignmentEnd, to: str = "", why: str = "") -> None:
        name, best = task.holder.member.id, task.holder.beliefs.known(task.head)
        del self._open[name]
        task.holder.holds = None
        found = {"how": how.value, "why": why, "experiments": len(task.runs), "best": best.id, "metric": best.metric}
        self._add("task-end", t, id=task.id, agent=name, **found)
        self._ways.bring(t, task.holder, task.giver, task.head)
        task.giver.agent.hear(f"{name} ended task {task.id} ({how}{f': {why}' if why else ''}). {self._state(task)}")
        if how in {AssignmentEnd.GAVE_UP, AssignmentEnd.HANDED_OVER}:
            self._pass_on(t, task, to)
        elif task.head != task.base:
            self._won[task.giver.member.id].append(task)
            self._merge(task.giver)

    def _pass_on(self, t: float, task: Assignment, to: str) -> None:
        """Give a task that was given up to somebody who has none and has not held it, first to who was named."""
        others = [name for name in task.giver.hands_to if name not in task.held]
        for name in sorted(others, key=lambda one: one != to):
            holder = self._desks[name]
            if name not in self._open and not holder.out:
                self._begin(t, task.giver, holder, task.words, task.head, task.held)
                return

    def _merge(self, giver: Desk) -> None:
        """Let a giver try together what won in tasks that began alike, once two agents brought something."""
        won = self._won[giver.member.id]
        last = won[-1]
        alike = [one for one in won if one.base == last.base and one.holder is not last.holder]
        if not alike:
            return
        beliefs = giver.beliefs
        pair = sorted(
            (alike[-1], last), key=lambda one: -_metric(beliefs.known(one.head))
        )  # the best has the last word
        base = beliefs.known(last.base)
        one, other = (beliefs.known(task.head) for task in pair)
        if found := merged(base, one, other, self._scripts):
            note = f"merges tasks {pair[0].id} and {pair[1].id}"
            giver.queue.append(Proposal(settings=found.settings, parent=other.id, note=note, script=found.script))
        self._won[giver.member.id] = [task for task in won if task not in pair]

    def _show(self, task: Assignment) -> None:
        """Keep what its holder sees of a task up to date: where it starts, and what came before in it."""
        beliefs = task.holder.beliefs
        trail = tuple(beliefs.known(setting) for setting in self._settings(task))
        start = beliefs.known(task.head)
        task.holder.holds = HeldAssignment(
            id=task.id, text=self._state(task), steps=task.words.steps, start=start, trail=trail
        )

    def _settings(self, task: Assignment) -> list[int]:
        """The settings of a task's experiments that gave something, in their order."""
        found = {run.setting: None for run in task.runs if run.metric is not None and run.setting != task.base}
        return [task.base, *found]

    def _state(self, task: Assignment) -> str:
        """A task as its holder and others are told of it."""
        beliefs, words = task.holder.beliefs, task.words
        base, best = beliefs.known(task.base), beliefs.known(task.head)
        used = (
            f"{len(task.runs)} of {task.most} experiments used"
            if task.most < 10**9
            else f"{len(task.runs)} experiments"
        )
        until = f", until {task.deadline:.0f} s" if task.deadline < math.inf else ""
        came = f"its best is {_named(best)}" if task.head != task.base else "nothing better yet"
        goal = words.goal or f"make {_named(base)} better"
        what = f"Task {task.id} of {task.giver.member.id}: {goal}{words.rest}"
        return f"{what} {used}{until}; began with {_named(base)}, {came}"


def _metric(known: Known) -> float:
    return math.inf if known.metric is None else known.metric


def _named(known: Known) -> str:
    metric = "" if known.metric is None else f" ({known.metric:.5g})"
    return f"experiment {known.id}{metric}" if known.id != BASELINE else f"the baseline{metric}"
