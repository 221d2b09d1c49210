"""Screening: many small changes of good documents are drawn, and a model of all that was tried picks which one to run.

It stands beside the sampler: a share of the places of each generation stays the sampler's, so that the model can be
seen to be wrong. What it proposes depends on the study's seed, the candidate's index and what was told before.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from orgopt.document import lint
from orgopt.document.read import errors
from orgopt.errors import DocumentError
from orgopt.evolve import tried
from orgopt.evolve.propose import Proposer
from orgopt.evolve.runs import Runs
from orgopt.evolve.space import Params
from orgopt.evolve.tried import Tried
from orgopt.evolve.watch import Candidate
from orgopt.org import Org
from orgopt.study.config import NO_FEEDBACK, StudyConfig
from orgopt.study.log import SEARCH
from orgopt.study.standing import Standing

if TYPE_CHECKING:
    from orgopt.evolve.feedback import Model

SCREEN, WRITE = "screen", "write"
POOL = 48
"""Changes that are drawn for each candidate."""
SAMPLER_SHARE = 1 / 4
"""The share of candidates that stays the sampler's."""
OWN = 16
"""Candidates that must be known before a model of them, or of older evidence against them, counts."""
MISLEADING = 0.1
"""Rank correlation with the study's own candidates below which older evidence is dropped."""
NEAR = 0.2
"""How far a number moves that is not drawn anew, in its range."""

