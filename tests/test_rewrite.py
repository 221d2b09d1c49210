"""Rewriting with a language model, over real HTTP: what lands in documents, what is refused, money, continuing."""

import contextlib
import difflib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from orgopt.agents.session import Means
from orgopt.agents.thinking.spend import OverBudgetError
from orgopt.agents.toml_models import LanguageSettings
from orgopt.basics.callback import Callback
from orgopt.cli import main
from orgopt.document import Program, lint, parse, read
from orgopt.errors import DocumentError, UsageError
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.search import optimize
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.evolve.space.model_changes import Change, changed, read_changes
from orgopt.evolve.space.texts import RefusedChangeError, prose, with_texts
from orgopt.report import page
from orgopt.storage.jsonl import read_lines
from orgopt.study.config import SAMPLER_KIND, StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.study.records.kinds import RewriteRecord
from orgopt.study.rewrites import said_of_rewrites
from orgopt.study.standing import Standing
from orgopt.study.verdict.study import ending
from orgopt.tasks.task import Task
from orgopt.tracking import candidate_values as candidate_run
from orgopt.tracking import study_values
from tests.fakes.arena import toy_arena
from tests.fakes.llm_server import MODEL, NOISE, Call, Fault, LlmServer, fields
from tests.fakes.researcher import research
from tests.fakes.study import view
from tests.test_minds import settings

CONFIG = StudyConfig(
    generations=2, population=3, budget_s=4, slots=2, search_seeds=2, contenders=2, test_seeds=1, rewriter="reflect"
)
PAIR = """\
# Pair

Find the bottom.

## Roles

### Lead
- **Headcount:** 1
- **Agent:** llm
- **Model:** openai/local
- **Risk tolerance:** 0.2

You decide what is kept.

### Hand
- **Headcount:** 1
- **Agent:** hill-climb

Turn what others leave alone.

## Links
- Hand → Lead: reports to
"""
CHARTER = "You decide what is kept. Turn one knob at a time, and say why before you do."


@pytest.fixture
def pair() -> Program:
    return parse(PAIR, "pair.md")


def answer(*changes: Mapping[str, Any], thinking: str = "Too many knobs at once.") -> str:
    return fields(thinking=thinking, changes=list(changes))


def change(place: str, to: Any) -> dict[str, Any]:
    return {"place": place, "to": to, "reason": "the best run turned one knob at a time"}


Reply = Callable[[Call], "str | Fault"]


def serve(rewrite: Reply) -> Reply:
    """A server that answers agents as a researcher, and rewriters as asked."""

    def reply(call: Call) -> str | Fault:
        return rewrite(call) if "improve the document" in call.system else research(call)

    return reply


def rewrites_of(server: LlmServer) -> list[Call]:
    return [call for call in server.calls if "improve the document" in call.system]


class Heard(Callback):
    """Notes what rewriters did, and may stop a study."""

    def __init__(self, stop_at: str = "") -> None:
        self.records: list[Mapping[str, Any]] = []
        self.stop_at = stop_at

    def rewritten(self, name: str, record: RewriteRecord) -> None:
        self.records.append(record)
        if name == self.stop_at:
            raise KeyboardInterrupt


def study(
    folder: Path,
    seed: Program,
    task: Task,
    language: LanguageSettings | None,
    config: StudyConfig = CONFIG,
    callback: Callback | None = None,
    means: Means | None = None,
) -> list[dict[str, Any]]:
    """Run a study or go on with it; returns its records. Teams think with `language` where nothing else is given."""
    means = means or (Means(settings=language) if language else None)
    arena = toy_arena(task, budget_s=config.budget_s, slots=config.slots, means=means)
    identity = config.identity(seed, {task.name: task}, None, {task.name: {"lab": "fake"}})
    with arena, StudyLog(folder, identity, seed, {task.name: task}) as log:
        try:
            optimize(seed, arena, config, log, callback=callback, language=language)
        finally:
            records = list(read_lines(log.path))
    return records


def of(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]


def candidate_of(seed: Program, space: Space) -> Candidate:
    return Candidate(
        index=0, generation=0, parent=None, proposer="seed", params=space.origin, program=seed, changes=("the seed",)
    )


