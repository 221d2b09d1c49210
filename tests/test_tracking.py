"""Tracking: what MLflow has after a study, that it is sent once, and that it stops nothing."""

import asyncio
import base64
import json
import random
import re
import shutil
import sqlite3
import xml.etree.ElementTree as ET
import zlib
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from orgopt.document import parse
from orgopt.report import page
from orgopt.storage.jsonl import read_lines
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.verdict.study import ending, short
from orgopt.study.view import load_study
from orgopt.study.wording import interval, marked, metric, plain
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import TOY
from orgopt.tracking import Tracking, load_prompt, load_version, store_uri, study_values
from orgopt.tracking.backend.direct import Direct
from orgopt.tracking.sent_record import NOTED, Noted
from orgopt.tracking.shown.study_note import against_seed, apart
from tests.conftest import ROOT, TRIO
from tests.fakes.studies import SMALL, copied, make_study
from tests.fakes.study import cut, records, rewrite, view

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow warns of its own deprecations
CANDIDATES, GENERATIONS, CONTROLS, SOURCE = 6, 2, 8, "mlflow.sourceRun"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one study, for all tests to copy; so few candidates tell nothing of importance, so it is given."""
    toy = load_task(str(TOY))
    folder = make_study(tmp_path_factory.mktemp("original"), toy, parse(TRIO, "trio.md"))
    log = folder / "study.jsonl"
    given = {"importances": [{"part": "Explorer", "importance": 0.7}, {"part": "links", "importance": 0.3}]}
    rewrite(log, [{**one, **(given if one["kind"] == "final" else {})} for one in read_lines(log)])
    return folder


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of MLflow, which takes seconds to make."""
    workspace = tmp_path_factory.mktemp("pristine")
    with pytest.MonkeyPatch.context() as clean:
        clean.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert Tracking(workspace).open() == ""
    with sqlite3.connect(workspace / "mlflow.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return workspace / "mlflow.db"


@pytest.fixture
def workspace(tmp_path: Path, pristine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)  # never another directory's store
    (tmp_path / "mlflow.db").write_bytes(pristine.read_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, original: Path, pristine: Path) -> Path:
    """A workspace whose study is in MLflow, for tests that only look."""
    workspace = tmp_path_factory.mktemp("told")
    (workspace / "mlflow.db").write_bytes(pristine.read_bytes())
    with pytest.MonkeyPatch.context() as clean:
        clean.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert Tracking(workspace).sync(copied(original, workspace)).problem == ""
    return workspace


@pytest.fixture
def seen(told: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return told


def client(workspace: Path):
    from mlflow import MlflowClient

    return MlflowClient(store_uri(workspace))


def runs(workspace: Path) -> list:
    experiment = client(workspace).get_experiment_by_name("toy")
    return list(client(workspace).search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]))


def of_kind(workspace: Path, kind: str) -> list:
    return [run for run in runs(workspace) if run.data.tags["orgopt.kind"] == kind]


def texts(run) -> dict[str, str]:
    """The artifacts of a run by path."""
    root = Path(run.info.artifact_uri.removeprefix("file://"))
    if not run.info.artifact_uri.startswith("file://"):
        from mlflow.artifacts import download_artifacts, list_artifacts

        if not list_artifacts(run_id=run.info.run_id):
            return {}
        root = Path(download_artifacts(run.info.artifact_uri))
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def everything(workspace: Path) -> dict:
    """All that MLflow has of the study, without the ids that it gives."""
    from mlflow import search_traces, set_tracking_uri

    set_tracking_uri(store_uri(workspace))
    found, names = client(workspace), {}
    for run in runs(workspace):
        names[run.info.run_id] = run.data.tags["orgopt.key"]
    text = json.dumps(names)

    def plain(value: str) -> str:
        return re.sub("|".join(names), lambda match: names[match[0]], value)

    kept = {}
    for run in runs(workspace):
        history = {
            name: [
                (point.step, point.value, point.timestamp) for point in found.get_metric_history(run.info.run_id, name)
            ]
            for name in run.data.metrics
        }
        tags = {name: plain(value) for name, value in run.data.tags.items() if not name.startswith("mlflow.user")}
        files = {path: plain(content) for path, content in texts(run).items()}
        inputs = [(one.dataset.name, one.dataset.digest) for one in run.inputs.dataset_inputs]
        times = run.info.start_time, run.info.end_time
        kept[names[run.info.run_id]] = (
            history,
            run.data.metrics,
            run.data.params,
            tags,
            files,
            inputs,
            run.info.status,
            times,
        )
    assert len(kept) == len(json.loads(text))  # no key twice
    versions = found.search_prompt_versions("s.md")
    prompts = sorted((v.tags["orgopt.key"], v.template, v.commit_message) for v in versions)
    prompts += [found.get_prompt_version_by_alias("s.md", alias).template for alias in ("seed", "champion")]
    experiment = found.get_experiment_by_name("toy").experiment_id
    traces = search_traces(locations=[experiment], return_type="list")
    spans = sorted(
        (t.info.trace_id, len(t.data.spans), names[t.info.trace_metadata["mlflow.sourceRun"]]) for t in traces
    )
    return {"runs": kept, "prompts": prompts, "traces": spans}


# What is there


