"""Statistics: how often intervals cover, what is detected, what shrinkage corrects, and who gets the runs of a race."""

import math

import numpy as np
import pytest

from orgopt.study.allocation import allocation, clearly_worse, doubt_of_best, looked_again
from orgopt.study.statistics import (
    Difference,
    corrected,
    detectable,
    difference,
    holm,
    interval,
    pooled_sd,
    seeds_for,
    shrink,
)

DRAWS = {
    "normal": (lambda rng, n: rng.normal(0, 1, n), 0.0),
    "skewed": (lambda rng, n: rng.exponential(1, n), 1.0),
}


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    ("shape", "n", "least"),
    [("normal", 3, 0.92), ("normal", 5, 0.91), ("normal", 12, 0.92), ("normal", 30, 0.925), ("skewed", 12, 0.9)],
)
def test_intervals_cover_the_truth_as_often_as_they_say(shape: str, n: int, least: float) -> None:
    draw, truth = DRAWS[shape]
    rng = np.random.default_rng(1)
    found = [interval(draw(rng, n), seed=k) for k in range(300)]
    covered = np.mean([one.low <= truth <= one.high for one in found])
    assert least <= covered <= 0.985


def test_the_interval_of_skewed_values_leans_to_their_tail() -> None:
    values = np.random.default_rng(3).exponential(1, 40)
    found = interval(values)
    assert found.high - found.mean > 1.1 * (found.mean - found.low)


