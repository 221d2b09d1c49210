"""What fresh runs confirm: no luck, no quieter machine, no seed that changes nothing; and what is a gain.

The rates are of simulated noise with fixed seeds; `python -m tests.bench.confirm` has those of real processes.
"""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from click.testing import CliRunner

import orgopt
from orgopt.cli import main
from orgopt.lab.base import Experiment
from orgopt.scoring.calibration import calibrate, measured
from orgopt.scoring.gain_evidence import PAIRS, Evidence, Pair, against, known, paired
from orgopt.scoring.verification import Submissions, verify
from orgopt.tasks.normalisation import Measure
from orgopt.tasks.task import Settings, Task
from tests.fakes.lab import FakeLab
from tests.fakes.processes import needs_sandbox

RUNS = 200
BASE = Measure(metric=10.0, heldout=10.0, sd=1.0, seeds=16)
FAST = Measure(metric=-100.0, heldout=-100.0, sd=1.0, seeds=3)  # a speed, negated
SUBMITTED = Submissions(settings={4: {"X": 0.7}}, last=4)
Noise = Callable[[np.random.Generator], Iterator[float]]
"""What is added to one run after the other: to a metric, or to the logarithm of a time."""


def normal(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield rng.normal()


def heavy(rng: np.random.Generator) -> Iterator[float]:
    """Student's t with two degrees of freedom, whose variance is infinite."""
    while True:
        yield rng.standard_t(2)


def spikes(rng: np.random.Generator) -> Iterator[float]:
    """A run in ten is slowed down, up to a hundred times as much as the others differ."""
    while True:
        yield 0.2 * rng.normal() + (rng.exponential(5) if rng.random() < 0.1 else 0.0)


def drift(rng: np.random.Generator) -> Iterator[float]:
    """A machine that warms up steadily."""
    t = 0.0
    while True:
        t += 0.1
        yield t + rng.normal()


def busy(rng: np.random.Generator) -> Iterator[float]:
    """Other work that comes and goes, for some four runs each time."""
    on = rng.random() < 0.5
    while True:
        on ^= rng.random() < 0.25
        yield 3.0 * on + rng.normal()


def periodic(rng: np.random.Generator) -> Iterator[float]:
    """Other work that comes back every four runs: just as often as A B B A would."""
    t = 4 * rng.random()
    while True:
        t += 1
        yield 2 * math.sin(math.pi * t / 2) + rng.normal()


def lingering(rng: np.random.Generator) -> Iterator[float]:
    """Each run is half as slow as the one before: what alternating pairs share least."""
    state = rng.normal()
    while True:
        state = 0.5 * state + math.sqrt(0.75) * rng.normal()
        yield state


def moody(rng: np.random.Generator) -> Iterator[float]:
    """A machine that is quiet in three verifications of five and six times as noisy in the others."""
    spread = rng.choice([0.3, 0.3, 0.3, 1.8, 1.8])
    while True:
        yield spread * rng.normal()


def printing(toy: Task, *, timed: bool = False) -> Task:
    """The toy task as one whose script prints its metric."""
    return replace(toy, printed="loss", reference=None, timed=timed, baseline=replace(BASE, metric=math.nan))


def claims(toy: Task, noise: Noise, *, timed: bool, gain: float = 0.0) -> list[Evidence]:
    """What is said of submissions that gain so much, each measured from the baseline on.

    A time is 20 ms, of which a gain takes so many parts in twenty.
    """
    found: list[Evidence] = []
    for k in range(RUNS):
        course = noise(np.random.default_rng([k, gain > 0]))

        def metric(settings: Settings, _: int, course: Iterator[float] = course) -> tuple[float, float]:
            value = next(course) - gain * bool(settings)
            one = 20 * math.exp(0.05 * value) if timed else value
            return one, one

        task = printing(toy, timed=timed)
        lab = FakeLab(task, slots=1, metric=metric)
        evidence = verify(measured(task, lab), lab, SUBMITTED, seed=k, seeds=2, pairs=PAIRS).evidence
        assert evidence is not None
        found.append(evidence)
    return found


def share(found: list[Evidence]) -> float:
    return sum(one.confirmed for one in found) / len(found)


@pytest.mark.sweep(4)
@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("noise", [normal, heavy, spikes, drift, busy, periodic, lingering])
def test_what_gains_nothing_is_not_confirmed_and_twice_the_resolution_is(toy: Task, noise: Noise, timed: bool) -> None:
    nothing = claims(toy, noise, timed=timed)
    resolution = median(one.resolution or math.inf for one in nothing)
    assert share(nothing) <= 0.05
    assert share(claims(toy, noise, timed=timed, gain=2 * resolution)) >= 0.8


def test_an_unsteady_machine_gets_more_pairs(toy: Task) -> None:
    """What no fixed number of pairs confirms as often; half of what gains nothing has the first eight alone."""
    nothing = claims(toy, moody, timed=True)
    resolution = median(one.resolution or math.inf for one in nothing if one.runs == PAIRS)
    found = claims(toy, moody, timed=True, gain=2 * resolution)
    assert share(nothing) <= 0.05
    assert {one.runs for one in found} == {PAIRS, 2 * PAIRS, 4 * PAIRS}
    assert share(found) >= 0.8 > sum(one.confirmed and one.runs == PAIRS for one in found) / len(found)
    assert sum(one.runs == PAIRS for one in nothing) > len(nothing) / 2


@pytest.mark.parametrize("noise", [normal, heavy])
def test_fresh_seeds_confirm_as_rarely_what_gains_nothing(noise: Noise) -> None:
    """Beside a baseline of sixteen seeds, two of a submission."""

    def said(gain: float) -> list[Evidence]:
        found: list[Evidence] = []
        for k in range(1000):
            course = noise(np.random.default_rng([k, gain > 0]))
            values = [next(course) for _ in range(16)]
            base = Measure(metric=0.0, heldout=float(np.mean(values)), sd=float(np.std(values, ddof=1)), seeds=16)
            found.append(against([next(course) - gain, next(course) - gain], base))
        return found

    nothing = said(0.0)
    assert share(nothing) <= 0.05
    assert share(said(2 * median(one.resolution or math.inf for one in nothing))) >= 0.8


def test_pairs_by_hand() -> None:
    """Differences 1, 2 and 3: mean 2, error 1/√3; t with 2 degrees of freedom is 4.303, and 1.061 at 80 %."""
    found = paired([(10.0, 9.0), (11.0, 9.0), (9.0, 6.0)], BASE)
    assert (found.gain, found.error, found.runs, found.paired) == (2.0, pytest.approx(3**-0.5), 3, True)
    assert found.low == pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-4)
    assert found.resolution == pytest.approx((4.3027 + 1.0607) / 3**0.5, abs=1e-4)
    assert not found.confirmed


