"""The runs of a study: what its log does not have yet is done in the arena, and kept as it ends."""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from orgopt.basics.callback import Callback
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import Job, Result
from orgopt.evolve.trials.kept_language_runs import Keeping, needs_keeping, write_memory
from orgopt.scoring.score import Score
from orgopt.seeds import Stream, derive
from orgopt.study.folder import StudyLog
from orgopt.study.records.names import ABLATION, HELD_OUT, RACE, REAL, REWRITE, SEARCH, TEST
from orgopt.study.score_parts import Parts, parts_of

_STREAMS = {
    SEARCH: Stream.SEARCH,
    RACE: Stream.RACE,
    TEST: Stream.TEST,
    # With and without a part are pairs: both run on the seeds of the test.
    ABLATION: Stream.TEST,
    HELD_OUT: Stream.HELD_OUT,
    REAL: Stream.REAL,
    REWRITE: Stream.REWRITE,
}


class Wanted(NamedTuple):
    """A run that is wanted: the document (or plain sampler) of an entrant on the k-th seed."""

    entrant: str
    program: str
    k: int


class Runs:
    """Does runs and remembers them.

    Args:
        arena: Where they are done.
        log: Where they are kept.
        seed: The study's.
        keep: Whether a run of a phase on the k-th seed keeps its ledger.
        own_seeds: Whether each candidate of the search has seeds of its own, and does not share them with all.

    Attributes:
        heirs: By entrant, the candidate of an earlier generation whose lasting memory all of its runs begin with; who
            is not in it begins with none. Only a candidate's first run of the search writes memory, for its children:
            so all runs of one entrant begin alike, and seeds stay exchangeable.
    """

    def __init__(
        self,
        arena: Arena,
        log: StudyLog,
        seed: int,
        callback: Callback,
        keep: Callable[[str, int], bool],
        *,
        own_seeds: bool = False,
    ) -> None:
        self.arena, self.log, self.seed, self.callback, self.keep = arena, log, seed, callback, keep
        self.own_seeds = own_seeds
        self.heirs: dict[str, str] = {}

    def do(self, phase: str, wanted: Iterable[Wanted], tasks: Sequence[str]) -> None:
        """Do the runs that the log does not have.

        Raises:
            DocumentError, LabError, StoreError: What was done before is kept.
        """
        todo: dict[Job, int] = {}
        for one in wanted:
            # crc32, because Python's own hash of a text is another in every process.
            own = (zlib.crc32(one.entrant.encode()),) if self.own_seeds and phase == SEARCH else ()
            seed = derive(_STREAMS[phase], self.seed, *own, one.k)
            for task in tasks:
                if self.log.score(phase, one.entrant, task, one.k) is None:
                    job = Job(
                        entrant=one.entrant,
                        program=one.program,
                        task=task,
                        seed=seed,
                        keep_events=self.keep(phase, one.k),
                        keeping=self._keeping(phase, one, task),
                    )
                    todo[job] = one.k
        if not todo:
            return
        self.callback.planned(phase, len(todo))
        for result in self.arena.run(list(todo), self.callback.event):
            self._keep(phase, result, todo[result.job])

    def outputs(self, phase: str, entrant: str, tasks: Sequence[str], ks: Iterable[int]) -> np.ndarray:
        """The research output of runs that are done, (seeds, tasks)."""
        scores = [[self.log.score(phase, entrant, task, k) for task in tasks] for k in ks]
        rows = [[score.research_output for score in row if score is not None] for row in scores]
        return np.array(rows, dtype=float).reshape(len(rows), len(tasks))

    def parts(self, phase: str, entrants: Sequence[str], tasks: Sequence[str]) -> Parts:
        """What the scores of runs that are done are made of, the k-th entrant's on the k-th seed."""
        scores = [self.log.score(phase, name, task, k) for k, name in enumerate(entrants) for task in tasks]
        return parts_of([score for score in scores if score is not None])

    def disqualified(self, phase: str, entrant: str, tasks: Sequence[str], seeds: int) -> bool:
        """Whether any run so far, of so many seeds, was tampered with."""
        scores = [self.log.score(phase, entrant, task, k) for k in range(seeds) for task in tasks]
        return any(score.disqualified for score in scores if score is not None)

    def mean(
        self, part: Callable[[Score], float], phase: str, entrant: str, tasks: Sequence[str], ks: Iterable[int]
    ) -> float:
        """The mean of a part of the score over runs that are done."""
        scores = [self.log.score(phase, entrant, task, k) for k in ks for task in tasks]
        return float(np.mean([part(score) for score in scores if score is not None]))

    def memory(self, entrant: str, task: str) -> Mapping[str, str]:
        """What the roles of an entrant remember when its runs on a task begin."""
        return self.log.memory(self.heirs[entrant], task) if entrant in self.heirs else {}

    def _keeping(self, phase: str, one: Wanted, task: str) -> Keeping | None:
        """Where a run of language agents is kept; None for one without them."""
        if not needs_keeping(one.program):
            return None
        folder = self.log.run_folder(phase, one.entrant) / f"run-{task}-{one.k}"
        memory = tuple(self.memory(one.entrant, task).items())
        return Keeping(folder=str(folder), memory=memory, remembers=(phase, one.k) == (SEARCH, 0))

    def _keep(self, phase: str, result: Result, k: int) -> None:
        job = result.job
        if result.events:
            metric = self.arena.tasks[job.task].metric
            self.log.keep_program(phase, job.entrant, job.program)
            self.log.keep_run(phase, job.entrant, job.task, k, result.events, metric)
        memory: dict[str, str] = {}
        if (phase, k) == (SEARCH, 0) and (memory := {**self.memory(job.entrant, job.task), **dict(result.memory)}):
            write_memory(self.log.run_folder(phase, job.entrant) / "memory" / job.task, memory)
        self.log.add_evaluation(result.record(phase, k, memory))
        self.callback.evaluated(phase, job, result.score)


def per_seed(outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The mean over tasks of each seed's outputs."""
    return {name: values.mean(axis=1) for name, values in outputs.items()}