def test_a_study_is_nested_runs_with_names_that_read(seen: Path) -> None:
    found = runs(seen)
    by_id = {run.info.run_id: run for run in found}
    kinds = [run.data.tags["orgopt.kind"] for run in found]
    assert [kinds.count(kind) for kind in ("study", "generation", "candidate")] == [1, GENERATIONS, CANDIDATES]
    assert kinds.count("control") == CONTROLS
    for run in found:
        kind, parent = run.data.tags["orgopt.kind"], run.data.tags.get("mlflow.parentRunId")
        above = {"study": None, "generation": "study", "candidate": "generation", "control": "study"}[kind]
        assert (by_id[parent].data.tags["orgopt.kind"] if parent else None) == above
        assert run.info.status == "FINISHED"
        assert run.info.start_time <= run.info.end_time
    view = load_study(seen / "mlruns" / "studies" / "s")
    for run, one in zip(of_kind(seen, "candidate"), view.candidates, strict=True):
        begins = {view.candidates[0].name: "seed document · ", view.final.champion: "★ champion · "}
        who = begins[one.name] + one.name if one.name in begins else one.name.replace("-", " · ")
        assert run.info.run_name.startswith(f"{who} · ")
        told = "Lead (" if one.name in begins else one.record.changes[0][:20]  # by who they are, or by a change
        assert told in run.info.run_name
        tags = run.data.tags
        assert tags["orgopt.generation"] == str(one.record.generation)
        assert tags["orgopt.proposer"] == one.record.proposer
        assert tags["orgopt.task"] == "toy"
        assert len(tags["orgopt.commit"]) == 12


def test_a_candidate_has_its_numbers_and_curves(seen: Path) -> None:
    view = load_study(seen / "mlruns" / "studies" / "s")
    for run, one in zip(of_kind(seen, "candidate"), view.candidates, strict=True):
        values = run.data.metrics
        assert values["search/score"] == pytest.approx(one.standing.value, abs=6e-3)
        assert values["search/seeds"] == one.standing.seeds
        assert {"search/error", "search/estimate", "search/q_final", "search/q_mean", "toy/heldout_loss"} <= set(values)
        history = client(seen).get_metric_history(run.info.run_id, "budget/q.toy")
        steps = [point.step for point in history]
        assert steps == list(range(int(SMALL.budget_s) + 1))
        expected = sum(score.q_final for score in one.scores["toy"]) / len(one.scores["toy"])
        assert history[-1].value == pytest.approx(expected, abs=6e-3)
        lows = [point.value for point in client(seen).get_metric_history(run.info.run_id, "budget/best.toy")]
        assert lows == sorted(lows, reverse=True)


def test_a_note_says_the_result_first_and_links_to_the_parent(seen: Path) -> None:
    found = {run.data.tags["orgopt.candidate"]: run for run in of_kind(seen, "candidate")}
    view = load_study(seen / "mlruns" / "studies" / "s")
    for name, run in found.items():
        note, parent = run.data.tags["mlflow.note.content"], run.data.tags["orgopt.parent"]
        if name == view.final.champion:  # what the test says leads, and not what it was picked for
            test, searched = view.final.estimates.test.mean, view.candidate(name).standing.value
            head, table, *_ = note.split("\n\n")
            before = against_seed(view.final).mean
            assert head.startswith(f"**★ Champion: seed document {plain(before)} → {plain(test)} on ")
            assert head.endswith(f"**→ {ending(view).advice[0]}**")  # what to do
            first = view.candidates[0].standing.value  # what there was before what came of it
            seeds = f"{view.candidate(name).standing.seeds} search seeds"
            assert f"| score on {seeds} | {plain(first)} | {plain(searched)} |" in table.replace("**", "")
            assert r"| toy heldout\_loss |" in table
        else:
            assert re.match(r"\*\*Score −?\d\.\d\d \\\[−?\d\.\d+, \d\.\d+\\\] on \d search seeds?\*\*", note)
            assert "\n→ Search seeds only choose." in note
        if parent:
            link = f"#/experiments/{run.info.experiment_id}/runs/{found[parent].info.run_id}?"
            assert f"[{parent}]({link}" in note
        assert f"runs/{run.info.run_id}/artifacts/program.md?" in note  # its own, which it did not know before
        curves = "test-curves.svg" if name == view.final.champion else "curves.svg"  # what counts of whom it is known
        assert f"get-artifact?path={curves}&run_uuid={run.info.run_id}" in note


def test_artifacts_can_be_looked_at(seen: Path) -> None:
    for run in of_kind(seen, "candidate"):
        files = texts(run)
        wanted = {"program.md", "chart.svg", "curves.svg", "ledger-toy.json", "messages-toy.json"}
        assert wanted <= set(files)
        assert ("diff.md" in files) == bool(run.data.tags["orgopt.parent"])
        for name in ("chart.svg", "curves.svg"):
            assert ET.fromstring(files[name]).tag.endswith("svg")
        shown = {one["path"] for one in json.loads(run.data.tags["mlflow.loggedArtifacts"])}
        assert shown == {name for name in files if name.endswith(".json")}
        table = json.loads(files["ledger-toy.json"])
        assert all(len(row) == len(table["columns"]) for row in table["data"])
        assert {"proposal", "outcome", "submission"} <= {row[1] for row in table["data"]}


def test_the_study_tells_its_generations_and_its_result(seen: Path) -> None:
    (run,) = of_kind(seen, "study")
    view = load_study(seen / "mlruns" / "studies" / "s")
    final, values = view.final, run.data.metrics
    told = {}
    for name in ("best", "best_so_far", "median"):
        history = client(seen).get_metric_history(run.info.run_id, f"generations/{name}")
        assert [point.step for point in history] == [0, 1]
        told[name] = [point.value for point in history]
    assert told["best_so_far"][0] == told["best"][0]
    assert told["best_so_far"] == sorted(told["best_so_far"])  # it never falls
    for claim in final.claims:
        name = claim.entrant.replace("+", " and ")
        assert values[f"test/{name}"] == pytest.approx(claim.mean, abs=6e-3)
    assert values["test/score"] == pytest.approx(final.estimates.test.mean, abs=6e-3)
    assert all(value == round(value, 3) for value in values.values())
    said = ending(view)
    assert run.data.tags["orgopt.result"].startswith(f"★ {final.champion} {marked(said.word)}")
    assert run.data.tags["orgopt.verdict"] == short(said)
    assert run.data.tags["mlflow.note.content"].startswith(f"**{said.title.split(':')[0]}")
    files = texts(run)
    wanted = {"report.html", "seed/program.md", "champion/program.md", "champion/diff.md", "champion/chart.svg"}
    assert wanted | {"claims.json", "race.json", "ablations.json", "champion/diff.html"} <= set(files)
    for picture in ("generations.svg", "budget.svg"):
        assert ET.fromstring(files[picture]).tag.endswith("svg")
        assert f"get-artifact?path={picture}&run_uuid={run.info.run_id}" in run.data.tags["mlflow.note.content"]
    assert files["champion/program.md"] == view.candidate(final.champion).record.program
    champions = [one for one in of_kind(seen, "candidate") if one.data.tags.get("orgopt.champion") == "true"]
    assert [one.data.tags["orgopt.candidate"] for one in champions] == [final.champion]
    assert champions[0].data.metrics["test/score"] == pytest.approx(final.estimates.test.mean, abs=6e-3)
    assert champions[0].info.run_name.startswith("★ ")