def test_times_are_compared_by_their_ratios() -> None:
    """A machine that is ten times as slow for a while changes nothing: half the time each time is half the time."""
    pairs: list[Pair] = [(8.0, 4.0), (80.0, 40.0), (81.0, 40.0), (8.0, 4.1)]
    found = paired(pairs, BASE, ratios=True)
    assert found.gain == pytest.approx(5.0, abs=0.05)
    assert found.confirmed
    assert not paired(pairs, BASE).confirmed
    faster = paired([(-100.0, -200.0), (-10.0, -20.2)], FAST, ratios=True)
    assert faster.gain == pytest.approx(100, abs=1)  # 200 a second where it was 100
    slower = paired([(-200.0, -100.0), (-20.0, -10.0)], FAST, ratios=True)
    assert slower.gain == pytest.approx(-50)
    assert paired([(1.0, 0.0), (1.0, -1.0)], BASE, ratios=True).gain == 1.5  # no ratio: by their difference


def test_a_pair_in_which_a_run_failed_shows_no_gain() -> None:
    found = paired([(10.0, 8.0), (10.0, None), (None, 8.0), (10.0, 8.0)], BASE)
    assert found.gain == 1.0
    assert not found.confirmed


def test_few_runs_confirm_nothing() -> None:
    alone = paired([(10.0, 1.0)], BASE)
    assert (alone.low, alone.resolution, alone.confirmed) == (None, None, False)
    assert alone.error == pytest.approx(math.sqrt(2))
    same: Pair = (10.0, 9.0)
    assert [paired([same] * n, BASE).confirmed for n in (2, 5, 6)] == [False, False, True]
    assert not against([1.0, 1.0], replace(BASE, seeds=1)).confirmed


def test_what_a_seed_does_not_change_no_seed_confirms() -> None:
    assert paired([(10.0, 9.0)] * 8, BASE).confirmed
    assert not paired([(10.0, 9.0)] * 8, BASE, varies=False).confirmed
    assert not against([1.0, 2.0], replace(BASE, sd=0.0)).confirmed
    assert known(1.0, BASE).confirmed
    assert not known(1.0, BASE, varies=False).confirmed
    assert known(1.0, replace(BASE, sd=0.0, seeds=1)).confirmed  # a world without noise


def told(task: Task, metric: Callable[[Settings, int], float], submitted: Submissions = SUBMITTED) -> Evidence:
    """What is said of a submission by a lab whose runs give a metric."""
    lab = FakeLab(task, metric=lambda settings, seed: (metric(settings, seed),) * 2)
    found = verify(measured(task, lab), lab, submitted, seed=1, seeds=2, pairs=PAIRS).evidence
    assert found is not None
    return found


