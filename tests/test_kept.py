"""Language agents in studies: what their roles remember and who reads it, and runs that are repeated for free."""

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import orgopt
from orgopt.agents.session import Means
from orgopt.agents.thinking.answers import Answer, Answers
from orgopt.agents.thinking.spend import OverBudgetError
from orgopt.basics.callback import Callback
from orgopt.document import parse
from orgopt.evolve.controls import ablations
from orgopt.evolve.cost_forecast.calls import Bounds, CallTerms, Pace, calls
from orgopt.evolve.search import optimize
from orgopt.evolve.trials.kept_language_runs import Keeping, RunSettings, evaluate_kept
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.ledger import Ledger
from orgopt.org import Standup
from orgopt.storage.jsonl import read_lines
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.tasks.task import Task
from tests.fakes.arena import toy_arena, toy_replay
from tests.fakes.lab import FakeLab
from tests.fakes.llm_server import MODEL, Call, LlmServer, fields
from tests.fakes.researcher import research
from tests.fakes.study import cut
from tests.test_language_cli import configure, invoke, nk
from tests.test_minds import ALONE, HAND, LEAD, TEAM, run, settings
from tests.test_words import noiseless

PAIR = parse(
    """\
# Pair

Find the bottom.

## Roles

### Lead
- **Headcount:** 2
- **Agent:** llm
- **Memory:** lasting

Turn X.
""",
    "pair.md",
)
CONFIG = StudyConfig(
    generations=3, population=2, budget_s=2, slots=2, search_seeds=2, contenders=2, race_seeds=2, test_seeds=2,
    only=("risk",),
)  # fmt: skip


def remembering(call: Call) -> str:
    """Research, and lessons that differ from run to run."""
    if is_last(call):
        return fields(notes=f"# Lessons\nI was asked {call.number} times.")
    return research(call)


def is_last(call: Call) -> bool:
    """Whether an agent is asked what its role is to remember."""
    return "Write the notes that will help your role" in call.system


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer(remembering) as server:
        yield server


@pytest.fixture
def means(server: LlmServer, tmp_path: Path) -> Means:
    return Means(settings=settings(server), account=tmp_path / "spend.jsonl")


def study(folder: Path, task: Task, means: Means, config: StudyConfig = CONFIG, program=PAIR, **arena) -> list[dict]:
    """The records of a study in a folder, without what a clock says."""
    with toy_arena(task, budget_s=config.budget_s, slots=config.slots, means=means, **arena) as opened:
        identity = config.identity(program, opened.tasks, None, {task.name: opened.lab(task.name).stamp})
        with StudyLog(folder, identity, program, opened.tasks) as log:
            optimize(program, opened, config, log, callback=Callback())
            return timeless(list(read_lines(log.path)))


def timeless(records: list[dict]) -> list[dict]:
    varying = {"at", "wall_s", "cost", "sampler_state"}
    plain = [{key: value for key, value in record.items() if key not in varying} for record in records]
    return sorted(plain, key=lambda record: (record["kind"], str(record)))


def text_of(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text().strip() for path in folder.glob("*.md")} if folder.is_dir() else {}


def test_children_begin_with_what_the_first_run_of_their_parent_wrote(
    toy: Task, tmp_path: Path, server: LlmServer, means: Means
) -> None:
    folder = tmp_path / "study"
    records = study(folder, toy, means)
    candidates = {record["index"]: record for record in records if record["kind"] == "candidate"}
    names = {index: record["name"] for index, record in candidates.items()}
    after = {r["entrant"]: r["memory"] for r in records if r["kind"] == "evaluation" and "memory" in r}
    assert set(after) == set(names.values())
    assert len({memory["lead"] for memory in after.values()}) == len(after)
    inherited = 0
    for record in candidates.values():
        parent = candidates.get(record["parent"])
        known = after[parent["name"]] if parent and parent["generation"] < record["generation"] else {}
        inherited += bool(known)
        own = folder / "candidates" / record["name"]
        assert text_of(own / "memory" / "toy") == after[record["name"]]
        runs = [*own.glob("run-toy-*"), *folder.glob(f"[rt]*/{record['name']}/run-toy-*")]
        assert len(runs) >= CONFIG.search_seeds
        for own_run in runs:  # of the search, the race and the test alike
            assert text_of(own_run / "memory") == known
            writes = own_run == own / "run-toy-0"
            assert text_of(own_run / "memory-after") == (after[record["name"]] if writes else {})
    assert inherited == (CONFIG.generations - 1) * CONFIG.population
    assert sum(map(is_last, server.calls)) == len(candidates)
    told = {call.field("memory") for call in server.calls if not is_last(call)}
    assert told & {memory["lead"] for memory in after.values()}
    final = next(record for record in records if record["kind"] == "final")
    champion = next(record for record in candidates.values() if record["name"] == final["champion"])
    best = {} if champion["generation"] == 0 else after[names[champion["parent"]]]
    assert text_of(folder / "best-memory" / "toy") == best


