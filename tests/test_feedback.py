"""The feedback model: what it sees, how sure it is, what it proposes, and that a study with it continues as it was."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from orgopt.basics.callback import Callback
from orgopt.cli import main
from orgopt.document import load, parse
from orgopt.errors import UsageError
from orgopt.evolve.proposers.points import mutated, transferred
from orgopt.evolve.search import optimize
from orgopt.evolve.space.genome import Space
from orgopt.evolve.surrogate import examples
from orgopt.evolve.surrogate.examples import (
    EVIDENCE,
    Examples,
    from_records,
    gather_evidence,
    keep_evidence,
    kept_evidence,
    records_of,
)
from orgopt.evolve.surrogate.gp import KnownScores, krige, solved
from orgopt.evolve.surrogate.graph import Setting, graphs
from orgopt.evolve.surrogate.transfer import Older
from orgopt.lab.worlds.learning_curves import spearman
from orgopt.org import Link, Org, Role, Standup
from orgopt.storage.jsonl import read_lines
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.study.predictions import said_of_predictions
from orgopt.study.view import load_study
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT, TRIO
from tests.fakes.arena import toy_arena
from tests.fakes.study import cut, rewrite

SETTING = Setting(task="toy", slots=2, budget_s=20, noise=0.1, think_s=0.2, run_s=1.0)
CONFIG = StudyConfig(
    generations=5, population=6, budget_s=8, slots=2, search_seeds=2, contenders=3, test_seeds=2, feedback="screen"
)
SEED = parse(TRIO, "trio.md")


def drawn_orgs(count: int, seed: int = 0) -> list[Org]:
    """Organizations at random points of the space around the trio."""
    space = Space(SEED, load(str(ROOT / "orgs" / "library.md")), 20)
    rng, found = np.random.default_rng(seed), []
    while len(found) < count:
        params = mutated(rng, space.origin, list(rng.choice(space.free, 12, replace=False)), space.distributions)
        org = space.organization(params)
        if org.headcount:
            found.append(org)
    return found


def worth(org: Org) -> float:
    """A made-up research output: more agents of a kind, more links, and risk in the middle are better."""
    risk = np.mean([org.risk_of(role) for role in org.roles if role.headcount])
    searchers = sum(role.headcount for role in org.roles if role.agent == "hill-climb")
    return 0.1 * min(searchers, 6) + 0.05 * len(org.links) - (risk - 0.5) ** 2 + 0.2 * (org.standup is not None)


@pytest.mark.slow
def test_the_order_of_roles_does_not_matter() -> None:
    from orgopt.evolve.surrogate import ensemble  # late, with torch

    orgs = drawn_orgs(30)
    turned = [replace(org, roles=tuple(reversed(org.roles))) for org in orgs]
    values = np.array([worth(org) for org in orgs])
    model = ensemble.train(graphs(orgs, [SETTING] * 30), values, np.full(30, 0.1), 1)
    one, two = (model.predict(graphs(some, [SETTING] * 30)) for some in (orgs, turned))
    assert np.allclose(one.mean, two.mean, atol=1e-5)
    assert np.ptp(one.mean) > 0.1


def test_names_say_nothing_and_links_do() -> None:
    roles = (Role(id="a", name="A", headcount=2), Role(id="b", name="B", agent="gp"))
    org = Org(roles=roles, links=(Link(source="a", target="b", kind="reports to"),), standup=Standup(every=5, unit="s"))
    other = Org(
        roles=(Role(id="x", name="X", headcount=2), Role(id="y", name="Y", agent="gp")),
        links=(Link(source="x", target="y", kind="reports to"),),
        standup=Standup(every=5, unit="s"),
    )
    unlinked = replace(org, links=())
    seen = graphs([org, other, unlinked], [SETTING] * 3)
    assert np.array_equal(seen.nodes[0], seen.nodes[1])
    assert np.array_equal(seen.links[0], seen.links[1])
    assert not np.array_equal(seen.links[0], seen.links[2])


@pytest.mark.slow
def test_it_learns_what_is_there_and_knows_how_unsure_it_is() -> None:
    from orgopt.evolve.surrogate import ensemble  # late, with torch

    orgs = drawn_orgs(220)
    rng = np.random.default_rng(2)
    truth = np.array([worth(org) for org in orgs])
    truth = (truth - truth.mean()) / truth.std()
    errors = np.full(len(orgs), 0.5)
    measured = truth + errors * rng.standard_normal(len(orgs))
    seen = graphs(orgs, [SETTING] * len(orgs))
    model = ensemble.train(seen[:160], measured[:160], errors[:160], 3)
    found = model.predict(seen[160:])
    assert spearman(found.mean, truth[160:]) > 0.6
    inside = np.abs(found.mean - truth[160:]) <= 1.2816 * found.sd
    assert 0.65 < inside.mean() <= 1.0
    assert 0.65 < model.quality.coverage["80"] < 0.95
    assert model.quality.coverage["95"] > 0.85
    again = ensemble.train(seen[:160], measured[:160], errors[:160], 3).predict(seen[160:])
    assert np.array_equal(found.mean, again.mean), "the same from the same evidence"
    noise = ensemble.train(seen[:160], rng.standard_normal(160), errors[:160], 3)
    assert abs(noise.quality.spearman) < 0.35, "there is nothing to learn from noise"


@pytest.mark.slow
def test_earlier_evidence_helps_where_there_is_little() -> None:
    from orgopt.evolve.surrogate import ensemble  # late, with torch

    orgs = drawn_orgs(200, seed=5)
    truth = np.array([worth(org) for org in orgs])
    errors = np.full(len(orgs), 0.02)
    old = Examples(orgs=orgs[:140], values=truth[:140], errors=errors[:140], setting=SETTING, source="old")
    new = Examples(orgs=orgs[140:158], values=truth[140:158], errors=errors[:18], setting=SETTING, source="new")
    rest = graphs(orgs[158:], [SETTING] * 42)
    prior = ensemble.learn([old], 0)
    cold, warm = ensemble.learn([new], 0), ensemble.learn([new], 0, prior)
    assert prior
    assert cold
    assert warm
    scores = [spearman(one.predict(rest).mean, truth[158:]) for one in (cold, warm)]
    assert scores[1] > scores[0]
    against = replace(new, values=-new.values)
    assert (
        len({examples.digest_of(some) for some in ([new], [old, new], [against], [replace(new, orgs=new.orgs[::-1])])})
        == 4
    )
    assert examples.digest_of([replace(new)]) == examples.digest_of([new])


def test_drawn_values_are_those_of_their_parameters() -> None:
    distributions = {
        "choice": CategoricalDistribution(("a", "b", "c")),
        "count": IntDistribution(0, 9),
        "part": FloatDistribution(0.0, 1.0, step=0.05),
        "rate": FloatDistribution(0.01, 10.0, log=True),
    }
    rng, params = np.random.default_rng(0), {"choice": "a", "count": 3, "part": 0.5, "rate": 1.0}
    found = [mutated(rng, params, ["choice", "count", "part", "rate"], distributions) for _ in range(200)]
    assert {one["choice"] for one in found} == {"b", "c"}
    assert {one["count"] for one in found} == set(range(10))
    assert all(abs(one["part"] / 0.05 - round(one["part"] / 0.05)) < 1e-6 and 0 <= one["part"] <= 1 for one in found)
    assert all(0.01 <= one["rate"] <= 10 for one in found)
    assert all(mutated(rng, params, ["count"], distributions)["rate"] == 1.0 for _ in range(5))


@pytest.mark.slow
def test_the_writer_writes_what_went_with_high_scores() -> None:
    from orgopt.evolve.proposers.writer import train_writer  # late, with torch, which other processes need not have

    space = Space(SEED, None, 20)
    rng = np.random.default_rng(1)
    names = [list(rng.choice(space.free, 6, replace=False)) for _ in range(90)]
    points = [mutated(rng, space.origin, some, space.distributions) for some in names]
    scores = np.array([float(one["risk/lead"]) for one in points])
    writer = train_writer(space, points, scores)
    written = writer.write(rng, space.origin, 60)
    moved = [one["risk/lead"] for one in written if one["risk/lead"] != space.origin["risk/lead"]]
    assert moved
    assert np.mean([value > space.origin["risk/lead"] for value in moved]) > 0.7
    for one in written:
        assert space.organization(one) is not None
        assert 1 <= sum(one[name] != space.origin[name] for name in one) <= 4 or one == space.origin


def studied(workspace: Path, toy: Task, config: StudyConfig, name: str = "s", callback: Callback | None = None) -> Path:
    folder = workspace / "mlruns" / "studies" / name
    library = load(str(ROOT / "orgs" / "library.md"))
    arena = toy_arena(toy, budget_s=config.budget_s, slots=config.slots)
    identity = config.identity(SEED, {toy.name: toy}, library, {toy.name: {"lab": "replay"}})
    with arena, StudyLog(folder, identity, SEED, {toy.name: toy}, "orgopt optimize trio.md") as log:
        if config.learn_from:
            keep_evidence(folder, gather_evidence(folder, config.learn_from, folder.parent))
        optimize(SEED, arena, config, log, library=library, callback=callback)
    return folder


def candidates(folder: Path) -> list[dict]:
    return [record for record in read_lines(folder / "study.jsonl") if record["kind"] == "candidate"]


def plain(record: dict) -> dict:
    return {key: value for key, value in record.items() if key not in {"at", "wall_s"}}


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory, toy_module: Task) -> Path:
    return studied(tmp_path_factory.mktemp("screened"), toy_module, replace(CONFIG, feedback="both"))


@pytest.fixture(scope="module")
def toy_module() -> Task:
    from orgopt.tasks.folder import load_task

    return load_task(str(TOY))


@pytest.mark.slow
def test_a_study_with_a_model_says_how_often_it_was_right(screened: Path) -> None:
    found = candidates(screened)
    by = {name: [one for one in found if one["proposer"] == name] for name in ("tpe", "screen", "write")}
    assert all(by.values())
    assert all(one["generation"] >= 2 for name in ("screen", "write") for one in by[name]), "it knew too little before"
    assert all({"mean", "sd"} == set(one["predicted"]) for name in ("screen", "write") for one in by[name])
    view = load_study(screened)
    assert view.final
    told = view.final.feedback
    first = min(one["generation"] for name in ("screen", "write") for one in by[name])
    late = [one for one in found if one["generation"] >= first]
    assert sum(one.candidates for one in told.proposers.values()) == len(late)
    assert set(told.model.coverage) == {"80", "95"}
    assert (screened / "feedback.npz").is_file()
    with np.load(screened / "feedback.npz") as arrays:
        assert len(arrays.files) > 5
    assert len({one["program"] for one in found}) == len(found)


@pytest.mark.sweep(2)
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_study_that_was_cut_goes_on_as_it_would_have(screened: Path, tmp_path: Path, toy: Task, share: float) -> None:
    folder = tmp_path / "mlruns" / "studies" / "s"
    shutil.copytree(screened, folder)
    cut(folder / "study.jsonl", int(share * len(read_lines(folder / "study.jsonl"))))
    studied(tmp_path, toy, replace(CONFIG, feedback="both"))
    assert [plain(one) for one in candidates(folder)] == [plain(one) for one in candidates(screened)]
    final, again = (load_study(one).final for one in (screened, folder))
    assert final
    assert again
    assert final.champion == again.champion
    assert final.feedback == again.feedback


@pytest.mark.parametrize("sampler", ["gp", "nsga2", "cmaes"])
@pytest.mark.slow
def test_the_model_stands_around_any_sampler(tmp_path: Path, toy: Task, sampler: str) -> None:
    config = replace(CONFIG, sampler=sampler, generations=4, search_seeds=1, contenders=1, test_seeds=1)
    folder = studied(tmp_path, toy, config)
    found = candidates(folder)
    late = [one for one in found if one["generation"] >= 3]
    assert {one["proposer"] for one in late} == {"screen", sampler}
    names = {one["index"]: set(one["params"].items()) for one in found}
    changed = [len(set(one["params"].items()) - names[one["parent"]]) for one in late if one["proposer"] == "screen"]
    assert max(changed) < len(found[0]["params"]) / 2, "what it picks is a change of a document, whoever has the rest"
    if sampler != "nsga2":
        return
    assert all("NSGAIISampler:generation" in one["sampler_state"] for one in late), "it counts them among its own"
    cut(folder / "study.jsonl", len(read_lines(folder / "study.jsonl")) * 3 // 4)
    studied(tmp_path, toy, config)
    assert [plain(one) for one in candidates(folder)] == [plain(one) for one in found]


@pytest.mark.slow
def test_a_study_learns_from_another_and_keeps_what_it_learned_from(screened: Path, tmp_path: Path, toy: Task) -> None:
    shutil.copytree(screened, tmp_path / "mlruns" / "studies" / "old")
    config = replace(CONFIG, generations=3, learn_from=("old",), seed=4)
    folder = studied(tmp_path, toy, config, "new")
    assert any(one["proposer"] == "screen" and one["generation"] == 1 for one in candidates(folder)), (
        "from the first on"
    )
    first = next(record for record in read_lines(folder / "study.jsonl") if record["kind"] == "model")
    assert len(first["related"]) == 1
    began = [one["program"] for one in candidates(folder) if one["proposer"] == "older"]
    assert len(began) == 3, "it begins with what was best there"
    assert all(any(one["program"] == text for one in candidates(screened)) for text in began)
    (record,) = read_lines(folder / EVIDENCE)
    assert len(record["candidates"]) == len(candidates(screened))
    shutil.rmtree(tmp_path / "mlruns" / "studies" / "old")
    before = (folder / "study.jsonl").read_text()
    studied(tmp_path, toy, config, "new")
    assert (folder / "study.jsonl").read_text() == before, "it goes on without the other"


def test_what_may_not_change_is_not_taken_from_another_study(screened: Path, tmp_path: Path, toy: Task) -> None:
    shutil.copytree(screened, tmp_path / "mlruns" / "studies" / "old")
    config = replace(CONFIG, generations=2, only=("risk",), learn_from=("old",), search_seeds=1, test_seeds=1)
    found = candidates(studied(tmp_path, toy, config, "new"))
    changed = {key for one in found for key, value in one["params"].items() if value != found[0]["params"][key]}
    assert changed
    assert all(key.startswith("risk/") for key in changed)


@pytest.mark.slow
def test_a_study_that_learned_goes_on_as_it_would_have(screened: Path, tmp_path: Path, toy: Task) -> None:
    shutil.copytree(screened, tmp_path / "mlruns" / "studies" / "old")
    config = replace(CONFIG, generations=3, learn_from=("old",), search_seeds=1, contenders=1, test_seeds=1)
    folder = studied(tmp_path, toy, config, "new")
    found = candidates(folder)
    cut(folder / "study.jsonl", len(read_lines(folder / "study.jsonl")) // 2)
    studied(tmp_path, toy, config, "new")
    assert [plain(one) for one in candidates(folder)] == [plain(one) for one in found]


def test_the_newest_studies_are_looked_at_and_none_without_anything_in_common(screened: Path, tmp_path: Path) -> None:
    studies = tmp_path / "mlruns" / "studies"
    for number, name in enumerate("edcba"):  # a is the newest
        shutil.copytree(screened, studies / name)
        path = studies / name / "study.jsonl"
        head, *rest = read_lines(path)
        rewrite(path, [{**head, "name": name, "at": 1e9 + number}, *rest])
    evidence = from_records(gather_evidence(studies / "new", ("all",), studies))
    space = Space(SEED, load(str(ROOT / "orgs" / "library.md")), 20)
    assert Older(space, evidence, ["toy"]).names == [f"{name} on toy" for name in "abcd"]
    other = Space(parse("# Other\n\n## Roles\n\n### Monk\n\n- **Headcount:** 2\n", "other.md"), None, 20)
    nothing = Older(other, evidence, ["toy"])
    assert (nothing.names, nothing.known, nothing.best) == ([], [], [])


def test_half_of_what_is_learned_is_not_taken_for_all(
    screened: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = records_of(load_study(screened))
    monkeypatch.setattr(Path, "replace", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        keep_evidence(tmp_path, records)
    assert not (tmp_path / EVIDENCE).exists()
    assert gather_evidence(tmp_path, ("s",), screened.parent) != []


def test_a_study_in_which_nothing_makes_a_difference_ends(tmp_path: Path, toy: Task) -> None:
    config = replace(CONFIG, generations=4, budget_s=0.05, contenders=1)
    view = load_study(studied(tmp_path, toy, config))
    assert view.final
    assert len({one.standing.value for one in view.candidates if one.standing}) == 1
    assert view.final.importances == ()
    assert any(one.record.proposer == "screen" for one in view.candidates)


@pytest.mark.slow
def test_evidence_that_misleads_does_not_count(screened: Path, tmp_path: Path, toy: Task) -> None:
    folder = tmp_path / "mlruns" / "studies" / "new"
    folder.mkdir(parents=True)
    record = json.loads(json.dumps(records_of(load_study(screened))[0]))
    for one in record["candidates"]:  # the opposite of what was found
        one["outputs"] = [-value for value in one["outputs"]]
    (folder / EVIDENCE).write_text(json.dumps(record) + "\n")
    assert len(kept_evidence(folder)[0].orgs) == len(record["candidates"])
    studied(tmp_path, toy, replace(CONFIG, learn_from=("old",), seed=6), "new")
    final = load_study(folder).final
    assert final
    assert final.feedback.model.related["s on toy"] <= 0
    assert "counted with a correlation: s on toy" in said_of_predictions(final.feedback)


def test_evidence_without_parameters_is_the_ensembles_alone(screened: Path, tmp_path: Path) -> None:
    record = json.loads(json.dumps(records_of(load_study(screened))[0]))
    space = Space(SEED, None, 8)
    assert len(Older(space, from_records([record]), ["toy"]).best) == 3
    for one in record["candidates"]:
        del one["params"]
    (known,) = from_records([record])
    assert len(known.orgs) == len(record["candidates"])
    assert not Older(space, [known], ["toy"]).known


def test_points_of_another_study_stand_where_this_one_has_room() -> None:
    space = Space(SEED, load(str(ROOT / "orgs" / "library.md")), 20, groups=["model", "schedule"])
    same = dict(space.origin)
    assert transferred(space, same) == same
    name = next(one for one in space.free if one.startswith("focus/"))
    count = next(one for one in space.free if one.startswith("headcount/"))
    moved = {**same, name: "no such group", count: 10**6, "risk/nobody": 0.3}
    found = transferred(space, moved)
    assert found[name] == space.origin[name]
    most, least = (
        {name: getattr(one, end) for name, one in space.distributions.items() if hasattr(one, end)}
        for end in ("high", "low")
    )
    assert found[count] == most[count]
    assert set(found) == set(same)
    hired = [one for one in space.origin if one.startswith("headcount/") and least[one] == 0]
    without = {key: value for key, value in same.items() if key not in hired[:1]}
    assert transferred(space, without)[hired[0]] == 0, "the other study had no such role"
    assert transferred(space, dict.fromkeys(hired, 0)) == space.origin, "somebody must be left"


def toy_points(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points at random, and a truth that has a linear part, an interaction, and a part of each point's own."""
    rng = np.random.default_rng(seed)
    points = (rng.random((count, 20)) < 0.5).astype(float)
    slopes = np.linspace(-1, 1, 20)
    truth = points @ slopes + 2 * points[:, 0] * points[:, 19] + 0.3 * rng.standard_normal(count)
    return points, truth / truth.std()