def test_a_rewriter_that_is_held_to_a_schema_names_what_can_be_changed(
    toy: Task, pair: Program, tmp_path: Path
) -> None:
    def reply(call: Call) -> str:
        return json.dumps({"thinking": "Too loose.", "changes": [change("charter/lead", CHARTER)]})

    with LlmServer(serve(reply)) as server:
        given = settings(server)
        held = replace(given, models={MODEL: replace(given.models[MODEL], schema=True)})
        records = study(tmp_path / "s", pair, toy, held)
        (asked,) = rewrites_of(server)
    assert of(records, "rewrite")[0]["outcome"] == "proposed"
    items = asked.body["response_format"]["json_schema"]["schema"]["properties"]["changes"]["items"]["anyOf"]
    listed = {place: one["properties"]["to"] for one in items for place in one["properties"]["place"]["enum"]}
    shown = re.findall(r"^(?:\S+(?= = )|\S+(?=: a text))", asked.field("places"), re.MULTILINE)
    assert set(listed) == set(shown)
    assert listed["mission"] == {"type": "string"}
    space = Space(pair, None, 60)
    parent = candidate_of(pair, space)
    for place, to in listed.items():
        for value in to.get("enum", ()):
            with contextlib.suppress(RefusedChangeError):  # as lint has it
                assert changed(space, parent, [Change(place=place, to=value)]).program.text != pair.text


def test_a_rewritten_charter_and_a_headcount_land_in_the_document(toy: Task, pair: Program, tmp_path: Path) -> None:
    reply = serve(lambda _: answer(change("charter/lead", CHARTER), change("headcount/hand", 2)))
    with LlmServer(reply) as server:
        records = study(tmp_path / "s", pair, toy, settings(server))
        (asked,) = rewrites_of(server)
    (rewrite,) = of(records, "rewrite")
    assert (rewrite["outcome"], rewrite["calls"]) == ("proposed", 1)
    assert rewrite["usd"] > 0
    candidate = of(records, "candidate")[3]
    assert (candidate["proposer"], candidate["parent"]) == ("reflect", rewrite["parent"])
    assert candidate["texts"]["charter/lead"] == CHARTER
    assert candidate["params"]["headcount/hand"] == 2
    program = parse(candidate["program"])
    assert lint(program) == []
    assert read(program).org.role("lead").charter == CHARTER  # type: ignore[union-attr]
    lines = difflib.ndiff(
        of(records, "candidate")[rewrite["parent"]]["program"].splitlines(), candidate["program"].splitlines()
    )
    assert 0 < sum(line.startswith("+ ") for line in lines) <= 3  # a charter, a headcount
    assert any("charter" in line for line in candidate["changes"])
    # What it was told: the document, how it stands, the story of its runs, and what it may change.
    assert asked.field("document").startswith("# Pair")
    assert "research output: 0 is" in asked.field("standing").lower()
    assert "kept at" in asked.field("runs") or "kept: nothing" in asked.field("runs")
    assert "role Lead:" in asked.field("runs")
    assert "charter/lead: a text" in asked.field("places")
    assert "charter/hand" not in asked.field("places")  # a policy reads none
    # Its values are told to the sampler, and the search goes on from it.
    assert len(of(records, "generation")) == CONFIG.generations
    # Who reads the result is told: in the log, on the terminal, on the page and in MLflow.
    final, found = of(records, "final")[0], view(records)
    told = final["rewrites"]
    assert (told["proposed"], told["asked"], told["better"][1], told["usd"]) == (1, 1, 1, rewrite["usd"])
    assert told["sampler_better"][1] == 2
    assert "reflect proposed 1 of the 1 candidates" in said_of_rewrites(found.final.rewrites)
    assert "reflect proposed 1 of the 1 candidates" in page(found)
    assert "reflect proposed 1 of the 1 candidates" in study_values.note(ending(found), found.final, "", {}, "")
    parent = found.candidates[candidate["parent"]]
    note = candidate_run.note(candidate_run.Family(found, found.candidates[3], parent, "", "", "", 0.0, frozenset()), 1)
    assert "Proposed by reflect, a language model, as a change of" in note
    assert "the best run turned one knob at a time" in note


@pytest.mark.parametrize("sampler", SAMPLER_KIND.own)
def test_children_inherit_texts(pair: Program, sampler: str) -> None:
    space = Space(pair, None, 60)
    config = replace(CONFIG, sampler=sampler)
    proposer = Proposer(space, config)
    first = proposer.first()
    parent = proposer.adopt(1, 1, first, "reflect", space.origin, {"charter/lead": CHARTER})
    told = {parent.name: Standing(value=0.5, error=0.1, estimate=0.5, doubt=0.1, seeds=2)}
    proposer.tell(0, [0.0])
    proposer.tell(1, [0.5])
    for index in range(2, 8):
        child = proposer.propose(index, 1, [first, parent], told)
        assert (child.parent, child.texts) == (1, parent.texts)
        role = read(child.program).org.role("lead")
        assert role is None or role.charter == CHARTER
        proposer.tell(index, [0.1])


