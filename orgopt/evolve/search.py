"""A study: generations of documents are proposed, evaluated and told; then the best are raced and the winner tested.

One coordinator owns the study. Whatever it decides follows from its settings and the runs in its log, so that a
study that was stopped goes on as it would have gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
import optuna

from orgopt.agents.toml_models import LanguageSettings, read_settings
from orgopt.basics.callback import Callback
from orgopt.document import Program, lint
from orgopt.document.reading.reader import errors
from orgopt.errors import DocumentError, UsageError
from orgopt.evolve.conclude import Conclusion
from orgopt.evolve.dropping import hopeful
from orgopt.evolve.proposers.base import Sharer
from orgopt.evolve.proposers.cross import Cross
from orgopt.evolve.proposers.openings import OPENING, Opening, openings
from orgopt.evolve.proposers.rewrite.rewriting import Rewriting
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.proposers.screen import Screen
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.evolve.surrogate.examples import kept_evidence
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.runs import Runs, Wanted
from orgopt.study.config import NO_FEEDBACK, NO_REWRITER, OBJECTIVES, OPTIMIZERS, StudyConfig, check_config
from orgopt.study.folder import StudyLog
from orgopt.study.records.kinds import CandidateRecord, FinalRecord, GenerationRecord
from orgopt.study.records.names import REAL, REWRITE, SEARCH
from orgopt.study.standing import Standing, believed, standings
from orgopt.tasks.task import Task
from orgopt.team.skill import Skill


class Searched(NamedTuple):
    """What a search found, before anything is raced or tested."""

    candidates: Sequence[Candidate]
    told: Mapping[str, Standing]
    space: Space
    runs: Runs
    tasks: Sequence[str]
    screen: Screen
    study: optuna.Study


def optimize(
    seed: Program,
    arena: Arena,
    config: StudyConfig,
    log: StudyLog,
    *,
    library: Program | None = None,
    held_out: Sequence[str] = (),
    callback: Callback | None = None,
    real: Arena | None = None,
    language: LanguageSettings | None = None,
    skills: Sequence[Skill] = (),
) -> FinalRecord:
    """Search for a better document than the seed, race the best, and test the winner against controls.

    Args:
        seed: The document that candidates are changes of.
        arena: Where teams run; the study searches on all of its tasks but those held out.
        config: The study's settings.
        log: Where everything is kept; what it has is not done again.
        library: A document whose roles may be added.
        held_out: Tasks of the arena that the search does not touch: the winner is tested there at the end.
        callback: Told of what happens.
        real: An arena of real training, for `config.real_runs`.
        language: How the rewriter's model is reached, and what may be spent; None is what the environment says.
        skills: What language models did in earlier studies, by which the first generation tries them in roles.

    Returns:
        The last record of the log: champion, race, claims, ablations, importances, cost.

    Raises:
        OverBudgetError: The rewriter's model, or a team's, could pass what may be spent; the study goes on with more.
        DocumentError, LabError, StoreError, UsageError: See `orgopt.errors`; what was measured is in the log.
    """
    found = searched(
        seed,
        arena,
        config,
        log,
        library=library,
        held_out=held_out,
        callback=callback,
        language=language,
        skills=skills,
    )
    conclusion = Conclusion(
        found.candidates, found.told, found.space, config, found.runs, found.tasks, held_out, real, found.screen
    )
    return conclusion.write(found.study)


def searched(
    seed: Program,
    arena: Arena,
    config: StudyConfig,
    log: StudyLog,
    *,
    library: Program | None = None,
    held_out: Sequence[str] = (),
    callback: Callback | None = None,
    language: LanguageSettings | None = None,
    skills: Sequence[Skill] = (),
) -> Searched:
    """All generations of a study, without its end; see `optimize`."""
    check_config(config)
    callback = callback or Callback()
    tasks = [name for name in arena.tasks if name not in held_out]
    groups = _groups([arena.tasks[name] for name in tasks])
    space = Space(seed, library, config.budget_s, groups=groups, models=config.models, fix=config.fix, only=config.only)
    trains = isinstance(arena.terms.lab, str) and arena.terms.lab != "replay"
    reads = config.rewriter not in {NO_REWRITER, *OPTIMIZERS}
    read = {REAL, REWRITE, *([SEARCH] if reads else [])}  # ledgers that somebody reads
    # A model that looks at many candidates would find what is lucky on the seeds that all of them share.
    own_seeds = config.feedback != NO_FEEDBACK
    runs = Runs(
        arena, log, config.seed, callback, lambda phase, k: trains or phase in read or k == 0, own_seeds=own_seeds
    )
    proposer = Proposer(space, config)
    with Rewriting(config, space, proposer, runs, tasks, language) as rewriting:
        screen = Screen(config, proposer, runs, tasks, kept_evidence(log.folder))
        first = openings(space, config.slots, skills, language or read_settings({}))
        search = _Search(proposer, rewriting, screen, runs, tasks, first)
        search.run()
    return Searched(search.candidates, search.told, space, runs, tasks, screen, proposer.study)


class _Search:
    def __init__(
        self,
        proposer: Proposer,
        rewriting: Rewriting,
        screen: Screen,
        runs: Runs,
        tasks: Sequence[str],
        first: Sequence[Opening],
    ) -> None:
        self.proposer, self.screen, self.config = proposer, screen, proposer.config
        self.sharers: tuple[Sharer, ...] = (rewriting, screen, Cross(proposer.config, proposer))
        self.runs, self.tasks = runs, tasks
        self.log, self.callback = runs.log, runs.callback
        self.openings = first
        self.candidates: list[Candidate] = []
        self.outputs: dict[str, np.ndarray] = {}  # one value a seed
        self.told: dict[str, Standing] = {}

    def run(self) -> None:
        """Do all generations."""
        for generation in range(self.config.generations):
            batch = list(self._batch(generation))
            self._evaluate(batch)
            self._tell(batch)
            if not self.told:
                raise UsageError("every candidate so far is disqualified, the seed document too: see its ledger")
            # A study that goes on comes through generations that its log has already.
            if generation not in {record.generation for record in self.log.of(GenerationRecord)}:
                self.log.add(GenerationRecord(generation=generation, estimates=self.screen.estimates()))
            self.callback.saved()

    def _batch(self, generation: int) -> Iterator[Candidate]:
        """The candidates of a generation: all are proposed before any is evaluated."""
        kept = {record.index: record for record in self.log.of(CandidateRecord)}
        first = generation * self.config.population
        for index in range(first, first + self.config.population):
            # None waits for the results of another, so that it does not matter which run of a batch ends first.
            candidate = self.proposer.restore(kept[index]) if index in kept else self._propose(index, generation)
            self.candidates.append(candidate)
            self._inherit(candidate)
            yield candidate

    def _inherit(self, candidate: Candidate) -> None:
        """A candidate begins with what its parent remembers, where that was run before it was proposed."""
        parent = None if candidate.parent is None else self.candidates[candidate.parent]
        if parent and parent.generation < candidate.generation:
            self.runs.heirs[candidate.name] = parent.name

    def _propose(self, index: int, generation: int) -> Candidate:
        known = (self.candidates, self.told)
        asked = (one.propose(index, generation, *known) for one in self.sharers if one.wants(index))
        candidate = next((found for found in asked if found), None)
        if candidate is None and not generation:
            candidate = self._open(index, known) if index else self.proposer.first()
        if candidate is None:
            candidate = self.proposer.propose(index, generation, *known)
        self.log.add(
            CandidateRecord(
                index=index,
                name=candidate.name,
                generation=generation,
                parent=candidate.parent,
                proposer=candidate.proposer,
                params=candidate.params,
                program=candidate.program.text,
                changes=candidate.changes,
                texts=candidate.texts,
                predicted=self.screen.predicted(index),
                other=candidate.other,
                sampler_state=self.proposer.sampler_state(index),
            )
        )
        return candidate

    def _open(self, index: int, known: tuple[Sequence[Candidate], Mapping[str, Standing]]) -> Candidate | None:
        """The next opening in the first generation; None where all are played, or others have their share."""
        candidates = known[0]
        played = sum(one.proposer == OPENING for one in candidates)
        if played >= self.config.plan.openings * (self.config.population - 1):
            return None
        texts = {one.program.text for one in candidates}
        for _, params in self.openings:
            with suppress(DocumentError):
                program = self.proposer.made(candidates[0], params)
                if program.text not in texts and not any(errors(lint(program))):
                    return self.proposer.adopt(index, 0, candidates[0], OPENING, params, {})
        return None

    def _evaluate(self, batch: Sequence[Candidate]) -> None:
        """Run a batch seed by seed; whoever is clearly worse than the best gets no more seeds."""
        alive, plan = list(batch), self.config.plan
        for k in range(self.config.search_seeds):
            wanted = [Wanted(one.name, one.program.text, k) for one in alive]
            self.runs.do(SEARCH, wanted, self.tasks)
            alive = [one for one in alive if not self._disqualified(one, k + 1)]
            for one in alive:
                done = self.runs.outputs(SEARCH, one.name, self.tasks, range(k + 1))
                self.outputs[one.name] = done.mean(axis=1)
            # With two objectives, one that is worse in the first may be the best in the other.
            if k + 1 >= plan.drop_after and len(self.config.objectives) == 1:
                alive = hopeful(alive, self.outputs, plan.drop_margin)

    def _disqualified(self, one: Candidate, seeds: int) -> bool:
        """Whether an experiment of a candidate was tampered with on its first seeds: then it is out for good."""
        if not self.runs.disqualified(SEARCH, one.name, self.tasks, seeds):
            return False
        # Also what its honest seeds gave: else it would pay to cheat on the last ones alone.
        self.outputs.pop(one.name, None)
        return True

    def _tell(self, batch: Sequence[Candidate]) -> None:
        for one in batch:
            if one.name not in self.outputs:
                self.proposer.give_up(one.index)
                continue
            # As measured: Optuna is told of a trial once, while estimates change with each generation.
            values = [float(self.outputs[one.name].mean())]
            for other in self.config.objectives[1:]:
                seeds = range(self.config.search_seeds)
                values.append(self.runs.mean(OBJECTIVES[other], SEARCH, one.name, self.tasks, seeds))
            self.proposer.tell(one.index, values)
        # All of them anew: each generation also tells how much of the older ones was noise.
        told, _ = standings(self.outputs)
        self.told = believed(told, self.screen.learn(self.candidates, told))
        for one in (one for one in batch if one.name in self.told):
            standing = self.told[one.name]
            self.callback.told(one, standing, dropped=standing.seeds < self.config.search_seeds)


def _groups(tasks: Sequence[Task]) -> list[str]:
    """The knob groups that all tasks have."""
    first, *others = [list(dict.fromkeys(knob.group for knob in task.knobs)) for task in tasks]
    return [group for group in first if all(group in other for other in others)]