def test_without_lasting_memory_nothing_is_remembered(
    toy: Task, tmp_path: Path, server: LlmServer, means: Means
) -> None:
    program = parse(PAIR.text.replace("lasting", "run"), "pair.md")
    config = replace(CONFIG, generations=2, search_seeds=1, race_seeds=0, test_seeds=1)
    records = study(tmp_path / "mlruns" / "studies" / "study", toy, means, config, program)
    assert not any(map(is_last, server.calls))
    assert not any("memory" in record for record in records)
    shown = {one.role: one for one in orgopt.skills(workspace=tmp_path)}
    assert set(shown) == {"lead"}  # the other is a policy
    assert {one.model for one in shown.values()} == {MODEL}
    assert sum(one.thoughts + one.invalid for one in shown.values()) > 0
    tried = sum(own.tried for one in shown.values() for own in one.changes.values())
    assert 0 < tried <= sum(record["score"]["experiments"]["ok"] for record in records if "score" in record)
    assert not list(tmp_path.rglob("memory-after"))
    assert {call.field("memory") for call in server.calls} == {"none yet"}


def killed(folder: Path, keep: float) -> None:
    """Leave a study as a kill does: runs whose answers are kept and whose scores are not, and a torn line."""
    log = folder / "study.jsonl"
    cut(log, max(1, round(keep * len(read_lines(log)))), b'{"kind": "eval')


@pytest.mark.sweep(3)
@pytest.mark.parametrize("keep", [0, 0.5, 0.95])
def test_a_killed_study_goes_on_for_free_and_ends_the_same(
    toy: Task, tmp_path: Path, server: LlmServer, keep: float, means: Means
) -> None:
    config = replace(CONFIG, generations=2)
    records = study(tmp_path / "study", toy, means, config)
    asked = len(server.calls)
    killed(tmp_path / "study", keep)
    assert study(tmp_path / "study", toy, means, config) == records
    assert len(server.calls) == asked


@pytest.mark.nightly
@pytest.mark.slow
def test_workers_find_the_answers_of_one_another(toy: Task, tmp_path: Path, server: LlmServer, means: Means) -> None:
    records = study(tmp_path / "study", toy, means, lab=toy_replay, workers=2)
    asked = len(server.calls)
    for workers in (1, 2):
        killed(tmp_path / "study", 0.5)
        assert study(tmp_path / "study", toy, means, lab=toy_replay, workers=workers) == records
    assert len(server.calls) == asked


