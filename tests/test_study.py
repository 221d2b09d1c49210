"""Studies in virtual time: generations, dropping, races, claims, resuming, refusals."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.basics.callback import Callback
from orgopt.document import Program, diff, load, parse
from orgopt.errors import LabError, StoreError, UsageError
from orgopt.evolve.proposers.openings import OPENING
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.search import optimize
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import Job
from orgopt.storage.jsonl import read_lines
from orgopt.study.config import SAMPLER_KIND, StudyConfig, study_name
from orgopt.study.folder import StudyLog
from orgopt.tasks.task import Task
from tests.conftest import ROOT
from tests.fakes.arena import toy_arena, toy_replay
from tests.fakes.study import cut, view

CONFIG = StudyConfig(
    generations=3, population=4, budget_s=8, slots=2, search_seeds=3, contenders=3, race_seeds=4, test_seeds=4
)


@pytest.fixture
def library() -> Program:
    return load(ROOT / "orgs" / "library.md")


class Recorder(Callback):
    """Notes what a study tells, and may stop it after some runs."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.told_names: list[str] = []
        self.dropped: list[str] = []
        self.runs: list[tuple[str, str, str, int]] = []
        self.stop_after = stop_after

    def told(self, candidate: Candidate, standing, *, dropped: bool) -> None:
        self.told_names.append(candidate.name)
        if dropped:
            self.dropped.append(candidate.name)

    def evaluated(self, phase: str, job: Job, score) -> None:
        self.runs.append((phase, job.entrant, job.task, job.seed))
        if self.stop_after is not None and len(self.runs) >= self.stop_after:
            raise KeyboardInterrupt


class Studies:
    """Runs studies of the trio on the toy task in a temporary folder."""

    def __init__(self, folder: Path, task: Task, seed: Program, library: Program) -> None:
        self.folder, self.task, self.seed, self.library = folder, task, seed, library

    def run(self, name: str = "study", config: StudyConfig = CONFIG, callback: Callback | None = None, **more):
        arena: Arena = more.pop("arena", None) or toy_arena(self.task, budget_s=config.budget_s, slots=config.slots)
        held_out = more.get("held_out", ())
        searched = {name: task for name, task in arena.tasks.items() if name not in held_out}
        stamps = {name: arena.lab(name).stamp for name in searched}
        identity = config.identity(self.seed, searched, self.library, stamps)
        with arena, StudyLog(self.folder / name, identity, self.seed, searched) as log:
            final = optimize(self.seed, arena, config, log, library=self.library, callback=callback, **more)
        return final, list(read_lines(log.path))


@pytest.fixture
def studies(tmp_path: Path, toy: Task, trio: Program, library: Program) -> Studies:
    return Studies(tmp_path, toy, trio, library)


def content(records) -> list:
    """What a study found, whatever the order in which its runs ended and the time."""
    varying = {"at", "wall_s", "cost", "sampler_state"}  # the same state has several pickles
    plain = [{key: value for key, value in record.items() if key not in varying} for record in records]
    return sorted(plain, key=lambda record: (record["kind"], str(record)))


def last_content(records) -> list:
    """The same, of all `final` records only the last."""
    *_, last = (record for record in records if record["kind"] == "final")
    return content([record for record in records if record["kind"] != "final"] + [last])


