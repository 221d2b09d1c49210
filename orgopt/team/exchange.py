"""What agents tell each other in a run, and what the team submits of what they know."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush

from orgopt.agents import Catalogue
from orgopt.agents.base import Verdict
from orgopt.ledger import BASELINE, Event
from orgopt.tasks.task import Task
from orgopt.team.assignments import Assignments
from orgopt.team.beliefs import Beliefs, Finished
from orgopt.team.desk import Desk
from orgopt.team.links import Network
from orgopt.team.scripts import Scripts
from orgopt.team.trust import Trust


class Exchange:
    """Brings results and words to whom they reach by links and stand-ups.

    Args:
        task: What the team researches.
        desks: Its agents' places, by name.
        network: Who is linked to whom.
        catalogue: The numbers of all settings.
        scripts: The script of each experiment.
        add: Writes an event into the ledger.
    """

    def __init__(
        self,
        task: Task,
        desks: dict[str, Desk],
        network: Network,
        catalogue: Catalogue,
        scripts: Scripts,
        add: Callable[..., Event],
    ) -> None:
        self._desks, self._network, self._add = desks, network, add
        self._delegating = {
            one.number: one for one in desks.values() if one.hands_to and not one.member.role.task_length
        }
        # Those whose incumbent, focus or assignment may have changed since they last handed it on.
        self._changed = set(self._delegating)
        self._reviewed = {agent: place for place, agent in enumerate(network.reviewers)}
        self.assignments = Assignments(desks, scripts, add, self)
        # What the submitters know together: believed is what one of them believes.
        pool = Trust(me="", seeds=sys.maxsize)
        self._pool = Beliefs(task.knobs, task.complete({}), task.baseline, pool, catalogue=catalogue)
        self._runs: dict[int, Finished] = {}
        self._ran_by: defaultdict[int, list[Finished]] = defaultdict(list)
        self._submission = BASELINE

    def publish(self, t: float, run: Finished) -> None:
        """Tell who hears of a result, its agent first."""
        one = self._desks[run.agent]
        self._runs[run.id] = run
        self._learn(one, run)
        for kind, hearers in one.tells.items():
            self._tell(t, run.agent, kind, hearers, [run])
        if self._network.reviewers and run.metric is not None:
            self._pass_on(t, run)
        self.assignments.take(t, run)

    def settle(self, t: float, thinker: Desk | None = None) -> None:
        """Hand on and submit what is best now, where that has changed.

        Args:
            t: Lab seconds.
            thinker: Who has just thought, and may have assigned something.
        """
        if thinker is not None:
            self._note_change(thinker)
        self.delegate(t)
        best = self._pool.incumbent
        if best != self._submission:
            self._submission = best
            known = self._pool.known(best)
            self._add("submission", t, id=known.id, metric=known.metric)

    def delegate(self, t: float) -> None:
        """Incumbents go down, and on to whom they are handed in turn."""
        self.assignments.hand_out(t)
        # What is handed on may go down as many levels as there are desks; where it goes round, it ends there, too.
        for _ in self._desks:
            if not self._changed:
                return
            self._hand_down(t)

    def _hand_down(self, t: float) -> None:
        """Let everybody who has something new hand it on, once, in document order."""
        waiting, self._changed = list(self._changed), set[int]()
        heapify(waiting)
        while waiting:
            number = heappop(waiting)
            one = self._delegating[number]
            given = (one.beliefs.chosen(one.copy_rule), one.focus, one.assignment)
            if given != one.handed_on:
                one.handed_on = given
                self.hand(t, one, given, one.hands_to)
                # Whoever stands below hands on in this round, with what it was just given; whoever stands above waits
                # for the next, so that a circle of delegates comes to an end.
                for later in [other for other in self._changed if other > number]:
                    self._changed.discard(later)
                    heappush(waiting, later)

    def _note_change(self, one: Desk) -> None:
        if one.number in self._delegating:
            self._changed.add(one.number)

    def rule(self, t: float, one: Desk, setting: int, verdict: Verdict) -> None:
        """A reviewer passes or rejects a result without a run of its own; who heard of the result hears of that."""
        me = one.member.id
        reviewed = [run for run in self._ran_by[setting] if me in self._network.reviewers.get(run.agent, ())]
        if not reviewed or one.beliefs.knowledge.get(setting) is None:
            return
        author = reviewed[0].agent
        to = [agent for agent in dict.fromkeys((author, *self._heard_of(author))) if agent != me]
        self._tell(t, me, "reviews", to, reviewed[:1], ruling=verdict.ruling, text=verdict.reason)
        for agent in to:
            text = f"{me} says {verdict.ruling} to experiment {verdict.experiment}: {verdict.reason}"
            self._desks[agent].agent.hear(text)
        if verdict.ruling == "reject":
            one.beliefs.reject(setting)
            return
        for agent in (me, *to):
            desk = self._desks[agent]
            desk.beliefs.approve(setting, me)
            self._note_change(desk)
            if desk.submits and desk.beliefs.believes(setting):
                self._pool.believe(setting)

    def share(self, agents: Iterable[str], runs: Sequence[int]) -> None:
        """Let agents know of experiments that a stand-up shared."""
        for agent in agents:
            desk = self._desks[agent]
            for number in runs:
                self._learn(desk, self._runs[number])

    def _learn(self, one: Desk, run: Finished) -> None:
        if not one.beliefs.learn(run):
            return
        if one.hands_to:
            self._note_change(one)
        if one.curves is not None:
            one.curves.add(run.curve, run.metric)
        if one.submits:
            # Several submitters hear of one run: the pool counts it once.
            if run.id not in self._pool.runs:
                self._pool.learn(run)
            if one.beliefs.believes(run.setting):
                self._pool.believe(run.setting)

    def _tell(self, t: float, sender: str, kind: str, to: list[str], runs: list[Finished], **more: object) -> None:
        experiments = [run.id for run in runs] or [BASELINE]
        self._add("message", t, sender=sender, to=list(to), link=kind, experiments=experiments, **more)
        for hearer in to:
            for run in runs:
                self._learn(self._desks[hearer], run)

    def _pass_on(self, t: float, run: Finished) -> None:
        """A verdict goes where the result went: to whom it is about, and to all who heard of it."""
        about = {run.agent, *(other.agent for other in self._ran_by[run.setting])}
        for reviewed in sorted(about & self._reviewed.keys(), key=self._reviewed.__getitem__):
            reviewers = self._network.reviewers[reviewed]
            for other in self._ran_by[run.setting]:
                if other.agent == reviewed and run.agent in reviewers:
                    self._verdict(t, run, reviewed)
                elif run.agent == reviewed and other.agent in reviewers:
                    self._verdict(t, other, reviewed)
        self._ran_by[run.setting].append(run)

    def _verdict(self, t: float, verdict: Finished, reviewed: str) -> None:
        hearers = (reviewed, *self._heard_of(reviewed))
        to = [agent for agent in hearers if verdict.id not in self._desks[agent].beliefs.runs]
        if to:
            self._tell(t, verdict.agent, "reviews", to, [verdict])

    def _heard_of(self, agent: str) -> list[str]:
        """Who hears of an agent's results."""
        return [hearer for hearers in self._desks[agent].tells.values() for hearer in hearers]

    def bring(self, t: float, holder: Desk, giver: Desk, setting: int) -> None:
        """Let a giver know of what came of a task, where its results do not reach it by a link."""
        runs = [self._runs[one] for one in holder.beliefs.runs_of(setting) if one not in giver.beliefs.runs]
        if runs:
            self._tell(t, holder.member.id, "reports to", [giver.member.id], runs)

    def hand(self, t: float, one: Desk, given: tuple[int, tuple[str, ...], str], to: list[str]) -> None:
        """Give some agents a setting, a focus and an assignment."""
        setting, focus, assignment = given
        runs = [self._runs[number] for number in one.beliefs.runs_of(setting) if number != BASELINE]
        words = {"assignment": assignment} if assignment else {}
        self._tell(t, one.member.id, "delegates to", to, runs, focus=list(focus), **words)
        for hearer in to:
            receiver = self._desks[hearer]
            if assignment:
                receiver.agent.hear(f"{one.member.id} assigns you: {assignment}")
            receiver.beliefs.hand(one.member.id, setting)
            receiver.take_focus(focus)
            self._note_change(receiver)
            if receiver.submits and setting != BASELINE:
                self._pool.believe(setting)
