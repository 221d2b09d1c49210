"""The end of a study: the race, the winner's tests beside its controls, its ablations, and what all that says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import optuna

from orgopt.document import Program, changes, effects, parse, read
from orgopt.evolve import controls, importances
from orgopt.evolve.controls import Control, control_seeds
from orgopt.evolve.other_searches import other_searches
from orgopt.evolve.proposers.screen import Screen
from orgopt.evolve.race import Place, race
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.kept_language_runs import write_memory
from orgopt.evolve.trials.runs import Runs, Wanted
from orgopt.study import statistics
from orgopt.study.config import StudyConfig
from orgopt.study.predictions import predictions
from orgopt.study.records.kinds import EntrantRecord, EvaluationRecord, FinalRecord
from orgopt.study.records.names import ABLATION, HELD_OUT, REAL, SEARCH, TEST
from orgopt.study.records.reader import written
from orgopt.study.records.result import Ablation, Claim, Cost, Estimates, Mean
from orgopt.study.rewrites import rewriting
from orgopt.study.score_parts import Parts
from orgopt.study.standing import Standing

ALL = "all"
Group = tuple[str, ...]
"""The names of entrants that take turns: seed k runs the k-th of them, and so on round."""


class Conclusion:
    """Concludes a search.

    Args:
        candidates: All candidates of the search; the first is the seed document.
        told: What is known of each by name.
        space: The search space.
        config: The study's settings.
        runs: Does runs, and remembers them.
        tasks: The tasks that were searched.
        held_out: The tasks that were not.
        real: An arena of real training, or None.
        screen: The model of what was tried, which says what it holds responsible.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        told: Mapping[str, Standing],
        space: Space,
        config: StudyConfig,
        runs: Runs,
        tasks: Sequence[str],
        held_out: Sequence[str],
        real: Arena | None,
        screen: Screen,
    ) -> None:
        self.candidates, self.told, self.space, self.config = candidates, told, space, config
        self.runs, self.log, self.tasks, self.held_out, self.real = runs, runs.log, tasks, held_out, real
        self.screen = screen
        self.by_name = {one.name: one for one in candidates}

    def write(self, study: optuna.Study) -> FinalRecord:
        """Do what is left to do, and keep the result."""
        places = self._race()
        champion, simplest = self.by_name[places[0].entrant], self.by_name[_simplest(places, self.by_name)]
        memories = {task: self.runs.memory(champion.name, task) for task in self.tasks}
        self.log.write_best(champion.program.text)
        for task, memory in memories.items():
            if memory:
                write_memory(self.log.folder / "best-memory" / task, memory)
        texts, groups = self._entrants(champion, simplest)
        claims = self._claims(TEST, self.runs, champion, texts, groups, self.tasks, self.config.test_seeds)
        if self.held_out:
            claims += self._claims(HELD_OUT, self.runs, champion, texts, groups, self.held_out, self.config.test_seeds)
        if self.real and self.config.real_runs:
            real = Runs(self.real, self.log, self.config.seed, self.runs.callback, self.runs.keep)
            real.heirs = self.runs.heirs
            only = {"seed document": groups.get("seed document", ())}
            claims += self._claims(REAL, real, champion, texts, only, list(self.real.tasks), self.config.real_runs)
        final = FinalRecord(
            candidates=len(self.candidates),
            champion=champion.name,
            simplest=simplest.name,
            changes=tuple(changes(self.space.seed, champion.program)),
            effects=tuple(effects(self.space.seed, champion.program)),
            race=tuple(place.record() for place in places) if self.config.race_seeds else (),
            estimates=self._estimates(champion, places),
            claims=tuple(claims),
            ablations=tuple(self._ablations(champion)),
            importances=tuple(importances.importances(study, self.space)),
            cost=self._cost(),
            rewrites=rewriting(self.log.records, self.told),
            feedback=predictions(self.log.records, self.told),
        )
        last = self.log.of(FinalRecord)[-1:]
        # A study that is asked again, with nothing left to do, has no second result.
        final = last[0] if last and _same(last[0], final) else self.log.add(final)
        self.runs.callback.saved()
        return final

    def _race(self) -> list[Place]:
        """The best by their estimates and the seed document, raced; without a race, in the order of the estimates."""
        able = [one for one in self.candidates if one.name in self.told]  # who was disqualified is not
        ranked = sorted(able, key=lambda one: -self.told[one.name].estimate)
        if not self.config.race_seeds:
            names = [one.name for one in ranked[: self.config.contenders]]
            ks = {name: range(self.told[name].seeds) for name in names}
            outputs = {name: self.runs.outputs(SEARCH, name, self.tasks, ks[name]).mean(axis=1) for name in names}
            return [Place(entrant=name, outputs=outputs[name], dropped_at=None) for name in names]
        # One of each text, the one with the best estimate: it comes last, and of equal keys the last stays.
        contenders = list({one.program.text: one for one in (*able[:1], *reversed(ranked))}.values())
        best = sorted(contenders, key=lambda one: -self.told[one.name].estimate)[: self.config.contenders]
        # The seed document always races: a champion has to beat it on fresh seeds, too.
        if self.candidates[0] in able and self.candidates[0] not in best:
            best = [*best[:-1], self.candidates[0]]
        return race(self.runs, best, self.tasks, self.config.race_seeds)

    def _entrants(self, champion: Candidate, simplest: Candidate) -> tuple[dict[str, str], dict[str, Group]]:
        """The texts of all who are tested, by name, and who of them stand for each thing to compare with."""
        seed = self.candidates[0]
        texts = {one.name: one.program.text for one in (seed, champion, simplest)}
        groups: dict[str, Group] = {}
        if champion is not seed:
            groups["seed document"] = (seed.name,)
        if simplest not in (champion, seed):
            groups["simplest"] = (simplest.name,)
        asked = self.config.controls != "none"
        found = self._controls(champion.program) if asked else ()
        for control in found:
            if not self._seeds(control.name, self.config.test_seeds):
                continue
            entrants = {self._named(one.name, one.text, champion): one.text for one in control.entrants}
            groups[control.name] = tuple(entrants)
            texts |= entrants
            self._note("control", entrants, control.about)
            if control.inherits:
                self._inherit(entrants, champion)
        return texts, groups

    def _controls(self, champion: Program) -> list[Control]:
        if self.space.org.searches:
            return other_searches(champion, self.space.seed)
        return controls.controls(champion, self.space, self.config.seed, self.config.slots)

    def _named(self, name: str, text: str, champion: Candidate) -> str:
        """The name under which something runs: of its own, where an earlier champion had another of that name."""
        known = {record.entrant: record.program for record in self.log.of(EntrantRecord)}
        return name if known.get(name, text) == text else f"{name} ({champion.name})"

    def _inherit(self, entrants: Iterable[str], champion: Candidate) -> None:
        """Let changes of the champion begin with the lasting memory that it begins with."""
        if heir := self.runs.heirs.get(champion.name):
            self.runs.heirs |= dict.fromkeys(entrants, heir)

    def _note(self, role: str, texts: Mapping[str, str], about: str) -> None:
        known = {(record.entrant, record.program) for record in self.log.of(EntrantRecord)}
        for name, text in texts.items():
            if (name, text) not in known:
                self.log.add(EntrantRecord(entrant=name, role=role, program=text, about=about))

    def _claims(
        self,
        phase: str,
        runs: Runs,
        champion: Candidate,
        texts: Mapping[str, str],
        groups: Mapping[str, Group],
        tasks: Sequence[str],
        seeds: int,
    ) -> list[Claim]:
        """What the champion is against everything else on the same seeds, by task and over all."""
        compared = {"champion": (champion.name,), **groups}
        turns = {
            label: [names[k % len(names)] for k in range(self._seeds(label, seeds))]
            for label, names in compared.items()
            if names
        }
        wanted = [
            Wanted(names[k], texts[names[k]], k) for k in range(seeds) for names in turns.values() if k < len(names)
        ]
        wanted.sort(key=lambda one: one.program == controls.SLOWEST)  # last: it takes longer than all the others
        runs.do(phase, dict.fromkeys(wanted), tasks)
        outputs = {
            label: np.concatenate([runs.outputs(phase, name, tasks, [k]) for k, name in enumerate(names)])
            for label, names in turns.items()
        }
        runs.callback.saved()
        columns = {ALL: slice(None), **{task: slice(i, i + 1) for i, task in enumerate(tasks)}}
        if len(tasks) == 1:
            del columns[ALL]
        steady = {task for task in tasks if runs.arena.tasks[task].steady}
        return [
            _claim(
                (phase, task, label),
                outputs["champion"][: len(outputs[label]), column],
                outputs[label][:, column],
                [runs.parts(phase, turns[who][: len(turns[label])], tasks[column]) for who in ("champion", label)],
                sure=not (steady if task == ALL else steady & {task}),
            )
            for task, column in columns.items()
            for label in turns
            if label != "champion"
        ]

    def _seeds(self, label: str, seeds: int) -> int:
        """On how many of the test's seeds something is run."""
        return control_seeds(self.config.controls, label, seeds) if label in controls.PLAIN else seeds

    def _estimates(self, champion: Candidate, places: Sequence[Place]) -> Estimates:
        """What is said of the champion: as picked, drawn to the mean of all, in the race, and in the test."""
        standing = self.told[champion.name]
        tests = self.runs.outputs(TEST, champion.name, self.tasks, range(self.config.test_seeds)).mean(axis=1)
        return Estimates(
            raw=standing.value,
            shrunken=standing.estimate,
            race=float(places[0].outputs.mean()) if self.config.race_seeds else None,
            test=Mean(**statistics.interval(tests).to_dict()) if len(tests) else None,
        )

    def _ablations(self, champion: Candidate) -> list[Ablation]:
        """What the champion loses without each of its parts, on the seeds of the test."""
        parts = controls.ablations(champion.program) if self.config.controls != "none" else []
        entrants = [self._named(part.entrant, part.program.text, champion) for part in parts]
        names = {name: part.program.text for name, part in zip(entrants, parts, strict=True)}
        self._note(ABLATION, names, "the champion without a part")
        self._inherit(names, champion)
        seeds = range(self.config.test_seeds)
        self.runs.do(ABLATION, [Wanted(name, text, k) for k in seeds for name, text in names.items()], self.tasks)
        whole = self.runs.outputs(TEST, champion.name, self.tasks, seeds).mean(axis=1)
        orgs = [read(part.program).org for part in parts]
        losses = self.screen.losses(read(champion.program).org, orgs, self.candidates, self.told)
        found: list[Ablation] = []
        for at, (name, part) in enumerate(zip(entrants, parts, strict=True)):
            without = self.runs.outputs(ABLATION, name, self.tasks, seeds).mean(axis=1)
            difference = statistics.difference(whole, without)
            found.append(
                Ablation(
                    part=part.part,
                    role=part.role,
                    link=part.link,
                    difference=difference.mean,
                    low=_finite(difference.low),
                    high=_finite(difference.high),
                    seeds=len(whole),
                    model=None if losses is None else losses[at],
                )
            )
        return found

    def _cost(self) -> Cost:
        """What all runs of the study cost."""
        done = self.log.of(EvaluationRecord)
        return Cost(
            evaluations=len(done),
            experiments=sum(sum(one.score.experiments.values()) for one in done),
            lab_slot_s=round(self.config.slots * sum(self.config.budget_of(one.task) for one in done), 3),
            real_evaluations=sum(one.phase == REAL for one in done),
            wall_s=round(sum(one.wall_s for one in done), 1),
        )


