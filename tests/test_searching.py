"""The task search: its runs are studies, bounded in runs and depth, and searches are evolved on it as teams are."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import optuna
import pytest

import orgopt
from orgopt.document import apply, lint, load, parse, read
from orgopt.document.editing.diff import same
from orgopt.errors import TaskError, UsageError
from orgopt.evolve.controls import ablations
from orgopt.evolve.other_searches import SEARCHES, other_searches
from orgopt.evolve.space.genome import Space
from orgopt.ledger import Ledger, impossible
from orgopt.scoring.evaluation import evaluate
from orgopt.study.folder import LOG
from orgopt.study.records.reader import read_records
from orgopt.tasks.folder import load_task
from tests.conftest import ROOT

FOLDER = ROOT / "orgs" / "search"
RUNS = 12


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("searching_task", ROOT / "fitness" / "search" / "search.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture
def small(module, monkeypatch):
    """The task with smaller problems: landscapes of a few bits alone."""
    monkeypatch.setattr(module, "LANDSCAPE", "nk:n=6,k={k},landscape={number}")
    recorded = {"open": {"nk:n=5,k=2,landscape=1": 3.0}, "sealed": {"nk:n=5,k=2,landscape=2": 3.0}}
    monkeypatch.setattr(module, "RECORDED", recorded)
    monkeypatch.setattr(module, "LANDSCAPE_S", 3.0)
    monkeypatch.setattr(module, "FRESH", 1)
    monkeypatch.setattr(module, "MOST", 4)
    return module


def study(module, program, keep: Path | None = None, worlds: str = "open", depth: int = 0):
    ledger = Ledger()
    given = {"seed": 1, "budget_s": RUNS, "depth": depth}
    return ledger, module.Searching(worlds).study(program, **given, ledger=ledger, keep=keep)


def quick(name: str = "tpe"):
    text = (FOLDER / f"{name}.md").read_text()
    return parse(text.replace("8 candidates", "3 candidates").replace("Rounds:** auto", "Rounds:** 2"), f"{name}.md")


@pytest.mark.slow
def test_a_run_is_a_study_that_spends_what_it_is_given_and_no_more(small, tmp_path: Path) -> None:
    ledger, worth = study(small, quick(), tmp_path)
    records = read_records(tmp_path / "study" / LOG)
    assert sum(one.kind == "evaluation" for one in records) == RUNS
    assert impossible(ledger.events) is None
    submitted = list(ledger.of("submission"))
    assert submitted[0].t == 0
    assert {event.data["id"] for event in submitted} == set(worth)
    assert all(event.t in {0, 6, 12} for event in submitted)  # ends of generations
    names = {one.name: one for one in records if one.kind == "candidate"}
    for event in ledger.of("proposal"):
        assert names[event.data["knobs"]["candidate"]].proposer == event.data["agent"]
    again, same = study(small, quick())
    assert (again.events, same) == (ledger.events, worth)


def test_problems_of_the_two_kinds_have_no_world_in_common(module) -> None:
    drawn = {kind: [module.problem(kind, seed) for seed in range(200)] for kind in module.RECORDED}
    worlds = {kind: {one.seen[0] for one in found} | {one.unseen[0] for one in found} for kind, found in drawn.items()}
    assert not worlds["open"] & worlds["sealed"]
    assert all(one.seen != one.unseen for found in drawn.values() for one in found)
    assert {one.document for one in drawn["open"]} == {*module.SEED_DOCUMENTS}


def test_what_is_not_allowed_is_refused(small) -> None:
    task = load_task("search")
    team = load(ROOT / "orgs" / "solo.md")
    with pytest.raises(UsageError, match="a team, whose agents propose experiments, and search is a task for searches"):
        evaluate(team, task, None, budget_s=4, seed=0)
    with pytest.raises(UsageError, match="no more levels of studies are allowed"):
        evaluate(quick(), task, None, budget_s=4, seed=0, depth=0)
    asking = parse(quick("default").text.replace("0\n- **Agent:** reflect", "2\n- **Agent:** reflect"))
    with pytest.raises(UsageError, match="has a rewriter, which asks a model"):
        study(small, asking)
    nk = load_task("nk:n=5,k=2,landscape=0")
    with pytest.raises(TaskError, match="runs no studies"):
        evaluate(quick(), replace(nk, proposes="documents"), None, budget_s=4, seed=0)


@pytest.mark.parametrize(
    ("document", "more", "words"),
    [
        ("solo", {}, "is a task for searches"),
        ("search/default", {"task": "nk"}, "is for teams"),
        ("search/default", {"depth": 0}, "allows none below this one"),
        ("search/default", {"library": ROOT / "orgs" / "library.md"}, "roles of another kind"),
    ],
)
def test_a_study_that_cannot_be_is_refused_before_it_begins(document: str, more: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        orgopt.plan(ROOT / "orgs" / f"{document}.md", **{"task": "search", "budget": 20, **more})


def test_runs_and_contests_say_at_once_who_fits_no_task(tmp_path: Path) -> None:
    (tmp_path / "orgopt.toml").write_text("")
    for name in ("search/default", "search/tpe", "solo"):
        (tmp_path / f"{Path(name).stem}.md").write_text((ROOT / "orgs" / f"{name}.md").read_text())
    mine = [tmp_path / f"{name}.md" for name in ("default", "tpe", "solo")]
    for call, words in (
        (lambda: orgopt.run(mine[0], task="search", budget=20), "is a study and not a team at work"),
        (lambda: orgopt.run(mine[2], task="search", budget=20), "is a task for searches"),
        (lambda: orgopt.run(mine[0], task="nk", budget=5), "is for teams"),
        (lambda: orgopt.compare(mine[0], mine[2], task="nk", budget=5), "is for teams"),
        (lambda: orgopt.compare(mine[0], "optuna:tpe", task="search", budget=5), "draws settings"),
        (lambda: orgopt.bench(mine[0], seeds=1), "is for teams"),
    ):
        with pytest.raises(UsageError, match=words):
            call()
    assert not (tmp_path / "mlruns").exists()


def test_a_study_inside_cannot_have_studies_inside(small, monkeypatch) -> None:
    """Depth goes down with each level, so that the worlds of an inner study may be no studies themselves."""
    monkeypatch.setattr(small, "LANDSCAPE", "search:worlds=open")
    monkeypatch.setattr(small, "_document", lambda name: FOLDER / "tpe.md")
    monkeypatch.setattr(small, "RECORDED", {"open": {"search:worlds=sealed": 3.0}})
    monkeypatch.setattr(small, "_library", lambda: None)
    with pytest.raises(UsageError, match="no more levels of studies are allowed"):
        study(small, quick(), depth=0)


def test_the_genome_of_a_search_has_what_a_search_has() -> None:
    seed = load(FOLDER / "default.md")
    space = Space(seed, load(FOLDER / "library.md"), 60)
    assert {space.part_of(name) for name in space.free} == {"headcount", "agent", "risk", "roles", "rhythm"}
    assert space.program(space.origin) == seed
    assert not any("rewriter" in name for name in space.free)
    params = {**space.origin, "rhythm/rounds": 3, "rhythm/generation": 12, "headcount/screener": 5,
              "agent/sampler": "gp", "risk/sampler": 0.6, "headcount/wanderer": 2}  # fmt: skip
    program = space.program(params)
    assert lint(program) == []
    org = read(program).org
    assert (org.rounds, org.generation, org.role("screener").headcount) == (3, 12, 5)
    assert (org.role("sampler").agent, org.role("sampler").risk, org.role("wanderer").headcount) == ("gp", 0.6, 2)
    assert "Rhythm: rounds auto → 3" in space.changes(space.origin, params)


@pytest.mark.parametrize("name", ["default", "tpe", "one-proposer", "random"])
def test_every_point_of_a_search_is_a_document_that_says_it(name: str) -> None:
    seed = load(FOLDER / f"{name}.md")
    space = Space(seed, load(FOLDER / "library.md"), 60)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(4):
        params = {**space.origin, **study.ask({one: space.distributions[one] for one in space.free}).params}
        program = space.program(params)
        assert same(read(program).org, space.organization(params))
        assert {one.code for one in lint(program) if one.severity == "error"} <= {"ORG020", "ORG046"}
        assert program.text == apply(space.decode(params), seed).text


def test_a_search_is_compared_with_the_shipped_ones_but_itself() -> None:
    champion, seed = load(FOLDER / "tpe.md"), load(FOLDER / "default.md")
    assert {one.name for one in other_searches(champion, seed)} == {*SEARCHES} - {
        "TPE over the genome",
        "default search",
    }
    parts = {
        one.part for one in ablations(parse(seed.text.replace("0\n- **Agent:** screen", "2\n- **Agent:** screen")))
    }
    assert {"Librarian", "Screener"} <= parts
    assert "Sampler" not in parts


@pytest.mark.slow
def test_a_search_is_evolved_as_a_team_is(tmp_path: Path) -> None:
    (tmp_path / "orgopt.toml").write_text("")
    (tmp_path / "mine.md").write_text((FOLDER / "default.md").read_text())
    size = {"generations": 1, "population": 2, "search_seeds": 1, "race_seeds": 0, "test_seeds": 1, "controls": "none"}
    found = orgopt.optimize(tmp_path / "mine.md", task="search", budget=10, tracking=False, workers=1, **size)
    assert found.finished
    (one, *_) = found.view.evaluations
    assert set(one.score.submission) == {"study", "candidate", "document"}