def test_what_a_killed_run_was_answered_is_not_asked_again(
    toy: Task, tmp_path: Path, server: LlmServer, means: Means
) -> None:
    given = RunSettings(lab=None, slots=2, budget_s=4, seed=1, verify_seeds=1, means=means)
    keeping = Keeping(folder=str(tmp_path / "run"), memory=(("lead", "X near 0.7 is good."),), remembers=True)
    score, whole, memory = evaluate_kept(PAIR, toy, FakeLab(toy), given, keeping)
    asked, path = len(server.calls), tmp_path / "run" / "answers.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == asked
    assert [role for role, _ in memory] == ["lead"]
    again, ledger, _ = evaluate_kept(PAIR, toy, FakeLab(toy), given, keeping)
    assert (again, ledger.events, len(server.calls)) == (score, whole.events, asked)
    path.write_text("".join(lines[: asked // 2]) + lines[asked // 2][:20])  # torn
    evaluate_kept(PAIR, toy, FakeLab(toy), given, keeping)
    assert server.calls[0].field("memory") == "X near 0.7 is good."
    bodies = Counter(json.dumps(call.body, sort_keys=True) for call in server.calls[:asked])
    kept = Counter(json.loads(line)["key"] for line in path.read_text().splitlines())
    assert sum(kept.values()) == len(server.calls) - asked + asked // 2  # half of them were asked anew, none more
    assert len(bodies) <= asked


def test_the_record_of_answers_is_bounded_and_may_forget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orgopt.agents.thinking.answers.MAX_KEPT_BYTES", 1_000)
    path = tmp_path / "answers.jsonl"
    for number in range(4):  # the bound is of the file, however often it is opened
        answers = Answers(path)
        answers.put(f"long {number}", Answer(text="x" * 400))
        answers.put(f"failed {number}", Answer(text="", failure="over_budget" if number else "server"))
        answers.close()
    assert path.stat().st_size < 2_000
    again = Answers(path, forget=("over_budget",))
    again.close()
    found = [again.take(f"{what} {number}") for what in ("long", "failed") for number in range(2)]
    assert [one and (one.text[:1], one.failure) for one in found] == [("x", ""), None, ("", "server"), None]


def test_a_study_at_its_limit_goes_on_with_a_higher_one(toy: Task, tmp_path: Path, server: LlmServer) -> None:
    config = replace(CONFIG, generations=1, search_seeds=1, race_seeds=0, test_seeds=1)
    means = Means(settings=settings(server, max_tokens=8_000), account=tmp_path / "spend.jsonl")
    with pytest.raises(OverBudgetError, match="8000 tokens"):
        study(tmp_path / "study", toy, means, config)
    assert not any("left" in call.user and "tokens" in call.field("left") for call in server.calls)
    before = server.tokens
    kept = [one for path in tmp_path.rglob("answers.jsonl") for one in read_lines(path)]
    assert any(one["failure"] == "over_budget" for one in kept)
    means = replace(means, settings=settings(server, max_tokens=1_000_000))
    records = study(tmp_path / "study", toy, means, config)
    scores = [record["score"] for record in records if record["kind"] == "evaluation"]
    assert all(not score["failed_thoughts"].get("over_budget") for score in scores)
    # What was answered before the limit counts in the scores and was not asked again.
    used = sum(score["tokens"] for score in scores)
    assert used <= server.tokens < used + before


@pytest.mark.slow
def test_a_real_run_that_was_cut_goes_on_by_its_ledger(
    toy: Task, tmp_path: Path, server: LlmServer, means: Means
) -> None:
    given = RunSettings(lab="local", slots=2, budget_s=3, seed=1, verify_seeds=1, means=means)
    keeping = Keeping(folder=str(tmp_path / "run"), remembers=True)
    with LocalLab(toy, slots=2, sandbox=Sandbox.PROCESS) as lab:
        _, whole, memory = evaluate_kept(PAIR, toy, lab, given, keeping)
    asked, path = len(server.calls), tmp_path / "run" / "ledger.jsonl"
    with LocalLab(toy, slots=2, sandbox=Sandbox.PROCESS) as lab:
        _, again, same = evaluate_kept(PAIR, toy, lab, given, keeping)
    assert (again.events, same, len(server.calls)) == (whole.events, memory, asked)
    lines = path.read_text().splitlines(keepends=True)
    cut = next(at for at, event in enumerate(whole.events) if event.kind == "outcome") + 1
    path.write_text("".join(lines[:cut]))
    with LocalLab(toy, slots=2, sandbox=Sandbox.PROCESS) as lab:
        _, rest, _ = evaluate_kept(PAIR, toy, lab, given, keeping)
    assert rest.events[:cut] == whole.events[:cut]
    assert rest.events[-1].kind == "end"
    written = Ledger.load(path)
    written.close()
    assert written.events == rest.events


def test_the_winner_is_tested_without_its_memory() -> None:
    (part,) = [one for one in ablations(PAIR) if one.part == "Lasting memory"]
    assert part.program.text == PAIR.text.replace("lasting", "run")
    for other in ("run", "none"):
        program = parse(PAIR.text.replace("lasting", other))
        assert not [one for one in ablations(program) if one.part == "Lasting memory"]
    assert not [one for one in ablations(parse(PAIR.text.replace("llm", "tpe"))) if one.part == "Lasting memory"]


def test_the_winner_is_tested_without_personas_and_notes() -> None:
    memory = "- **Memory:** run"
    text = PAIR.text.replace("lasting", "run").replace(memory, f"{memory}\n- **Persona:** A sceptic.")
    found = {one.part: one.program.text for one in ablations(parse(text)) if one.part in {"Personas", "Notes"}}
    assert found == {
        "Personas": text.replace("\n- **Persona:** A sceptic.", ""),
        "Notes": text.replace(memory, "- **Memory:** none"),
    }


# On the command line


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pair.md").write_text(PAIR.text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORGOPT_MODEL", raising=False)
    return tmp_path


def turning(call: Call) -> str:
    return remembering(call) if is_last(call) else nk(call)


OPTIMIZE = (
    *("optimize", "pair.md", "--task", "nk", "--budget", "12s", "--generations", "2", "--population", "2"),
    *("--search-seeds", "1", "--race-seeds", "0", "--test-seeds", "1", "--controls", "none", "--no-tracking"),
    *("--library", "none", "--only", "risk", "--name", "words"),
)


@pytest.mark.slow
def test_a_run_of_a_study_is_repeated_for_free(workspace: Path) -> None:
    with LlmServer(turning) as server:
        configure(workspace, server)
        result = invoke(*OPTIMIZE, "--workers", "1", "--json")
        assert result.exit_code == 0, result.stderr
    study = workspace / "mlruns" / "studies" / "words"
    shutil.rmtree(workspace / "mlruns" / "calibrations", ignore_errors=True)
    done = [record for record in read_lines(study / "study.jsonl") if record["kind"] == "evaluation"]
    for record in (done[0], done[-1]):
        where = "candidates" if record["phase"] == "search" else record["phase"]
        folder = study / where / record["entrant"] / f"run-nk-{record['k']}"
        for _ in range(2):  # the first writes a ledger, the second repeats it
            again = invoke("run", "--resume", str(folder), "--json")  # the server is gone
            assert again.exit_code == 0, again.stderr
            assert json.loads(again.stdout)["score"] == {**record["score"], "common_thought_error": ""}
    assert not (workspace / "mlruns" / "memory").exists()


@pytest.mark.slow
def test_a_contest_keeps_its_answers_too(workspace: Path) -> None:
    (workspace / "other.md").write_text(PAIR.text.replace("Pair", "Others").replace("2", "1"))
    command = ("compare", "pair.md", "other.md", "--task", "nk", "--budget", "8s", "--seeds", "2", "--workers", "1")
    with LlmServer(turning) as server:
        configure(workspace, server)
        first = invoke(*command, "--json")
        assert first.exit_code == 0, first.stderr
        asked = len(server.calls)
        (log,) = (workspace / "mlruns" / "contests").glob("*/contest.jsonl")
        cut(log, 1)
        again = invoke(*command, "--json")
        assert again.exit_code == 0, again.stderr
        assert len(server.calls) == asked
    assert json.loads(again.stdout)["placings"] == json.loads(first.stdout)["placings"]


@pytest.mark.nightly
@pytest.mark.fault
@pytest.mark.timeout(600)
def test_killed_again_and_again_a_study_pays_for_what_was_in_flight_alone(workspace: Path) -> None:
    with LlmServer(turning, latency_s=0.02) as server:
        configure(workspace, server)
        command = [sys.executable, "-m", "orgopt", *OPTIMIZE, "--workers", "2"]
        kills, code = 0, None
        while code is None:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            began = len(server.calls)
            try:
                while (code := process.poll()) is None and (kills == 2 or len(server.calls) < began + 15):
                    server.ended.wait(0.01)
            finally:
                process.kill()
                process.wait()
            kills += code is None
            server.ended.wait(0.5)  # its workers end with it
        assert code == 0
        assert kills == 2
        study = workspace / "mlruns" / "studies" / "words"
        kept = sum(1 for path in study.rglob("answers.jsonl") for _ in read_lines(path))
        in_flight = 2 * 2  # agents of as many runs as there are workers
        assert len(server.calls) - kept <= kills * in_flight


# What it would cost


LED = replace(TEAM, standup=Standup(every=3, unit="experiments"))
TEAMS = {
    "alone": (ALONE, 3),
    "a team": (TEAM, 3),
    "in a queue": (replace(TEAM, roles=(LEAD, replace(HAND, headcount=6))), 2),
    "that meets": (LED, 3),
    "that meets by the clock": (replace(TEAM, standup=Standup(every=1.5, unit="s", attendees=("hand",))), 3),
    "that confirms": (replace(TEAM, confirm=2), 2),
    "with others": (replace(TEAM, roles=(LEAD, replace(HAND, agent="hill-climb", headcount=4))), 2),
    "that remembers": (replace(TEAM, roles=(replace(LEAD, memory="lasting"), HAND)), 3),
}


@pytest.mark.sweep(4)
@pytest.mark.parametrize("garbled", [False, True], ids=["", "garbled"])
@pytest.mark.parametrize("name", TEAMS)
def test_a_team_asks_as_often_as_was_estimated(toy: Task, tmp_path: Path, name: str, garbled: bool) -> None:
    def reply(call: Call) -> str:
        if garbled and not call.problem:
            return "I would rather not."
        return remembering(call)

    org, slots = TEAMS[name]
    with LlmServer(reply) as server:
        lab = FakeLab(toy, slots=slots, metric=noiseless)
        ledger = run(server, org, toy, lab=lab, folder=tmp_path)
        terms = CallTerms(budget_s=6, slots=slots, experiment_s=1, edits=False, runs=Bounds(1, 1), firsts=Bounds(1, 1))
        told = calls(org, [toy], settings(server), terms, None)
        paced = Pace(Bounds(0.02, 0.03 * (1 + garbled)), Bounds(1, 1), Bounds(1, 1), "a clock")
        found = calls(org, [toy], settings(server), terms, paced)
        answered = sum(event.data["calls"] for event in ledger.of("thought"))
        assert answered <= len(server.calls)
        assert found.calls.low <= len(server.calls) <= found.calls.high < 15 * len(server.calls)
        each = len(server.calls)
        per_call = Bounds(told.input_tokens.low / told.calls.low, told.input_tokens.high / told.calls.high)
        assert per_call.low <= server.input_tokens / each <= per_call.high
        assert told.output_tokens.low / told.calls.low <= server.output_tokens / each
        assert server.output_tokens / each <= told.output_tokens.high / told.calls.high
        price = settings(server).prices[MODEL]
        assert found.usd.high == pytest.approx(price.of(int(found.input_tokens.high), int(found.output_tokens.high)))


@pytest.mark.slow
def test_a_dry_run_says_what_models_would_cost(workspace: Path) -> None:
    dry = (*OPTIMIZE[:-1], "more", "--dry-run", "--search-seeds", "2", "--seed", "5")
    with LlmServer(turning) as server:
        configure(workspace, server)
        text = invoke(*dry).stdout
        assert "at nominal speeds" in text
        for word in ("calls of language models", "tokens in", "tokens out", "dollars, language models"):
            assert word in text
        assert not server.calls
        assert invoke(*OPTIMIZE, "--workers", "1", "--json").exit_code == 0
        estimated = json.loads(invoke(*dry, "--json").stdout)["language"]
        assert "earlier answers of the same models" in estimated["basis"]
        before = len(server.calls), server.input_tokens, server.output_tokens
        result = invoke(*[word for word in dry if word != "--dry-run"], "--workers", "1", "--json")
        assert result.exit_code == 0, result.stderr
    done = len(server.calls) - before[0], server.input_tokens - before[1], server.output_tokens - before[2]
    for name, value in zip(("calls", "input_tokens", "output_tokens"), done, strict=True):
        low, high = estimated[name]
        assert low <= value <= high, name
    low, high = estimated["usd"]
    assert low <= done[1] / 1e6 + 2 * done[2] / 1e6 <= high
    # At other prices since: the study's own count.
    configure(workspace, server, price="[1000.0, 1000.0]")
    again = json.loads(invoke(*dry, "--json").stdout)["language"]
    assert again["usd"][1] < 100 * high
