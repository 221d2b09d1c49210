"""Plain Optuna on a task itself, with the slots and the budget that a team has: what a team is to beat.

It thinks in no time, has all results at once, and knows the baseline from the start. It submits as a team of
one does, and its run is recorded and scored as a team's is.
"""

import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.trial import TrialState, create_trial

from orgopt.agents import Proposal
from orgopt.agents.base import propose
from orgopt.errors import UsageError
from orgopt.lab.base import Checkpoint, Experiment, Lab, Outcome, Status
from orgopt.ledger import BASELINE, MORE, Event, Ledger
from orgopt.scoring.evaluation import VERIFY_SEEDS, Score, verified
from orgopt.seeds import Stream, derive
from orgopt.tasks.knob import Knob, Value, active, conditional, with_values
from orgopt.tasks.task import Task
from orgopt.team.beliefs import Beliefs, Finished
from orgopt.team.runtime import Watcher
from orgopt.team.scripts import commit_of
from orgopt.team.trust import Trust

PLAIN_KINDS = ("optuna:tpe", "optuna:tpe+median", "optuna:gp", "optuna:random")
AGENT = "optuna"


def evaluate_plain(
    kind: str,
    task: Task,
    lab: Lab,
    *,
    budget_s: float,
    seed: int,
    ledger: Ledger | None = None,
    verify_seeds: int = VERIFY_SEEDS,
    watch: Watcher | None = None,
    searcher: tuple[BaseSampler, BasePruner] | None = None,
) -> Score:
    """Run one of Optuna's samplers on a task and score it, as `scoring.evaluation` does with a document.

    Args:
        kind: One of `PLAIN_KINDS`. With `+median`, a run whose curve is worse than the median of those before
            is ended.
        task: What is researched.
        lab: Where experiments run; as many as it has slots at once.
        budget_s: Lab seconds.
        seed: Decides every choice of the sampler and the seeds of the experiments.
        ledger: Takes every event.
        verify_seeds: Fresh seeds with which each submission is trained again.
        watch: Called with every event.
        searcher: Another sampler with its pruner, to be measured under the name `kind`.

    Raises:
        UsageError: There is no such kind.
        LabError: The lab broke.
    """
    if searcher is None and kind not in PLAIN_KINDS:
        raise UsageError(f"no plain sampler '{kind}': choose {', '.join(PLAIN_KINDS)}")
    ledger = ledger or Ledger()
    with _one_thread(kind):
        sampler, pruner = searcher or _searcher(kind, derive(Stream.PLAIN_SAMPLER, seed))
        _Plain(sampler, pruner, task, lab, seed, ledger, watch).run(float(budget_s))
    return verified(task, lab, ledger, budget_s=budget_s, seed=seed, verify_seeds=verify_seeds)


@contextmanager
def _one_thread(kind: str) -> Generator[None]:
    """Let torch compute in one thread under a GPSampler, whatever the environment or the caller set.

    Parallel sums round by the number of threads, its optimizer stops at a tolerance, and a run would be another on
    another machine, or in a worker. Matrices of a few hundred rows gain nothing from more.
    """
    if kind != "optuna:gp":
        yield
        return
    from threadpoolctl import threadpool_limits

    from orgopt.evolve.surrogate.ensemble import one_thread

    with one_thread(), threadpool_limits(1):
        yield


def distribution(knob: Knob) -> BaseDistribution:
    """Where Optuna looks for values of a knob; of choices that have an order, their places."""
    if knob.choices and knob.ordered:
        return IntDistribution(0, len(knob.choices) - 1)
    if knob.choices:
        return CategoricalDistribution(knob.choices)
    if knob.integer:
        return IntDistribution(int(knob.low), int(knob.high), log=knob.log)
    return FloatDistribution(knob.low, knob.high, log=knob.log)


@dataclass(slots=True)
class _Running:
    trial: optuna.Trial
    setting: int
    settings: Mapping[str, Value]