def test_a_study_has_generations_a_race_and_claims(studies: Studies, trio: Program) -> None:
    final, records = studies.run()
    found = view(records)
    assert [one.record.index for one in found.candidates] == list(range(12))
    assert found.complete == (0, 1, 2)
    assert found.candidates[0].record.program == trio.text
    assert len({one.record.program for one in found.candidates}) == 12
    for one in found.candidates:
        assert one.standing
        assert one.standing.seeds == 3 or (one.dropped and one.standing.seeds == 2)
    assert found.final == final
    assert final.race[0].entrant == final.champion
    assert "g00-c00" in {place.entrant for place in final.race}
    champion = parse(found.candidate(final.champion).record.program)
    assert (studies.folder / "study" / "best.md").read_text() == champion.text
    assert len(final.changes) == len(diff(trio, champion))
    (claim,) = [c for c in final.claims if c.entrant == "seed document"]
    for parts, mean in ((claim.parts, claim.mean), (claim.champion_parts, claim.champion_mean)):
        assert parts is not None
        assert (parts.q_final + parts.q_mean) / 2 == pytest.approx(mean)
        assert parts.progress == pytest.approx(parts.q_final, abs=0.05), "the toy's metrics are alike"
    assert claim.phase == "test"
    assert claim.seeds == 4
    assert claim.difference == pytest.approx(claim.champion_mean - claim.mean)
    assert final.cost.evaluations == sum(record["kind"] == "evaluation" for record in records)


def test_parents_come_from_earlier_generations(studies: Studies) -> None:
    _, records = studies.run()
    for one in view(records).candidates:
        parent, generation = one.record.parent, one.record.generation
        assert parent is None or parent < max(1, 4 * generation)


def test_the_first_generation_opens_with_what_is_known_to_work(studies: Studies) -> None:
    _, records = studies.run()
    found = [one.record for one in view(records).candidates]
    played = [one for one in found if one.proposer == OPENING]
    assert 0 < len(played) <= CONFIG.population / 2
    assert {one.generation for one in played} == {0}
    assert len({one.program for one in found}) == len(found)


@pytest.mark.slow
def test_a_study_repeats_itself_and_another_seed_does_not(studies: Studies) -> None:
    _, first = studies.run("a")
    _, again = studies.run("b", arena=toy_arena(studies.task, budget_s=8, slots=2, anew=True))
    _, other = studies.run("c", replace(CONFIG, seed=1))
    assert content(first[1:]) == content(again[1:]) != content(other[1:])


@pytest.mark.sweep(3)
@pytest.mark.parametrize("stop_after", [1, 9, 30, 38, 47])
def test_a_stopped_study_continues_as_it_would_have_gone(studies: Studies, stop_after: int) -> None:
    whole = Recorder()
    final, records = studies.run("study", callback=whole)
    (studies.folder / "study").rename(studies.folder / "whole")
    with pytest.raises(KeyboardInterrupt):
        studies.run(callback=Recorder(stop_after))
    rest = Recorder()
    continued, again = studies.run(callback=rest)
    assert last_content(again) == last_content(records)
    assert replace(continued, at=0, cost=final.cost) == replace(final, at=0)
    assert len(rest.runs) == len(whole.runs) - stop_after
    assert whole.told_names == rest.told_names


@pytest.mark.sweep(3)
@pytest.mark.parametrize("sampler", SAMPLER_KIND.own)
def test_every_sampler_searches_and_continues(studies: Studies, sampler: str) -> None:
    config = replace(CONFIG, sampler=sampler, population=5, search_seeds=1, race_seeds=0, test_seeds=1)
    _, records = studies.run(config=config)
    found = view(records)
    assert len(found.candidates) == 15
    assert {one.record.proposer for one in found.candidates if one.record.generation} == {sampler}
    (studies.folder / "study").rename(studies.folder / "whole")
    with pytest.raises(KeyboardInterrupt):
        studies.run(config=config, callback=Recorder(11))
    _, again = studies.run(config=config)
    assert last_content(again) == last_content(records)


