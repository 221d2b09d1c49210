"""Arms: the samplers of a study, each with its share of what samplers propose and how far its changes go."""

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.samplers import BaseSampler

from orgopt.errors import UsageError
from orgopt.evolve.proposers.base import Sampler
from orgopt.evolve.proposers.optuna_samplers import find_sampler
from orgopt.evolve.space.genome import Space
from orgopt.seeds import Stream, generator
from orgopt.study.config import SAMPLER_KIND, StudyConfig
from orgopt.study.search_plan import ALL_AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One of a study's samplers.

    Attributes:
        name: As a candidate's record has it.
        sampler: Makes Optuna's.
        share: Of what samplers propose, 0 to 1.
        risk: How far its changes go; see `SearchPlan`.
        moves: What it draws at once; None for small changes of a parent.
    """

    name: str
    sampler: Sampler
    share: float
    risk: float
    moves: Sequence[str] | None

    def at_once(self, generation: int) -> Sequence[str] | None:
        """What it draws at once in a generation; None for small changes of a parent.

        A first generation stays near the seed document, but at the risk that says otherwise.
        """
        return self.moves if generation or self.risk >= ALL_AT_ONCE else None

    def made(self, space: Space, population: int, seed: int) -> BaseSampler:
        """Optuna's sampler that is asked for one candidate.

        Raises:
            PluginError: It is a package's, and gives none.
        """
        made = self.sampler.make(space, population, seed)
        if not isinstance(made, BaseSampler):  # pyright: ignore[reportUnnecessaryIsInstance]  a package's may be anything
            raise SAMPLER_KIND.broken(self.name, f"gave {made!r} where make has to give a sampler of Optuna's")
        return made


def arms(space: Space, config: StudyConfig) -> list[Arm]:
    """The samplers of a study, its first one first.

    Raises:
        UsageError: There is no such sampler, or it cannot have so many objectives.
        PluginError: The package that has it does not work.
    """
    first = 1 - sum(one.share for one in config.plan.beside)
    others = [(one.sampler, one.share, one.risk) for one in config.plan.beside]
    return [_arm(space, config, *one) for one in ((config.sampler, first, config.plan.risk), *others)]


def arm_of(found: Sequence[Arm], seed: int, index: int) -> Arm:
    """Whose a candidate of a study's seed is to propose."""
    if len(found) > 1:
        left = float(generator(Stream.SAMPLER, seed, index).random())
        for arm in found:
            left -= arm.share
            if left < 0:
                return arm
    return found[0]


def _arm(space: Space, config: StudyConfig, name: str, share: float, risk: float) -> Arm:
    sampler = find_sampler(name)
    if len(config.objectives) > sampler.objectives:
        raise UsageError(f"the sampler {name} has one objective: use nsga2 or tpe for two")
    moves = sampler.moves(space)
    wide = moves is None and risk >= ALL_AT_ONCE
    return Arm(name=name, sampler=sampler, share=share, risk=risk, moves=list(space.free) if wide else moves)