def test_every_name_in_mlflow_is_in_the_table(seen: Path) -> None:
    """What runs have is in the table, under the kind of run that has it; and nothing of the table is never sent."""
    from orgopt.tracking.names import LABELS, METRICS

    used = set()
    for run in runs(seen):
        kind, tags = run.data.tags["orgopt.kind"], run.data.tags
        for name in run.data.metrics:
            used.add(_closest([one for one in METRICS if one.run == kind], name))
        for name in [name for name in tags if name.startswith("orgopt.")]:
            used.add(next(one for one in LABELS if one.name == name))
        for name in run.data.params if kind == "candidate" else ():
            used.add(_closest([one for one in LABELS if one.run == kind], name))
    used.update(one for one in LABELS if one.run == "prompt" and one.name in client(seen).get_prompt("s.md").tags)
    for version in client(seen).search_prompt_versions("s.md"):
        for name in [name for name in version.tags if not name.startswith(("orgopt.", "mlflow."))]:
            used.add(next(one for one in LABELS if (one.run, one.name) == ("prompt version", name)))
    rest = {one.name for one in (*METRICS, *LABELS)} - {one.name for one in used}
    assert rest <= {
        "orgopt.metric",
        "orgopt.seed",
        "orgopt.studies",
        "orgopt.training_set",
        "agents",
        "links",
        "stand-up",
        "ROLE.KEY",
        "SOURCE and TARGET",
        "SOURCE to TARGET",
    }


def _closest(known: list, name: str):
    """The one of some names whose own letters say most of a name that was sent."""
    fitting = [one for one in known if re.fullmatch(re.sub(r"[A-Z]{2,}", ".+", re.escape(one.name)), name)]
    return max(fitting, key=lambda one: len(re.sub(r"[A-Z]{2,}", "", one.name)))


def test_the_documentation_has_every_name_in_mlflow() -> None:
    from orgopt.tracking.names import LABELS, METRICS

    text = (ROOT / "docs" / "reference" / "mlflow.md").read_text()
    rows = [f"| {one.run} | `{one.name}` | {one.unit} | {one.meaning} |" for one in METRICS]
    rows += [f"| {one.run} | `{one.name}` | {one.meaning} |" for one in LABELS]
    assert [row for row in text.splitlines() if row.startswith("| ") and "`" in row] == rows
    how_to = (ROOT / "docs" / "how-to" / "mlflow.md").read_text()
    known = {one.name for one in METRICS} | {word.name.split("/")[0] + "/…" for word in METRICS if "/" in word.name}
    metrics = " ".join(line for line in how_to.splitlines() if line.startswith("| ") and "| metrics " in line)
    assert {name for name in re.findall(r"`([^`]+)`", metrics) if not name.endswith(".json")} - {"test …"} <= known


def test_study_and_candidates_have_the_data_that_they_were_made_with(seen: Path) -> None:
    given = [*of_kind(seen, "study"), *of_kind(seen, "candidate")]
    assert len(given) == 1 + CANDIDATES
    for run in given:
        assert {
            (one.dataset.name, one.dataset.digest, one.dataset.source, one.tags[0].value)
            for one in run.inputs.dataset_inputs
        } == {
            ("toy", load_task(str(TOY)).digest, '{"uri": "fitness/toy"}', "task"),
            ("toy recording", "abc123", '{"uri": "fitness/toy/records.parquet"}', "recording"),
        }


@pytest.mark.slow
def test_the_feedback_model_is_a_logged_model(workspace: Path, toy: Task) -> None:
    sizes = {"generations": 4, "population": 6, "race_seeds": 0, "test_seeds": 1, "controls": "none"}
    folder = make_study(workspace, toy, parse(TRIO, "trio.md"), replace(SMALL, **sizes, feedback="screen"))
    (record, *_) = [one for one in reversed(list(read_lines(folder / "study.jsonl"))) if one["kind"] == "ensemble"]
    assert Tracking(workspace).sync(folder).problem == ""
    experiment = client(workspace).get_experiment_by_name("toy").experiment_id

    def logged() -> list:
        return list(client(workspace).search_logged_models([experiment]))

    (model,) = logged()
    assert (model.name, model.status.value) == ("feedback", "READY")
    assert model.tags["orgopt.training_set"] == record["digest"]
    assert model.params["records"] == str(record["records"])
    assert model.source_run_id == of_kind(workspace, "study")[0].info.run_id
    kept = list(Path(model.artifact_location.removeprefix("file://")).rglob("feedback.npz"))
    assert [path.read_bytes() for path in kept] == [(folder / "feedback.npz").read_bytes()]
    (folder / NOTED).unlink()  # what was sent is not known any more
    assert Tracking(workspace).sync(folder).problem == ""
    assert len(logged()) == 1