def test_kriging_tells_the_truth_from_noise_and_how_far() -> None:
    points, truth = toy_points(200, 1)
    rng, errors = np.random.default_rng(0), np.full(120, 0.7)
    values = 5 + truth[:120] + errors * rng.standard_normal(120)
    model = krige(KnownScores(points[:120], values, errors))
    mean, sd = model.predict(points[120:])
    assert spearman(mean, truth[120:]) > 0.75
    assert 0.65 < np.mean(np.abs(mean - 5 - truth[120:]) < 1.2816 * sd) < 0.95
    estimates, doubts = model.estimates()
    assert spearman(estimates, truth[:120]) > spearman(values, truth[:120]) + 0.05
    assert 0.65 < np.mean(np.abs(estimates - 5 - truth[:120]) < 1.2816 * doubts) < 0.95
    assert np.allclose(model.measured(), (values, errors))
    after = model.expecting(points[120:121])
    assert np.allclose(after.predict(points[120:])[0], mean), "what comes as expected changes no mean"
    assert after.predict(points[120:121])[1][0] < sd[0]
    noise = krige(KnownScores(points[:120], rng.standard_normal(120), errors))
    assert abs(spearman(noise.without()[0], noise.measured()[0])) < 0.35


def test_kriging_leaves_out_one_as_if_it_had_not_been_run() -> None:
    points, truth = toy_points(40, 2)
    errors = np.full(40, 0.3)
    model = krige(KnownScores(points, truth, errors))
    rest = replace(model, **{name: getattr(model, name)[1:] for name in ("points", "values", "errors", "group")})
    mean, sd = solved(rest).predict(points[:1])
    assert np.isclose(model.without()[0][0], mean[0])
    assert np.isclose(model.without()[1][0], sd[0])


