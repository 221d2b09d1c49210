"""What Optuna is asked: the same as it would find itself, only sooner."""

import numpy as np
import optuna
import pytest
from optuna.samplers import PartialFixedSampler
from optuna.trial import TrialState, create_trial

from orgopt.document import parse
from orgopt.evolve.proposers.optuna_samplers import Around, find_sampler
from orgopt.evolve.space.genome import Space
from orgopt.study.config import SAMPLER_KIND
from tests.conftest import TRIO

pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning", "ignore:`x0`:FutureWarning")


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    ("name", "directions"),
    [
        (name, count) for name in SAMPLER_KIND.own for count in (1, 2) if (name, count) != ("cmaes", 2)
    ],  # it has one objective
)
@pytest.mark.parametrize("trials", [0, 12])
def test_a_sampler_draws_what_it_would_in_optuna(name: str, directions: int, trials: int) -> None:
    space = Space(parse(TRIO, "trio.md"), None, 20)
    fixed = {key: space.origin[key] for key in list(space.origin)[::2]}
    free = {key: one for key, one in space.distributions.items() if key not in fixed}
    drawn = []
    ours, optunas = (find_sampler(name).make(space, 6, seed=1) for _ in range(2))
    for around in (Around(fixed, ours, free), PartialFixedSampler(dict(fixed), optunas)):
        study = optuna.create_study(directions=["maximize"] * directions, sampler=around)
        rng = np.random.default_rng(0)
        for at in range(trials):
            params = {key: one.choices[at % len(one.choices)] for key, one in free.items() if hasattr(one, "choices")}
            values = [float(one) for one in rng.normal(size=directions)]
            own = {"params": {**space.origin, **params}, "distributions": space.distributions, "values": values}
            study.add_trial(create_trial(**own))
        asked = study.ask(space.distributions)
        at_once = around.infer_relative_search_space(study, create_trial(state=TrialState.RUNNING))
        drawn.append((asked.params, list(at_once.items())))
    assert drawn[0] == drawn[1]


def test_nothing_is_left_to_draw_where_all_is_fixed() -> None:
    space = Space(parse(TRIO, "trio.md"), None, 20)
    around = Around(space.origin, find_sampler("tpe").make(space, 6, seed=1), {})
    study = optuna.create_study(sampler=around)
    assert study.ask(space.distributions).params == space.origin
    assert around.infer_relative_search_space(study, create_trial(state=TrialState.RUNNING)) == {}