_KEY = 7  # sets these draws apart from the sampler's


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
        self, config: StudyConfig, proposer: Proposer, runs: Runs, tasks: Sequence[str], evidence: Sequence[Tried]
    ) -> None:
        self.config, self.proposer, self.runs, self.tasks = config, proposer, runs, tasks
        self.evidence = list(evidence)
        self._prior: Model | None = None
        self._trained: tuple[int, _Trained | None] = (-1, None)
        self._predicted: dict[int, dict[str, float]] = {}

    def wants(self, index: int) -> bool:
        """Whether a candidate is the model's to propose, once there is one."""
        if self.config.feedback == NO_FEEDBACK or index < self.config.population:
            return False
        return np.random.default_rng([self.config.seed, index, _KEY]).random() >= SAMPLER_SHARE

    def propose(
        self, index: int, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> Candidate | None:
        """The candidate that the model picks; None where it knows too little, or none of its picks is valid and new."""
        model = self._model(generation, known, told)
        if model is None:
            return None
        rng = np.random.default_rng([self.config.seed, index, _KEY, 1])
        writes = self.config.feedback == WRITE or (self.config.feedback == "both" and rng.random() < 0.5)
        drawn = self._written(rng, model, known, told) if writes else self._drawn(rng, generation, known, told)
        space, texts = self.proposer.space, {one.program.text for one in known}
        orgs = [space.organization(params) for _, params in drawn]
        drawn_values, means, sds = model.look(rng, orgs)
        for at in np.argsort(-drawn_values):
            parent, params = drawn[at]
            if not orgs[at].headcount:
                continue
            try:
                found = self.proposer.made(parent, params)
            except DocumentError:
                continue
            if found.text not in texts and not any(errors(lint(found))):
                name = WRITE if writes else SCREEN
                self._predicted[index] = {"mean": round(float(means[at]), 4), "sd": round(float(sds[at]), 4)}
                return self.proposer.adopt(index, generation, parent, name, params, parent.texts)
        return None

    def predicted(self, index: int) -> dict[str, dict[str, float]]:
        """What the model expected of a candidate that it picked, for the candidate's record."""
        return {"predicted": self._predicted[index]} if index in self._predicted else {}

    def losses(
        self, champion: Org, parts: Sequence[Org], known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> list[float] | None:
        """What the model says that an organization loses without each of its parts; None where there is no model."""
        if self.config.feedback == NO_FEEDBACK or not parts:
            return None
        model = self._model(self.config.generations, known, told)
        if model is None:
            return None
        _, means, _ = model.look(np.random.default_rng(0), [champion, *parts])
        return [round(float(means[0] - mean), 4) for mean in means[1:]]

    def _drawn(
        self, rng: np.random.Generator, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> list[tuple[Candidate, Params]]:
        """Changes of good candidates, and which they are changes of."""
        found: list[tuple[Candidate, Params]] = []
        for _ in range(POOL):
            parent = self.proposer.parent(rng, known, told)
            free = self.proposer.free(rng, parent, generation)
            found.append((parent, mutated(rng, parent.params, free, self.proposer.space.distributions)))
        return found

    def _written(
        self, rng: np.random.Generator, model: "_Trained", known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> list[tuple[Candidate, Params]]:
        """Changes that the writer makes of one good candidate, asked for one that is a notch better than the best."""
        parent = self.proposer.parent(rng, known, told)
        return [(parent, params) for params in model.writer.write(rng, parent.params, POOL // 4)]

    def _model(self, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]) -> "_Trained | None":
        """The model of a generation: all of its candidates are proposed before any is told."""
        if self._trained[0] != generation:
            able = [one for one in known if one.name in told]
            self._trained = (generation, self._train(able, told))
        return self._trained[1]

    def _train(self, able: Sequence[Candidate], told: Mapping[str, Standing]) -> "_Trained | None":
        from orgopt.evolve import feedback  # torch takes a second
        from orgopt.evolve.writer import train_writer

        own = self._own(able, told)
        if self.evidence and self._prior is None:
            self._prior = feedback.learn(self.evidence, self.config.seed)
        if len(able) >= OWN and self._prior and feedback.agreement(self._prior, own) < MISLEADING:
            self.evidence, self._prior = [], None
            self.runs.watch.noted("what other studies found does not hold here: it is left out")
        if len(able) < OWN and self._prior is None:
            return None
        if not own:
            return None
        model = feedback.learn(own, self.config.seed, self._prior) if len(able) >= OWN else self._prior
        if model is None:
            return None
        self._note(model, own, len(able))
        values = np.array([told[one.name].estimate for one in able])
        writer = train_writer(self.proposer.space, [one.params for one in able], values)
        return _Trained(model, own, writer)

    def _note(self, model: "Model", own: Sequence[Tried], candidates: int) -> None:
        """Keep what the model is and how good it is, once for what it learned from."""
        if any(one["candidates"] == candidates for one in self.runs.log.of("model")):
            return
        digest = tried.digest_of([*self.evidence, *own])
        older = {"older": len(self.evidence)} if self.evidence else {}
        record = {"kind": "model", "candidates": candidates, "digest": digest, **older, **model.quality.to_dict()}
        self.runs.log.write_model(model.arrays())
        self.runs.log.add(record)

    def _own(self, able: Sequence[Candidate], told: Mapping[str, Standing]) -> list[Tried]:
        """What this study tried, a task each."""
        found: list[Tried] = []
        orgs = [self.proposer.space.organization(one.params) for one in able]
        terms = {"slots": self.config.slots, "budget_s": self.config.budget_s}
        for task in self.tasks:
            seeds = {one.name: range(told[one.name].seeds) for one in able}
            outputs = [self.runs.outputs(SEARCH, one.name, [task], seeds[one.name])[:, 0] for one in able]
            scores = [self.runs.log.score(SEARCH, one.name, task, 0) for one in able]
            cost = tried.cost_of(score for score in scores if score)
            if one := tried.tried("this study", task, terms, orgs, [list(row) for row in outputs], cost):
                found.append(one)
        return found


class _Trained:
    """A model, the settings of the study's tasks, and how far apart organizations are on each."""

    def __init__(self, model: "Model", own: Sequence[Tried], writer: Any) -> None:
        self.model, self.own, self.writer = model, own, writer

    def look(self, rng: np.random.Generator, orgs: Sequence[Org]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Research outputs of organizations, the mean of all tasks, (n,) each.

        Returns:
            What one member, drawn at random, believes (Thompson 1933), what all believe, and how unsure they are.
        """
        from orgopt.evolve.graph import graphs

        drawn, mean, squares, member = np.zeros(len(orgs)), np.zeros(len(orgs)), np.zeros(len(orgs)), -1
        for one in self.own:
            found = self.model.predict(graphs(orgs, [one.setting] * len(orgs)))
            member = int(rng.integers(len(found.members))) if member < 0 else member
            drawn += one.center + one.scale * found.members[member]
            mean += one.center + one.scale * found.mean
            squares += (one.scale * found.sd) ** 2
        return drawn / len(self.own), mean / len(self.own), np.sqrt(squares) / len(self.own)


def mutated(
    rng: np.random.Generator, params: Params, names: Sequence[str], distributions: Mapping[str, BaseDistribution]
) -> dict[str, Any]:
    """Parameters with some values drawn anew: choices evenly, half of the numbers near the old one."""
    found = dict(params)
    for name in names:
        found[name] = _drawn_value(rng, found[name], distributions[name])
    return found


def _drawn_value(rng: np.random.Generator, old: Any, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        others = [value for value in distribution.choices if value != old] or [old]
        return others[int(rng.integers(len(others)))]
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        return old
    low, high = distribution.low, distribution.high
    near = rng.random() < 0.5
    if distribution.log:
        low, high, at = np.log(low), np.log(high), np.log(max(old, distribution.low))
    else:
        at = old
    value = at + NEAR * (high - low) * rng.standard_normal() if near else rng.uniform(low, high)
    value = min(max(value, low), high)
    value = float(np.exp(value)) if distribution.log else float(value)
    if distribution.step:
        value = distribution.low + round((value - distribution.low) / distribution.step) * distribution.step
    value = min(max(value, distribution.low), distribution.high)
    return round(value) if isinstance(distribution, IntDistribution) else float(round(value, 10))
