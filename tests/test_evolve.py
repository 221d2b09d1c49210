"""Studies in virtual time: the genome, generations, resuming, and the tests of the champion."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.document import Program, diff, load, parse
from orgopt.errors import StoreError, UsageError
from orgopt.evolve import Candidate, StudyConfig, StudyLog, Watch, optimize, study_name
from orgopt.ledger import read_lines
from orgopt.task import Task
from tests.conftest import ROOT
from tests.fakes.lab import FakeLab

CONFIG = StudyConfig(generations=3, population=4, budget_s=20, slots=2)


@pytest.fixture
def library() -> Program:
    return load(ROOT / "orgs" / "library.md")


class Recorder(Watch):
    """Notes what a study tells, and may stop it after some candidates."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.scores: list[tuple[str, bool]] = []
        self.stop_after = stop_after

    def scored(self, candidate: Candidate, score, *, resumed: bool) -> None:
        self.scores.append((candidate.name, resumed))
        if self.stop_after is not None and len(self.scores) > self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture
def study(tmp_path: Path, toy: Task, trio: Program, library: Program):
    logs: list[StudyLog] = []

    def run(name: str = "study", config: StudyConfig = CONFIG, watch: Watch | None = None):
        log = StudyLog(tmp_path / name, config.identity(trio, toy, library), trio, toy)
        logs.append(log)
        try:
            final = optimize(trio, toy, FakeLab(toy), config, log, library=library, watch=watch)
        finally:
            log.close()
        return final, list(read_lines(log.path))

    return run


def candidates(records) -> Iterator[tuple]:
    return (
        (r["index"], r["generation"], r["parent"], r["program"], r["score"]["research_output"])
        for r in records
        if r["kind"] == "candidate"
    )


def test_a_study_has_generations_and_a_tested_champion(study, tmp_path: Path, trio: Program) -> None:
    final, records = study()
    found = list(candidates(records))
    assert [c[0] for c in found] == list(range(12))
    assert [c[1] for c in found] == [0] * 4 + [1] * 4 + [2] * 4
    assert found[0][3] == trio.text
    assert len({c[3] for c in found}) == 12
    outputs = [c[4] for c in found]
    assert final["champion"] == outputs.index(max(outputs))
    assert (tmp_path / "study" / "best.md").read_text() == found[final["champion"]][3]
    assert {side: len(tests) for side, tests in final["tests"].items()} == {"seed": 1, "champion": 1}
    best = parse(found[final["champion"]][3])
    assert len(final["changes"]) == len(diff(trio, best))


def test_parents_come_from_earlier_generations(study) -> None:
    _, records = study()
    for _, generation, parent, _, _ in candidates(records):
        assert parent is None or parent < max(1, 4 * generation)


def test_a_study_repeats_itself_and_another_seed_does_not(study) -> None:
    _, first = study("a")
    _, again = study("b")
    _, other = study("c", StudyConfig(generations=3, population=4, budget_s=20, slots=2, seed=1))
    assert list(candidates(first)) == list(candidates(again))
    assert list(candidates(first)) != list(candidates(other))


@pytest.mark.parametrize("stop_after", [0, 1, 4, 6, 11])
def test_a_stopped_study_continues_as_it_would_have_gone(study, stop_after: int) -> None:
    final, whole = study("whole")
    with pytest.raises(KeyboardInterrupt):
        study("stopped", watch=Recorder(stop_after))
    watch = Recorder()
    continued, records = study("stopped", watch=watch)
    assert list(candidates(records)) == list(candidates(whole))
    assert continued == final
    assert [resumed for _, resumed in watch.scores] == [True] * (stop_after + 1) + [False] * (11 - stop_after)


def test_a_finished_study_can_go_on(study) -> None:
    study()
    watch = Recorder()
    config = StudyConfig(generations=4, population=4, budget_s=20, slots=2, test_seeds=3)
    final, records = study(config=config, watch=watch)
    assert len(list(candidates(records))) == 16
    assert [resumed for _, resumed in watch.scores] == [True] * 12 + [False] * 4
    assert len(final["tests"]["seed"]) == 3


def test_tests_are_kept_one_by_one(study) -> None:
    config = StudyConfig(generations=2, population=3, budget_s=20, slots=2, test_seeds=3)
    whole, _ = study("whole", config)

    class Stop(Watch):
        seen = 0

        def started(self, candidate: Candidate, what: str) -> None:
            self.seen += what == "test"
            if self.seen == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        study("stopped", config, Stop())
    started: list[str] = []

    class Count(Watch):
        def started(self, candidate: Candidate, what: str) -> None:
            started.append(what)

    final, _ = study("stopped", config, Count())
    assert started == ["test"] * 3
    assert final == whole


def test_another_baseline_is_another_study(trio: Program, toy: Task) -> None:
    other = toy.with_baseline(replace(toy.baseline, heldout=0.6))
    assert CONFIG.identity(trio, toy, None) != CONFIG.identity(trio, other, None)


def test_search_and_test_seeds_are_apart(study, tmp_path: Path) -> None:
    study()
    seeds = {path.parent.name: next(read_lines(path))["seed"] for path in tmp_path.rglob("ledger.jsonl")}
    search = {seed for name, seed in seeds.items() if name.startswith("g")}
    test = {seed for name, seed in seeds.items() if name.startswith("test")}
    assert len(search) == 1
    assert len(test) == 1
    assert not search & test


def test_the_random_sampler_searches_too(study) -> None:
    final, records = study(config=StudyConfig(generations=2, population=3, budget_s=20, slots=2, sampler="random"))
    assert len(list(candidates(records))) == 6
    assert final["candidates"] == 6


def test_a_search_finds_what_helps(study, toy: Task) -> None:
    """From three who barely talk, forty candidates on the toy task find a better organization on new seeds."""
    final, _ = study(config=StudyConfig(generations=8, population=5, budget_s=12, slots=4, test_seeds=6))
    seed, best = ([t["research_output"] for t in final["tests"][side]] for side in ("seed", "champion"))
    assert sum(best) > sum(seed)


def test_other_settings_are_another_study(study, toy: Task, trio: Program, library: Program) -> None:
    study()
    with pytest.raises(UsageError, match=r"has other settings \(budget_s 20 → 25\): choose another --name"):
        study(config=StudyConfig(generations=3, population=4, budget_s=25, slots=2))
    names = {
        study_name(trio, StudyConfig(generations=g, population=4, budget_s=b, slots=2).identity(trio, toy, library))
        for g, b in [(3, 20), (5, 20), (3, 25)]
    }
    assert len(names) == 2
    assert all(name.startswith("trio-toy-") for name in names)


def test_a_study_has_one_coordinator(tmp_path: Path, toy: Task, trio: Program) -> None:
    identity = CONFIG.identity(trio, toy, None)
    with (
        StudyLog(tmp_path / "s", identity, trio, toy),
        pytest.raises(StoreError, match="study s is in use by process"),
    ):
        StudyLog(tmp_path / "s", identity, trio, toy)