@pytest.mark.sweep(3)
@pytest.mark.parametrize(("other", "part"), [("agent-seconds", "agent_s"), ("dollars", "usd"), ("tokens", "tokens")])
def test_two_objectives_are_told_to_the_sampler(
    studies: Studies, monkeypatch: pytest.MonkeyPatch, other: str, part: str
) -> None:
    config = replace(CONFIG, sampler="nsga2", objectives=("research-output", other), race_seeds=0)
    told: dict[int, Sequence[float]] = {}
    tell = Proposer.tell
    monkeypatch.setattr(
        Proposer, "tell", lambda own, index, values: (told.update({index: values}), tell(own, index, values))
    )
    _, records = studies.run(config=config)
    found = view(records)
    assert all(one.standing.seeds == 3 for one in found.candidates)  # none is dropped for its output alone
    for one in found.candidates:
        scores = [e.score for e in found.evaluations if (e.phase, e.entrant) == ("search", one.name)]
        assert told[one.record.index][1] == pytest.approx(sum(getattr(one, part) for one in scores) / len(scores))
    with pytest.raises(UsageError, match="cmaes has one objective"):
        studies.run("other", replace(config, sampler="cmaes"))


def test_seeds_of_the_phases_are_apart(studies: Studies) -> None:
    _, records = studies.run()
    seeds: dict[str, set[int]] = {}
    for record in records:
        if record["kind"] == "evaluation":
            seeds.setdefault(record["phase"], set()).add(record["seed"])
    assert {phase: len(found) for phase, found in seeds.items() if phase != "knock-out"} == {
        "search": 3,
        "race": 3,
        "test": 4,
    }
    assert not seeds["search"] & seeds["race"]
    assert not seeds["search"] & seeds["test"]
    assert not seeds["race"] & seeds["test"]


@pytest.mark.slow
def test_who_is_clearly_worse_gets_no_more_seeds(studies: Studies) -> None:
    """On 6 seeds with little noise, whoever does nothing useful is out after two."""
    config = replace(CONFIG, search_seeds=6, population=6, budget_s=20, race_seeds=0, test_seeds=1)
    callback = Recorder()
    _, records = studies.run(config=config, callback=callback)
    found = view(records)
    best = max(one.standing.estimate for one in found.candidates)
    dropped = [one for one in found.candidates if one.dropped]
    assert sorted(callback.dropped) == sorted(one.name for one in dropped)
    assert dropped
    for one in dropped:
        assert one.standing.seeds < 6
        assert one.standing.value < best
    assert not found.candidates[0].dropped


@pytest.mark.slow
def test_a_study_of_two_tasks_holds_another_out(studies: Studies, toy: Task) -> None:
    other, third = replace(toy, name="other"), replace(toy, name="third")
    arena = toy_arena(toy, other, third, budget_s=8)
    final, records = studies.run(arena=arena, held_out=("third",))
    phases = {(r["phase"], r["task"]) for r in records if r["kind"] == "evaluation"}
    assert {task for phase, task in phases if phase in {"search", "race", "test"}} == {"toy", "other"}
    assert {task for phase, task in phases if phase == "held-out"} == {"third"}
    assert records[0]["identity"]["tasks"].keys() == {"toy", "other"}
    claims = {(c.phase, c.task) for c in final.claims}
    assert claims >= {("test", "all"), ("test", "toy"), ("test", "other"), ("held-out", "third")}


def test_frozen_parts_stay(studies: Studies) -> None:
    _, records = studies.run(config=replace(CONFIG, only=("stand-up",), race_seeds=0))
    changes = {change.split(":")[0] for one in view(records).candidates[1:] for change in one.record.changes}
    assert changes <= {"Stand-up", "the same again"}


@pytest.mark.slow
def test_real_runs_are_done_in_an_arena_of_their_own(studies: Studies, toy: Task) -> None:
    real, arena = toy_arena(toy, budget_s=4), toy_arena(toy, budget_s=4, lab=toy_replay)
    final, _ = studies.run(config=replace(CONFIG, real_runs=2), arena=arena, real=real)
    claims = [claim for claim in final.claims if claim.phase == "real"]
    assert [(claim.entrant, claim.seeds) for claim in claims] == [("seed document", 2)]
    assert final.cost.real_evaluations == 4


