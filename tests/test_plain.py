"""Plain Optuna on a task: the same slots, budget, record and score as a team has."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import optuna
import pytest

from orgopt.document import parse
from orgopt.errors import UsageError
from orgopt.evolve.trials.optuna_baseline import PLAIN_KINDS, _decoded, _encoded, distribution, evaluate_plain
from orgopt.lab import make_lab
from orgopt.lab.replay import ReplayLab
from orgopt.lab.worlds.world import CalledWorld
from orgopt.ledger import BASELINE, Ledger, results_tsv
from orgopt.scoring.evaluation import evaluate, score
from orgopt.scoring.verification import Verified
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import Knob
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import ToyWorld
from tests.fakes.lab import FakeLab, parabola

QUICK = [kind for kind in PLAIN_KINDS if kind != "optuna:gp"]


def ran(kind: str, task: Task, lab=None, *, budget_s: float = 30, seed: int = 1):
    ledger = Ledger()
    lab = lab or FakeLab(task)
    return evaluate_plain(kind, task, lab, budget_s=budget_s, seed=seed, ledger=ledger), ledger


@pytest.mark.parametrize("kind", QUICK)
def test_a_run_is_recorded_as_a_team_s_is(kind: str, toy: Task) -> None:
    result, ledger = ran(kind, toy)
    team = Ledger()
    evaluate(parse("# Solo\n"), toy, FakeLab(toy), budget_s=30, seed=1, ledger=team)
    for event in ("start", "submission", "proposal", "outcome", "end"):
        mine, theirs = (set(one.of(event)[0].data) - {"curve"} for one in (ledger, team))
        assert mine - {"think_s"} == theirs, event
    assert [event.data["id"] for event in ledger.of("proposal")] == list(range(1, len(ledger.of("proposal")) + 1))
    assert {event.data["agent"] for event in ledger.events if "agent" in event.data} == {"optuna"}
    heldout = {event.data["id"]: result.heldout for event in ledger.of("submission")}
    assert score(toy, ledger, Verified(heldout=heldout), 30).experiments == result.experiments
    assert results_tsv(ledger, toy.metric).count("\n") >= 30


@pytest.mark.parametrize("slots", [1, 3])
def test_slots_are_kept_busy_and_thinking_takes_no_time(slots: int, toy: Task) -> None:
    result, ledger = ran("optuna:random", toy, FakeLab(toy, slots), budget_s=30.5)
    assert result.utilisation == pytest.approx(1.0)
    assert (result.agent_s, result.meetings, result.messages) == (0.0, 0, 0)
    proposed, ended = ([e.t for e in ledger.of(kind)] for kind in ("proposal", "outcome"))
    assert max(sum(t <= at for t in proposed) - sum(t <= at for t in ended) for at in proposed) == slots
    assert result.experiments == {"ok": 30 * slots, "unfinished": slots}


@pytest.mark.sweep(3)
@pytest.mark.parametrize("kind", QUICK)
def test_runs_are_decided_by_their_seed(kind: str, toy: Task) -> None:
    with ReplayLab(toy, CalledWorld(toy, ToyWorld()), slots=3) as lab:
        (first, one), (again, two), (_, other) = (ran(kind, toy, lab, budget_s=1.9, seed=seed) for seed in (4, 4, 5))
    assert len(one.of("proposal")) > 12  # more than a sampler draws at random to begin with
    assert (first, one.events) == (again, two.events)
    assert one.events != other.events


def test_runs_of_the_gp_are_decided_by_their_seed_too(toy: Task) -> None:
    task = replace(toy, knobs=toy.knobs[:2])  # it takes seconds a proposal where some knobs are choices
    (first, one), (again, two) = (ran("optuna:gp", task, budget_s=5.5, seed=4) for _ in range(2))
    assert len(one.of("proposal")) == 12  # the first ten are drawn at random
    assert (first, one.events) == (again, two.events)


@pytest.mark.slow
def test_a_sampler_that_learns_beats_one_that_does_not() -> None:
    """Where there is something to learn: on a rugged landscape, and by more than its seeds differ."""
    task = load_task("nk")
    with closing(make_lab(task, "replay", 2)) as lab:
        found = {
            kind: [evaluate_plain(kind, task, lab, budget_s=40, seed=seed).research_output for seed in range(2)]
            for kind in ("optuna:tpe", "optuna:random")
        }
    assert 0 < max(found["optuna:random"]) < min(found["optuna:tpe"]) <= 1


def test_median_pruning_ends_bad_runs_and_saves_their_time(toy: Task) -> None:
    """A run is ended where its curve is above the median there, and never at its last point."""
    lab = FakeLab(toy, slots=1)
    result, ledger = ran("optuna:tpe+median", toy, lab)
    plain, _ = ran("optuna:tpe", toy, FakeLab(toy, slots=1))
    stops = {event.data["id"]: event.data for event in ledger.of("stop")}
    outcomes = {event.data["id"]: event.data for event in ledger.of("outcome")}
    assert set(stops) == {number for number, data in outcomes.items() if data["status"] == "stopped"}
    assert len(stops) > 5
    assert max(data["step"] for data in stops.values()) < 4
    for number, stop in stops.items():
        full = [d["curve"] for n, d in outcomes.items() if n < number and d["status"] == "ok"]
        assert stop["value"] > np.median([curve[stop["step"]] for curve in full])
    assert result.experiments["ok"] + len(stops) > plain.experiments["ok"]
    assert ledger.of("stop")[0].data["id"] not in {e.data["id"] for e in ledger.of("submission")}


def test_an_experiment_that_fails_is_no_result(toy: Task) -> None:
    lab = FakeLab(toy, metric=lambda settings, seed: parabola(settings, seed) if settings["X"] < 0.5 else (None, None))
    result, ledger = ran("optuna:tpe", toy, lab)
    assert result.experiments["crashed"] > 3
    submitted = {event.data["id"] for event in ledger.of("submission")} - {BASELINE}
    knobs = {event.data["id"]: event.data["knobs"] for event in ledger.of("proposal")}
    assert submitted
    assert all(knobs[number].get("X", 0.0) < 0.5 for number in submitted)


def test_the_baseline_is_submitted_until_something_beats_it(toy: Task) -> None:
    result, ledger = ran("optuna:tpe", toy, FakeLab(toy, metric=lambda *_: (0.5001, 0.0)))
    assert [event.data["id"] for event in ledger.of("submission")] == [BASELINE]
    assert (result.research_output, result.submission) == (0.0, {})


def test_a_setting_that_comes_again_is_judged_by_the_mean_of_its_runs(toy: Task) -> None:
    knob = Knob(name="MODE", group="other", default="ok", choices=("ok", "slow", "nan"))
    lab = FakeLab(toy, slots=1, metric=lambda _, seed: (0.3 + (seed % 100) / 1000, 0.3))
    again = 0
    for number in range(6):
        _, ledger = ran("optuna:random", replace(toy, knobs=(knob,)), lab, budget_s=25, seed=number)
        knobs = {event.data["id"]: event.data["knobs"].get("MODE", "ok") for event in ledger.of("proposal")}
        last = ledger.of("submission")[-1]
        by_mode: dict[str, list[float]] = {}
        for data in (event.data for event in ledger.of("outcome")):
            if data["metric"] is not None and knobs[data["id"]] != "ok" and data["ended"] <= last.t:
                by_mode.setdefault(knobs[data["id"]], []).append(data["metric"])
        means = {mode: np.mean(values) for mode, values in by_mode.items()}
        assert knobs[last.data["id"]] == min(means, key=means.__getitem__)
        assert last.data["metric"] == pytest.approx(min(means.values()))
        again += any(len(values) > 1 for values in by_mode.values())
    assert again


@pytest.mark.parametrize("name", ["tinygpt", "digits", "nk", "speed", "kernel"])
def test_knobs_are_what_optuna_may_draw_and_no_more(name: str) -> None:
    task = load_task(name)
    space = {knob.name: distribution(knob) for knob in task.knobs}
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for knob in task.knobs:
        assert _decoded(knob, _encoded(knob, knob.default)) == knob.default
    drawn = [study.ask(space).params for _ in range(60)]
    for knob in task.knobs:
        values = {_decoded(knob, params[knob.name]) for params in drawn}
        assert all(knob.allows(value) for value in values)
        if knob.choices:
            assert values == set(knob.choices)


def test_an_unknown_sampler_is_refused(toy: Task) -> None:
    with pytest.raises(UsageError, match="no plain sampler 'optuna:best': choose optuna:tpe"):
        evaluate_plain("optuna:best", toy, FakeLab(toy), budget_s=5, seed=1)
