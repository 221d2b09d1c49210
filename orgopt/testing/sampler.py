"""What every Sampler must do: inherit `SamplerContract` and give `make_sampler`."""

import warnings
from collections.abc import Iterator

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from orgopt.evolve.proposers.base import Sampler
from orgopt.evolve.proposers.optuna_samplers import Around
from orgopt.evolve.space.genome import Params, Space
from orgopt.testing.documents import trio

_POPULATION = 6
_DIRECTIONS = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)


class SamplerContract:
    """Asks a sampler as a study does: what it draws is in the space, and follows from its seed and the trials."""

    def make_sampler(self) -> Sampler:
        """The sampler."""
        raise NotImplementedError

    @pytest.fixture
    def space(self) -> Space:
        return Space(trio(), None, 20)

    @pytest.fixture(autouse=True)
    def quiet(self) -> Iterator[None]:
        """Without Optuna's lines for each trial, and its warnings of what may change."""
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            warnings.simplefilter("ignore", FutureWarning)
            yield

    def test_it_has_one_objective_or_two(self) -> None:
        assert self.make_sampler().objectives in {1, 2}

    def test_what_it_moves_at_once_may_change(self, space: Space) -> None:
        moves = self.make_sampler().moves(space)
        assert moves is None or (moves and set(moves) <= set(space.free))

    @pytest.mark.parametrize("known", [0, 12])
    def test_what_it_draws_lies_in_the_space(self, space: Space, known: int) -> None:
        for directions in range(1, self.make_sampler().objectives + 1):
            study = self._study(space, known, directions)
            drawn = self._asked(study, space, 1).params
            assert set(drawn) == set(space.distributions)
            create_trial(params=drawn, distributions=_dict(space), values=[0.0])  # refuses what lies outside

    @pytest.mark.parametrize("known", [0, 12])
    def test_the_same_seed_and_trials_draw_the_same(self, space: Space, known: int) -> None:
        one, two = (self._asked(self._study(space, known, 1), space, 5).params for _ in range(2))
        assert one == two

    def test_a_study_that_was_stopped_goes_on_as_it_would_have(self, space: Space) -> None:
        whole = self._study(space, 4, 1)
        for seed in range(4):
            trial = self._asked(whole, space, seed)
            whole.tell(trial, _score(trial.params, space))
        again = optuna.create_study(direction="maximize")
        again.add_trials([_read_back(trial, space) for trial in whole.get_trials()])
        assert self._asked(whole, space, 9).params == self._asked(again, space, 9).params

    def test_a_generation_may_have_one_candidate(self, space: Space) -> None:
        study = self._study(space, 3, 1)
        assert self._asked(study, space, 1, population=1).params

    def _asked(self, study: optuna.Study, space: Space, seed: int, population: int = _POPULATION) -> optuna.Trial:
        """A trial as a study asks for it: of whole genomes, or with all but a few values fixed."""
        sampler = self.make_sampler()
        moves = sampler.moves(space)
        free = list(space.free)[seed : seed + 3] if moves is None else moves
        fixed = {name: value for name, value in space.origin.items() if name not in free}
        own = {name: space.distributions[name] for name in free}
        study.sampler = Around(fixed, sampler.make(space, population, seed), own)
        return study.ask(space.distributions)

    def _study(self, space: Space, known: int, directions: int) -> optuna.Study:
        """A study of Optuna's in which some trials are done."""
        study = optuna.create_study(directions=_DIRECTIONS[:directions])
        points = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
        for _ in range(known):
            params = points.ask(space.distributions).params
            values = [_score(params, space), len(params) - _score(params, space)][:directions]
            study.add_trial(create_trial(params=params, distributions=_dict(space), values=values))
        return study


def _score(params: Params, space: Space) -> float:
    """How many values are those of the seed document."""
    return float(sum(params[name] == value for name, value in space.origin.items()))


def _dict(space: Space) -> dict[str, BaseDistribution]:
    return dict(space.distributions)


def _read_back(trial: FrozenTrial, space: Space) -> FrozenTrial:
    """A trial from what a study's log keeps of it."""
    return create_trial(
        state=TrialState.COMPLETE,
        params=dict(trial.params),
        distributions=_dict(space),
        values=trial.values,
        system_attrs=dict(trial.system_attrs),
    )
