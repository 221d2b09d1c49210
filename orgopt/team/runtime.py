"""The event loop of one run: an organization works on a task until its budget ends.

The same loop drives every lab. Thinking and stand-ups take lab time of agents, experiments take lab time of slots.
Every event has the time at which it was due, so that a run is decided by its seed and the outcomes.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf, nextafter

from orgopt.agents import Proposal
from orgopt.agents.base import Thought
from orgopt.agents.session import Language
from orgopt.agents.thinking.situation import Workplace
from orgopt.lab.base import Checkpoint, Experiment, Lab, Outcome, Status
from orgopt.ledger import BASELINE, MORE, Ledger, Watcher, writing
from orgopt.org import Org
from orgopt.seeds import Stream, derive
from orgopt.tasks.task import Task
from orgopt.team import links
from orgopt.team.desk import LEAST_PAUSE_S, Desk, described, desks
from orgopt.team.exchange import Exchange
from orgopt.team.experiments import Experiments
from orgopt.team.permission import Permission
from orgopt.team.resume import Resumed
from orgopt.team.standups import Standups
from orgopt.team.thoughts import Thoughts
from orgopt.team.timers import Due, Timer, Timers


class Team:
    """An organization on its way through one budget.

    Args:
        org: The organization.
        task: What it researches.
        lab: Where its experiments run.
        seed: Decides every choice of the agents and the seeds of the experiments.
        ledger: Takes every event. One that was loaded is repeated first, and the lab goes on where it ends.
        watch: Called with every event, for progress displays.
        language: What its agents think with that think in words; an organization without any needs none.

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
        self.org, self.task, self.seed, self.ledger = org, task, seed, ledger
        by_time = org.standup is not None and org.standup.unit == "s"
        self.lab = Resumed(lab, ledger, meets_by_time=by_time) if ledger.repeating else lab
        # No method of this team: what holds it would hold the team, which could not be freed at once.
        self._add = writing(ledger, watch)
        self._experiments = asked = Experiments(task)
        self._scripts = asked.scripts
        self._permission = Permission(ledger, asked.scripts, language.approve if language else None, self._add)
        network = links.network(org, seed)
        work = Workplace(
            org=org,
            task=task,
            script=self._scripts,
            edits=lab.takes_scripts and bool(task.script),
            notes=asked.notes,
            errors=asked.errors,
            attempts=asked.attempts,
            running=asked.running,
            slots=lab.slots,
            virtual=lab.virtual,
        )
        self._desks = desks(work, network, asked.catalogue, seed=seed, language=language)
        self._order = list(self._desks.values())
        self._standups = Standups(org, task, self._desks)
        self._exchange = Exchange(task, self._desks, network, asked.catalogue, self._scripts, self._add)
        self._thoughts = Thoughts(ledger, virtual=lab.virtual, add=self._add)
        self._stopping: set[int] = set()
        self._repeating: defaultdict[str, set[int]] = defaultdict(set)
        # Those who think in words are told of curves: a ledger that is repeated has to tell them the same.
        self._keeps_curves = any(one.curves or one.member.role.thinks for one in self._order)
        self._out, self._unanswered = set[int](), False  # who thinks no more, and whether one of them for no answer
        self._budget_s = float("inf")
        self._timers = Timers()
        for one in self._order:
            one.wake = task.think_s
            self._timers.set(Timer(one.wake, number=one.number))
        if by_time:
            self._timers.set(Timer(self._standups.next, Due.STANDUP))

    def run(self, budget_s: float) -> None:
        """Work until the budget of lab seconds ends; what is in flight then is charged and not counted."""
        self._budget_s = budget_s = float(budget_s)  # as it is read from a ledger
        self.lab.reset()
        self._open()
        while True:
            now = self.lab.now()
            self._act(now)
            self._note_ends(now)
            if now >= budget_s or self._given_up():
                break
            for event in self.lab.wait(min(budget_s, self._thoughts.look_again(now), self._timers.first)):
                if not self.ledger.repeating:  # a real lab tells of several at once: what was due between them
                    # Up to the moment before: at the same one an outcome comes first, as in a replay.
                    self._act(nextafter(event.t, -inf))
                if isinstance(event, Outcome):
                    self._take(event)
                else:
                    self._watch_over(event)
        for outcome in self.lab.stop():
            self._take(outcome)
        self._thoughts.close(self._order, budget_s)
        self._add("end", budget_s)

    def _open(self) -> None:
        words = described(self._order, self._budget_s)
        self._add(
            "start",
            0.0,
            budget_s=self._budget_s,
            slots=self.lab.slots,
            lab=dict(self.lab.stamp),
            seed=self.seed,
            agents=list(self._desks),
            baseline=self.task.baseline.metric,
            **({"better": MORE} if self.task.metric.startswith("-") else {}),
            commit=self._scripts.commit(BASELINE),
            **({"language": words} if words else {}),
        )
        self._add("submission", 0.0, id=BASELINE, metric=self.task.baseline.metric)
        self._exchange.delegate(0.0)

    def _act(self, now: float) -> None:
        """Do what is due, in the order in which it was."""
        for t, due, number in self._timers.due(now, self._budget_s):
            if due is Due.AGENT:
                if self._order[number].wake == t:  # a stand-up may have moved it
                    self._due(self._order[number], t)
            elif due is Due.STANDUP:
                self._meet(t)
                self._timers.set(Timer(self._standups.next, Due.STANDUP))
            else:
                self._hear_reports(t)

    def _wake(self, one: Desk, t: float) -> None:
        one.wake = round(t, 4)  # as the ledger has it
        self._timers.set(Timer(one.wake, number=one.number))

    def _note_ends(self, now: float) -> None:
        """Set timers for thoughts whose end is known now."""
        for one, t in self._thoughts.ready(now):
            if one is None:
                self._timers.set(Timer(round(t, 4), Due.REPORTS))
            else:
                self._wake(one, t)

    def _due(self, one: Desk, t: float) -> None:
        """Let an agent propose, think first, or conclude what it thought."""
        one.wake = None
        if self._thoughts.pending(one):
            self._conclude(one, t, self._thoughts.conclude(one, t))
            return
        self._exchange.assignments.check(one, t)
        proposal = one.reflex(self._repeating[one.member.role.id])
        if proposal is not None:
            self._propose(one, t, proposal)
            return
        self._exchange.assignments.remind(one)
        thinking = one.agent.think(one.asked(self._budget_s - t))
        thought = thinking.thought
        if thought is None or thought.seconds:
            self._thoughts.begin(one, thinking, t)
        else:
            one.take(thought)
            self._conclude(one, t, thought)

    def _propose(self, one: Desk, t: float, proposal: Proposal) -> None:
        refusal = self._permission.refusal(one.member.id, t, proposal)
        if refusal is not None:
            why = refusal or "no reason is given"
            one.agent.hear(f"A person refused to let your script run ({proposal.note}): {why}")
            self._wake(one, t + max(self.task.think_s, LEAST_PAUSE_S))
            return
        number, scripts = self._experiments.add(one.member.id, proposal), self._scripts
        asked = self._experiments[number]
        if asked.setting != number:
            # One replicate is wanted, and not one of every agent of the role.
            self._repeating[one.member.role.id].add(asked.setting)
        told = {"parent": proposal.parent, "note": proposal.note, "commit": scripts.commit(number)}
        self._add("proposal", t, id=number, agent=one.member.id, **scripts.describe(number), **told)
        self._exchange.assignments.proposed(number)
        # By its number: a ledger that is repeated, or goes on, trains with the seeds that it had.
        seed = derive(Stream.EXPERIMENT, self.seed, number)
        # A second run of a setting settles what its mean is: it is never stopped early.
        watched = one.curves is not None and asked.setting == number
        edited = scripts.edited(number)
        self.lab.submit(Experiment(id=number, settings=asked.settings, seed=seed, watched=watched, script=edited))

    def _given_up(self) -> bool:
        """Whether nobody will ever propose again and nothing runs, or the run is no result: the rest is of no use."""
        if self._unanswered:
            return True
        if len(self._experiments) > self._experiments.ended or self._thoughts.meets:
            return False
        return len(self._out) == len(self._order)

    def _conclude(self, one: Desk, t: float, thought: Thought) -> None:
        """Act on what an agent thought."""
        if one.out:
            self._out.add(one.number)
            self._unanswered = self._unanswered or one.unanswered
        for verdict in thought.verdicts:
            if verdict.ruling != "rerun":  # a run of its own says more
                self._exchange.rule(t, one, self._experiments[verdict.experiment].setting, verdict)
        self._exchange.assignments.check(one, t)
        if thought.proposal:
            self._exchange.assignments.said(one, t, [each.note for each in (thought.proposal, *thought.more)])
        if thought.verdicts or thought.assignment:
            self._exchange.settle(t, one)
        if thought.proposal is not None:
            one.queue.extend(thought.more)
            self._propose(one, t, thought.proposal)
        elif not one.out:
            self._wake(one, t + one.pause_s(self.task))

    def _watch_over(self, checkpoint: Checkpoint) -> None:
        """Stop an experiment whose curve says so to its agent."""
        agent = self._experiments[checkpoint.id].agent
        curves = self._desks[agent].curves
        if checkpoint.id in self._stopping or curves is None:  # a lab may tell of points until it has killed
            return
        if curves.stops(checkpoint.id, checkpoint.step, checkpoint.value):
            self._stopping.add(checkpoint.id)
            data = {"id": checkpoint.id, "agent": agent, "step": checkpoint.step, "value": checkpoint.value}
            self._add("stop", checkpoint.t, **data)
            self.lab.kill(checkpoint.id)

    def _take(self, outcome: Outcome) -> None:
        """Record an outcome, tell who hears of it, and let its agent think again."""
        asked = self._experiments[outcome.id]
        if outcome.ended > self._budget_s and not self.ledger.repeating:
            outcome = outcome.cut(self._budget_s)  # a real lab notices some milliseconds late
        if outcome.status is Status.UNFINISHED:
            self._add("outcome", outcome.ended, agent=asked.agent, **outcome.to_dict())
            return
        one = self._desks[asked.agent]
        data = outcome.to_dict()
        if self._keeps_curves:
            data["curve"] = list(outcome.curve)
        t = self._add("outcome", outcome.ended, agent=asked.agent, **data).t
        run = self._experiments.end(outcome, data["ended"] - data["started"])
        self._repeating[one.member.role.id].discard(asked.setting)
        self._exchange.publish(t, run)
        if outcome.error:
            self._experiments.errors[outcome.id] = outcome.output or outcome.error
        # Whoever is at a stand-up when its experiment ends begins to think when that is over.
        self._wake(one, max(t, one.busy_until) + one.agent.lead_s(self.task))
        self._exchange.settle(t)
        if self._standups.due(self._experiments.ended):
            self._meet(t)

    def _meet(self, t: float) -> None:
        """Begin a stand-up: one with reports ends when the last is written, another at once."""
        attendees = self._standups.call()
        if not self._thoughts.meet(t, attendees, self._budget_s - t):
            self._gather(t, attendees, {})

    def _hear_reports(self, t: float) -> None:
        """End a stand-up whose reports are written."""
        names, reports = self._thoughts.reports(t)
        attendees = [self._desks[name] for name in names]
        self._standups.read_reports(attendees, reports)
        self._gather(t, attendees, reports)

    def _gather(self, t: float, attendees: Sequence[Desk], reports: Mapping[str, str]) -> None:
        """Hold a stand-up: thoughts end later, and each attendee leaves with what all shared."""
        seconds, runs = self._standups.hold(attendees, t)
        for one in attendees:
            fixed = self._thoughts.delay(one, seconds)
            if one.wake is not None and seconds and not fixed:
                self._wake(one, one.wake + seconds)
        names, told = [one.member.id for one in attendees], self.ledger.told()
        self._standups.read_notes(attendees, told)
        words = {**({"reports": dict(reports)} if reports else {}), **({"told": told} if told else {})}
        if tasks := self._exchange.assignments.progress(names):
            words |= {"tasks": tasks}
            self._standups.read_reports(attendees, tasks)
        self._add("meeting", t, agents=names, seconds=seconds, shared=runs, **words)
        self._exchange.share(names, runs)
        self._exchange.settle(t)