def _same(one: FinalRecord, other: FinalRecord) -> bool:
    """Whether two results are the same but for when they were written."""
    return written(replace(one, at=0.0)) == written(replace(other, at=0.0))


def _claim(
    of: tuple[str, str, str], champion: np.ndarray, other: np.ndarray, parts: Sequence[Parts], *, sure: bool
) -> Claim:
    """A comparison, of a phase, a task and an entrant; not `sure` where both may have the luck of one seed for all."""
    phase, task, label = of
    one, two = champion.mean(axis=1), other.mean(axis=1)
    found = statistics.difference(one, two)
    return Claim(
        phase=phase,
        task=task,
        entrant=label,
        mean=float(two.mean()),
        champion_mean=float(one.mean()),
        difference=found.mean,
        low=_finite(found.low),
        high=_finite(found.high),
        mdd=_finite(found.mdd),
        seeds=found.n,
        verdict=found.verdict if sure else "no difference",
        parts=parts[1],
        champion_parts=parts[0],
    )


def _simplest(places: Sequence[Place], by_name: Mapping[str, Candidate]) -> str:
    """The smallest organization among those within one standard error of the best."""
    best = places[0].outputs
    error = float(best.std(ddof=1)) / len(best) ** 0.5 if len(best) > 1 else 0.0
    # The rule of one standard error (Breiman et al. 1984): what cannot be told from the best may be simpler.
    near = [place.entrant for place in places if float(place.outputs.mean()) >= float(best.mean()) - error]
    return min(near, key=lambda name: (_size(by_name[name]), near.index(name)))


def _size(candidate: Candidate) -> tuple[int, int, int]:
    org = read(parse(candidate.program.text)).org
    standing = sum(1 for role in org.roles if role.headcount)
    return org.headcount, standing, len(org.links) + (org.standup is not None)


def _finite(value: float) -> float | None:
    """None for the end of an interval of one seed, which says nothing of noise."""
    return value if np.isfinite(value) else None