def test_a_script_with_a_seed_of_its_own_is_found_out(toy: Task) -> None:
    """It prints the same with every seed; rounding of parallel sums is no variation."""
    task = printing(toy)
    fixed = told(task, lambda settings, _: 0.5 - 0.1 * bool(settings))
    assert (fixed.varies, fixed.confirmed) == (False, False)
    assert fixed.gain == pytest.approx(0.1)
    rounded = told(task, lambda settings, seed: 0.5 - 0.1 * bool(settings) + 1e-9 * (seed % 7))
    assert (rounded.varies, rounded.confirmed) == (False, False)
    honest = told(task, lambda settings, seed: 0.5 - 0.1 * bool(settings) + 1e-3 * (seed % 7))
    assert (honest.varies, honest.confirmed) == (True, True)


def test_a_rewritten_script_that_stopped_reading_its_seed_is_found_out(toy: Task) -> None:
    def metric(settings: Settings, seed: int) -> float:
        return 0.5 + 1e-3 * (seed % 7) if not settings else 0.4

    rewritten = replace(SUBMITTED, scripts={4: "SEED = 7\n"})
    for task in (printing(toy), toy):
        assert told(task, metric).confirmed  # a knob such as DROPOUT = 0 may take all luck away
        assert not told(task, metric, rewritten).confirmed


def test_runs_go_in_rounds_with_the_untouched_script(toy: Task) -> None:
    """The last beside the untouched one, the others as often as there are seeds; half of the rounds go backwards."""
    lab = FakeLab(toy, slots=1, metric=lambda settings, _: (2 + float(settings.get("X", 0.0)),) * 2)
    task = replace(toy, timed=True)
    submitted = Submissions(settings={1: {"X": 0.1}, 2: {"X": 0.2}}, last=2)
    verify(task, lab, submitted, seed=1, seeds=2, pairs=4)

    def name(one: Experiment) -> str:
        return {0.0: "-", 0.1: "1", 0.2: "2"}[float(one.settings.get("X", 0.0))]

    rounds: dict[int, str] = {}
    for one in lab.submitted:
        rounds[one.seed] = rounds.get(one.seed, "") + name(one)
    first, second, third, fourth = rounds.values()
    assert {first, second} <= {"-21", "12-"}
    assert {third, fourth} <= {"-2", "2-"}
    assert sum(one.startswith("-") for one in rounds.values()) == 2
    lab.submitted.clear()
    verify(task, lab, Submissions(settings={}, last=0), seed=1, seeds=2, pairs=4)
    assert lab.submitted == []


def test_runs_of_a_metric_of_time_are_alone(toy: Task) -> None:
    class Watched(FakeLab):
        most = 0

        def submit(self, experiment: Experiment) -> None:
            super().submit(experiment)
            self.most = max(self.most, len(self.running))

    for timed, most in ((True, 1), (False, 2)):
        lab = Watched(toy, slots=2)
        verify(replace(toy, timed=timed, printed="loss"), lab, SUBMITTED, seed=1, seeds=2, pairs=2)
        assert lab.most == most


def test_the_baseline_of_a_script_may_be_zero(toy: Task) -> None:
    lab = FakeLab(toy, metric=lambda *_: (0.0, 0.0))
    found = calibrate(printing(toy), lab, 3)
    assert replace(found, seconds=0.0) == Measure(metric=0.0, heldout=0.0, sd=0.0, seeds=3)
    assert found.seconds > 0


FIXED = """
RATE = 0.5
noise = round(1e9 * RATE) * 7919 % 10007 / 10007  # its own luck, whatever the seed
print(f"val_loss: {0.5 + 0.1 * noise:.6f}")
"""


@needs_sandbox
@pytest.mark.slow
def test_a_run_says_that_no_seed_can_confirm_what_it_found(tmp_path: Path) -> None:
    """In the terminal, in JSON and from Python alike."""
    folder = tmp_path / "fixed"
    folder.mkdir()
    (folder / "train.py").write_text(FIXED)
    (folder / "prepare.py").write_text("TIME_BUDGET = 0.05\n")
    (tmp_path / "solo.md").write_text("## Roles\n\n### Solo\n- **Headcount:** 1\n- **Agent:** hill-climb\n\nWork.\n")
    words = ["run", "solo.md", "--task", str(folder), "--budget", "1s", "--json"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    stamp = (
        "The metric of fixed does not vary with the seed, so that the luck of this one seed cannot be told from a gain."
    )
    assert stamp in " ".join(result.stderr.split())
    found = json.loads(result.stdout)
    assert not found["score"]["confirmed"]
    assert found["ending"]["sure"].startswith(stamp)
    assert found["ending"]["advice"][0].startswith("Let the script take its seed from the variable ORGOPT_SEED")
    task = CliRunner().invoke(main, ["task", str(folder)]).output
    assert stamp in " ".join(task.split())
    again = orgopt.run("solo.md", task=str(folder), budget="1s")
    assert again.ending.sure.startswith(stamp)
    assert again.ending.word != "better"