def test_policies_read_no_texts_and_the_model_is_told(toy: Task, trio: Program, tmp_path: Path) -> None:
    def rewrite(call: Call) -> str:
        assert "change parameters" in call.system
        assert "a text" not in call.field("places")
        return (
            answer(change("stand-up", 3)) if "[[ ## problem" not in call.user else answer(change("headcount/lead", 2))
        )

    with LlmServer(serve(rewrite)) as server:
        records = study(tmp_path / "s", trio, toy, settings(server))
        again = rewrites_of(server)[1]
    assert [record["outcome"] for record in of(records, "rewrite")] == ["proposed"]
    assert "there is no place 'stand-up'" in again.field("problem")  # the one repair round
    assert of(records, "candidate")[3]["params"]["headcount/lead"] == 2
    assert "texts" not in of(records, "candidate")[3]


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (change("charter/nobody", "Do less."), "there is no role 'nobody': hand, lead"),
        (change("charter/hand", "Do less."), "changes nothing: only agents 'llm' read it"),
        (change("reports/lead→lead", True), "there is no place 'reports/lead→lead'"),
        (change("headcount/hand", 65), "headcount/hand cannot be 65: 0 to 4"),
        (change("agent/hand", "oracle"), "agent/hand cannot be oracle: "),
        (change("risk/hand", 0.512), "risk/hand cannot be 0.512: 0 to 1 in steps of 0.05"),
        (change("headcount/hand", 1), "the document stays as it is"),
        (change("charter/lead", "x " * 1000), "2000 characters are too many: at most 1500"),
        (change("charter/lead", "Try.\n\n## Roles\n\n### Spy"), "a heading does not belong there"),
        (change("charter/lead", "Try.\n\n- **Headcount:** 9"), "a field in bold does not belong there"),
        (change("charter/lead", "Try. <script>x</script>"), "HTML does not belong there"),
        (change("charter/lead", "Try. <!-- file: other.md -->"), "HTML does not belong there"),
        (change("charter/lead", "Try.\n```\nrm\n```"), "a block of code does not belong there"),
        (change("charter/lead", "Try. [[ ## answer ## ]]"), "a mark of the prompt does not belong there"),
        (change("charter/lead", "See [this](http://x.org)."), "a link does not belong there"),
        (change("charter/lead", "Try \u202eit."), r"the character U\+202E is not seen"),
        (change("charter/lead", ["Try"]), "write a text"),
        (change("mission", ""), "write a text"),
    ],
)
def test_what_cannot_be_made_is_refused_with_a_remedy(pair: Program, wanted: dict[str, Any], why: str) -> None:
    space = Space(pair, None, 60)
    with pytest.raises(RefusedChangeError, match=why):
        changed(space, candidate_of(pair, space), read_changes([wanted]))


def test_frozen_parts_stay(pair: Program) -> None:
    kept = Space(pair, None, 60, fix=["texts", "risk"])
    one = candidate_of(pair, kept)
    for place, to in (("charter/lead", CHARTER), ("mission", "Find it."), ("risk/hand", 0.5)):
        with pytest.raises(RefusedChangeError, match="this study keeps"):
            changed(kept, one, [Change(place=place, to=to)])


@pytest.mark.parametrize(
    "given", [None, [], {}, "more agents", [1], [{"place": "mission"}], [change("mission", "x")] * 4]
)
def test_what_is_no_list_of_changes_is_refused(given: object) -> None:
    with pytest.raises(RefusedChangeError):
        read_changes(given)


def test_roles_of_a_library_are_hired_and_given_a_charter(pair: Program) -> None:
    library = parse(
        "# L\n\n## Roles\n\n### Doubter\n- **Headcount:** 1\n- **Agent:** llm\n- **Model:** openai/local\n\nDoubt.\n"
    )
    space = Space(pair, library, 60)
    wanted = [change("headcount/doubter", 1), change("charter/doubter", "Doubt what is not repeated.")]
    point = changed(space, candidate_of(pair, space), read_changes(wanted))
    assert read(point.program).org.role("doubter").charter == "Doubt what is not repeated."  # type: ignore[union-attr]
    assert lint(point.program) == []
    with pytest.raises(RefusedChangeError, match="no role 'doubter'"):
        changed(space, candidate_of(pair, space), read_changes([wanted[1]]))


