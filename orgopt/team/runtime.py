"""The event loop of one run: an organization works on a task until its budget ends.

The same loop drives every lab. Thinking and stand-ups take lab time of agents, experiments take lab time of slots.
Every event has the time at which it was due, so that a run is decided by its seed and the outcomes.
"""

import heapq
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from orgopt.agents import Catalogue, Proposal
from orgopt.agents.session import Language, refuse
from orgopt.agents.thinking.thought import Verdict
from orgopt.lab.base import Checkpoint, Experiment, Lab, Outcome, Status
from orgopt.ledger import BASELINE, Event, Ledger
from orgopt.org import Org
from orgopt.seeds import Stream, derive
from orgopt.task import Task, Value
from orgopt.team import links, meetings
from orgopt.team.beliefs import Beliefs, Run, Trust
from orgopt.team.desk import Desk, desks
from orgopt.team.minds import Minds, rulings
from orgopt.team.resume import Resumed
from orgopt.team.scripts import Scripts

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
        language: What its language agents think with; an organization without any needs none.

    Raises:
        UsageError: Agents would have to think, and have nothing to do it with.
    """

    def __init__(
        self,
        org: Org,
        task: Task,
        lab: Lab,
        *,
        seed: int,
        ledger: Ledger,
        watch: Watcher | None = None,
        language: Language | None = None,
    ) -> None:
        if language is None:
            refuse(org)
        self.org, self.task, self.seed, self.ledger = org, task, seed, ledger
        by_time = org.standup is not None and org.standup.unit == "s"
        # A stand-up with reports ends at a time of its own.
        self.lab = Resumed(lab, ledger, meets_by_time=by_time or language is not None) if ledger.repeating else lab
        self._watch = watch
        self._network = network = links.network(org, seed)
        defaults = task.complete({})
        self._scripts = Scripts(task)
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
        self._minds = (
            Minds(org, task, self._desks, language, ledger, lab, self._scripts, self._add) if language else None
        )
        self._budget_s = float("inf")
        self._next_standup = org.standup.every if org.standup else float("inf")
        if by_time:
            self._timers.append((self._next_standup, len(self._order)))
        heapq.heapify(self._timers)

    def run(self, budget_s: float) -> None:
        """Work until the budget of lab seconds ends; what is in flight then is charged and not counted."""
        self._budget_s = budget_s = float(budget_s)  # as it is read from a ledger
        self.lab.reset()
        self._open(budget_s)
        while True:
            now = self.lab.now()
            self._act(now, budget_s)
            look_again = self._think(now) if self._minds else budget_s
            if now >= budget_s or self._given_up():
                break
            for event in self.lab.wait(min(budget_s, look_again, self._timers[0][0] if self._timers else budget_s)):
                if isinstance(event, Outcome):
                    self._take(event)
                else:
                    self._watch_over(event)
        for outcome in self.lab.stop():
            if outcome.status is Status.UNFINISHED:
                self._add("outcome", outcome.ended, agent=self._asked[outcome.id].agent, **outcome.to_dict())
            else:
                self._take(outcome)
        if self._minds:
            self._minds.close(budget_s)
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
            commit=self._scripts.commit(BASELINE),
            **({"language": self._minds.describe(self._budget_s)} if self._minds else {}),
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
            elif number > len(self._order):
                self._hear_reports(t)
            elif self._order[number].wake == t:  # a stand-up may have moved it
                self._due(self._order[number], t)

    def _wake(self, one: Desk, t: float) -> None:
        one.wake = round(t, 4)  # as the ledger has it
        heapq.heappush(self._timers, (one.wake, one.number))

    def _due(self, one: Desk, t: float) -> None:
        """Let an agent propose, think first, or conclude what it thought."""
        one.wake = None
        if one.agent is None and self._minds and self._minds.pending(one):
            self._conclude(one, t, self._minds)
            return
        proposal = one.reflex(self._repeating[one.member.role.id])
        if proposal is None and one.agent is not None:
            proposal = one.agent.act(one.view())
        if proposal is not None:
            self._propose(one, t, proposal)
        elif self._minds:
            self._minds.begin(one, t, self._budget_s)

    def _propose(self, one: Desk, t: float, proposal: Proposal) -> None:
        number, scripts = len(self._asked) + 1, self._scripts
        script = proposal.script or scripts.child(proposal.parent, proposal.settings)
        scripts.put(number, proposal.settings, script)
        setting = self._catalogue.add(proposal.settings, number, scripts.key(number))
        self._asked[number] = _Asked(one.member.id, setting, proposal.settings)
        if setting != number:
            self._repeating[one.member.role.id].add(setting)
        told = {"parent": proposal.parent, "note": proposal.note, "commit": scripts.commit(number)}
        self._add("proposal", t, id=number, agent=one.member.id, **scripts.describe(number), **told)
        if self._minds:
            self._minds.note(number, one.member.id, proposal.note)
        seed = derive(Stream.EXPERIMENT, self.seed, number)
        # A second run of a setting settles what its mean is: it is never stopped early.
        watched = one.curves is not None and setting == number
        edited = scripts.edited(number)
        self.lab.submit(Experiment(id=number, settings=proposal.settings, seed=seed, watched=watched, script=edited))

    def _think(self, now: float) -> float:
        """Note when thoughts end; returns until when the lab may go on without another look at them."""
        if self._minds is None:
            return float("inf")
        for one, t in self._minds.ready(now):
            if one is None:
                heapq.heappush(self._timers, (round(t, 4), len(self._order) + 1))
            else:
                self._wake(one, t)
        return self._minds.look_again(now)

    def _given_up(self) -> bool:
        """Whether nobody will ever propose again and nothing runs: the rest of the budget would be waiting."""
        minds = self._minds
        if minds is None or len(self._asked) > self._finished or minds.meeting:
            return False
        return all(one.agent is None and minds.out(one) for one in self._order)

    def _conclude(self, one: Desk, t: float, minds: Minds) -> None:
        """Act on what an agent thought."""
        thought = minds.conclude(one, t)
        for verdict in rulings(thought.verdicts):
            self._rule(one, t, verdict, minds)
        self._settle(t)
        if thought.proposal is not None:
            one.queue.extend(thought.more)
            self._propose(one, t, thought.proposal)
        elif not minds.out(one):
            self._wake(one, t + minds.pause_s(one))

    def _rule(self, one: Desk, t: float, verdict: Verdict, minds: Minds) -> None:
        """A reviewer passes or rejects a result without a run of its own; who heard of the result hears of that."""
        me, setting = one.member.id, self._asked[verdict.experiment].setting
        reviewed = [run for run in self._ran_by[setting] if me in self._network.reviewers.get(run.agent, ())]
        if not reviewed or one.beliefs.knowledge.get(setting) is None:
            return
        author = reviewed[0].agent
        heard = [hearer for hearers in self._desks[author].tells.values() for hearer in hearers]
        to = [agent for agent in dict.fromkeys((author, *heard)) if agent != me]
        self._tell(t, me, "reviews", to, reviewed[:1], ruling=verdict.ruling, text=verdict.reason)
        for agent in to:
            minds.tell(agent, f"{me} says {verdict.ruling} to experiment {verdict.experiment}: {verdict.reason}")
        if verdict.ruling == "reject":
            one.beliefs.reject(setting)
            return
        for agent in (me, *to):
            desk = self._desks[agent]
            desk.beliefs.approve(setting, me)
            if desk.submits and desk.beliefs.believes(setting):
                self._pool.believe(setting)

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
        if outcome.error and self._minds:
            self._minds.error(outcome.id, outcome.error)
        self._wake(one, max(t, one.busy_until) + (0.0 if one.agent is None else self.task.think_s))
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
                assignment = self._minds.assignment(one.member.id) if self._minds else ""
                given = (one.beliefs.chosen(one.copy_rule), one.focus, assignment)
                if given != one.handed_on:
                    one.handed_on, moved = given, True
                    self._hand(t, one, *given)
            if not moved:
                return

    def _hand(self, t: float, one: Desk, setting: int, focus: tuple[str, ...], assignment: str) -> None:
        runs = [self._runs[number] for number in one.beliefs.runs_of(setting) if number != BASELINE]
        words = {"assignment": assignment} if assignment else {}
        self._tell(t, one.member.id, "delegates to", one.hands_to, runs, focus=list(focus), **words)
        for hearer in one.hands_to:
            if assignment and self._minds:
                self._minds.tell(hearer, f"{one.member.id} assigns you: {assignment}")
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
        if not (self._minds and self._minds.meet(t, agents, self._budget_s)):
            self._gather(t, agents, standup.share, {})

    def _hear_reports(self, t: float) -> None:
        """End a stand-up whose reports are written: each attendee reads those of the others."""
        if self._minds is None or self.org.standup is None:
            return
        agents, reports = self._minds.reports(t)
        for agent in agents:
            for author, text in reports.items():
                if author != agent:
                    self._minds.tell(agent, f"{author} reports: {text}")
        self._gather(t, agents, self.org.standup.share, reports)

    def _gather(self, t: float, agents: Sequence[str], share: int | None, reports: Mapping[str, str]) -> None:
        """A stand-up: it stops the thinking of who attends, and each leaves with what all shared."""
        shared: set[int] = set()
        seconds = meetings.meeting_seconds(self.task, len(agents))
        for agent in agents:
            one = self._desks[agent]
            shared.update(one.beliefs.best_of(agent, share))
            one.busy_until = max(one.busy_until, t) + seconds
            fixed = one.agent is None and self._minds is not None and self._minds.delay(one, seconds)
            if one.wake is not None and seconds and not fixed:
                self._wake(one, one.wake + seconds)
        runs = sorted(shared - {BASELINE})
        words = {"reports": dict(reports)} if reports else {}
        self._add("meeting", t, agents=list(agents), seconds=seconds, shared=runs, **words)
        for agent in agents:
            self._learn_all(self._desks[agent], (self._runs[number] for number in runs))
        self._settle(t)

    def _learn_all(self, one: Desk, runs: Iterable[Run]) -> None:
        for run in runs:
            self._learn(one, run)