class _Plain:
    """One sampler on its way through one budget."""

    def __init__(
        self,
        sampler: BaseSampler,
        pruner: BasePruner,
        task: Task,
        lab: Lab,
        seed: int,
        ledger: Ledger,
        watch: Watcher | None,
    ) -> None:
        self.task, self.lab, self.seed, self.ledger, self._watch = task, lab, seed, ledger, watch
        self._prunes = not isinstance(pruner, NopPruner)
        self._space = {knob.name: distribution(knob) for knob in task.knobs}
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(direction="minimize", sampler=sampler, pruner=pruner)
        defaults = task.complete({})
        known = {knob.name: _encoded(knob, defaults[knob.name]) for knob in active(task.knobs, defaults)}
        space = {name: self._space[name] for name in known}
        self._study.add_trial(create_trial(params=known, distributions=space, value=task.baseline.metric))
        self._beliefs = Beliefs(task.knobs, defaults, task.baseline, Trust(me=AGENT))
        self._first: dict[tuple[Value, ...], int] = {tuple(defaults.values()): BASELINE}
        self._running: dict[int, _Running] = {}
        self._stopping: set[int] = set()
        self._proposed, self._submission, self._points = 0, BASELINE, 0

    def run(self, budget_s: float) -> None:
        """Work until the budget ends; what is in flight then is charged and not counted."""
        self.lab.reset()
        self._open(budget_s)
        while (now := self.lab.now()) < budget_s:
            while len(self._running) < self.lab.slots:
                self._propose(now)
            for event in self.lab.wait(budget_s):
                if isinstance(event, Outcome):
                    self._take(event)
                else:
                    self._watch_over(event)
        for outcome in self.lab.stop():
            if outcome.status is Status.UNFINISHED:
                self._add("outcome", outcome.ended, agent=AGENT, **outcome.to_dict())
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
            agents=[AGENT],
            baseline=self.task.baseline.metric,
            **({"better": MORE} if self.task.metric.startswith("-") else {}),
            commit=commit_of(self.task.source),
            think_s=0.0,
        )
        self._add("submission", 0.0, id=BASELINE, metric=self.task.baseline.metric)

    def _add(self, kind: str, t: float, **data: object) -> Event:
        event = self.ledger.add(kind, t, **data)
        if self._watch:
            self._watch(event)
        return event

    def _propose(self, t: float) -> None:
        trial = self._ask()
        params = trial.params  # a copy, each time it is asked for
        settings = {
            knob.name: _decoded(knob, params[knob.name]) if knob.name in params else knob.default
            for knob in self.task.knobs
        }
        proposal = propose(self._beliefs.known(BASELINE), settings)
        self._proposed += 1
        number = self._proposed
        setting = self._first.setdefault(tuple(proposal.settings.values()), number)
        self._running[number] = _Running(trial, setting, proposal.settings)
        self._add("proposal", t, id=number, agent=AGENT, **self._describe(proposal))
        seed = derive(Stream.EXPERIMENT, self.seed, number)
        self.lab.submit(Experiment(id=number, settings=proposal.settings, seed=seed, watched=self._prunes))

    def _ask(self) -> optuna.Trial:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            if not conditional(self.task.knobs):
                return self._study.ask(self._space)
            return self._turned(self._study.ask())

    def _turned(self, trial: optuna.Trial) -> optuna.Trial:
        """A trial with values for those knobs alone that it turns: Optuna's own way with conditions."""
        settings: dict[str, Value] = {knob.name: knob.default for knob in self.task.knobs}
        for knob in self.task.knobs:
            if knob in active(self.task.knobs, settings):
                settings[knob.name] = _decoded(knob, _suggested(trial, knob.name, self._space[knob.name]))
        return trial

    def _describe(self, proposal: Proposal) -> dict[str, object]:
        defaults = self._beliefs.known(BASELINE).settings
        return {
            "knobs": {name: value for name, value in proposal.settings.items() if defaults[name] != value},
            "parent": BASELINE,
            "note": proposal.note,
            "commit": commit_of(with_values(self.task.source, proposal.settings)),
        }

    def _watch_over(self, checkpoint: Checkpoint) -> None:
        """End a run that Optuna's pruner gives up; at the last point of its curve nothing would be saved."""
        number = checkpoint.id
        if number in self._stopping or number not in self._running:
            return
        trial = self._running[number].trial
        trial.report(checkpoint.value, checkpoint.step)
        if checkpoint.step < self._points - 1 and trial.should_prune():
            self._stopping.add(number)
            self._add("stop", checkpoint.t, id=number, agent=AGENT, step=checkpoint.step, value=checkpoint.value)
            self.lab.kill(number)

    def _take(self, outcome: Outcome) -> None:
        """Record an outcome, tell the sampler, and submit what is best now."""
        running = self._running.pop(outcome.id)
        data = outcome.to_dict()
        if self._prunes:
            data["curve"] = list(outcome.curve)
        t = self._add("outcome", outcome.ended, agent=AGENT, **data).t
        if outcome.metric is not None:
            self._study.tell(running.trial, outcome.metric)
            self._points = max(self._points, len(outcome.curve))
        else:
            # TPE counts pruned trials as bad, and would try beside a failed one again.
            lost = outcome.status is Status.INFRA
            self._study.tell(running.trial, state=TrialState.FAIL if lost else TrialState.PRUNED)
        self._beliefs.learn(Finished(outcome.id, AGENT, running.setting, running.settings, outcome.metric))
        best = self._beliefs.incumbent
        if best != self._submission:
            self._submission = best
            known = self._beliefs.known(best)
            self._add("submission", t, id=known.id, metric=known.metric)


def _searcher(kind: str, seed: int) -> tuple[BaseSampler, BasePruner]:
    sampler: BaseSampler
    if kind == "optuna:gp":
        sampler = GPSampler(seed=seed)
    else:
        sampler = RandomSampler(seed=seed) if kind == "optuna:random" else TPESampler(seed=seed)
    return sampler, MedianPruner() if kind.endswith("+median") else NopPruner()


def _suggested(trial: optuna.Trial, name: str, where: BaseDistribution) -> Value:
    if isinstance(where, CategoricalDistribution):
        return cast("Value", trial.suggest_categorical(name, where.choices))
    if isinstance(where, IntDistribution):
        return trial.suggest_int(name, where.low, where.high, log=where.log)
    assert isinstance(where, FloatDistribution)
    return trial.suggest_float(name, where.low, where.high, log=where.log)


def _encoded(knob: Knob, value: Value) -> Value:
    return knob.choices.index(value) if knob.choices and knob.ordered else value


def _decoded(knob: Knob, value: Value) -> Value:
    """The value of a knob, its digits as a person would write them."""
    if knob.choices:
        return knob.choices[int(value)] if knob.ordered else value
    return knob.at(knob.unit(value))
