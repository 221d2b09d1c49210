"""What every Lab must do: inherit `LabContract` and give `make_lab`."""

from collections.abc import Iterator

import pytest

from orgopt.lab.base import Experiment, Lab, Outcome, Status
from orgopt.task import Task


def drain(lab: Lab, n: int, until: float = 30.0) -> list[Outcome]:
    outcomes: list[Outcome] = []
    while len(outcomes) < n and lab.now() < until:
        outcomes += lab.wait(until)
    return outcomes


class LabContract:
    def make_lab(self, task: Task, slots: int) -> Lab:
        raise NotImplementedError

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

    def test_closing_twice_is_harmless(self, toy: Task) -> None:
        lab = self.make_lab(toy, slots=1)
        lab.close()
        lab.close()
