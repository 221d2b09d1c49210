"""Proposals: the next document of a study, asked of Optuna.

Every ask is decided by the study's seed, the candidate's index and the candidates that were told before, so that
a study whose Optuna side is rebuilt from its log goes on as it would have gone.
"""

import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.samplers import RandomSampler
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from orgopt.document import Program, changes, lint, parse
from orgopt.document.reading.reader import errors
from orgopt.errors import DocumentError, StoreError, UsageError
from orgopt.evolve.proposers.arms import Arm, arm_of, arms
from orgopt.evolve.proposers.optuna_samplers import Around
from orgopt.evolve.proposers.parents import parents
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Params, Space
from orgopt.evolve.space.texts import Texts, with_texts
from orgopt.invocation import argument
from orgopt.seeds import Stream, derive, generator
from orgopt.study.config import StudyConfig
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.search_plan import LEAST, more
from orgopt.study.standing import Standing

ATTEMPTS = 20  # asks for one candidate before it may be a repetition


class Proposer:
    """Proposes candidates, and is told what became of them.

    Args:
        space: Where they lie.
        config: Names the sampler, and seeds every ask.

    Raises:
        UsageError: There is no such sampler, or it cannot have so many objectives.
        PluginError: The package that has it does not work.
    """

    def __init__(self, space: Space, config: StudyConfig) -> None:
        self.space, self.config = space, config
        self.arms = arms(space, config)
        self._trials: dict[int, int] = {}  # Optuna's numbers, by a candidate's index
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        directions = (StudyDirection.MAXIMIZE, StudyDirection.MINIMIZE)
        self.study = optuna.create_study(directions=directions[: len(config.objectives)], sampler=RandomSampler(seed=0))

    def restore(self, record: CandidateRecord) -> Candidate:
        """A candidate that was proposed before, from its record.

        Raises:
            StoreError: It is none of this search space.
        """
        try:
            self._add(record.index, record.params, record.sampler_state)
        except (KeyError, TypeError, ValueError) as error:
            raise StoreError(
                f"candidate {record.name} of the study's log is no point of this search space ({error}): the log is "
                f"damaged there: restore the file, or choose another {argument('name')}"
            ) from None
        return Candidate(
            index=record.index,
            generation=record.generation,
            parent=record.parent,
            proposer=record.proposer,
            params=record.params,
            program=parse(record.program, f"{record.name}.md"),
            changes=record.changes,
            texts=record.texts,
            other=record.other,
        )

    def first(self) -> Candidate:
        """The seed document."""
        self.study.enqueue_trial(dict(self.space.origin))
        with _quiet():
            self._trials[0] = self.study.ask(self.space.distributions).number
        return Candidate(
            index=0,
            generation=0,
            parent=None,
            proposer="seed",
            params=self.space.origin,
            program=self.space.seed,
            changes=("the seed document",),
        )

    def propose(
        self, index: int, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> Candidate:
        """The next candidate: valid, and not one of those that are known, if that can be.

        Raises:
            UsageError: No valid document was found.
        """
        texts, arm = {candidate.program.text for candidate in known}, arm_of(self.arms, self.config.seed, index)
        for attempt in range(ATTEMPTS):
            rng = generator(Stream.PROPOSAL, self.config.seed, index, attempt)
            parent = next(parents(rng, known, told, arm.risk))
            trial = self._ask(rng, parent, generation, arm)
            params = dict(trial.params)
            if arm.moves is not None and generation:
                parent = self._nearest(params, known, told)
            program = self._program(params, parent.texts)
            # A repetition would measure noise at the price of something new; the last attempt is taken anyway.
            if program and (program.text not in texts or attempt == ATTEMPTS - 1):
                self._trials[index] = trial.number
                return Candidate(
                    index=index,
                    generation=generation,
                    parent=parent.index,
                    proposer=arm.name,
                    params=params,
                    program=program,
                    changes=_changes(parent.program, program),
                    texts=parent.texts,
                )
            # One that is left open would count as running, which TPE keeps away from.
            self.study.tell(trial, state=TrialState.FAIL)
        raise UsageError(f"no valid document found near {self.space.seed.source} in {ATTEMPTS} attempts")

    def incumbent(self, index: int, known: Sequence[Candidate], told: Mapping[str, Standing]) -> Candidate:
        """What the candidate of an index is to be a change of, drawn as a sampler's parent is."""
        rng = generator(Stream.PROPOSAL, self.config.seed, index, 0)
        return next(parents(rng, known, told, self.arms[0].risk))

    def adopt(
        self, index: int, generation: int, parent: Candidate, proposer: str, params: Params, texts: Texts
    ) -> Candidate:
        """The candidate that somebody else than the sampler proposes.

        Optuna is asked for it with every value fixed, so that the sampler hears of it as of its own: NSGA-II takes it
        into its generation.

        Raises:
            DocumentError: The document cannot take it.
        """
        program = self.made(parent, params, texts)
        seed = derive(Stream.ADOPTED, self.config.seed, index)
        self._trials[index] = self._ask_around(params, seed, self.arms[0]).number
        return Candidate(
            index=index,
            generation=generation,
            parent=parent.index,
            proposer=proposer,
            params=dict(params),
            program=program,
            changes=_changes(parent.program, program),
            texts=texts,
        )

    def made(self, parent: Candidate, params: Params, texts: Texts | None = None) -> Program:
        """The document of some parameters, with texts or with those of a parent.

        Raises:
            DocumentError: The seed document cannot take it.
        """
        return with_texts(self.space.program(params), parent.texts if texts is None else texts)

    def sampler_state(self, index: int) -> dict[str, Any]:
        """What the sampler noted of a candidate, which it needs when the study is continued."""
        return dict(self.study.get_trials(deepcopy=False)[self._trials[index]].system_attrs)

    def tell(self, index: int, values: Sequence[float]) -> None:
        """Report a candidate's objectives."""
        self.study.tell(self._trials[index], list(values))

    def give_up(self, index: int) -> None:
        """Report that a candidate is disqualified: it tells nothing of its neighbours."""
        self.study.tell(self._trials[index], state=TrialState.FAIL)

    def _add(self, index: int, params: Params, state: Mapping[str, Any]) -> None:
        """Let Optuna know of a trial that it was not asked for."""
        with _quiet():
            trial = create_trial(
                state=TrialState.RUNNING,
                params=dict(params),
                distributions=self.space.distributions,
                system_attrs=dict(state),
            )
            self.study.add_trial(trial)
        self._trials[index] = len(self.study.get_trials(deepcopy=False)) - 1

    def _program(self, params: Params, texts: Texts) -> Program | None:
        """The document of some parameters and texts; None where there is none that can be run."""
        try:
            program = with_texts(self.space.program(params), texts)
        except DocumentError:
            return None  # this document cannot take such an edit
        return None if any(errors(lint(program))) else program

    def _nearest(self, params: Params, known: Sequence[Candidate], told: Mapping[str, Standing]) -> Candidate:
        """The candidate that has the most parameters in common, which a document reads best as a change of."""

        def likeness(one: Candidate) -> tuple[int, float]:
            return sum(one.params[key] == value for key, value in params.items()), told[one.name].estimate

        return max((one for one in known if one.name in told), key=likeness)

    def _ask(self, rng: np.random.Generator, parent: Candidate, generation: int, arm: Arm) -> optuna.Trial:
        """Ask for values of a few parameters of a parent, so that a candidate is a small change of a document."""
        moves = arm.at_once(generation)
        free = set(self.few(rng, parent, arm.risk) if moves is None else moves)
        fixed = {key: value for key, value in parent.params.items() if key not in free}
        return self._ask_around(fixed, int(rng.integers(2**31)), arm)

    def _ask_around(self, fixed: Params, seed: int, arm: Arm) -> optuna.Trial:
        """Ask the sampler for all but some fixed values."""
        with _quiet():
            free = {name: one for name, one in self.space.distributions.items() if name not in fixed}
            # A new sampler each time, of a seed of its own: a study that goes on need not know how often one was asked.
            self.study.sampler = Around(fixed, arm.made(self.space, self.config.population, seed), free)
            return self.study.ask(self.space.distributions)

    def few(self, rng: np.random.Generator, parent: Candidate, risk: float) -> list[str]:
        """The parameters of a parent that a candidate may change: a few, of parts with equal chances."""
        by_part: dict[str, list[str]] = {}
        for name in self.space.active(parent.params):
            by_part.setdefault(self.space.part_of(name), []).append(name)
        found: list[str] = []
        for _ in range(LEAST + int(rng.poisson(more(risk)))):
            # Parts have equal chances: there are many more links than stand-ups.
            if not by_part:
                break
            part = str(rng.choice(list(by_part)))
            found.append(by_part[part].pop(int(rng.integers(len(by_part[part])))))
            if not by_part[part]:
                del by_part[part]
        return found


def _changes(before: Program, after: Program) -> tuple[str, ...]:
    return tuple(changes(before, after)) or ("the same again",)


@contextmanager
def _quiet() -> Generator[None]:
    """Without Optuna's warnings of what is experimental, and of the CMA-ES's `x0`, which goes in its version 6."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`x0` has been deprecated", category=FutureWarning)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