@pytest.mark.parametrize("values", [[1.0, 1.0], [0.0, 1.0]])
def test_kriging_of_almost_nothing_says_almost_nothing(values: list[float]) -> None:
    points = np.array([[0.0, 1.0], [1.0, 0.0]])
    model = krige(KnownScores(points, np.array(values), np.zeros(2)))
    mean, sd = model.predict(points)
    assert np.isfinite([*mean, *sd, *model.estimates()[0]]).all()
    assert min(values) - 1e-6 <= min(mean) <= max(mean) <= max(values) + 1e-6


@pytest.mark.parametrize(("sign", "counts"), [(1, {0.6, 0.9}), (-1, {-0.6})])
def test_kriging_finds_how_far_another_study_counts(sign: int, counts: set[float]) -> None:
    points, truth = toy_points(220, 3)
    errors = np.full(220, 0.3)
    rng = np.random.default_rng(1)
    older = KnownScores(points[:120], 40 + 7 * sign * (truth + 0.3 * rng.standard_normal(220))[:120], 7 * errors[:120])
    own = KnownScores(points[120:144], truth[120:144] + 0.3 * rng.standard_normal(24), errors[:24])
    cold, warm = krige(own), krige(own, [older])
    assert warm.shape.related[1] in counts
    assert spearman(warm.predict(points[144:])[0], truth[144:]) > spearman(cold.predict(points[144:])[0], truth[144:])
    assert np.ptp(warm.predict(points[144:])[0]) < 10, "in units of this study"
    wrong = KnownScores(older.points, rng.standard_normal(120), older.errors / 7)
    assert abs(krige(own, [wrong]).shape.related[1]) < 0.6


