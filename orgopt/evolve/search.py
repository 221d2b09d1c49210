"""A study: generations of documents are asked for, evaluated and told, and the best is tested.

One coordinator owns the study. Optuna's part lives in memory and is rebuilt from the study's own log, so
a study that was stopped goes on as it would have gone: every ask is seeded by the study's seed and the
candidate's index, and sees the generations before its own.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from orgopt.document import Program, describe, diff, lint, read
from orgopt.document.read import errors
from orgopt.errors import DocumentError, UsageError
from orgopt.evaluate import Score, evaluate
from orgopt.evolve.space import Params, Space
from orgopt.evolve.study_log import StudyConfig, StudyLog
from orgopt.lab.base import Lab, derive_seed
from orgopt.ledger import Event
from orgopt.task import Task

SAMPLERS = ("tpe", "random")
ATTEMPTS = 20  # asks for one candidate before it may be a repetition
_SEARCH, _TEST = 1, 2  # keys that keep search seeds and test seeds apart

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A document of a generation.

    Attributes:
        index: Its number in the study, from 0, which is the seed document.
        generation: The batch that it belongs to, from 0.
        parent: The index of the candidate that it is a change of; None for the seed document.
        params: Its place in the search space.
        program: The document.
        changes: What it changes of its parent, in words.
    """

    index: int
    generation: int
    parent: int | None
    params: Params
    program: Program
    changes: str

    @property
    def name(self) -> str:
        """A short name such as `g01-c05`."""
        return f"g{self.generation:02d}-c{self.index:02d}"


class Watch:
    """Told of what happens in a study; the base class does nothing."""

    def started(self, candidate: Candidate, what: str) -> None:
        """A candidate's run begins; `what` is `search` or `test`."""

    def event(self, event: Event) -> None:
        """The team that is running did something."""

    def scored(self, candidate: Candidate, score: Score | Record, *, resumed: bool) -> None:
        """A candidate of the search has its score, now or from the log."""

    def saved(self) -> None:
        """Something was added to the study's log."""


def optimize(
    seed: Program,
    task: Task,
    lab: Lab,
    config: StudyConfig,
    log: StudyLog,
    *,
    library: Program | None = None,
    watch: Watch | None = None,
) -> Record:
    """Search for a better document than the seed, then test the best against it on seeds of its own.

    Returns the final record of the study: `champion` (index, changes, program), and for the seed document
    and the champion their `tests`, one score for each test seed.

    Raises:
        DocumentError, LabError, StoreError: See `orgopt.errors`; what was measured is in the log.
    """
    if config.sampler not in SAMPLERS:
        raise UsageError(f"no sampler '{config.sampler}': choose {' or '.join(SAMPLERS)}")
    return _Search(seed, task, lab, config, log, library, watch or Watch()).run()


