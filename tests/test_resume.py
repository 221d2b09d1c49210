"""A run that was cut anywhere goes on and ends as it would have."""

from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.errors import StoreError
from orgopt.lab.base import Checkpoint, Experiment, Outcome
from orgopt.ledger import Ledger, impossible
from orgopt.org import Org, Standup
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from tests.fakes.lab import FakeLab
from tests.test_words import BUSY


def uneven(seed: int) -> float:
    """How long an experiment takes: so that few things happen at once, and times are as exact as a ledger's."""
    return 1.0 + (seed % 739) / 2000


def run(org: Org, task: Task, ledger: Ledger, budget_s: float = 9, seed: int = 1) -> Ledger:
    Team(org, task, FakeLab(task, slots=3, seconds=uneven), seed=seed, ledger=ledger).run(budget_s)
    return ledger


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    "org",
    [
        BUSY,
        replace(BUSY, standup=Standup(every=2.5, unit="s", share=None), stop_early=0.4),
        replace(BUSY, links=(), standup=None, stop_early=0.2),
    ],
    ids=["busy", "meets by time", "silent"],
)
def test_a_ledger_cut_at_any_event_is_continued_to_the_same_end(toy: Task, org: Org) -> None:
    whole = run(org, toy, Ledger()).events
    assert {"start", "proposal", "outcome", "submission", "end"} <= {event.kind for event in whole}
    for cut in range(1, len(whole) + 1):
        assert run(org, toy, Ledger(events=whole[:cut])).events == whole, f"cut after {cut}: {whole[cut - 1]}"


def test_a_ledger_on_disk_is_continued_in_its_file(toy: Task, tmp_path: Path) -> None:
    whole = Ledger(tmp_path / "whole.jsonl")
    run(BUSY, toy, whole)
    whole.close()
    lines = (tmp_path / "whole.jsonl").read_text().splitlines(keepends=True)
    cut = tmp_path / "cut.jsonl"
    cut.write_text("".join(lines[: len(lines) // 2]) + lines[-1][:5])  # a torn line is dropped
    ledger = Ledger.load(cut)
    run(BUSY, toy, ledger)
    ledger.close()
    assert cut.read_text() == (tmp_path / "whole.jsonl").read_text()


def test_another_run_does_not_continue_a_ledger(toy: Task) -> None:
    whole = run(BUSY, toy, Ledger()).events
    with pytest.raises(StoreError, match=r"event 1 of the ledger.*\(seed\).*document, task, seed and version"):
        run(BUSY, toy, Ledger(events=whole[:20]), seed=2)
    with pytest.raises(StoreError, match="is not what this run does there"):
        run(replace(BUSY, risk=0.9), toy, Ledger(events=whole[:60]))


def another_time(seed: int) -> float:
    """How long an experiment takes that is begun again, as real ones do."""
    return uneven(seed * 7) * 0.6


@pytest.mark.parametrize("slots", [2, 3])
def test_a_run_that_goes_on_keeps_to_its_slots_its_clock_and_its_budget(toy: Task, slots: int) -> None:
    """What was in flight may end sooner than before; it is charged until the time at which it was known to run."""
    for seed in range(2):
        whole = Ledger()
        Team(BUSY, toy, FakeLab(toy, slots=slots, seconds=uneven), seed=seed, ledger=whole).run(9)
        for cut in range(2, 60, 7):
            ledger = Ledger(events=whole.events[:cut])
            Team(BUSY, toy, FakeLab(toy, slots=slots, seconds=another_time), seed=seed, ledger=ledger).run(9)
            assert impossible(ledger.events) is None, f"cut after {cut}"


class LateLab(FakeLab):
    """A lab that starts experiments and notices their ends some milliseconds late, and two at once, as a real one."""

    def __init__(self, task: Task) -> None:
        super().__init__(task, slots=2, seconds=uneven)
        self.virtual = False

    def submit(self, experiment: Experiment) -> None:
        self.time += 0.003
        super().submit(experiment)

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        found = super().wait(until)
        later = super().wait(min(until, self.time + 0.4)) if found else []
        self.time += 0.002
        return [*found, *later]


def test_a_lab_that_is_late_breaks_no_budget(toy: Task) -> None:
    for seed in range(4):
        ledger = Ledger()
        Team(BUSY, toy, LateLab(toy), seed=seed, ledger=ledger).run(9)
        assert impossible(ledger.events) is None
        for cut in (7, 15, 31):
            again = Ledger(events=ledger.events[:cut])
            Team(BUSY, toy, LateLab(toy), seed=seed, ledger=again).run(9)
            assert impossible(again.events) is None, f"cut after {cut}"