@pytest.mark.slow
def test_a_finished_study_can_go_on(studies: Studies) -> None:
    _, before = studies.run()
    callback = Recorder()
    config = replace(CONFIG, generations=4, test_seeds=6, race_seeds=8)
    final, records = studies.run(config=config, callback=callback)
    assert records[: len(before)] == before
    assert final.candidates == 16
    kept = [(r["phase"], r["entrant"], r["task"], r["seed"]) for r in before if r["kind"] == "evaluation"]
    assert not set(kept) & set(callback.runs)
    _, again = studies.run(config=config, callback=Recorder(stop_after=1))  # nothing is left to do
    assert again == records


@pytest.mark.slow
def test_workers_find_what_one_process_finds(studies: Studies, toy: Task) -> None:
    config = replace(CONFIG, generations=2, search_seeds=2, race_seeds=0, test_seeds=2)
    _, alone = studies.run("study", config, arena=toy_arena(toy, budget_s=5, lab=toy_replay))
    (studies.folder / "study").rename(studies.folder / "alone")
    _, many = studies.run("study", config, arena=toy_arena(toy, budget_s=5, lab=toy_replay, workers=2))
    assert content(many) == content(alone)


@pytest.mark.slow
def test_a_worker_that_dies_is_the_labs_end(toy: Task) -> None:
    with toy_arena(toy, lab=_dying, workers=2) as arena, pytest.raises(LabError, match="a worker process died"):
        list(arena.run([Job(entrant="x", program="# A\n", task="toy", seed=seed) for seed in range(4)]))


def _dying(task: Task, slots: int):
    import os

    os._exit(1)


def test_other_settings_are_another_study(studies: Studies, toy: Task, trio: Program, library: Program) -> None:
    studies.run()
    with pytest.raises(UsageError, match=r"has other settings \(budget_s 8 → 25\): choose another name"):
        studies.run(config=replace(CONFIG, budget_s=25))
    studies.seed = parse(trio.text.replace("0.5", "0.6"), "trio.md")
    with pytest.raises(UsageError, match=r"has other settings \(program \w+ → \w+\)"):
        studies.run()
    studies.seed = trio
    moved = toy.with_baseline(replace(toy.baseline, heldout=0.6))
    with pytest.raises(UsageError, match=r"has other settings \(tasks.toy.baseline [\d.]+ → 0.6\)"):
        studies.run(arena=toy_arena(moved))
    with pytest.raises(UsageError, match=r"has other settings \(tasks.toy.lab.lab fake → replay"):
        studies.run(arena=toy_arena(toy, lab=toy_replay))
    names = {
        study_name(trio, replace(CONFIG, generations=g, budget_s=b).identity(trio, {"toy": toy}, library, {"toy": {}}))
        for g, b in [(3, 8), (5, 8), (3, 25)]
    }
    assert len(names) == 2
    assert all(name.startswith("trio-toy-") for name in names)


def test_a_study_of_an_older_version_is_refused(studies: Studies) -> None:
    studies.run()
    path = studies.folder / "study" / "study.jsonl"
    path.write_text(path.read_text().replace('"schema_version": 2', '"schema_version": 1', 1))
    with pytest.raises(
        UsageError, match=r"study\.jsonl:1: records of version 1, made by orgopt .*begin anew under another name"
    ):
        studies.run()


def test_a_study_has_one_coordinator(tmp_path: Path, toy: Task, trio: Program) -> None:
    identity = CONFIG.identity(trio, {"toy": toy}, None, {"toy": {}})
    with (
        StudyLog(tmp_path / "s", identity, trio, {"toy": toy}),
        pytest.raises(StoreError, match="study s is in use by process"),
    ):
        StudyLog(tmp_path / "s", identity, trio, {"toy": toy})