class _Search:
    def __init__(
        self,
        seed: Program,
        task: Task,
        lab: Lab,
        config: StudyConfig,
        log: StudyLog,
        library: Program | None,
        watch: Watch,
    ) -> None:
        self.seed, self.task, self.lab, self.config, self.log, self.watch = seed, task, lab, config, log, watch
        self.space = Space(seed, library, config.budget_s)
        self.candidates: list[Candidate] = []
        self.outputs: list[float] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            optuna.logging.set_verbosity(optuna.logging.ERROR)
            self.study = optuna.create_study(direction="maximize", sampler=RandomSampler(seed=0))

    def run(self) -> Record:
        for generation in range(self.config.generations):
            batch = list(self._generation(generation))
            for candidate, trial in batch:
                self.study.tell(trial, self._score(candidate))
        return self._final()

    def _generation(self, generation: int) -> Iterator[tuple[Candidate, optuna.Trial]]:
        """The candidates of a batch: all are asked for before any is evaluated."""
        known = len(self.candidates)
        first = generation * self.config.population
        for index in range(first, first + self.config.population):
            candidate, trial = self._ask(index, generation, known)
            self.candidates.append(candidate)
            yield candidate, trial

    def _ask(self, index: int, generation: int, known: int) -> tuple[Candidate, optuna.Trial]:
        if index == 0:
            self.study.enqueue_trial(self.space.origin)
            trial = self.study.ask(self.space.distributions)
            return Candidate(
                index=0,
                generation=0,
                parent=None,
                params=self.space.origin,
                program=self.seed,
                changes="the seed document",
            ), trial
        texts = {candidate.program.text for candidate in self.candidates}
        for attempt in range(ATTEMPTS):
            rng = np.random.default_rng([self.config.seed, index, attempt])
            parent = self._parent(rng, known)
            trial = self._trial(rng, parent)
            params = {**parent.params, **trial.params}
            try:
                program = self.space.program(params)
            except DocumentError:
                program = None  # this document cannot take such an edit
            # A repetition would measure noise at the price of something new; the last attempt is taken anyway.
            if program and not any(errors(lint(program))) and (program.text not in texts or attempt == ATTEMPTS - 1):
                lines = describe(diff(parent.program, program), read(parent.program).org)
                changes = ", ".join(lines) or "the same again"
                return Candidate(
                    index=index,
                    generation=generation,
                    parent=parent.index,
                    params=params,
                    program=program,
                    changes=changes,
                ), trial
            self.study.tell(trial, state=TrialState.FAIL)
        raise UsageError(f"no valid document found near {self.seed.source} in {ATTEMPTS} attempts")

    def _parent(self, rng: np.random.Generator, known: int) -> Candidate:
        """The best candidate so far, or with one chance in three one of the next two."""
        if not known:
            return self.candidates[0]
        ranked = sorted(range(known), key=lambda index: -self.outputs[index])
        rank = int(rng.integers(1, 3)) if rng.random() < 1 / 3 else 0
        return self.candidates[ranked[min(rank, known - 1)]]

    def _trial(self, rng: np.random.Generator, parent: Candidate) -> optuna.Trial:
        """Ask for values of a few parameters of a parent, so that a candidate is a small change of a document."""
        active = self.space.active(parent.params)
        free = set(rng.choice(active, size=min(len(active), 2 + int(rng.poisson(1))), replace=False).tolist())
        fixed = {key: value for key, value in parent.params.items() if key not in free}
        base: BaseSampler = RandomSampler(seed=int(rng.integers(2**31)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            if self.config.sampler == "tpe":
                base = TPESampler(seed=int(rng.integers(2**31)), constant_liar=True)
            self.study.sampler = PartialFixedSampler(fixed, base)
            return self.study.ask(self.space.distributions)

    def _score(self, candidate: Candidate) -> float:
        """The research output of a candidate, from the log or from a run."""
        record = self.log.candidate(candidate.index)
        if record is None:
            score = self._evaluate(candidate, "search", derive_seed(self.config.seed, _SEARCH, 0), candidate.name)
            self.log.add_candidate(
                {
                    "index": candidate.index,
                    "name": candidate.name,
                    "generation": candidate.generation,
                    "parent": candidate.parent,
                    "changes": candidate.changes,
                    "params": dict(candidate.params),
                    "program": candidate.program.text,
                    "score": score.to_dict(),
                }
            )
            self.watch.scored(candidate, score, resumed=False)
            self.outputs.append(score.research_output)
        else:
            if record["program"] != candidate.program.text:
                raise UsageError(f"{self.log.path}: {candidate.name} differs from what this version would ask for")
            self.watch.scored(candidate, record["score"], resumed=True)
            self.outputs.append(record["score"]["research_output"])
        self.watch.saved()
        return self.outputs[-1]

    def _evaluate(self, candidate: Candidate, what: str, seed: int, name: str) -> Score:
        self.watch.started(candidate, what)
        ledger = self.log.ledger(name, candidate.program.text)
        try:
            return evaluate(
                candidate.program,
                self.task,
                self.lab,
                budget_s=self.config.budget_s,
                seed=seed,
                ledger=ledger,
                verify_seeds=self.config.verify_seeds,
                watch=self.watch.event,
            )
        finally:
            ledger.close()
            self.log.export(name, ledger, self.task.metric)

    def _test(self, candidate: Candidate, k: int) -> Record:
        """The score of a candidate on a test seed, from the log or from a run."""
        if self.log.test(candidate.index, k) is None:
            seed = derive_seed(self.config.seed, _TEST, k)
            score = self._evaluate(candidate, "test", seed, f"test{k}-{candidate.name}")
            self.log.add_test(candidate.index, k, score.to_dict())
        return self.log.test(candidate.index, k) or {}

    def _final(self) -> Record:
        best = self.candidates[max(range(len(self.outputs)), key=lambda index: (self.outputs[index], -index))]
        self.log.write_best(best.program.text)
        done = self.log.final(best.index, len(self.candidates))
        if done and len(done["tests"]["seed"]) >= self.config.test_seeds:
            return done
        sides = {"seed": self.candidates[0], "champion": best}
        tests: dict[str, list[Record]] = {side: [] for side in sides}
        for k in range(self.config.test_seeds):
            for side, candidate in sides.items():
                if side == "seed" or best.index:  # the seed document is not compared with itself
                    tests[side].append(self._test(candidate, k))
        edits = diff(self.seed, best.program)
        final = {
            "champion": best.index,
            "candidates": len(self.candidates),
            "changes": describe(edits, self.space.org),
            "tests": tests,
        }
        self.log.add_final(final)
        self.watch.saved()
        return final