def test_an_interval_is_repeatable_and_needs_values() -> None:
    values = np.random.default_rng(0).normal(size=9)
    assert interval(values, seed=4) == interval(values, seed=4) != interval(values, seed=5)
    narrow, wide = (interval(values, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert (interval([2.5]).mean, interval([2.5]).low, interval([2.5]).high) == (2.5, -math.inf, math.inf)
    assert interval([2.5]).to_dict() == {"mean": 2.5, "low": None, "high": None, "n": 1}
    assert (interval([0.1] * 7).low, interval([0.1] * 7).high) == pytest.approx((0.1, 0.1))
    for bad in ([], [0.1, math.nan], [[0.1]]):
        with pytest.raises(ValueError, match="finite numbers"):
            interval(bad)


def test_few_values_take_students_t() -> None:
    """Of 1, 2, 3: mean 2, sd 1, t(2) = 4.3027."""
    found = interval([1.0, 2.0, 3.0])
    assert (found.low, found.high) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)


def test_a_difference_says_which_is_better_or_that_none_is() -> None:
    rng = np.random.default_rng(2)
    hard = rng.normal(0, 1, 20)  # what a seed makes hard for both
    gain = rng.normal(0.2, 0.1, 20)
    assert difference(hard + gain, hard).verdict == "better"
    assert difference(hard, hard + gain).verdict == "worse"
    assert difference(hard + gain - gain.mean(), hard).verdict == "no difference"
    assert difference([0.3], [0.1]).verdict == "no difference"
    assert difference([0.3], [0.1]).to_dict() == {
        "mean": pytest.approx(0.2),
        "low": None,
        "high": None,
        "mdd": None,
        "p_value": 1.0,
        "sd": None,
        "n": 1,
        "verdict": "no difference",
    }
    with pytest.raises(ValueError, match="one length: 2 and 1"):
        difference([0.1, 0.2], [0.1])


def test_the_p_value_is_that_of_a_paired_t_test() -> None:
    """Student's sleep data (1908): t(9) = 4.0621, p = .00283."""
    first = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    second = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    found = difference(first, second)
    assert found.p_value == pytest.approx(0.00283, abs=1e-5)
    assert found.sd == pytest.approx(1.2300, abs=1e-4)


@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_seeds_for_an_effect_are_those_of_power_tables(effect: float, seeds: int) -> None:
    """The exact figures for a paired t test with 80 % power at 5 %, two-sided (Cohen 1988; G*Power)."""
    assert seeds_for(1.0, effect) == seeds
    assert seeds_for(0.1, effect / 10) == seeds


def test_a_detectable_difference_is_detected_four_times_in_five() -> None:
    n, rng = 16, np.random.default_rng(0)
    effect = detectable(0.3, n)
    shown = 0
    for _ in range(2000):
        apart = rng.normal(effect, 0.3, n)
        shown += abs(apart.mean()) > 2.1314 * apart.std(ddof=1) / n**0.5  # t(15)
    assert shown / 2000 == pytest.approx(0.8, abs=0.03)
    assert math.isinf(detectable(math.inf, 1))
    assert seeds_for(0.0, 0.1) == 2
    with pytest.raises(ValueError, match="above 0"):
        seeds_for(1.0, 0.0)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
    assert len(holm([])) == 0


def test_many_comparisons_need_more_than_one_does() -> None:
    def of(low: float, p_value: float) -> Difference:
        return Difference(mean=0.1, low=low, high=0.2, mdd=0.1, p_value=p_value, sd=0.1, n=9)

    one = of(0.01, 0.03)
    assert corrected([one]) == ["better"]
    assert corrected([one, of(-0.1, 0.9)]) == ["no difference"] * 2
    assert corrected([of(0.01, 0.001), of(-0.1, 0.9)]) == ["better", "no difference"]


def test_the_best_of_many_is_flattered_and_shrinkage_corrects_it() -> None:
    rng = np.random.default_rng(5)
    raw, corrected_, covered, errors = [], [], [], np.empty((300, 2))
    for k in range(300):
        truth = rng.normal(0.5, 0.05, 60)
        error = rng.choice([0.05, 0.12], 60)  # some had more seeds than others
        means = truth + rng.normal(0, error)
        found = shrink(means, error)
        best, chosen = int(np.argmax(means)), int(np.argmax(found.means))
        raw.append(means[best] - truth[best])
        corrected_.append(found.means[chosen] - truth[chosen])
        covered.append(abs(found.means[chosen] - truth[chosen]) < 1.96 * found.sds[chosen])
        errors[k] = np.mean((means - truth) ** 2), np.mean((found.means - truth) ** 2)
    assert np.mean(raw) > 0.15
    assert abs(np.mean(corrected_)) < 0.01
    assert 0.91 <= np.mean(covered) <= 0.98
    assert errors[:, 1].mean() < 0.4 * errors[:, 0].mean()


def test_the_spread_of_the_truths_is_found_and_may_be_none() -> None:
    rng = np.random.default_rng(1)
    error = np.full(4000, 0.1)
    alike = shrink(rng.normal(0.5, 0.1, 4000), error)
    assert alike.spread < 0.02
    apart = shrink(rng.normal(0.5, 0.05, 4000) + rng.normal(0, 0.1, 4000), error)
    assert apart.spread == pytest.approx(0.05, abs=0.008)
    assert apart.centre == pytest.approx(0.5, abs=0.01)
    none = shrink([0.1, 0.1002, 0.0998], [0.1, 0.1, 0.1])
    assert none.spread == 0.0
    assert none.means == pytest.approx([0.1, 0.1, 0.1])
    assert none.sds == pytest.approx([0.1 / 3**0.5] * 3)


def test_a_mean_without_noise_stays_where_it_is() -> None:
    exact = shrink([0.1, 0.5, 0.9], [0.0, 0.0, 0.0])
    assert exact.means == pytest.approx([0.1, 0.5, 0.9])
    assert exact.sds == pytest.approx([0, 0, 0], abs=1e-6)
    mixed = shrink([0.1, 0.5, 0.9], [0.0, 0.3, 0.3])
    assert mixed.means[0] == pytest.approx(0.1)
    assert mixed.means[2] < 0.9
    assert shrink([0.7], [0.2]).means == pytest.approx([0.7])


def test_only_what_is_far_below_the_best_is_clearly_worse() -> None:
    sd = pooled_sd([[0.1, 0.3], [0.5, 0.7, 0.6], [9.0]])
    assert sd == pytest.approx(math.sqrt((0.02 + 0.02) / 3))
    error = 0.2 * math.sqrt(1 / 2 + 1 / 5)
    assert not clearly_worse(0.5, 2, 0.5 + 1.99 * error, 5, 0.2)
    assert clearly_worse(0.5, 2, 0.5 + 2.01 * error, 5, 0.2)
    assert not clearly_worse(0.5, 2, 0.5 + 2.01 * error, 5, 0.2, z=3)
    assert math.isinf(pooled_sd([[1.0], [5.0]]))
    assert not clearly_worse(0.0, 1, 9.0, 1, math.inf)


def race(rng: np.random.Generator, truths: list[float], budget: int, *, evenly: bool = False) -> tuple[int, np.ndarray]:
    """The pick of a race, and the runs of each, where a run has a noise of 0.15."""
    counts = np.full(len(truths), 3)
    shown = np.array([rng.normal(truth, 0.15, budget) for truth in truths])
    while True:
        means = np.array([row[:n].mean() for row, n in zip(shown, counts, strict=True)])
        left = budget - counts.sum()
        if left <= 0:
            return int(means.argmax()), counts
        more = len(truths)
        counts = counts + (np.ones(more, int) if evenly else allocation(means, counts, 0.15, min(left, more)))


def test_runs_go_to_those_that_may_be_the_best_which_is_then_picked_more_often() -> None:
    truths = [0.5, 0.45, 0.4, 0.3, 0.2, 0.1, 0.1, 0.0]
    rng, other = np.random.default_rng(8), np.random.default_rng(8)
    found = [race(rng, truths, 96) for _ in range(100)]
    plain = [race(other, truths, 96, evenly=True) for _ in range(100)]
    assert all(counts.sum() == 96 for _, counts in (*found, *plain))
    spent = np.mean([counts for _, counts in found], axis=0)
    assert spent[:2].sum() > 50 > 20 > spent[4:].sum()
    picked, evenly = (float(np.mean([pick == 0 for pick, _ in races])) for races in (found, plain))
    assert picked > evenly + 0.05


def test_an_allocation_follows_the_shares_that_are_known() -> None:
    """Distances 1, 2 and 2 have the weights 1, 1/4 and 1/4, and the best the root of 1 + 1/16 + 1/16."""
    given = allocation([3.0, 2.0, 1.0, 1.0], [0, 0, 0, 0], 0.1, 10_000)
    weights = np.array([math.sqrt(1.125), 1, 0.25, 0.25])
    assert given / 10_000 == pytest.approx(weights / weights.sum(), abs=2e-4)
    assert allocation([3.0, 2.0], [50, 0], 0.1, 7).tolist() == [0, 7], "who is behind its share comes first"
    assert allocation([0.5, 0.5, 0.5], [3, 3, 3], 0.0, 300).max() < 150, "equals without noise share"


def test_the_doubt_of_a_best_is_how_often_it_is_not() -> None:
    rng = np.random.default_rng(9)
    means, sds = np.array([0.5, 0.42, 0.2]), np.array([0.04, 0.05, 0.1])
    drawn = rng.normal(means, sds, (20_000, 3)).argmax(axis=1)
    assert doubt_of_best(means, sds) == pytest.approx(np.mean(drawn != 0), abs=0.01)
    assert doubt_of_best([0.4] * 5, [0.1] * 5) == pytest.approx(2.0), "a bound, which may be above 1"
    assert doubt_of_best([0.4], [0.1]) == 0.0
    assert doubt_of_best([0.4, 0.4], [0.0, 0.0]) == 0.5


def test_a_second_look_takes_off_what_flatters_all_and_keeps_how_they_differ() -> None:
    rng = np.random.default_rng(10)
    apart = list[np.ndarray]()
    for flattery in rng.uniform(-2, 2, 500):
        truths = rng.normal(0.4, 0.1, 6)
        first, second = rng.normal(truths + flattery, 0.06), rng.normal(truths, 0.05)
        means, sds = looked_again(first, np.full(6, 0.06), second, np.full(6, 0.05))
        apart.append(np.array([means - truths, second - truths, (means - truths) / sds]))
    errors = np.std(apart, axis=(0, 2))
    assert errors[0] < 0.9 * errors[1], "both looks together are nearer than the second alone"
    assert np.abs(np.mean(apart, axis=(0, 2))[0]) < 0.005
    # One that was not looked at twice before says nothing, and neither does a first look whose noise is not known.
    assert looked_again([9.0, 0.0], [0.0, 0.0], [0.1, 0.3], [0.2, 0.2])[0] == pytest.approx([0.1, 0.3])