def test_unknown_samplers_and_objectives_are_refused(studies: Studies) -> None:
    with pytest.raises(UsageError, match="no sampler 'best'"):
        studies.run(config=replace(CONFIG, sampler="best"))
    with pytest.raises(UsageError, match="objectives are research-output"):
        studies.run("b", replace(CONFIG, objectives=("agent-seconds",)))


@pytest.mark.slow
def test_a_search_finds_what_helps(studies: Studies) -> None:
    """From three who barely talk, thirty candidates on the toy task find a better organization on new seeds."""
    config = replace(CONFIG, generations=6, population=5, budget_s=12, slots=4, test_seeds=8)
    final, _ = studies.run(config=config)
    (claim,) = [claim for claim in final.claims if claim.entrant == "seed document"]
    assert claim.difference > 0


@pytest.mark.slow
def test_another_champion_has_controls_of_its_own(studies: Studies) -> None:
    """A study that goes on and finds another champion does not take the runs of the old one's silent agents for its."""
    small = replace(CONFIG, generations=1, search_seeds=1, race_seeds=0, test_seeds=2, controls="fast")
    first, _ = studies.run(config=small)
    champions = {first.champion}
    for generations in (2, 3, 4, 5, 6):
        final, records = studies.run(config=replace(small, generations=generations))
        champions.add(final.champion)
        texts = {}
        for record in records:
            if record["kind"] == "entrant":
                assert texts.setdefault(record["entrant"], record["program"]) == record["program"]
        if len(champions) > 1:
            break
    assert len(champions) > 1
    assert f"silent ({final.champion})" in texts or f"one agent ({final.champion})" in texts


def test_a_study_whose_every_candidate_tampers_says_so(studies: Studies, monkeypatch: pytest.MonkeyPatch) -> None:
    from orgopt.evolve.trials import job as job_module

    honest = job_module.evaluate
    monkeypatch.setattr(
        job_module, "evaluate", lambda *given, **more: replace(honest(*given, **more), disqualified="it was changed")
    )
    for _ in range(2):  # and when it is continued
        with pytest.raises(UsageError, match="every candidate so far is disqualified"):
            studies.run()


@pytest.mark.slow
def test_who_tampers_on_a_late_defaults_until_then_however_often_a_study_stops(
    studies: Studies, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgopt.evolve.trials import job as job_module

    honest, runs = job_module.evaluate, {}

    def evaluate(program, task, lab, *, seed: int, **more):
        score = honest(program, task, lab, seed=seed, **more)
        seen = runs.setdefault(program.text, [])
        if seed not in seen:
            seen.append(seed)
        cheats = len(program.text) % 2 == 1 and program.text != studies.seed.text
        caught = "train.py was changed" if cheats and seen.index(seed) == 2 else ""
        return replace(score, disqualified=caught, research_output=score.research_output + cheats)

    monkeypatch.setattr(job_module, "evaluate", evaluate)
    config = replace(CONFIG, search_seeds=4, race_seeds=0, test_seeds=1)
    _, records = studies.run(config=config)
    assert any(one.disqualified for one in view(records).candidates)
    log = studies.folder / "study" / "study.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    last = max(at for at, line in enumerate(lines) if '"kind": "generation"' in line)
    cut(log, last)
    _, again = studies.run(config=config)
    assert content(again) == content(records)


@pytest.mark.slow
def test_whoever_tampers_is_out(studies: Studies, toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    from orgopt.evolve.trials import job as job_module

    honest = job_module.evaluate

    def evaluate(program, task, lab, **more):
        score = honest(program, task, lab, **more)
        cheats = program.text != studies.seed.text and len(program.text) % 2 == 1
        return replace(score, disqualified="train.py was changed", research_output=-1.0) if cheats else score

    monkeypatch.setattr(job_module, "evaluate", evaluate)
    final, records = studies.run()
    out = [one for one in view(records).candidates if one.disqualified]
    assert out
    assert all(one.standing is None for one in out)
    assert not {one.name for one in out} & {place.entrant for place in final.race}
