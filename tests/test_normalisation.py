"""How a metric becomes a quality: what is near zero, what can go no further, and what is a time."""

from dataclasses import replace

import pytest

from orgopt.tasks.normalisation import Measure, is_time, quality, quality_error, varies
from orgopt.tasks.task import Task


def measure(heldout: float, sd: float = 0.0) -> Measure:
    return Measure(metric=heldout, heldout=heldout, sd=sd, seeds=3)


def test_with_a_reference_it_is_the_way_to_it() -> None:
    base, best = measure(3.0), measure(2.0)
    assert [quality(value, base, best) for value in (3.0, 2.5, 2.0, 1.0, 4.0)] == [0.0, 0.5, 1.0, 2.0, -1.0]
    assert quality_error(2.0, 0.1, base, best) == pytest.approx(0.1)


def test_without_one_it_is_the_share_of_the_metric() -> None:
    assert [quality(value, measure(2.0, 0.1), None) for value in (2.0, 1.9, 0.0)] == pytest.approx([0.0, 0.05, 1.0])
    assert quality(-0.825, measure(-0.75), None) == pytest.approx(0.1)  # an accuracy, negated
    assert quality_error(1.9, 0.02, measure(2.0), None) == pytest.approx(0.01)


@pytest.mark.parametrize("base", [0.0, 1e-300, -1e-9, 1e-3])
def test_near_zero_nothing_explodes(base: float) -> None:
    """A baseline that is nothing but noise is no scale; and without noise, what is beyond the scale is bent."""
    assert abs(quality(-0.5, measure(base, 1.0), None)) < 0.06
    assert quality(-1e9, measure(base), None) <= 2
    assert quality(1e9, measure(base), None) >= -2
    assert quality(base, measure(base), None) == 0


def test_more_is_always_more() -> None:
    base = measure(-0.5)
    found = [quality(value, base, None) for value in (10.0, 0.5, -0.4, -0.5, -0.7, -1.0, -1.1, -7.5, -1e6)]
    assert found == sorted(found)
    assert found[5:] == pytest.approx([1.0, 2 - 1 / 1.2, 2 - 1 / 14, 2.0], abs=1e-5)


def test_of_a_time_it_is_the_share_that_is_saved() -> None:
    assert quality(9.0, measure(10.0), None, timed=True) == pytest.approx(0.1)
    assert quality(-100.0, measure(-90.0), None, timed=True) == pytest.approx(0.1)  # tokens per second, negated
    assert quality(-1e9, measure(-90.0), None, timed=True) <= 1  # no time can be saved twice
    assert quality_error(9.0, 0.1, measure(10.0), None, timed=True) == pytest.approx(0.01)


@pytest.mark.parametrize(
    "name",
    ["latency_ms", "val_latency", "latency_ms_mean", "p95_latency", "step_time", "train_seconds", "eval/time_s",
     "runtime", "tokens_per_s", "samples_per_second", "it/s", "throughput", "fps", "stepTimeMs", "decode_us"],
)  # fmt: skip
def test_metrics_of_time(name: str) -> None:
    assert is_time(name)


@pytest.mark.parametrize(
    "name",
    ["val_loss", "val_bpb", "accuracy", "time_series_loss", "latency_error", "total_pnl", "f1_s_score", "auc", "steps",
     "memory_mb", "sharpe", "heldout_nats", "shortfall", "params", "rps_loss", ""],
)  # fmt: skip
def test_metrics_of_something_else(name: str) -> None:
    assert not is_time(name)


def test_a_unit_says_it_too() -> None:
    assert is_time("cost", "ms")
    assert is_time("speed index", "tokens/s")
    assert not is_time("cost", "dollars")
    assert not is_time("shortfall", "1 - (raw / largest raw)^8")


def test_what_varies() -> None:
    assert varies([1.0])
    assert varies([1.0, 1.1])
    assert not varies([1.0, 1.0, 1.0])
    assert not varies([0.0, 0.0])
    assert not varies([1e-7, 1e-7 + 1e-15])
    assert varies([1e-7, 2e-7])
    assert measure(1.0, 0.1).varies
    assert not measure(1.0).varies


def test_progress_of_what_steers_stands_beside_the_quality(toy: Task) -> None:
    base, best = toy.baseline, toy.reference
    assert best is not None
    assert toy.progress(base.metric) == 0
    assert toy.progress(best.metric) == pytest.approx(1)
    assert toy.progress((base.metric + best.metric) / 2) == pytest.approx(0.5)
    assert replace(toy, reference=replace(best, metric=base.metric)).progress(0.0) is None, "it steers elsewhere"
    assert replace(toy, reference=None).progress(0.0) is None
