"""What every TaskSource must do: inherit `TaskContract` and give `make_source`."""

import pytest

from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.replay import ReplayLab
from orgopt.lab.worlds.world import open_world
from orgopt.tasks.folder import load_task
from orgopt.tasks.source import TaskSource, is_task
from orgopt.tasks.task import Task


class TaskContract:
    """Loads a task, and asks it for its baseline where it is a world."""

    def make_source(self) -> TaskSource:
        """Where the task is."""
        raise NotImplementedError

    @pytest.fixture
    def task(self) -> Task:
        return load_task(str(self.make_source().folder()))

    def test_its_folder_is_there_and_says_its_name(self, task: Task) -> None:
        folder = self.make_source().folder()
        assert is_task(folder)
        assert task.name == folder.name

    def test_it_is_the_same_each_time(self, task: Task) -> None:
        assert task.digest == load_task(str(self.make_source().folder())).digest

    def test_it_says_what_is_researched(self, task: Task) -> None:
        assert task.title
        assert task.brief
        assert task.complete({}).keys() == {knob.name for knob in task.knobs}

    def test_quality_is_0_at_the_baseline_and_1_at_the_reference(self, task: Task) -> None:
        if task.measured:
            assert task.quality(task.baseline.heldout) == pytest.approx(0)
        if task.reference is not None:
            assert task.quality(task.reference.heldout) == pytest.approx(1)

    def test_a_world_answers_its_baseline_and_a_seed_decides_its_noise(self, task: Task) -> None:
        if task.script:
            pytest.skip("a script that has to be trained")
        first, second = (_run(task, seed=1) for _ in range(2))
        assert first is not None
        assert first == second


def _run(task: Task, seed: int) -> float | None:
    """The metric of the baseline."""
    lab = ReplayLab(task, open_world(task), 1)
    lab.submit(Experiment(id=1, settings={}, seed=seed))
    (outcome,) = lab.wait(until=task.limit_s)
    assert isinstance(outcome, Outcome)
    assert outcome.status is Status.OK
    return outcome.metric