@given(st.text(max_size=300))
def test_whatever_is_let_through_is_prose_alone(text: str) -> None:
    pair = parse(PAIR, "pair.md")
    try:
        kept = prose("charter/lead", text, "")
        program = with_texts(pair, {"charter/lead": kept})
    except (RefusedChangeError, DocumentError):
        return
    before, after = read(pair).org, read(program).org
    assert replace(after, roles=()) == replace(before, roles=())
    assert [replace(role, charter="") for role in after.roles] == [replace(role, charter="") for role in before.roles]


@pytest.mark.parametrize(
    ("reply", "outcome", "why"),
    [
        (NOISE, "refused", "is not JSON|there is no section|no list"),
        (answer(change("charter/nobody", "x")), "refused", "no role 'nobody'"),
        (Fault(status=400, text="bad request"), "failed", "did not answer: refused"),
        (Fault(status=500), "failed", "did not answer: server"),
    ],
    ids=["garbage", "refused twice", "bad request", "server"],
)
def test_what_comes_to_nothing_is_said_counted_and_left_to_the_sampler(
    toy: Task, trio: Program, tmp_path: Path, reply: str | Fault, outcome: str, why: str
) -> None:
    heard = Heard()
    with LlmServer(serve(lambda _: reply)) as server:
        records = study(tmp_path / "s", trio, toy, settings(server), CONFIG, heard)
    (rewrite,) = of(records, "rewrite")
    assert rewrite["outcome"] == outcome
    assert re.search(why, rewrite["reason"])
    assert rewrite["calls"] == (2 if outcome == "refused" else 1)
    assert [record.reason for record in heard.records] == [rewrite["reason"]]
    assert [record["proposer"] for record in of(records, "candidate")] == ["seed", "opening", *["tpe"] * 4]


def test_a_killed_study_makes_the_same_candidates_and_asks_nothing_twice(
    toy: Task, trio: Program, tmp_path: Path
) -> None:
    def rewrite(call: Call) -> str:
        return answer(change("headcount/explorer", 1 + (call.number + 2) % 4))

    config = replace(CONFIG, generations=3)
    with LlmServer(serve(rewrite)) as server:
        whole = study(tmp_path / "whole", trio, toy, settings(server), config)
        asked = len(server.calls)
    assert asked == 2
    with LlmServer(serve(rewrite)) as server:
        with pytest.raises(KeyboardInterrupt):  # after the answer, before its candidate is kept
            study(tmp_path / "cut", trio, toy, settings(server), config, Heard(stop_at="g01-c03"))
        assert len(server.calls) == 1
        continued = study(tmp_path / "cut", trio, toy, settings(server), config)
        assert len(server.calls) == asked
    assert plain(continued) == plain(whole)


def test_where_the_model_is_gone_kept_answers_do_as_far_as_they_go(toy: Task, trio: Program, tmp_path: Path) -> None:
    config = replace(CONFIG, generations=3)
    with LlmServer(serve(lambda _: answer(change("headcount/explorer", 3)))) as server:
        given = settings(server)
        with pytest.raises(KeyboardInterrupt):
            study(tmp_path / "s", trio, toy, given, config, Heard(stop_at="g01-c03"))
    gone = replace(given, models={MODEL: replace(given.models[MODEL], key="MISSING_KEY")})
    with pytest.raises(UsageError, match="MISSING_KEY, which is not set"):
        study(tmp_path / "s", trio, toy, gone, config)
    records = list(read_lines(tmp_path / "s" / "study.jsonl"))
    assert [one["proposer"] for one in of(records, "candidate")] == ["seed", "opening", "tpe", "reflect", "tpe", "tpe"]


def plain(records: list[dict[str, Any]]) -> list[str]:
    """What a study proposed and measured, whatever the time it took."""
    varying = {"at", "wall_s", "cost", "sampler_state", "name"}
    kinds = [record for record in records if record["kind"] in {"candidate", "rewrite", "evaluation", "final"}]
    return sorted(json.dumps({k: v for k, v in one.items() if k not in varying}, sort_keys=True) for one in kinds)


