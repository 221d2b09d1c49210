"""What every Lab must do: inherit `LabContract` and give `make_lab`."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest

from orgopt.lab.base import Checkpoint, Experiment, Lab, Outcome, Status
from orgopt.ledger import Event, Ledger
from orgopt.org import Link, Org, Role, Standup
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from orgopt.testing.toy_task import toy_replay, toy_task


def _role(name: str, headcount: int = 1) -> Role:
    # MODE makes experiments fail: it is another group.
    return Role(id=name.lower(), name=name, headcount=headcount, agent="hill-climb", focus=("point",))


ALONE = Org(roles=(_role("One"),))
TALKING = Org(
    roles=(_role("Lead"), _role("Hand", 3)),
    links=(Link(source="hand", target="lead", kind="reports to"), Link(source="lead", target="hand", kind="reviews")),
    standup=Standup(every=5, unit="experiments", share=2),
    confirm=1,
)
MEASURED = {"t", "started", "ended", "memory_gb", "lab"}
"""What a lab measures and names; the rest of an event is decided by the team and the outcomes."""


def decided(events: Sequence[Event]) -> list[tuple[str, dict[str, Any]]]:
    """The events without what differs between labs."""
    return [(one.kind, {key: value for key, value in one.data.items() if key not in MEASURED}) for one in events]


def events(lab: Lab, n: int, until: float = 30.0) -> list[Outcome | Checkpoint]:
    """All events up to the n-th outcome."""
    seen: list[Outcome | Checkpoint] = []
    while sum(isinstance(event, Outcome) for event in seen) < n and lab.now() < until:
        seen += lab.wait(until)
    return seen


def drain(lab: Lab, n: int, until: float = 30.0) -> list[Outcome]:
    """The outcomes among all events up to the n-th."""
    return [event for event in events(lab, n, until) if isinstance(event, Outcome)]


class LabContract:
    """Runs experiments of the toy task, and teams, in a lab."""

    budget_s = 2.0  # of a team's run: some experiments of the toy task

    def make_lab(self, task: Task, slots: int) -> Lab:
        """A new lab, open."""
        raise NotImplementedError

    @pytest.fixture
    def toy(self) -> Task:
        return toy_task()

    @pytest.fixture
    def lab(self, toy: Task) -> Iterator[Lab]:
        lab = self.make_lab(toy, slots=2)
        lab.reset()
        yield lab
        lab.close()

    def test_the_same_experiment_gives_the_same_metrics(self, lab: Lab) -> None:
        for number in (1, 2):
            lab.submit(Experiment(id=number, settings={"X": 0.5}, seed=11))
        first, second = drain(lab, 2)
        assert {first.id, second.id} == {1, 2}
        assert first.status is Status.OK
        assert (first.metric, first.heldout) == (second.metric, second.heldout)

    def test_the_seed_changes_the_metric_and_settings_the_heldout(self, lab: Lab) -> None:
        lab.submit(Experiment(id=1, settings={"X": 0.5}, seed=1))
        lab.submit(Experiment(id=2, settings={"X": 0.5}, seed=2))
        lab.submit(Experiment(id=3, settings={"X": 0.7, "Y": 0.2}, seed=1))
        by_id = {outcome.id: outcome for outcome in drain(lab, 3)}
        assert by_id[1].metric != by_id[2].metric
        assert by_id[1].heldout == pytest.approx(0.05)
        assert by_id[3].heldout == pytest.approx(0.0)

    def test_no_more_run_at_once_than_there_are_slots(self, lab: Lab) -> None:
        for number in range(1, 7):
            lab.submit(Experiment(id=number, settings={"MODE": "slow"}, seed=number))
        outcomes = drain(lab, 6)
        moments = sorted({outcome.started for outcome in outcomes})
        for t in moments:
            # An outcome ends when its lab notices, which may be a moment after the slot fell free.
            assert sum(o.started <= t < o.ended - 0.05 for o in outcomes) <= 2
        assert sorted(outcome.id for outcome in outcomes) == [1, 2, 3, 4, 5, 6]

    def test_waiting_ends_at_its_time(self, lab: Lab) -> None:
        assert lab.wait(until=0.2) == []
        assert lab.now() >= 0.2

    def test_stopping_charges_what_runs_and_forgets_what_waits(self, lab: Lab) -> None:
        for number in range(1, 5):
            lab.submit(Experiment(id=number, settings={"MODE": "slow"}, seed=number))
        lab.wait(until=0.1)
        unfinished = lab.stop()
        assert sorted(outcome.id for outcome in unfinished) == [1, 2]
        assert all(outcome.status is Status.UNFINISHED and outcome.metric is None for outcome in unfinished)
        lab.reset()
        lab.submit(Experiment(id=9, settings={}, seed=1))
        assert [outcome.id for outcome in drain(lab, 1)] == [9]

    def test_a_watched_experiment_tells_its_curve_before_its_outcome(self, lab: Lab) -> None:
        lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=1, watched=True))
        first = lab.wait(until=30)
        *points, outcome = [*first, *events(lab, 1)]
        assert isinstance(first[0], Checkpoint)
        assert isinstance(outcome, Outcome)
        assert not any(isinstance(event, Outcome) for event in first), "a checkpoint comes as soon as it is known"
        checkpoints = [event for event in points if isinstance(event, Checkpoint)]
        assert [point.step for point in checkpoints] == list(range(len(outcome.curve)))
        assert tuple(point.value for point in checkpoints) == outcome.curve
        times = [outcome.started, *(point.t for point in checkpoints), outcome.ended]
        assert times == sorted(times)
        assert {point.id for point in checkpoints} == {1}

    def test_an_experiment_that_nobody_watches_tells_its_curve_at_the_end(self, lab: Lab) -> None:
        lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=1))
        (outcome,) = events(lab, 1)
        assert isinstance(outcome, Outcome)
        assert len(outcome.curve) > 1
        assert outcome.cpu_s > 0

    def test_a_killed_experiment_is_charged_until_its_stop(self, lab: Lab) -> None:
        lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=1, watched=True))
        lab.submit(Experiment(id=2, settings={"MODE": "slow"}, seed=2))
        lab.submit(Experiment(id=3, settings={"MODE": "slow"}, seed=3))
        lab.wait(until=30)
        stop = lab.now()
        lab.kill(1)
        (stopped,) = lab.wait(until=30)
        assert isinstance(stopped, Outcome)
        assert (stopped.id, stopped.status, stopped.metric, stopped.heldout) == (1, Status.STOPPED, None, None)
        assert stopped.started <= stop <= stopped.ended <= lab.now()
        assert len(stopped.curve) >= 1
        by_id = {outcome.id: outcome for outcome in drain(lab, 2)}
        assert by_id[2].status is by_id[3].status is Status.OK
        assert by_id[3].started < by_id[2].ended, "the slot was free again"

    def test_a_killed_experiment_never_leaves_the_queue(self, lab: Lab) -> None:
        for number in range(1, 4):
            lab.submit(Experiment(id=number, settings={"MODE": "slow"}, seed=number))
        lab.kill(3)
        (stopped,) = lab.wait(until=30)
        assert isinstance(stopped, Outcome)
        assert (stopped.id, stopped.status) == (3, Status.STOPPED)
        assert stopped.started == stopped.ended
        assert sorted(outcome.id for outcome in drain(lab, 2)) == [1, 2]

    def test_killing_what_ended_does_nothing(self, lab: Lab) -> None:
        lab.submit(Experiment(id=1, settings={}, seed=1))
        drain(lab, 1)
        lab.kill(1)
        lab.kill(99)
        assert lab.wait(until=lab.now() + 0.2) == []

    def test_a_kill_is_told_once(self, lab: Lab) -> None:
        lab.submit(Experiment(id=1, settings={"MODE": "slow"}, seed=1))
        lab.kill(1)
        lab.kill(1)
        assert [outcome.status for outcome in lab.stop()] == [Status.STOPPED]
        assert lab.stop() == []

    def test_results_say_what_they_are_measured_on(self, lab: Lab) -> None:
        assert lab.stamp["lab"]
        assert all(isinstance(value, str) for value in lab.stamp.values())
        assert lab.data_digest

    def test_closing_twice_is_harmless(self, toy: Task) -> None:
        lab = self.make_lab(toy, slots=1)
        lab.close()
        lab.close()

    def run_team(self, task: Task, org: Org, slots: int, events: Sequence[Event] = ()) -> Ledger:
        """The ledger of a team's run, begun or gone on with."""
        ledger = Ledger(events=events)
        with closing(self.make_lab(task, slots)) as lab:
            Team(org, task, lab, seed=3, ledger=ledger).run(self.budget_s)
        return ledger

    def test_given_its_outcomes_a_run_is_repeated_to_the_last_digit(self, toy: Task) -> None:
        whole = self.run_team(toy, TALKING, 2).events
        assert {event.kind for event in whole} >= {"start", "proposal", "outcome", "message", "submission", "end"}
        again = Ledger(events=whole)
        with closing(self.make_lab(toy, 2)) as lab:
            Team(TALKING, toy, lab, seed=3, ledger=again).run(self.budget_s)  # raises where an event differs
        assert not again.repeating
        assert again.events == whole

    def test_a_team_does_the_same_in_virtual_time(self, toy: Task) -> None:
        real, ledger = decided(self.run_team(toy, ALONE, 1).events), Ledger()
        Team(ALONE, toy, toy_replay(toy, 1), seed=3, ledger=ledger).run(30)
        virtual = decided(ledger.events)
        real = real[: max(at for at, (kind, _) in enumerate(real) if kind == "outcome")]  # the last was cut by the end
        assert sum(kind == "outcome" for kind, _ in real) > 1
        assert real[1:] == virtual[1 : len(real)]

    def test_a_killed_run_goes_on_and_ends_as_it_would_have(self, toy: Task) -> None:
        whole = self.run_team(toy, ALONE, 1).events
        cut = whole[: len(whole) // 2]
        events = self.run_team(toy, ALONE, 1, cut).events
        assert events[: len(cut)] == cut
        assert (events[-1].kind, events[-1].t) == ("end", self.budget_s)
        outcomes = [event.data for event in events if event.kind == "outcome"]
        assert [data["id"] for data in outcomes] == list(range(1, len(outcomes) + 1)), "none is lost, none runs twice"
        assert all(one["ended"] <= two["started"] for one, two in pairwise(outcomes))
        ended = [max(at for at, event in enumerate(one) if event.kind == "outcome") for one in (whole, events)]
        assert decided(events[: min(ended)]) == decided(whole[: min(ended)])
