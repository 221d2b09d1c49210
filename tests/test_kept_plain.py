"""Runs of plain Optuna that are kept for all studies of a workspace, and what makes them functions of their seeds."""

from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.api.results import forget_stale
from orgopt.evolve.trials import arena, kept_plain, optuna_baseline
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig, Job
from orgopt.evolve.trials.kept_plain import plain_folder
from orgopt.evolve.trials.optuna_baseline import evaluate_plain
from orgopt.ledger import Ledger
from orgopt.scoring.score import Score
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import toy_replay

JOB = Job(entrant="optuna:random", program="optuna:random", task="toy", seed=5)


class Counted:
    """Runs of plain Optuna that are really done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done = 0
        monkeypatch.setattr(optuna_baseline, "evaluate_plain", self)

    def __call__(self, *args, **more) -> Score:
        self.done += 1
        return evaluate_plain(*args, **more)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


def score_in(workspace: Path, toy: Task, job: Job = JOB, **other) -> Score:
    terms = {"lab": toy_replay, "slots": 2, "budget_s": 0.5, "verify_seeds": 1, "plain": str(plain_folder(workspace))}
    with Arena({"toy": toy}, ArenaConfig(**terms | other)) as place:
        return next(arena.Arena.run(place, [job])).score


def test_a_run_is_done_once_for_all_studies_and_is_what_it_was(tmp_path: Path, toy: Task, counted: Counted) -> None:
    first = score_in(tmp_path, toy)
    assert score_in(tmp_path, toy) == first
    assert counted.done == 1
    assert score_in(tmp_path, toy, plain="") == first
    assert counted.done == 2


def test_what_decides_a_run_tells_it_from_others(tmp_path: Path, toy: Task, counted: Counted) -> None:
    score_in(tmp_path, toy)
    shifted = toy.with_baseline(replace(toy.baseline, metric=toy.baseline.metric + 0.1))
    for task, job, other in (
        (toy, replace(JOB, seed=6), {}),
        (toy, replace(JOB, program="optuna:tpe"), {}),
        (toy, JOB, {"budget_s": 0.6}),
        (toy, JOB, {"budgets_s": {"toy": 0.7}}),
        (toy, JOB, {"slots": 3}),
        (toy, JOB, {"verify_seeds": 2}),
        (shifted, JOB, {}),
        (toy, replace(JOB, keep_events=True), {}),  # its events are wanted, and only its score is kept
    ):
        before = counted.done
        score_in(tmp_path, task, job, **other)
        assert counted.done == before + 1, (job, other)


def test_what_is_damaged_is_done_again_and_gc_forgets_what_nobody_reads(
    tmp_path: Path, toy: Task, counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = score_in(tmp_path, toy)
    (path,) = plain_folder(tmp_path).iterdir()
    whole = path.read_bytes()
    for text in (whole[:-20], whole.replace(b'"q_final": ', b'"q_final": 1'), b"", b"{}", b"[]"):
        path.write_bytes(text)
        assert kept_plain.stale(plain_folder(tmp_path)) == [path]
        assert score_in(tmp_path, toy) == first
        assert path.read_bytes() == whole
    assert counted.done == 6
    assert forget_stale(workspace=tmp_path) == 0
    monkeypatch.setattr(kept_plain, "version", lambda _: "0.0")
    assert score_in(tmp_path, toy) == first, "another version of Optuna does it anew"
    assert counted.done == 7
    assert forget_stale(workspace=tmp_path) == 1
    assert not path.exists()


def test_a_workspace_that_cannot_be_written_keeps_nothing(tmp_path: Path, toy: Task, counted: Counted) -> None:
    (tmp_path / "mlruns").write_text("in the way")
    assert score_in(tmp_path, toy) == score_in(tmp_path, toy)
    assert counted.done == 2


def test_what_trains_for_real_is_never_taken_for_done(toy: Task) -> None:
    lab = toy_replay(toy, 2)
    assert kept_plain.terms_of("optuna:tpe", toy, lab, {})
    assert kept_plain.terms_of("optuna:tpe", replace(toy, script="", world="package:world"), lab, {}) is None

    class Real(type(lab)):
        virtual = False

    assert kept_plain.terms_of("optuna:tpe", toy, Real(toy, lab.source, 2), {}) is None


def test_a_gpsampler_computes_in_one_thread_whatever_was_set(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    seen: list[int] = []
    monkeypatch.setattr(optuna_baseline._Plain, "run", lambda *_: seen.append(torch.get_num_threads()))
    monkeypatch.setattr(optuna_baseline, "verified", lambda *_, **__: None)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        evaluate_plain("optuna:gp", toy, toy_replay(toy, 2), budget_s=1, seed=0)
        assert (seen, torch.get_num_threads()) == ([1], 2)
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
def test_a_gpsampler_is_a_function_of_its_seed(toy: Task) -> None:
    import torch

    before = torch.get_num_threads()
    ledgers = [Ledger(), Ledger(), Ledger()]
    try:
        for threads, ledger in zip((1, 2, 1), ledgers, strict=True):
            torch.set_num_threads(threads)
            evaluate_plain("optuna:gp", toy, toy_replay(toy, 2), budget_s=0.5, seed=3, ledger=ledger)
    finally:
        torch.set_num_threads(before)
    assert ledgers[0].events == ledgers[1].events == ledgers[2].events
