"""Screening: many small changes of good documents are drawn, and what is known of all others picks which one to run.

It stands around the sampler: a share of the places of each generation stays the sampler's, so that the model can be
seen to be wrong. What it proposes depends on the study's seed, the candidate's index and what was told before.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from orgopt.document import lint
from orgopt.document.reading.reader import errors
from orgopt.errors import DocumentError
from orgopt.evolve.proposers.parents import parents
from orgopt.evolve.proposers.points import coordinates, mutated
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Params
from orgopt.evolve.surrogate import examples
from orgopt.evolve.surrogate.examples import Examples
from orgopt.evolve.surrogate.gp import KnownScores, Kriging, krige
from orgopt.evolve.surrogate.transfer import Older
from orgopt.evolve.trials.runs import Runs
from orgopt.org import Org
from orgopt.seeds import Stream, generator
from orgopt.study.config import NO_FEEDBACK, StudyConfig
from orgopt.study.model_fit import quality
from orgopt.study.records.kinds import EnsembleRecord, ModelRecord, Predicted
from orgopt.study.records.names import SEARCH
from orgopt.study.standing import Standing

if TYPE_CHECKING:
    from orgopt.evolve.proposers.writer import Writer

SCREEN, WRITE, OLDER = "screen", "write", "older"
POOL = 48
"""Changes that are drawn for each candidate."""
MORE = 0.5
"""How often a change goes on to further parameters: of what is only looked at, wider changes are cheap."""
OWN = 16
"""Candidates that must be known before there is a model, where nothing older is."""


class Screen:
    """The model's part in a study.

    Args:
        config: The study's settings.
        proposer: Who has the other part, and knows the search space.
        runs: The study's runs.
        tasks: The tasks that are searched.
        evidence: What other studies tried.
    """

    def __init__(
        self, config: StudyConfig, proposer: Proposer, runs: Runs, tasks: Sequence[str], evidence: Sequence[Examples]
    ) -> None:
        self.config, self.proposer, self.runs, self.tasks = config, proposer, runs, tasks
        self.evidence = list(evidence)
        self.older = Older(proposer.space, self.evidence, tasks)
        self._model: Kriging | None = None
        self._writer: Writer | None = None
        self._best = 0.0
        self._estimates: dict[str, tuple[float, float]] = {}
        self._points: dict[str, np.ndarray] = {}
        self._predicted: dict[int, Predicted] = {}

    def wants(self, index: int) -> bool:
        """Whether a candidate is the model's to propose, if it can: of the first generation, what others found best."""
        if self.config.feedback == NO_FEEDBACK or not index:
            return False
        # The first generation has no model: what other studies found best comes right after the seed document.
        if index < self.config.population:
            return index <= len(self.older.best)
        return generator(Stream.SCREENED, self.config.seed, index).random() >= 1 - self.config.plan.screened

    def propose(
        self, index: int, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> Candidate | None:
        """The candidate that the model picks; None where it knows too little, or none of its picks is valid and new."""
        if not generation:
            return self._first_valid(index, generation, known, [(known[0], self.older.best[index - 1])], OLDER)
        if self._model is None:
            return None
        rng = generator(Stream.SCREEN, self.config.seed, index)
        writes = self.config.feedback == WRITE or (
            self.config.feedback == "both" and rng.random() < self.config.plan.written
        )
        drawn = self._written(rng, known, told) if writes else self._drawn(rng, known, told)
        points = np.array([coordinates(self.proposer.space, params) for _, params in drawn])
        # Candidates of this generation have no results yet: taken as expected, they keep the next pick away.
        underway = [self._point(one) for one in known if one.generation == generation]
        means, sds = self._model.expecting(np.array(underway)).predict(points)
        order = np.argsort(-_improvement(means, sds, self._best))
        found = self._first_valid(
            index, generation, known, [drawn[int(at)] for at in order], WRITE if writes else SCREEN
        )
        if found:
            # Without what is underway: what was expected is compared with the result later, and rests on results.
            mean, sd = self._model.predict(self._point(found)[None])
            self._predicted[index] = Predicted(mean=round(float(mean[0]), 4), sd=round(float(sd[0]), 4))
        return found

    def predicted(self, index: int) -> Predicted | None:
        """What the model expected of a candidate that it picked; None of others."""
        return self._predicted.get(index)

    def learn(self, known: Sequence[Candidate], told: Mapping[str, Standing]) -> Mapping[str, tuple[float, float]]:
        """Learn from all candidates; returns what is believed of each now, with one standard deviation of doubt."""
        able = [one for one in known if one.name in told]
        if self.config.feedback == NO_FEEDBACK or len(able) < (2 if self.older.known else OWN):
            return {}
        values, errors = (np.array([getattr(told[one.name], part) for one in able]) for part in ("value", "error"))
        model = krige(KnownScores(np.array([self._point(one) for one in able]), values, errors), self.older.known)
        self._model, self._writer = model, None
        self._note(model, len(able))
        newest = able[-len(model.measured()[0]) :]
        estimates, doubts = model.estimates()
        self._best = float(estimates.max())
        rows = zip(newest, estimates, doubts, strict=True)
        self._estimates = {one.name: (round(float(mean), 5), round(float(sd), 5)) for one, mean, sd in rows}
        return self._estimates

    def estimates(self) -> Mapping[str, tuple[float, float]]:
        """What is believed of each candidate by name, and one standard deviation of doubt; empty without a model."""
        return self._estimates

    def losses(
        self, champion: Org, parts: Sequence[Org], known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> list[float] | None:
        """What an ensemble over role graphs says that an organization loses without each of its parts.

        None where there is no model. The ensemble knows what the parameters of a search space cannot say.
        """
        if self._model is None:
            return None
        from orgopt.evolve.surrogate import ensemble  # torch takes a second

        own = self._own([one for one in known if one.name in told], told)
        learned = ensemble.learn(own, self.config.seed, ensemble.learn(self.evidence, self.config.seed))
        if learned is None:
            return None
        digest = examples.digest_of([*self.evidence, *own])
        if digest not in [one.digest for one in self.runs.log.of(EnsembleRecord)]:
            gp = {f"kriging_{name}": array for name, array in self._model.arrays().items()}
            self.runs.log.write_model({**learned.arrays(), **gp})
            self.runs.log.add(EnsembleRecord(digest=digest, **learned.quality.to_dict()))
        means = ensemble.outputs(learned, [champion, *parts], own)
        return [round(float(means[0] - mean), 4) for mean in means[1:]]

    def _drawn(
        self, rng: np.random.Generator, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> list[tuple[Candidate, Params]]:
        """Changes of good candidates, and which they are changes of."""
        found, risk = list[tuple[Candidate, Params]](), self.config.plan.screen_risk
        for parent in islice(parents(rng, known, told, risk), POOL):
            free = self.proposer.few(rng, parent, risk)
            while rng.random() < MORE:
                free += self.proposer.few(rng, parent, risk)
            found.append((parent, mutated(rng, parent.params, free, self.proposer.space.distributions)))
        return found

    def _written(
        self, rng: np.random.Generator, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> list[tuple[Candidate, Params]]:
        """Changes that the writer makes of one good candidate, asked for one that is a notch better than the best."""
        parent = next(parents(rng, known, told, self.config.plan.screen_risk))
        if self._writer is None:
            from orgopt.evolve.proposers.writer import train_writer  # torch takes a second

            able = [one for one in known if one.name in told]
            values = np.array([told[one.name].estimate for one in able])
            self._writer = train_writer(self.proposer.space, [one.params for one in able], values)
        return [(parent, params) for params in self._writer.write(rng, parent.params, POOL // 4)]

    def _first_valid(
        self,
        index: int,
        generation: int,
        known: Sequence[Candidate],
        drawn: Sequence[tuple[Candidate, Params]],
        proposer: str,
    ) -> Candidate | None:
        """The first of some changes that makes a valid document, and not one that was tried; None for none."""
        texts = {one.program.text for one in known}
        for parent, params in drawn:
            try:
                found = self.proposer.made(parent, params)
            except DocumentError:
                continue
            if found.text not in texts and not any(errors(lint(found))):
                return self.proposer.adopt(index, generation, parent, proposer, params, parent.texts)
        return None

    def _point(self, one: Candidate) -> np.ndarray:
        if one.name not in self._points:
            self._points[one.name] = coordinates(self.proposer.space, one.params)
        return self._points[one.name]

    def _note(self, model: Kriging, candidates: int) -> None:
        """Keep how good the model is, once for what it learned from."""
        values, noise = model.measured()
        if any(one.candidates == candidates for one in self.runs.log.of(ModelRecord)):
            return
        mean, sd = model.without()
        found = quality(mean, np.hypot(sd, noise), values).to_dict()
        related = dict(zip(self.older.names, model.shape.related[1:], strict=True))
        self.runs.log.add(ModelRecord(candidates=candidates, related=related, **found))

    def _own(self, able: Sequence[Candidate], told: Mapping[str, Standing]) -> list[Examples]:
        """What this study tried, a task each."""
        found: list[Examples] = []
        orgs = [self.proposer.space.organization(one.params) for one in able]
        described = self.runs.log.head.tasks
        for task in self.tasks:
            seeds = {one.name: range(told[one.name].seeds) for one in able}
            outputs = [self.runs.outputs(SEARCH, one.name, [task], seeds[one.name])[:, 0] for one in able]
            scores = [self.runs.log.score(SEARCH, one.name, task, 0) for one in able]
            terms = {
                "slots": self.config.slots,
                "budget_s": self.config.budget_of(task),
                "curves": described[task].curves,
            }
            cost = examples.cost_of(score for score in scores if score)
            if one := examples.tried("this study", task, terms, orgs, [list(row) for row in outputs], cost):
                found.append(one)
        return found


def _improvement(means: np.ndarray, sds: np.ndarray, best: float) -> np.ndarray:
    """How far each is expected to be above the best, (n,) (Mockus 1975)."""
    z = (means - best) / sds
    return sds * (z * ndtr(z) + np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))
