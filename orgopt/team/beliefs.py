"""What one agent believes: means over seeds, what is confirmed and reviewed, and what to start from.

A setting is believed once enough of its runs are known (`Confirm`) and, where its author is reviewed, a
reviewer has run it too. Beliefs are kept up to date run by run; they follow from the runs alone.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orgopt.agents import Catalogue, Knowledge, Known
from orgopt.ledger import BASELINE
from orgopt.org import CopyRule
from orgopt.tasks.task import Knob, Measure, Settings, Value
from orgopt.team.trust import Trust

_Rank = tuple[float, int]  # metric and number of a setting
_TRIES = 2  # a setting that fails is run again at most as often as it has to succeed


class Finished(NamedTuple):
    """A finished experiment. `setting` is the number of the first experiment with the same settings.

    One that `failed` crashed or was over a limit; one that was ended early has no metric either.
    """

    id: int
    agent: str
    setting: int
    settings: Mapping[str, Value]
    metric: float | None
    curve: tuple[float, ...] = ()
    failed: bool = False


@dataclass(slots=True)
class _Tally:
    """The runs of one setting."""

    known: Known
    runs: list[Finished] = field(default_factory=list[Finished])
    by: dict[str, None] = field(default_factory=dict[str, None])  # who succeeded, in order
    squares: float = 0.0  # sum of squared deviations from the mean
    approved: frozenset[str] = frozenset()  # by whom, without a run of their own
    rejected: bool = False  # by the agent itself


_UNKNOWN = Known(id=BASELINE, settings={}, metric=None, seeds=0, believed=False, mine=False)


class Beliefs:
    """What an agent knows and believes.

    Args:
        knobs: What can be turned.
        defaults: The settings of the baseline.
        baseline: Its recorded mean, which further runs do not move.
        trust: What the agent takes for true.
        catalogue: The numbers of all settings of a team.
    """

    def __init__(
        self,
        knobs: Sequence[Knob],
        defaults: Settings,
        baseline: Measure,
        trust: Trust,
        *,
        catalogue: Catalogue | None = None,
    ) -> None:
        self.trust = trust
        self.knowledge = Knowledge(knobs, catalogue=catalogue)
        self.runs: dict[int, None] = {BASELINE: None}
        self.handed: dict[str, int] = {}  # settings that were delegated, by who did
        self._bests: dict[str, _Rank] = {}  # the best believed setting of each agent that it watches
        self._ran: dict[str, dict[int, None]] = {one: {} for one in (trust.me, *trust.watches)}
        known = Known(id=BASELINE, settings=defaults, metric=baseline.metric, seeds=baseline.seeds, sd=baseline.sd)
        self._tallies: dict[int, _Tally] = {BASELINE: _Tally(known)}
        self.knowledge.put(BASELINE, known)

    def learn(self, run: Finished) -> bool:
        """Take in a run; False when it was known."""
        if run.id in self.runs:
            return False
        self.runs[run.id] = None
        tally = self._tallies.get(run.setting)
        if tally is None:
            tally = self._tallies[run.setting] = _Tally(_UNKNOWN)
        tally.runs.append(run)
        if run.metric is not None:
            tally.by[run.agent] = None
            if (ran := self._ran.get(run.agent)) is not None:
                ran[run.setting] = None
        # The baseline's mean is the task's own, of many seeds; a run of the team would only add noise to it.
        if run.setting != BASELINE:
            self._count(run, tally)
        return True

    def believe(self, setting: int) -> None:
        """Take a known setting for true on another's word."""
        tally = self._tallies[setting]
        if not tally.known.believed and tally.known.seeds:
            tally.known = tally.known._replace(believed=True)
            self.knowledge.put(setting, tally.known)
            self._rebest(setting, tally.by)

    def hand(self, sender: str, setting: int) -> None:
        """Take a known setting on the word of who delegates it."""
        self.believe(setting)
        self.handed[sender] = setting

    def believes(self, setting: int) -> bool:
        """Whether a setting may be copied and submitted."""
        tally = self._tallies.get(setting)
        return tally is not None and tally.known.believed

    @property
    def incumbent(self) -> int:
        """The number of the best believed setting, by whomever it was run."""
        return self.knowledge.believed[0][1]

    def chosen(self, rule: CopyRule) -> int:
        """The number of the setting that the agent would hand on: its own best under `own`."""
        return self.own if rule == "own" else self.incumbent

    def known(self, setting: int) -> Known:
        """What is known of a setting."""
        return self._tallies[setting].known

    def runs_of(self, setting: int) -> list[int]:
        """The experiments that ran a setting, as far as they are known."""
        return [run.id for run in self._tallies[setting].runs] or [BASELINE]

    def best_of(self, agent: str, share: int | None) -> list[int]:
        """Every known run of the best settings that the agent, or one that it watches, ran, by their means."""
        ranked = sorted((self.known(setting).metric or 0.0, setting) for setting in self._ran[agent])
        return [run for _, setting in ranked[:share] for run in self.runs_of(setting)]

    def ran(self, agent: str, setting: int) -> list[int]:
        """The successful runs of a setting by an agent."""
        tally = self._tallies.get(setting)
        return [run.id for run in tally.runs if run.agent == agent and run.metric is not None] if tally else []

    def approve(self, setting: int, reviewer: str) -> None:
        """Take a reviewer's word for a run of its own."""
        tally = self._tallies[setting]
        tally.approved |= {reviewer}
        if tally.known.seeds >= self.trust.seeds and self._passed(tally):
            self.believe(setting)

    def reject(self, setting: int) -> None:
        """Review a setting no more."""
        self._tallies[setting].rejected = True

    def to_review(self, most: int) -> list[tuple[int, str]]:
        """The settings that look better than the incumbent and wait for the agent's review, with their authors."""
        found: list[tuple[int, str]] = []
        for promising in self.knowledge.measured:
            if promising >= self.knowledge.believed[0] or len(found) == most:
                break
            tally = self._tallies[promising[1]]
            if not tally.known.believed and self._reviews(tally):
                found.append((promising[1], next(iter(tally.by))))
        return found

    def doubtful(self, taken: Collection[int], *, reviews: bool = True) -> int | None:
        """The most promising setting that the agent should run again before anyone believes it.

        One that looks better than the incumbent, and that the agent reviews or confirms.

        Args:
            taken: Settings that somebody of its role is running again already.
            reviews: Whether it reviews by running.
        """
        best = self.knowledge.believed[0]
        for promising in self.knowledge.measured:
            # They are ranked: what follows would not be submitted if it were confirmed, so a run would be wasted.
            if promising >= best:
                return None
            number = promising[1]
            if number not in taken and self._duty(self._tallies[number], reviews=reviews):
                return number
        return None

    @property
    def mine(self) -> set[int]:
        """The settings that the agent ran with success or was handed; the baseline counts as its own."""
        return {*self._ran.get(self.trust.me, ()), *self.handed.values(), BASELINE}

    @property
    def own(self) -> int:
        """The best believed setting that the agent ran or was handed; the baseline counts as its own."""
        mine = [self.rank(BASELINE), *map(self.rank, self.handed.values())]
        if (best := self._bests.get(self.trust.me)) is not None:
            mine.append(best)
        return min(mine)[1]

    def has(self, neighbour: str) -> int | None:
        """What a neighbour has for its best, as far as the agent knows: what it handed down, or ran."""
        handed = self.handed.get(neighbour)
        if handed is not None:
            return handed
        best = self._bests.get(neighbour)
        return None if best is None else best[1]

    def rank(self, setting: int) -> _Rank:
        """What settings are ordered by: the mean, then the number."""
        return (self._tallies[setting].known.metric or 0.0, setting)

    def _count(self, run: Finished, tally: _Tally) -> None:
        """Add a run to what is known of its setting."""
        before, trust = tally.known, self.trust
        seeds, mean, new = before.seeds, before.metric, before is _UNKNOWN
        if run.metric is not None:
            seeds += 1
            if mean is None:
                mean = run.metric
            else:  # Welford's way: the mean of equal values is that value to the last bit.
                delta = run.metric - mean
                mean += delta / seeds
                tally.squares += delta * (run.metric - mean)
        after = tally.known = Known(
            # It goes by its first success: of a run that failed nobody can take the script over.
            id=run.id if new or (seeds == 1 and run.metric is not None) else before.id,
            settings=run.settings if new else before.settings,
            metric=mean,
            seeds=seeds,
            sd=math.sqrt(tally.squares / (seeds - 1)) if seeds > 1 else 0.0,
            # Belief is not taken back, since others have built on it: a mean that rises is outranked instead.
            believed=before.believed or (seeds >= trust.seeds and (not trust.reviewers or self._passed(tally))),
            mine=before.mine or (run.metric is not None and run.agent == trust.me),
            failed=not seeds and (before.failed or run.failed),
            curve=run.curve or before.curve,
        )
        self.knowledge.put(run.setting, after)
        if after.believed and run.metric is not None:
            same = before.believed and before.metric == after.metric
            self._rebest(run.setting, (run.agent,) if same else tally.by)

    def _rebest(self, setting: int, agents: Collection[str]) -> None:
        """Keep the best of each agent that ran a setting, whose mean or belief has changed."""
        rank = self.rank(setting)
        for agent in self._ran if len(agents) > len(self._ran) else agents:
            if agent not in agents or agent not in self._ran:
                continue
            best = self._bests.get(agent)
            if best is None or rank[0] < best[0]:  # of two that tie, an agent keeps its own
                self._bests[agent] = rank
            elif best[1] == setting and best != rank:  # its mean has risen: another may be better now
                self._bests[agent] = min(self.rank(one) for one in self._ran[agent] if self.believes(one))

    def _passed(self, tally: _Tally) -> bool:
        """Whether some run needs no review, or a reviewer of its agent has run the setting too."""
        reviewers = self.trust.reviewers
        if not reviewers:
            return bool(tally.by)
        passing = {**tally.by, **dict.fromkeys(tally.approved)} if tally.approved else tally.by
        return any(agent not in reviewers or not reviewers[agent].isdisjoint(passing) for agent in tally.by)

    def _reviews(self, tally: _Tally) -> bool:
        me, reviewers = self.trust.me, self.trust.reviewers
        if not reviewers or tally.rejected or any(run.agent == me for run in tally.runs) or self._passed(tally):
            return False
        return any(me in reviewers.get(agent, ()) for agent in tally.by)

    def _duty(self, tally: _Tally, *, reviews: bool) -> bool:
        if tally.known.believed:
            return False
        if reviews and self._reviews(tally):
            return True
        wanted = tally.known.seeds < self.trust.seeds and len(tally.runs) < _TRIES * self.trust.seeds
        return wanted and tally.runs[0].agent in self.trust.confirms