@pytest.mark.parametrize("count", [24, 48])
def test_another_study_that_is_noise_costs_nothing(count: int) -> None:
    """What is not related does not decide of this study's covariance either."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=20)
    points, asked, others = (rng.integers(0, 2, (n, 20)).astype(float) for n in (count, 300, 400))
    own = KnownScores(points, points @ weights + 0.1 * rng.normal(size=count), np.full(count, 0.1))
    noise = KnownScores(others, rng.normal(size=400), np.full(400, 0.1))
    alone, with_noise = (spearman(krige(own, olders).predict(asked)[0], asked @ weights) for olders in ([], [noise]))
    assert alone > 0.7
    assert with_noise > alone - 0.05


def test_without_known_errors_intervals_hold_what_they_say() -> None:
    """With one seed for each candidate nothing is known of their noise beforehand."""
    points, truth = toy_points(80, seed=3)
    values = truth + 0.5 * truth.std() * np.random.default_rng(4).normal(size=80)
    model = krige(KnownScores(points, values, np.zeros(80)))
    mean, sd = model.without()
    inside = np.abs(values - mean) / sd <= 1.2816
    assert 0.65 < inside.mean() < 0.95


def test_what_cannot_be_learned_from_is_refused_or_left_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="learn_from='nothing':"):
        gather_evidence(tmp_path / "s", ["nothing"], tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "study.jsonl").write_text("{")
    (tmp_path / "s").mkdir()
    with pytest.raises(UsageError, match="learn_from='broken':"):
        gather_evidence(tmp_path / "s", ["broken"], tmp_path)
    keep_evidence(tmp_path / "s", gather_evidence(tmp_path / "s", ["all"], tmp_path))
    assert kept_evidence(tmp_path / "s") == []
    (tmp_path / "trio.md").write_text(TRIO)
    (tmp_path / "orgopt.toml").touch()
    words = ["optimize", str(tmp_path / "trio.md"), "--task", "digits", "--lab", "replay", "--budget", "5s"]
    said = CliRunner().invoke(main, [*words, "--feedback", "screen", "--learn-from", "nothing"])
    assert (said.exit_code, "--learn-from nothing:" in said.stderr) == (2, True)
    assert not (tmp_path / "mlruns").exists(), "nothing is left of a study that was refused"
    few = {"study": "x", "task": "toy", "slots": 2, "budget_s": 5, "run_s": 1.0, "think_s": 0.1, "candidates": []}
    assert from_records([few]) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feedback": "much"}, "no feedback 'much'"),
        ({"objectives": ("research-output", "agent-seconds")}, "one objective"),
        ({"feedback": "off", "learn_from": ("all",)}, "add feedback='screen'"),
    ],
)
def test_feedback_where_it_has_no_place_is_refused(tmp_path: Path, toy: Task, changes: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        studied(tmp_path, toy, replace(CONFIG, **changes))


def test_studies_without_feedback_are_called_what_they_were(toy: Task) -> None:
    labs = {toy.name: {"lab": "replay"}}
    off, on = (replace(CONFIG, feedback=kind).identity(SEED, {toy.name: toy}, None, labs) for kind in ("off", "screen"))
    assert {"feedback", "learn_from"} <= set(on)
    assert not {"feedback", "learn_from"} & set(off)
