"""A run that was cut anywhere goes on and ends as it would have."""

from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.errors import StoreError
from orgopt.ledger import Ledger
from orgopt.org import Org, Standup
from orgopt.task import Task
from orgopt.team.runtime import Team
from tests.fakes.lab import FakeLab
from tests.test_words import BUSY


def uneven(seed: int) -> float:
    """How long an experiment takes: so that few things happen at once, and times are as exact as a ledger's."""
    return 1.0 + (seed % 739) / 2000


def run(org: Org, task: Task, ledger: Ledger, budget_s: float = 9, seed: int = 1) -> Ledger:
    Team(org, task, FakeLab(task, slots=3, seconds=uneven), seed=seed, ledger=ledger).run(budget_s)
    return ledger


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
