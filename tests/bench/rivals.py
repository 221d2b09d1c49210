"""Searchers that are not Optuna's, as samplers of Optuna: they get the slots, the budget and the results of others.

`pip install smac DEHB` brings them; orgopt does not need them. Each looks at the knobs through a space of ConfigSpace.
What both do by default they do here: SMAC3 (Lindauer et al. 2022) with its facade for hyperparameters, a random forest
behind a Sobol design; DEHB (Awad et al. 2021), differential evolution under Hyperband, whose fidelity is the length of
a run where a world has curves.
"""

import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.pruners import BasePruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

Space = Mapping[str, BaseDistribution]


def _config_space(space: Space, seed: int) -> Any:
    from ConfigSpace import Categorical, ConfigurationSpace, Float, Integer

    made = ConfigurationSpace(seed=seed)
    for name, one in space.items():
        if isinstance(one, CategoricalDistribution):
            made.add(Categorical(name, list(one.choices)))
        elif isinstance(one, IntDistribution):
            made.add(Integer(name, (one.low, one.high), log=one.log))
        else:
            made.add(Float(name, (one.low, one.high), log=one.log))
    return made


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without the types of numpy."""
    return {name: value.item() if isinstance(value, np.generic) else value for name, value in values.items()}


class _Rival(BaseSampler):
    """Asks a searcher for each trial and tells it how each ended."""

    def __init__(self, seed: int) -> None:
        self._seed, self._spare = seed, RandomSampler(seed)
        self._asked: dict[int, Any] = {}
        self._made: Any = None

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return dict(next(one for one in study.get_trials(deepcopy=False) if one.params).distributions)

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> Any:
        if self._made is None:
            known = [one for one in study.get_trials(deepcopy=False) if one.state is TrialState.COMPLETE]
            self._made = self.make(search_space, known)
        self._asked[trial.number], values = self.ask()
        return _plain(values)

    def sample_independent(self, study: Study, trial: FrozenTrial, name: str, where: BaseDistribution) -> Any:
        return self._spare.sample_independent(study, trial, name, where)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        steps = trial.intermediate_values
        value = values[0] if values else steps[max(steps)] if steps else None
        self.tell(self._asked.pop(trial.number), value)

    def make(self, space: Space, known: list[FrozenTrial]) -> Any: ...

    def ask(self) -> tuple[Any, Mapping[str, Any]]: ...

    def tell(self, asked: Any, value: float | None) -> None: ...


class Smac(_Rival):
    """SMAC3 for about as many experiments as the budget holds."""

    def __init__(self, seed: int, *, experiments: int) -> None:
        super().__init__(seed)
        self._experiments = experiments

    def make(self, space: Space, known: list[FrozenTrial]) -> Any:
        from ConfigSpace import Configuration
        from smac import HyperparameterOptimizationFacade, Scenario
        from smac.runhistory.dataclasses import TrialInfo, TrialValue

        logging.disable(logging.WARNING)
        cs = _config_space(space, self._seed)
        scenario = Scenario(
            cs,
            n_trials=self._experiments,
            seed=self._seed,
            deterministic=True,
            output_directory=Path(tempfile.mkdtemp()),
        )
        smac = HyperparameterOptimizationFacade(
            scenario, lambda config, seed=0: 0.0, overwrite=True, logging_level=logging.ERROR
        )
        for one in known:
            smac.tell(TrialInfo(Configuration(cs, values=one.params), seed=0), TrialValue(cost=one.value), save=False)
        return smac

    def ask(self) -> tuple[Any, Mapping[str, Any]]:
        info = self._made.ask()
        return info, dict(info.config)

    def tell(self, asked: Any, value: float | None) -> None:
        from smac.runhistory.dataclasses import TrialValue
        from smac.runhistory.enumerations import StatusType

        ended = TrialValue(cost=value) if value is not None else TrialValue(cost=1e9, status=StatusType.CRASHED)
        self._made.tell(asked, ended, save=False)


class Dehb(_Rival):
    """DEHB; a run is as long as its fidelity says, from a ninth of it to all, where runs have curves."""

    def __init__(self, seed: int, *, points: int) -> None:
        super().__init__(seed)
        self._points = points
        self.until: dict[int, int] = {}
        """The last point of a trial's curve that is wanted."""

    def make(self, space: Space, known: list[FrozenTrial]) -> Any:
        from dehb import DEHB

        logging.disable(logging.WARNING)
        cs = _config_space(space, self._seed)
        whole = float(self._points)
        # A world without curves has one fidelity: two that differ by nothing.
        least = whole / 9 if self._points > 1 else whole * (1 - 1e-9)
        return DEHB(
            cs=cs, dimensions=len(cs), min_fidelity=least, max_fidelity=whole, n_workers=1, seed=self._seed,
            output_path=tempfile.mkdtemp(), save_freq=None, log_level="ERROR",
        )  # fmt: skip

    def ask(self) -> tuple[Any, Mapping[str, Any]]:
        job = self._made.ask()
        return job, dict(job["config"])

    def sample_relative(self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]) -> Any:
        values = super().sample_relative(study, trial, search_space)
        self.until[trial.number] = round(self._asked[trial.number]["fidelity"]) - 1
        return values

    def tell(self, asked: Any, value: float | None) -> None:
        self._made.tell(asked, {"fitness": 1e9 if value is None else value, "cost": float(asked["fidelity"])})


class AtFidelity(BasePruner):
    """Ends a trial at the point of its curve that DEHB wanted."""

    def __init__(self, dehb: Dehb) -> None:
        self._dehb = dehb

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        return trial.last_step is not None and trial.last_step >= self._dehb.until[trial.number]


def smac(seed: int, points: int, experiments: int) -> tuple[BaseSampler, BasePruner]:
    return Smac(seed, experiments=experiments), NopPruner()


def dehb(seed: int, points: int, experiments: int) -> tuple[BaseSampler, BasePruner]:
    sampler = Dehb(seed, points=points)
    return sampler, AtFidelity(sampler) if points > 1 else NopPruner()


RIVALS: dict[str, Callable[[int, int, int], tuple[BaseSampler, BasePruner]]] = {"smac": smac, "dehb": dehb}
"""By name: a searcher from a seed, the points of a curve, and how many experiments a budget holds."""