def test_champions_are_versions_of_a_prompt(seen: Path) -> None:
    view = load_study(seen / "mlruns" / "studies" / "s")
    champion = view.candidate(view.final.champion)
    found = client(seen).get_prompt_version_by_alias("s.md", "champion")
    assert found.template == champion.record.program
    assert found.tags["candidate"] == champion.name
    assert found.tags["generation"] == str(champion.record.generation)
    assert found.tags["score in the search"] == plain(champion.standing.value)
    assert {version.version for version in client(seen).search_prompt_versions("s.md")} == {1, 2}
    (prompt,) = client(seen).search_prompts()
    test = view.final.estimates.test
    assert "score in the search" not in prompt.tags  # the flattered value stands nowhere above the versions
    assert "score on test seeds" not in prompt.tags  # the verdict has both
    claim = against_seed(view.final)
    told = f"{apart(claim, ending(view).word)}, seed document {plain(claim.mean)} → {plain(test.mean)}"
    said = f"★ version {found.version} is the champion: {told} on {test.n} test seeds"
    assert prompt.tags["verdict"] == said
    for version in client(seen).search_prompt_versions("s.md"):
        assert next(iter(version.tags)) == "score on test seeds"
    assert found.tags["score on test seeds"] == f"{plain(test.mean)} {interval(test.low, test.high)}"
    assert champion.record.changes[0] in found.commit_message
    assert load_prompt(seen, "prompts:/s.md@champion") == champion.record.program
    assert load_prompt(seen, "prompts:/s.md@seed") == TRIO
    assert load_version(seen, "s", champion.name) == champion.record.program
    assert load_version(seen, "s", "g09-c99") is None
    assert load_version(seen, "no-such-study", "champion") is None


