"""The event loop of one run: an organization works on a task until its budget ends.

The same loop drives every lab. Thinking and stand-ups take lab time of agents, experiments take lab time of slots.
Every event has the time at which it was due, so that a run is decided by its seed and the outcomes.
"""

import hashlib
import heapq
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from orgopt.agents import Catalogue, Proposal
from orgopt.knob import with_values
from orgopt.lab.base import Checkpoint, Experiment, Lab, Outcome, Status, derive_seed
from orgopt.ledger import BASELINE, Event, Ledger
from orgopt.org import Org
from orgopt.task import Task, Value
from orgopt.team import links, meetings
from orgopt.team.beliefs import Beliefs, Run, Trust
from orgopt.team.desk import Desk, desks
from orgopt.team.resume import Resumed

Watcher = Callable[[Event], None]
Settings = Mapping[str, Value]


class _Asked(NamedTuple):
    """An experiment that somebody asked for; `setting` is the first experiment with the same settings."""

    agent: str
    setting: int
    settings: Settings


class Team:
    """An organization on its way through one budget.

    Args:
        org: The organization.
        task: What it researches.
        lab: Where its experiments run.
        seed: Decides every choice of the agents and the seeds of the experiments.
        ledger: Takes every event. One that was loaded is repeated first, and the lab goes on where it ends.
        watch: Called with every event, for progress displays.
    """

    def __init__(
        self, org: Org, task: Task, lab: Lab, *, seed: int, ledger: Ledger, watch: Watcher | None = None
    ) -> None:
        self.org, self.task, self.seed, self.ledger = org, task, seed, ledger
        by_time = org.standup is not None and org.standup.unit == "s"
        self.lab = Resumed(lab, ledger, meets_by_time=by_time) if ledger.repeating else lab
        self._watch = watch
        self._network = network = links.network(org, seed)
        self._defaults = defaults = task.complete({})
        self._catalogue = Catalogue(task.knobs)
        self._catalogue.add(defaults, BASELINE)
        self._desks = desks(org, task, network, self._catalogue, seed)
        self._order = list(self._desks.values())
        self._delegating = [one for one in self._order if one.hands_to]
        # What the submitters know together: believed is what one of them believes.
        pool = Trust(me="", seeds=sys.maxsize)
        self._pool = Beliefs(task.knobs, defaults, task.baseline, pool, catalogue=self._catalogue)
        self._asked: dict[int, _Asked] = {}
        self._runs: dict[int, Run] = {}
        self._stopping: set[int] = set()
        self._repeating: defaultdict[str, set[int]] = defaultdict(set)
        self._ran_by: defaultdict[int, list[Run]] = defaultdict(list)
        self._keeps_curves = any(one.curves for one in self._order)
        self._submission, self._finished = BASELINE, 0
        self._timers: list[tuple[float, int]] = [(one.wake or 0.0, one.number) for one in self._order]
        self._next_standup = org.standup.every if org.standup else float("inf")
        if by_time:
            self._timers.append((self._next_standup, len(self._order)))
        heapq.heapify(self._timers)

    def run(self, budget_s: float) -> None:
        """Work until the budget of lab seconds ends; what is in flight then is charged and not counted."""
        budget_s = float(budget_s)  # as it is read from a ledger
        self.lab.reset()
        self._open(budget_s)
        while True:
            now = self.lab.now()
            self._act(now, budget_s)
            if now >= budget_s:
                break
            for event in self.lab.wait(min(budget_s, self._timers[0][0] if self._timers else budget_s)):
                if isinstance(event, Outcome):
                    self._take(event)
                else:
                    self._watch_over(event)
        for outcome in self.lab.stop():
            if outcome.status is Status.UNFINISHED:
                self._add("outcome", outcome.ended, agent=self._asked[outcome.id].agent, **outcome.to_dict())
            else:
                self._take(outcome)
        self._add("end", budget_s)

    def _open(self, budget_s: float) -> None:
        self._add(
            "start",
            0.0,
            budget_s=budget_s,
            slots=self.lab.slots,
            lab=dict(self.lab.stamp),
            seed=self.seed,
            agents=list(self._desks),
            baseline=self.task.baseline.metric,
            commit=commit_of(self.task.source),
        )
        self._add("submission", 0.0, id=BASELINE, metric=self.task.baseline.metric)
        self._delegate(0.0)

    def _add(self, kind: str, t: float, **data: object) -> Event:
        event = self.ledger.add(kind, t, **data)
        if self._watch:
            self._watch(event)
        return event

    def _act(self, now: float, budget_s: float) -> None:
        """Do what is due, in the order in which it was."""
        while self._timers and self._timers[0][0] <= now and self._timers[0][0] < budget_s:
            t, number = heapq.heappop(self._timers)
            if number == len(self._order):
                self._meet(t)
                heapq.heappush(self._timers, (self._next_standup, number))
            elif self._order[number].wake == t:  # a stand-up may have moved it
                self._propose(self._order[number], t)

    def _wake(self, one: Desk, t: float) -> None:
        one.wake = round(t, 4)  # as the ledger has it
        heapq.heappush(self._timers, (one.wake, one.number))

    def _propose(self, one: Desk, t: float) -> None:
        one.wake = None
        repeating = self._repeating[one.member.role.id]
        proposal = one.propose(repeating)
        number = len(self._asked) + 1
        setting = self._catalogue.add(proposal.settings, number)
        self._asked[number] = _Asked(one.member.id, setting, proposal.settings)
        if setting != number:
            repeating.add(setting)
        self._add("proposal", t, id=number, agent=one.member.id, **self._describe(proposal))
        seed = derive_seed(self.seed, number)
        # A second run of a setting settles what its mean is: it is never stopped early.
        watched = one.curves is not None and setting == number
        self.lab.submit(Experiment(id=number, settings=proposal.settings, seed=seed, watched=watched))

    def _watch_over(self, checkpoint: Checkpoint) -> None:
        """Stop an experiment whose curve is worse than most that its agent knows."""
        agent = self._asked[checkpoint.id].agent
        curves = self._desks[agent].curves
        if checkpoint.id in self._stopping or curves is None:  # a lab may tell of points until it has killed
            return
        if curves.stops(checkpoint.step, checkpoint.value):
            self._stopping.add(checkpoint.id)
            data = {"id": checkpoint.id, "agent": agent, "step": checkpoint.step, "value": checkpoint.value}
            self._add("stop", checkpoint.t, **data)
            self.lab.kill(checkpoint.id)

    def _take(self, outcome: Outcome) -> None:
        """Record an outcome, tell who hears of it, and let its agent think again."""
        asked = self._asked[outcome.id]
        one = self._desks[asked.agent]
        data = outcome.to_dict()
        if self._keeps_curves:
            data["curve"] = list(outcome.curve)
        t = self._add("outcome", outcome.ended, agent=asked.agent, **data).t
        run = Run(outcome.id, asked.agent, asked.setting, asked.settings, outcome.metric, outcome.curve)
        self._runs[outcome.id] = run
        self._finished += 1
        self._repeating[one.member.role.id].discard(asked.setting)
        self._learn(one, run)
        for kind, hearers in one.tells.items():
            self._tell(t, asked.agent, kind, hearers, [run])
        if self._network.reviewers and run.metric is not None:
            self._pass_on(t, run)
        self._wake(one, max(t, one.busy_until) + self.task.think_s)
        self._settle(t)
        if self.org.standup and self.org.standup.unit == "experiments" and self._finished >= self._next_standup:
            self._meet(t)

    def _learn(self, one: Desk, run: Run) -> None:
        if not one.beliefs.learn(run):
            return
        if one.curves is not None:
            one.curves.add(run.curve)
        if one.submits:
            if run.id not in self._pool.runs:
                self._pool.learn(run)
            if one.beliefs.believes(run.setting):
                self._pool.believe(run.setting)

    def _tell(self, t: float, sender: str, kind: str, to: list[str], runs: list[Run], **more: object) -> None:
        experiments = [run.id for run in runs] or [BASELINE]
        self._add("message", t, sender=sender, to=list(to), link=kind, experiments=experiments, **more)
        for hearer in to:
            for run in runs:
                self._learn(self._desks[hearer], run)

    def _pass_on(self, t: float, run: Run) -> None:
        """A verdict goes where the result went: to whom it is about, and to all who heard of it."""
        for reviewed, reviewers in self._network.reviewers.items():
            for other in self._ran_by[run.setting]:
                if other.agent == reviewed and run.agent in reviewers:
                    self._verdict(t, run, reviewed)
                elif run.agent == reviewed and other.agent in reviewers:
                    self._verdict(t, other, reviewed)
        self._ran_by[run.setting].append(run)

    def _verdict(self, t: float, verdict: Run, reviewed: str) -> None:
        heard = [hearer for hearers in self._desks[reviewed].tells.values() for hearer in hearers]
        to = [agent for agent in (reviewed, *heard) if verdict.id not in self._desks[agent].beliefs.runs]
        if to:
            self._tell(t, verdict.agent, "reviews", to, [verdict])

    def _settle(self, t: float) -> None:
        """Hand on and submit what is best now, where that has changed."""
        self._delegate(t)
        best = self._pool.incumbent
        if best != self._submission:
            self._submission = best
            known = self._pool.known(best)
            self._add("submission", t, id=known.id, metric=known.metric)

    def _delegate(self, t: float) -> None:
        """Incumbents go down, and on to whom they are handed in turn."""
        for _ in self._order:
            moved = False
            for one in self._delegating:
                given = (one.beliefs.chosen(one.copy_rule), one.focus)
                if given != one.handed_on:
                    one.handed_on, moved = given, True
                    self._hand(t, one, *given)
            if not moved:
                return

    def _hand(self, t: float, one: Desk, setting: int, focus: tuple[str, ...]) -> None:
        runs = [self._runs[number] for number in one.beliefs.runs_of(setting) if number != BASELINE]
        self._tell(t, one.member.id, "delegates to", one.hands_to, runs, focus=list(focus))
        for hearer in one.hands_to:
            receiver = self._desks[hearer]
            receiver.beliefs.hand(one.member.id, setting)
            receiver.take_focus(focus)
            if receiver.submits and setting != BASELINE:
                self._pool.believe(setting)

    def _meet(self, t: float) -> None:
        standup = self.org.standup
        if standup is None:
            return
        self._next_standup += standup.every
        agents = meetings.attendees(self.org, standup)
        shared: set[int] = set()
        seconds = meetings.meeting_seconds(self.task, len(agents))
        for agent in agents:
            one = self._desks[agent]
            shared.update(one.beliefs.best_of(agent, standup.share))
            one.busy_until = max(one.busy_until, t) + seconds
            if one.wake is not None and seconds:
                self._wake(one, one.wake + seconds)
        runs = sorted(shared - {BASELINE})
        self._add("meeting", t, agents=list(agents), seconds=seconds, shared=runs)
        for agent in agents:
            self._learn_all(self._desks[agent], (self._runs[number] for number in runs))
        self._settle(t)

    def _learn_all(self, one: Desk, runs: Iterable[Run]) -> None:
        for run in runs:
            self._learn(one, run)

    def _describe(self, proposal: Proposal) -> dict[str, object]:
        default = self._defaults
        return {
            "knobs": {name: value for name, value in proposal.settings.items() if default[name] != value},
            "parent": proposal.parent,
            "note": proposal.note,
            # It names every knob, and the lab checks the values.
            "commit": commit_of(with_values(self.task.source, proposal.settings)),
        }


def commit_of(script: str) -> str:
    """Seven hex digits that name the script's content, as a git commit would."""
    return hashlib.sha256(script.encode()).hexdigest()[:7]
