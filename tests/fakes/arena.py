"""Arenas of the toy task: in this process or in workers, always in virtual time."""

from orgopt.evolve import Arena, Terms
from orgopt.lab.replay import ReplayLab
from orgopt.lab.world import Called
from orgopt.task import Task
from tests.fakes.lab import FakeLab
from tests.fakes.world import ToyWorld


def fake_lab(task: Task, slots: int) -> FakeLab:
    """A lab that has no truth: submissions are run again."""
    return FakeLab(task, slots)


def toy_replay(task: Task, slots: int) -> ReplayLab:
    """A lab that knows the truth; workers can open it, too."""
    return ReplayLab(task, Called(task, ToyWorld()), slots)


def toy_arena(*tasks: Task, budget_s: float = 20, slots: int = 2, workers: int = 1, lab=fake_lab) -> Arena:
    terms = Terms(lab=lab, slots=slots, budget_s=budget_s, verify_seeds=1)
    return Arena({task.name: task for task in tasks}, terms, workers=workers)