def test_the_runs_of_the_champion_are_traces_with_rounds(seen: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(store_uri(seen))
    view = load_study(seen / "mlruns" / "studies" / "s")
    (run,) = [one for one in of_kind(seen, "candidate") if one.data.tags.get("orgopt.champion") == "true"]
    name = view.final.champion
    found = mlflow.search_traces(
        locations=[run.info.experiment_id], run_id=run.info.run_id, return_type="list", include_spans=True
    )
    by_title = {trace.info.tags["mlflow.traceName"]: trace for trace in found}
    scores = {phase: view.scores(phase, name, "toy") for phase in ("search", "race", "test")}
    titles = {
        phase: f"★ champion · {phase} seed 1 of {len(of)}"  # no score of one seed, which is luck
        for phase, of in scores.items()
    }
    assert set(by_title) == set(titles.values())
    spans = by_title[titles["search"]].data.spans
    study_run = of_kind(seen, "study")[0].info.run_id
    linked = mlflow.search_traces(locations=[run.info.experiment_id], run_id=study_run, return_type="list")
    assert {trace.info.trace_id for trace in found} <= {trace.info.trace_id for trace in linked}
    by_id = {span.span_id: span for span in spans}
    (root,) = [span for span in spans if span.parent_id is None]
    assert (root.end_time_ns - root.start_time_ns) / 1e9 == pytest.approx(SMALL.budget_s, abs=0.01)
    events = list(read_lines(seen / "mlruns" / "studies" / "s" / "candidates" / name / "ledger-toy.jsonl"))
    proposer = next(span for span in spans if span.name.startswith("#1 "))
    outcome = next(event for event in events if event["kind"] == "outcome" and event["id"] == 1)
    assert proposer.attributes["heldout"] == pytest.approx(outcome["heldout"])
    assert proposer.attributes["cost"]["slot_s"] == pytest.approx(outcome["ended"] - outcome["started"], abs=1e-3)
    change = next(event for event in events if event["kind"] == "proposal" and event["id"] == 1)["note"]
    gain = f"{metric(events[0]['baseline'])} → {metric(outcome['metric'])}"
    kept = any(event["kind"] == "submission" and event["id"] == 1 for event in events)
    gained = events[0]["baseline"] - outcome["metric"]
    way = f" {'▲' if gained > 0 else '▼'}{abs(gained):.3f}"
    first = f"#1 {outcome['agent']} {metric(outcome['metric'])}{way}{' kept' * kept} · {change}"
    assert proposer.name == f"{first} · {gain}"[: len(proposer.name)]
    means = {phase: sum(one.research_output for one in of) / len(of) for phase, of in scores.items()}
    for phase, title in titles.items():  # a single seed's score may say the opposite of the verdict
        (one,) = by_title[title].info.assessments
        assert (one.name, one.value) == ("mean score", pytest.approx(means[phase], abs=6e-3))
    assert by_id[proposer.parent_id].name.startswith("round 1 · ")
    meetings = sum(event["kind"] == "meeting" for event in events)
    assert sum(span.name.startswith("stand-up") for span in spans) == meetings


def test_champion_and_seed_document_are_traces_beside_each_other_that_say_the_mean(seen: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(store_uri(seen))
    view = load_study(seen / "mlruns" / "studies" / "s")
    study_run = of_kind(seen, "study")[0]
    where = {"locations": [study_run.info.experiment_id], "run_id": study_run.info.run_id, "return_type": "list"}
    found = mlflow.search_traces(**where, include_spans=False, order_by=["timestamp_ms DESC"])
    names = [one.info.tags["mlflow.traceName"].rpartition(" 1")[0] for one in found]
    assert names[:2] == ["seed document · test seed", "★ champion · test seed"]
    assert names[-2:] == ["seed document · search seed", "★ champion · search seed"]  # those of the search ran first
    means = {
        name: plain(sum(one.research_output for one in scores) / len(scores))
        for name in (view.candidates[0].name, view.final.champion)
        if (scores := view.scores("test", name, "toy"))
    }
    seed, champion = means.values()
    seeds = len(view.scores("test", view.final.champion, "toy"))
    said = [one.info.response_preview for one in found]
    verdict = apart(against_seed(view.final))
    first, other = (plain(view.scores("test", name, "toy")[0].research_output) for name in means)
    of = f"mean of {seeds} seeds"
    alone = f"this seed alone {first}, ★ champion {other}"
    assert said[0].startswith(f"score {seed}, {of}; {alone}; ★ champion {champion} in the mean: {verdict}. Agents saw ")
    alone = f"this seed alone {other}, seed document {first}"
    assert said[1].startswith(
        f"score {champion}, {of}; {alone}; seed document {seed} in the mean: ★ {verdict}. Agents saw "
    )
    assert "(lower is better) in " in said[0]


def test_thoughts_reviews_and_failures_are_spans_with_what_they_cost() -> None:
    from orgopt.tracking.tracing.traces import Told, spans

    told, tokens = {"role": "You decide."}, [120, 30]
    events = [
        {"kind": "start", "t": 0, "agents": ["a-1", "b-1"], "budget_s": 10, "slots": 1, "seed": 3, "baseline": 0.5},
        {"kind": "thinking", "t": 0.5, "agent": "a-1", "purpose": "propose", "told": told},
        {
            "kind": "thought",
            "t": 2.5,
            "agent": "a-1",
            "purpose": "propose",
            "began": 0.5,
            "seconds": 2.0,
            "calls": 1,
            "tokens": tokens,
            "usd": 0.02,
            "failure": "",
            "error": "",
            "said": "Lower LR.",
        },
        {"kind": "proposal", "t": 2.5, "id": 1, "agent": "a-1", "parent": 0, "note": "LR 1 → 2", "knobs": {"LR": 2}},
        {
            "kind": "outcome",
            "t": 4,
            "id": 1,
            "agent": "a-1",
            "status": "crashed",
            "started": 3,
            "ended": 4,
            "metric": None,
            "heldout": None,
            "error": "boom",
        },
        {"kind": "message", "t": 4, "sender": "a-1", "to": ["b-1"], "link": "reviews", "experiments": [1]},
        {"kind": "meeting", "t": 5, "agents": ["a-1", "b-1"], "seconds": 0.5, "shared": []},
    ]
    found = spans(Told("run"), "key", events, 1000.0)
    assert found == spans(Told("run"), "key", events, 1000.0)  # so that a trace that is sent twice is there once
    by_name = {span["name"].partition(" · ")[0]: span for span in found}
    names = {span["span_id"]: span["name"] for span in found}
    thought = next(span for span in found if span["attributes"]["mlflow.spanType"] == '"LLM"')
    value = {key: json.loads(text) for key, text in thought["attributes"].items()}
    assert names[thought["parent_span_id"]] == "round 1 · nothing measured · 1 experiment"
    assert value["mlflow.spanInputs"] == "role:\nYou decide."
    assert value["mlflow.spanOutputs"] == "Lower LR."
    assert value["mlflow.chat.tokenUsage"]["total_tokens"] == 150
    assert value["cost"] == {"usd": 0.02, "calls": 1}
    assert thought["end_time_unix_nano"] - thought["start_time_unix_nano"] == 2_000_000_000
    (crashed,) = [span for span in found if span["name"] == "#1 a-1 crashed · LR 1 → 2"]
    assert crashed["status"]["code"] == "STATUS_CODE_ERROR"
    assert names[by_name["review by b-1"]["parent_span_id"]].startswith("round 1")
    assert json.loads(by_name["stand-up"]["attributes"]["cost"]) == {"agent_s": 1.0}


def test_ordinary_candidates_have_no_trace(seen: Path) -> None:
    import mlflow

    mlflow.set_tracking_uri(store_uri(seen))
    experiment = client(seen).get_experiment_by_name("toy").experiment_id
    traced = {
        trace.info.tags["orgopt.candidate"]
        for trace in mlflow.search_traces(locations=[experiment], return_type="list", include_spans=False)
    }
    view = load_study(seen / "mlruns" / "studies" / "s")
    assert {"g00-c00", view.final.champion} <= traced
    assert len(traced) <= 2 + GENERATIONS


@pytest.mark.slow
def test_the_fast_way_writes_what_mlflow_writes(
    workspace: Path, original: Path, seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orgopt.tracking.backend.direct.SCHEMAS", frozenset())
    store = Tracking(workspace)
    assert store.sync(copied(original, workspace)).problem == ""
    assert everything(workspace) == everything(seen)


def test_the_database_of_this_mlflow_is_one_that_is_known(workspace: Path) -> None:
    Direct(workspace / "mlflow.db").close()


def test_a_database_of_another_form_is_left_to_mlflow(workspace: Path) -> None:
    from orgopt.errors import StoreError
    from orgopt.tracking.backend.store import _direct

    path = workspace / "mlflow.db"
    assert _direct(f"sqlite:///{path}")
    with sqlite3.connect(path) as database:
        database.execute("UPDATE alembic_version SET version_num = 'of another'")
    assert _direct(f"sqlite:///{path}") is None
    with pytest.raises(StoreError, match="a database of another MLflow"):
        Direct(path)


# Once


@pytest.mark.slow
def test_what_was_sent_is_not_sent_again(workspace: Path, original: Path) -> None:
    folder = copied(original, workspace)
    assert Tracking(workspace).sync(folder).things > CANDIDATES
    before = everything(workspace)
    assert Tracking(workspace).sync(folder) == (0, "")
    (folder / NOTED).unlink()  # even when the notes are gone
    assert Tracking(workspace).sync(folder).problem == ""
    assert everything(workspace) == before


@pytest.mark.slow
def test_a_study_that_goes_on_is_shown_as_it_goes(workspace: Path, original: Path, toy, trio) -> None:
    folder = copied(original, workspace)
    tracking = Tracking(workspace)
    assert tracking.sync(folder).problem == ""
    make_study(workspace, toy, trio, replace(SMALL, generations=3))
    assert tracking.sync(folder).problem == ""
    kinds = [run.data.tags["orgopt.kind"] for run in runs(workspace)]
    assert [kinds.count(kind) for kind in ("study", "generation", "candidate")] == [1, 3, 9]
    (run,) = of_kind(workspace, "study")
    history = client(workspace).get_metric_history(run.info.run_id, "generations/best")
    assert [point.step for point in history] == [0, 1, 2]
    assert run.info.status == "FINISHED"


@pytest.mark.slow
def test_a_log_that_grows_gives_what_a_whole_one_gives(
    workspace: Path, original: Path, tmp_path_factory: pytest.TempPathFactory, pristine: Path
) -> None:
    folder = copied(original, workspace)
    lines = (folder / "study.jsonl").read_text().splitlines(keepends=True)
    tracking = Tracking(workspace)
    for end in range(0, len(lines), 9):
        shutil.copy(original / "study.jsonl", folder)
        cut(folder / "study.jsonl", end + 1)
        assert tracking.sync(folder).problem == ""
    shutil.copy(original / "study.jsonl", folder)
    assert tracking.sync(folder).problem == ""
    whole = tmp_path_factory.mktemp("whole")
    (whole / "mlflow.db").write_bytes(pristine.read_bytes())
    assert Tracking(whole).sync(copied(original, whole)).problem == ""
    assert everything(workspace) == everything(whole)


@pytest.mark.slow
def test_killed_between_sending_and_noting_nothing_is_missing_and_nothing_twice(
    workspace: Path, original: Path, seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copied(original, workspace)
    put, calls = Noted.put, count(1)

    def torn(self: Noted, key: str, id_: str) -> None:
        if next(calls) % 2:  # MLflow has it, and nobody knows
            raise OSError("killed")
        put(self, key, id_)

    with monkeypatch.context() as broken:
        broken.setattr(Noted, "put", torn)
        for _ in range(200):
            problem = Tracking(workspace).sync(folder).problem
            if not problem:
                break
            assert problem == "OSError: killed"
    assert Tracking(workspace).sync(folder) == (0, "")
    assert everything(workspace) == everything(seen)


@pytest.mark.slow
def test_killed_between_the_parts_of_a_run_it_is_completed(
    workspace: Path, original: Path, seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setattr("orgopt.tracking.backend.direct.SCHEMAS", frozenset())  # the way that has parts
    folder, chance = copied(original, workspace), random.Random(1)
    for name in ("log_batch", "set_terminated", "set_prompt_alias", "log_inputs"):
        real = getattr(MlflowClient, name)

        def torn(self, *args, _real=real, **kwargs):
            if chance.random() < 0.2:
                raise OSError("killed")
            return _real(self, *args, **kwargs)

        monkeypatch.setattr(MlflowClient, name, torn)
    for _ in range(200):
        if not Tracking(workspace).sync(folder).problem:
            break
    monkeypatch.undo()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert everything(workspace) == everything(seen)


@pytest.mark.slow
def test_a_store_that_was_deleted_is_filled_again(workspace: Path, original: Path, pristine: Path) -> None:
    folder = copied(original, workspace)
    assert Tracking(workspace).sync(folder).problem == ""
    before = everything(workspace)
    other = workspace / "other"
    other.mkdir()
    (other / "mlflow.db").write_bytes(pristine.read_bytes())
    moved = copied(folder, other)
    text = json.dumps(list(read_lines(moved / NOTED)))
    told = json.loads(text.replace(str(workspace / "mlflow.db"), str(other / "mlflow.db")))
    rewrite(moved / NOTED, told)  # as if the database had been replaced
    assert Tracking(other).sync(moved).problem == ""
    assert everything(other) == before


@pytest.mark.slow
def test_a_study_that_was_deleted_in_mlflow_stays_deleted(workspace: Path, original: Path, toy, trio) -> None:
    folder = copied(original, workspace)
    assert Tracking(workspace).sync(folder).problem == ""
    (run,) = of_kind(workspace, "study")
    client(workspace).delete_run(run.info.run_id)
    problem = Tracking(workspace).sync(folder).problem
    assert "deleted in MLflow: restore it there" in problem


@pytest.mark.slow
def test_two_studies_of_one_name_do_not_share_a_prompt(workspace: Path, original: Path) -> None:
    assert Tracking(workspace).sync(copied(original, workspace)).problem == ""
    folder = copied(original, workspace / "other")
    log = folder / "study.jsonl"
    head, *rest = read_lines(log)
    rewrite(log, [json.loads(json.dumps(head).replace('"seed": 0', '"seed": 5', 1)), *rest])
    assert Tracking(workspace).sync(folder).problem == ""
    names = {prompt.name for prompt in client(workspace).search_prompts()}
    assert len(names) == 2
    assert len(of_kind(workspace, "study")) == 2


# Never in the way


@pytest.mark.slow
def test_a_database_is_made_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def stop(*_) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(SqlAlchemyStore, "_create_default_experiment", stop)
        with pytest.raises(KeyboardInterrupt):
            Tracking(tmp_path).open()
    assert not list(tmp_path.glob("mlflow.db*"))


def test_the_database_is_in_wal_mode_and_in_the_workspace(workspace: Path) -> None:
    assert Tracking(workspace).open() == ""
    with sqlite3.connect(workspace / "mlflow.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.slow
def test_a_store_that_cannot_be_written_is_reported_and_sent_later(
    workspace: Path, original: Path, pristine: Path
) -> None:
    folder, tracking = copied(original, workspace), Tracking(workspace)
    (workspace / "mlflow.db").unlink()
    (workspace / "mlflow.db").mkdir()
    assert "unable to open database file" in tracking.open()
    assert "unable to open database file" in tracking.sync(folder).problem
    (workspace / "mlflow.db").rmdir()
    (workspace / "mlflow.db").write_bytes(pristine.read_bytes())
    assert tracking.sync(folder).problem == ""
    assert len(runs(workspace)) == 1 + GENERATIONS + CANDIDATES + CONTROLS


@pytest.mark.slow
def test_only_one_process_sends_a_study(workspace: Path, original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orgopt.tracking.sent_record.PATIENCE_S", 0)
    folder = copied(original, workspace)
    with Noted(folder, store_uri(workspace)):
        assert Tracking(workspace).sync(folder) == (0, "another process is sending study s")
    assert Tracking(workspace).sync(folder).problem == ""


def test_records_of_another_version_are_not_read(workspace: Path, original: Path) -> None:
    folder = copied(original, workspace)
    text = (folder / "study.jsonl").read_text()
    (folder / "study.jsonl").write_text(text.replace('"schema_version": 2', '"schema_version": 1'))
    assert "records of version 1" in Tracking(workspace).sync(folder).problem


# Texts


def test_a_generation_in_which_all_are_disqualified_is_shown_as_that() -> None:
    told = records(generations=2, population=3)
    for one in told:
        if one["kind"] == "evaluation" and one["phase"] == "search" and one["entrant"].startswith("g01"):
            one["score"]["disqualified"] = "it changed a file that it must not"
    found = view([one for one in told if one["kind"] in {"study", "candidate", "evaluation", "generation"}])
    run, points = study_values.generation(found, 1)
    assert run.name == "g01 · all disqualified"
    assert [(one.name, one.value) for one in run.points] == [("candidates", 0.0)]
    assert {point.name for point in points} == {"generations/best_so_far", "generation"}
    assert page(found)


def test_document_text_is_text_in_notes() -> None:
    from orgopt.tracking.shown.markdown import escape

    assert escape("<script>`*_[x](javascript:1)|") == r"\<script\>\`\*\_\[x\](javascript:1)\|"


def test_names_that_mlflow_would_refuse_are_made_ones_that_it_takes() -> None:
    from mlflow.utils.validation import _validate_metric_name, _validate_param_name

    from orgopt.tracking.names import CLAIM_OTHER, PARAM_ROLE, prompt_name

    for name in ("Explorer → Lead: reports to", "../../x", "", "…", "a" * 500, "<b>", "optuna:tpe+median", " . "):
        _validate_metric_name(CLAIM_OTHER.of(claim="test", entrant=name))
        _validate_param_name(CLAIM_OTHER.of(claim="test", entrant=name))
    assert CLAIM_OTHER.of(claim="test", entrant="Explorer → Lead: no") == "test/Explorer to Lead: no"
    assert PARAM_ROLE.of(role="lead", key="stop-early") == "lead.stop-early"
    assert prompt_name("trio-a+b") == "trio-a-b.md"


def test_a_diff_of_a_document_with_fences_stays_in_its_fence() -> None:
    from orgopt.tracking.shown.diffs import diff, diff_page

    fields = {"index": 0, "generation": 0, "parent": None, "proposer": "seed", "params": {}, "changes": ()}
    before = CandidateRecord(name="g00-c00", program="a\n", **fields)
    text = diff(before, replace(before, name="g00-c01", program="a\n````\n<script>\n"), ["x <b>"])
    assert text.count("`````") == 2
    assert text.index("`````diff") < text.index("<script>") < text.rindex("`````")
    assert r"x \<b\>" in text
    shown = diff_page(before, replace(before, name="g00-c01", program="b <script>\n"), ["x <b>"])
    assert '<tr class="minus"><td>−</td><td><b>a</b></td>' in shown
    assert "b &lt;script&gt;" in shown
    assert "<script>" not in shown


def test_parameters_are_those_in_which_candidates_differ_and_none_is_missing_in_the_end(seen: Path) -> None:
    from orgopt.tracking import candidate_values

    view = load_study(seen / "mlruns" / "studies" / "s")
    every = [candidate_values.params(one.record.program) for one in view.candidates]
    named = {"champion": view.final.champion, "seed": view.candidates[0].name}
    at = {one.name: place for place, one in enumerate(view.candidates)}
    for run, own in zip(of_kind(seen, "candidate"), every, strict=True):
        varied = {name for one in every for name in one if len({other.get(name) for other in every}) > 1}
        pair = {"champion", "seed"} & {who for who, name in named.items() if name == run.data.tags["orgopt.candidate"]}
        beside = {key for one in ("champion", "seed") for key in every[at[named[one]]]} if pair else set()
        shown = run.data.params
        assert {*shown} == varied & ({*own} | beside)
        assert {name: value for name, value in shown.items() if name in own} == {
            name: own[name] for name in {*shown} & {*own}
        }
        assert all(shown[name].startswith("no ") for name in {*shown} - {*own})
    assert any(run.data.params for run in of_kind(seen, "candidate"))


def test_a_role_that_one_of_two_documents_lacks_is_one_parameter() -> None:
    from orgopt.tracking.shown.members import Members

    known = view(records())
    one, two, *_ = known.candidates
    shorter = TRIO.partition("### Explorer")[0] + "## Rhythm" + TRIO.partition("## Rhythm")[2]
    pair = [replace(own, record=replace(own.record, program=text)) for own, text in ((one, TRIO), (two, shorter))]
    members = Members(replace(known, candidates=pair), Path(), str, "")
    found = members.lacking(two.name, one.name)
    assert [key for key in found if key.startswith("explorer.")] == ["explorer.agent"]
    assert found.pop("explorer.agent") == "no Explorer"
    assert set(found.values()) == {"no link"}
    assert members.lacking(one.name, two.name) == {}
    assert members.differ(one.name, two.name) == len(found) + 3  # and in how many agents and links they have


def test_seed_document_champion_and_controls_come_first_and_the_rest_as_it_happened(seen: Path) -> None:
    from orgopt.tracking.names import order

    found = sorted(runs(seen), key=lambda run: run.data.tags["orgopt.order"])
    view = load_study(seen / "mlruns" / "studies" / "s")
    seed, champion = view.candidates[0].name, view.final.champion
    others = sorted((one for one in view.final.claims if one.entrant != "seed document"), key=lambda one: -one.mean)
    expected = ["study", *dict.fromkeys((seed, champion)), *(f"control {one.entrant}" for one in others)]
    for number in view.complete:
        expected += [f"generation {number}", *(one.name for one in view.generation(number))]
    assert [run.data.tags["orgopt.key"] for run in found] == [*dict.fromkeys(expected)]
    short = [run.data.tags["orgopt.key"] for run in found if "orgopt.place" in run.data.tags]
    assert short == [key for key in dict.fromkeys(expected) if key in {seed, champion} or key[1:3].isalpha()]
    assert order(replace(view.head, at=view.head.at + 60)) < order(view.head)


def test_a_control_says_how_the_champion_stands_to_it() -> None:
    from orgopt.tracking.shown.control import controls

    known = view(records())
    (claim, *_) = known.final.claims
    said = {
        ("better", 0.2, 0.1, 0.3): "★ champion ▲ better by 0.20 [0.10, 0.30]",
        ("worse", -0.2, -0.3, -0.1): "★ champion ▼ worse by 0.20 [0.10, 0.30]",
        ("no difference", 0.05, -0.1, 0.2): "★ champion ○ no difference shown: +0.05 [−0.10, +0.20]",
        ("no difference", -0.05, -0.2, 0.1): "★ champion ○ no difference shown: −0.05 [−0.20, +0.10]",
        ("no difference", 0.05, None, None): "★ champion +0.05 on one seed",
    }
    for (verdict, difference, low, high), words in said.items():
        apart = {"verdict": verdict, "difference": difference, "low": low, "high": high}
        one = replace(claim, entrant="silent", phase="test", task="all", **apart)
        (entry,) = controls(known, replace(known.final, claims=(one,)))
        assert entry.tags["orgopt.result"] == words
    eight = replace(claim, entrant="silent", phase="test", task="all", seeds=8, champion_mean=0.37)
    pair = eight, replace(one, entrant="random", seeds=12)
    result = {entry.key: entry.tags["orgopt.result"] for entry in controls(known, replace(known.final, claims=pair))}
    assert result["control silent"].endswith(" on 8 seeds (★ 0.37)")
    assert "12" not in result["control random"]


def test_the_direction_of_effects_is_a_picture() -> None:
    from orgopt.tracking.shown import pictures

    found = pictures.of_study(view(records()))
    assert set(found) == {"generations.svg", "budget.svg", "effects.svg"}
    for picture in found.values():
        assert ET.fromstring(picture).tag.endswith("svg")
    assert "seed document" in found["budget.svg"]
    assert "★ evolved" in found["budget.svg"]
    assert "best, 95 % interval" in found["generations.svg"]
    assert "★ g0" in found["generations.svg"]  # the point of the champion is marked


def test_short_words_are_explained_where_they_stand() -> None:
    from orgopt.agent_names import AGENTS, SEARCH_AGENTS
    from orgopt.tracking.shown import legend

    assert {*legend.AGENTS} == {*AGENTS}
    assert {*legend.PROPOSERS} == {*SEARCH_AGENTS}
    changes = ["Lead: agent tpe → gp", "Lead: copy rule best → own", "Trigger: headcount 1 → 2"]
    words = [one.partition(":")[0] for one in legend.explained(changes).split("; ")]
    assert words == ["copy rule", "tpe", "gp"]
    assert legend.explained(["lead.copy-rule"]).startswith("copy rule: ")
    assert legend.explained(["gp-four: headcount 1 → 2"]) == ""


def test_charts_are_of_metrics_that_runs_have_and_have_titles_in_words() -> None:
    from orgopt.tracking.names import METRICS
    from orgopt.tracking.plain_pages import TITLES
    from orgopt.tracking.shown.chart_views import keys, views
    from orgopt.tracking.shown.saved_view import PREFIX

    known, titled = {one.name for one in METRICS}, {name for name, *_ in TITLES}
    kept = views(view(records()), "id", "run", differ=9)
    charts, teams = (
        json.loads(zlib.decompress(base64.b64decode(kept[PREFIX + key].removeprefix("deflate;")))) for key in keys("id")
    )
    for state in (charts, teams):
        sections = {one["uuid"] for one in state["compareRunSections"]}
        for chart in state["compareRunCharts"]:
            assert chart["metricSectionId"] in sections
            if chart["type"] != "DIFFERENCE":
                assert " vs ".join(chart["selectedMetricKeys"]) in titled
                assert {*chart["selectedMetricKeys"], chart.get("selectedXAxisMetricKey", chart["metricKey"])} <= known
    assert "generation" in charts["searchFilter"]  # whose points are those of the study's run
    assert [one["type"] for one in teams["compareRunCharts"]] == ["BAR", "LINE", "DIFFERENCE"]  # the result comes first
    assert teams["compareRunSections"][1]["cardHeight"] > 9 * 32  # a row for each of nine differences


def test_mlflows_page_has_no_assistant_and_everything_else_is_as_it_was() -> None:
    from orgopt.tracking.plain_pages import ADDED, plain_pages

    body, asked = b"<html><head><title>MLflow</title></head><body>x</body></html>", []

    async def app(scope, receive, send) -> None:
        asked.append(dict(scope["headers"]))
        headers = [(b"content-type", b"text/html"), (b"content-length", b"%d" % len(body)), (b"etag", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body[:20], "more_body": True})
        await send({"type": "http.response.body", "body": body[20:]})

    def answer(path: str) -> tuple[dict, bytes]:
        sent = []

        async def send(message) -> None:
            sent.append(message)

        given = [(b"if-none-match", b"1"), (b"accept-encoding", b"gzip"), (b"host", b"localhost")]
        scope = {"type": "http", "method": "GET", "path": path, "headers": given}
        asyncio.run(plain_pages(app)(scope, None, send))
        return dict(sent[0]["headers"]), b"".join(one.get("body", b"") for one in sent)

    headers, text = answer("/")
    assert text == body.replace(b"</head>", ADDED + b"</head>")
    assert headers[b"content-length"] == b"%d" % len(text)
    assert asked[0] == {b"host": b"localhost"}  # the whole page, unpacked
    assert answer("/ajax-api/2.0/mlflow/runs/get")[1] == body