def test_the_limit_of_money_stops_a_study_which_goes_on_with_more(toy: Task, trio: Program, tmp_path: Path) -> None:
    reply = serve(lambda _: answer(change("headcount/explorer", 3)))
    with LlmServer(reply) as server:
        with pytest.raises(OverBudgetError, match=r"the rewriter could not ask within the limit of 100 tokens"):
            study(tmp_path / "s", trio, toy, settings(server, max_tokens=100))
        assert server.calls == []
        assert len(list(read_lines(tmp_path / "s" / "study.jsonl"))) > 3  # what was measured is kept
        records = study(tmp_path / "s", trio, toy, settings(server, max_tokens=50_000))
    assert [record["outcome"] for record in of(records, "rewrite")] == ["proposed"]
    spent = list(read_lines(tmp_path / "s" / "spend.jsonl"))
    assert {record["role"] for record in spent if "reserve" in record} == {"rewriter"}


def test_a_study_without_a_rewriter_is_called_and_logged_as_before(toy: Task, trio: Program, tmp_path: Path) -> None:
    without = replace(CONFIG, rewriter="none")
    stamps = {toy.name: {"lab": "fake"}}
    names = set(without.identity(trio, {toy.name: toy}, None, stamps))
    assert not names & {"rewriter", "rewrite_share", "rewriter_model"}
    assert names | {"rewriter", "rewrite_share", "rewriter_model"} == set(
        CONFIG.identity(trio, {toy.name: toy}, None, stamps)
    )
    records = study(tmp_path / "s", trio, toy, None, without)
    assert not of(records, "rewrite")
    assert all("texts" not in record for record in of(records, "candidate"))
    assert "rewrites" not in of(records, "final")[0]
    assert not (tmp_path / "s" / "rewrites.jsonl").exists()


OPTIMIZE = ("optimize", "trio.md", "--task", "nk", "--budget", "6s", "--generations", "2", "--population", "3")
SMALL = ("--search-seeds", "2", "--race-seeds", "0", "--test-seeds", "1", "--controls", "none", "--no-tracking")


@pytest.fixture
def workspace(tmp_path: Path, trio: Program, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "trio.md").write_text(trio.text)
    (tmp_path / "orgopt.toml").write_text("[run]\nslots = 2\n")
    monkeypatch.chdir(tmp_path)
    for name in ("ORGOPT_MODEL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def invoke(*words: str):
    return CliRunner().invoke(main, [*OPTIMIZE, *SMALL, "--workers", "1", *words], catch_exceptions=False)


def test_without_a_model_rewriting_is_skipped_with_one_line(workspace: Path) -> None:
    result = invoke("--rewriter", "reflect", "--name", "s")
    assert result.exit_code == 0, result.stderr
    (line,) = [line for line in result.stderr.splitlines() if "rewriting is skipped" in line]
    assert "set ORGOPT_MODEL" in line
    assert "[models] rewriter" in line
    head = next(iter(read_lines(workspace / "mlruns" / "studies" / "s" / "study.jsonl")))
    assert "rewriter" not in head["identity"]


def test_a_rewriter_is_refused_before_anything_begins(workspace: Path) -> None:
    result = invoke("--rewriter", "reflect", "--rewriter-model", "openai/gpt-5")
    assert (result.exit_code, "set OPENAI_API_KEY" in result.stderr) == (2, True)
    result = invoke("--rewriter", "gepa", "--rewriter-model", MODEL)
    assert (result.exit_code, "trio.md has none: give a role" in result.stderr) == (2, True)
    (workspace / "trio.md").write_text(PAIR)
    result = invoke("--rewriter", "gepa", "--rewriter-model", MODEL, "--fix", "texts")
    assert (result.exit_code, "changes texts alone" in result.stderr) == (2, True)
    assert not (workspace / "mlruns").exists()


def test_the_command_rewrites_with_the_models_of_the_workspace(workspace: Path) -> None:
    with LlmServer(serve(lambda _: answer(change("headcount/explorer", 3)))) as server:
        (workspace / "orgopt.toml").write_text(
            f'[models]\nrewriter = "{MODEL}"\n[models."{MODEL}"]\napi_base = "{server.url}"\n'
            f'[prices]\n"{MODEL}" = [1.0, 2.0]\n'
        )
        result = invoke("--rewriter", "reflect", "--name", "s", "--max-usd", "1")
        assert result.exit_code == 0, result.stderr
    folder = workspace / "mlruns" / "studies" / "s"
    records = list(read_lines(folder / "study.jsonl"))
    assert records[0]["identity"]["rewriter_model"] == MODEL
    assert [record["proposer"] for record in of(records, "candidate")] == [
        "seed",
        "opening",
        "tpe",
        "reflect",
        "tpe",
        "tpe",
    ]
    assert json.loads((folder / "language.json").read_text())["prices"] == {MODEL: [1.0, 2.0]}
