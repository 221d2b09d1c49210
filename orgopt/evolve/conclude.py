"""The end of a study: the race, the winner's tests beside its controls, its ablations, and what all that says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import optuna

from orgopt.document import Program, changes, effects, parse, read
from orgopt.evolve import controls, importances
from orgopt.evolve.controls import Control, control_seeds
from orgopt.evolve.held_out_tests import Group, claims, finite
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
from orgopt.study.standing import Standing


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
        found = self._tested(champion, texts, groups)
        final = FinalRecord(
            candidates=len(self.candidates),
            champion=champion.name,
            simplest=simplest.name,
            changes=tuple(changes(self.space.seed, champion.program)),
            effects=tuple(effects(self.space.seed, champion.program)),
            race=tuple(place.record() for place in places) if self.config.race_seeds else (),
            estimates=self._estimates(champion, places),
            claims=tuple(found),
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
            return [Place(entrant=name, outputs=outputs[name], estimate=self.told[name].estimate) for name in names]
        # One of each text, the one with the best estimate: it comes last, and of equal keys the last stays.
        contenders = list({one.program.text: one for one in (*able[:1], *reversed(ranked))}.values())
        best = sorted(contenders, key=lambda one: -self.told[one.name].estimate)[: self.config.contenders]
        # The seed document always races: a champion has to beat it on fresh seeds, too.
        if self.candidates[0] in able and self.candidates[0] not in best:
            best = [*best[:-1], self.candidates[0]]
        return race(self.runs, best, self.told, self.tasks, self.config.race_seeds)

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

    def _tested(self, champion: Candidate, texts: Mapping[str, str], groups: Mapping[str, Group]) -> list[Claim]:
        """What comes of all tests: on the tasks that were searched, on others, and trained for real."""
        config, name = self.config, champion.name
        on_seeds = partial(self._seeds, seeds=config.test_seeds)
        found = claims(TEST, self.runs, name, texts, groups, self.tasks, on_seeds)
        if self.held_out:
            found += claims(HELD_OUT, self.runs, name, texts, groups, self.held_out, on_seeds)
        if self.real and config.real_runs:
            real = Runs(self.real, self.log, config.seed, self.runs.callback, self.runs.keep)
            real.heirs = self.runs.heirs
            # Hours a run: against what one had alone, which is the question that decides.
            only = {"seed document": groups.get("seed document", ())}
            on_seeds = partial(self._seeds, seeds=config.real_runs)
            found += claims(REAL, real, name, texts, only, list(self.real.tasks), on_seeds)
        return found

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
                    low=finite(difference.low),
                    high=finite(difference.high),
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


def _simplest(places: Sequence[Place], by_name: Mapping[str, Candidate]) -> str:
    """The smallest organization among those within one standard error of the best."""
    best = places[0]
    error = float(best.outputs.std(ddof=1)) / len(best.outputs) ** 0.5 if len(best.outputs) > 1 else 0.0
    # The rule of one standard error (Breiman et al. 1984): what cannot be told from the best may be simpler.
    near = [place.entrant for place in places if place.estimate >= best.estimate - error]
    return min(near, key=lambda name: (_size(by_name[name]), near.index(name)))


def _size(candidate: Candidate) -> tuple[int, int, int]:
    org = read(parse(candidate.program.text)).org
    standing = sum(1 for role in org.roles if role.headcount)
    return org.headcount, standing, len(org.links) + (org.standup is not None)
