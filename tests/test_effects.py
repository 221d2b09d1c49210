"""Which way parts went: what was planted is found with its sign, what does nothing is not."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orgopt.study.effects import FEWEST, Effect, effects
from orgopt.study.standing import Standing
from tests.fakes.study import records, view


def found(candidates: int, seed: int = 1) -> dict[str, Effect]:
    """Effects in a study of made-up candidates: more explorers help, risk harms, the agent's kind does nothing."""
    told = view(records(2, 4, tests=2))
    rng, made = random.Random(seed), list[Any]()
    for i in range(candidates):
        params = {
            "headcount/explorer": rng.randint(0, 5),
            "risk/explorer": round(rng.uniform(0, 1), 1),
            "agent/explorer": rng.choice(["tpe", "gp", "random"]),
            "standup/unit": rng.choice(["off", "experiments"]),
            "standup/experiments": rng.choice([4, 8, 16]),
            "shares/lead·explorer": rng.choice(["no", "↔"]),
        }
        on = params["headcount/explorer"] > 0
        value = 0.05 * params["headcount/explorer"] - 0.2 * (params["risk/explorer"] - 0.5) * on + rng.gauss(0.3, 0.04)
        one = told.candidates[0]
        standing = Standing(value=value, error=0.04, estimate=value, doubt=0.02, seeds=5)
        made.append(replace(one, record=replace(one.record, index=i, params=params), standing=standing))
    return {one.name: one for one in effects(replace(told, candidates=tuple(made)))}


def test_effects_have_the_signs_that_were_planted() -> None:
    known = found(120)
    more, risk, kind = known["headcount/explorer"], known["risk/explorer"], known["agent/explorer"]
    assert (more.first, more.last, more.sure) == (0, 5, True)
    assert more.low < 0.25 < more.high + 0.05
    assert risk.high < 0
    assert risk.low < -0.2 < risk.high
    assert not kind.sure
    assert kind.low < 0 < kind.high
    assert {level.value for level in kind.levels} == {"tpe", "gp", "random"}
    assert sum(level.tried for level in more.levels) == 120
    assert [level.effect for level in more.levels] == sorted(level.effect for level in more.levels)


def test_what_makes_no_difference_is_left_out() -> None:
    known = found(120)
    tried = sum(level.tried for level in known["risk/explorer"].levels)
    assert tried == 120 - known["headcount/explorer"].levels[0].tried  # nobody's risk is none
    assert sum(level.tried for level in known["standup/experiments"].levels) < 90
    assert known["agents in all"].whole
    assert [one.whole for one in known.values()] == sorted((one.whole for one in known.values()), reverse=True)


@pytest.mark.slow
def test_intervals_hold_what_is_true_about_as_often_as_they_say() -> None:
    inside = [(one.low <= 0.25 <= one.high) for seed in range(40) if (one := found(60, seed)["headcount/explorer"])]
    assert np.mean(inside) >= 0.8


def test_few_candidates_have_no_effects() -> None:
    assert found(FEWEST - 1) == {}
