"""DSPy's optimizers on an organization, over real HTTP: what they find, their limit, failures, continuing."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orgopt.agents.session import Means
from orgopt.agents.thinking.spend import OverBudgetError
from orgopt.basics.callback import Callback
from orgopt.document import Program, lint, parse, read
from orgopt.errors import ModelError, UsageError
from orgopt.evolve.proposers.rewrite.org_module import Bench, OrgModule
from orgopt.evolve.proposers.rewrite.rewriting import FEWEST_RUNS, check_rewriter, optimizer_runs
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.evolve.space.texts import RefusedChangeError
from orgopt.evolve.trials.runs import Runs
from orgopt.storage.jsonl import read_lines
from orgopt.study.config import StudyConfig, check_config
from orgopt.study.folder import StudyLog
from orgopt.tasks.task import Task
from tests.fakes.arena import toy_arena
from tests.fakes.llm_server import MODEL, Call, Fault, LlmServer, fields
from tests.fakes.researcher import knobs_of
from tests.test_minds import settings
from tests.test_rewrite import PAIR, Heard, of, study


def settings_of(task: Task, seed: Program) -> dict[str, Any]:
    return CONFIG.identity(seed, {task.name: task}, None, {task.name: {"lab": "fake"}})


CONFIG = StudyConfig(
    generations=2, population=2, budget_s=3, slots=2, search_seeds=1, contenders=2, test_seeds=1, rewriter="gepa"
)
BETTER = "You decide what is kept. Take one long stride, then small ones."
SOLO = PAIR.split("### Hand")[0]


Propose = Callable[[Call], "str | Fault"]


@pytest.fixture
def solo() -> Program:
    return parse(SOLO, "solo.md")


def agent(call: Call) -> str:
    """Does what its charter says: a long stride brings it near the bottom, a step back away from it."""
    if "- report: " in call.system:
        return fields(report="I went on.")
    x = knobs_of(call)["X"]
    step = 0.7 - x if "long stride" in call.system else -0.2 if "step back" in call.system else 0.05
    knobs = {"X": round(min(1.0, max(0.0, x + step)), 4)}
    if knobs["X"] == x == 0:  # further back it cannot go: away in the other direction
        knobs["Y"] = round(0.9 + call.number % 100 / 1000, 4)
    return fields(hypothesis="move X", knobs=knobs, expectation="less loss")


def serve(propose: Propose) -> Callable[[Call], str | Fault]:
    """A server that answers agents by their charter, and optimizers as asked."""
    return lambda call: agent(call) if "You research by experiments" in call.system else propose(call)


def proposing(text: str = BETTER) -> Callable[[Call], str]:
    """Proposes one charter, in the form that each optimizer asks for."""

    def propose(call: Call) -> str:
        if "module_advice" in call.system:
            return fields(discussion="It hardly moved.", module_advice={"role_lead": text.split(". ")[1]})
        if "proposed_instruction" in call.system:
            return fields(proposed_instruction=text)
        assert "new_charter" in call.system
        assert "What the role asked for:" in call.user
        return fields(new_charter=text)

    return propose


@pytest.mark.sweep(3)
@pytest.mark.parametrize("rewriter", ["gepa", "mipro", "simba"])
def test_an_optimizer_finds_a_charter_that_works_better(
    toy: Task, solo: Program, tmp_path: Path, rewriter: str
) -> None:
    config = replace(CONFIG, rewriter=rewriter)
    with LlmServer(serve(proposing())) as server:
        records = study(tmp_path / "s", solo, toy, settings(server), config)
    (rewrite,) = of(records, "rewrite")
    assert rewrite["outcome"] == "proposed", rewrite
    assert 0 < rewrite["runs"] <= optimizer_runs(config, 1) == FEWEST_RUNS
    assert rewrite["calls"] > 0
    candidate = of(records, "candidate")[2]
    assert candidate["proposer"] == rewriter
    program = parse(candidate["program"])
    assert lint(program) == []
    assert "Take one long stride" in read(program).org.role("lead").charter  # type: ignore[union-attr]
    assert candidate["params"] == of(records, "candidate")[rewrite["parent"]]["params"]
    done = [record for record in of(records, "evaluation") if record["phase"] == "rewrite"]
    assert len(done) == rewrite["runs"]
    old, new = re.search(r"output ([+-][.\d]+) → ([+-][.\d]+)", rewrite["changes"][0]["reason"]).groups()  # type: ignore[union-attr]
    assert float(new) > float(old)


@pytest.mark.parametrize(
    "rewriter", ["gepa", *(pytest.param(name, marks=pytest.mark.slow) for name in ("mipro", "simba"))]
)
def test_charters_are_scored_by_questions_instead_of_runs(
    toy: Task, solo: Program, tmp_path: Path, rewriter: str
) -> None:
    config = replace(CONFIG, rewriter=rewriter, rewrite_metric="ask")
    with LlmServer(serve(proposing())) as server:
        records = study(tmp_path / "s", solo, toy, settings(server), config)
    (rewrite,) = of(records, "rewrite")
    assert rewrite["outcome"] == "proposed", rewrite
    assert not [one for one in of(records, "evaluation") if one["phase"] == "rewrite"]
    assert "runs" not in rewrite
    assert rewrite["calls"] > 3 * FEWEST_RUNS / 2  # a round asks at the start, in the middle and late
    found = re.search(r"gain ([+-][.\d]+) → ([+-][.\d]+) on \d+ rounds of questions", rewrite["changes"][0]["reason"])
    assert found
    assert 1 < float(found[1]) < float(found[2])  # all answers are valid: what they gain decides
    candidate = of(records, "candidate")[2]
    assert "Take one long stride" in read(parse(candidate["program"])).org.role("lead").charter  # type: ignore[union-attr]


@pytest.mark.slow
def test_questions_stop_a_study_whose_money_or_model_is_gone_and_go_on_there(
    toy: Task, solo: Program, tmp_path: Path
) -> None:
    config, down = replace(CONFIG, rewrite_metric="ask"), False

    def reply(call: Call) -> str | Fault:
        nonlocal down
        down = down or "new_charter" in call.system  # after the first charter nobody answers
        return Fault(status=400, text="no such model") if down and "new_charter" not in call.system else answer(call)

    answer = serve(proposing())
    with LlmServer(reply) as server:
        with pytest.raises(ModelError, match=r"Lead could not be asked: refused: .*no such model"):
            study(tmp_path / "s", solo, toy, settings(server), config=config)
        refused = len(server.calls)
        with pytest.raises(OverBudgetError):
            study(tmp_path / "s", solo, toy, settings(server, max_tokens=60), config=config)
        assert len(server.calls) == refused
        server.reply = answer
        records = study(tmp_path / "s", solo, toy, settings(server), config=config)
        asked, server.calls = len(server.calls) - 1, []
        straight = study(tmp_path / "t", solo, toy, settings(server), config=config)
        assert asked == len(server.calls)  # what was answered is not asked again
    assert [one["changes"] for one in of(records, "rewrite")] == [one["changes"] for one in of(straight, "rewrite")]


def test_questions_are_for_optimizers_in_replay(solo: Program) -> None:
    with pytest.raises(UsageError, match="the rewriter reflect scores none"):
        check_rewriter(replace(CONFIG, rewriter="reflect", rewrite_metric="ask"), solo)
    with pytest.raises(UsageError, match="no metric of rewriting 'guess': choose run, ask"):
        check_config(replace(CONFIG, rewrite_metric="guess"))


@pytest.mark.parametrize(
    "rewriter", ["gepa", *(pytest.param(name, marks=pytest.mark.slow) for name in ("mipro", "simba"))]
)
def test_an_optimizers_answers_are_held_to_a_schema(toy: Task, solo: Program, tmp_path: Path, rewriter: str) -> None:
    schemas: list[Any] = []

    def reply(call: Call) -> str:
        asked = call.body["response_format"]["json_schema"]["schema"]
        schemas.append(asked["properties"])
        said = {"discussion": "It hardly moved.", "module_advice": {"role_lead": BETTER.split(". ")[1]}}
        assert "`[[ ##" not in call.system  # it is not asked in sections and held to JSON
        return json.dumps({name: said.get(name, BETTER) for name in asked["required"]})

    config = replace(CONFIG, rewriter=rewriter, rewrite_metric="ask")
    with LlmServer(serve(reply)) as server:
        given = settings(server)
        held = replace(given, models={MODEL: replace(given.models[MODEL], schema=True)})
        records = study(tmp_path / "s", solo, toy, held, config, means=Means(settings=given))
    (rewrite,) = of(records, "rewrite")
    assert rewrite["outcome"] == "proposed", rewrite
    text = {"type": "string"}
    assert (
        schemas[0]
        == {
            "gepa": {"new_charter": text},
            "mipro": {"proposed_instruction": text},
            "simba": {"discussion": text, "module_advice": {"type": "object", "additionalProperties": text}},
        }[rewriter]
    )


def broken(call: Call) -> str | Fault:
    return '{"no": "charter"}'  # a bare text would be taken for one


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    ("rewriter", "propose", "outcome", "why"),
    [
        ("gepa", broken, "failed", "gepa gave back what it was given, as its proposals failed: there is no section"),
        ("gepa", lambda _: Fault(status=400, text="no such model"), "failed", "failed: refused: .*no such model"),
        ("gepa", proposing("## Roles\n\n### Spy\nSpy."), "failed", "a heading does not belong there"),
        ("gepa", proposing("You decide. Take a step back."), "unchanged", "gepa found nothing better in"),
        ("mipro", broken, "failed", "mipro broke: .*there is no section"),
        ("simba", broken, "failed", "simba gave back what it was given, as its proposals failed: Strategy failed"),
    ],
    ids=["gepa: garbage", "gepa: refused", "gepa: no prose", "gepa: no better", "mipro: garbage", "simba: garbage"],
)
def test_an_optimizer_that_fails_in_silence_is_loud_here(
    toy: Task,
    solo: Program,
    tmp_path: Path,
    rewriter: str,
    propose: Propose,
    outcome: str,
    why: str,
) -> None:
    heard = Heard()
    with LlmServer(serve(propose)) as server:
        records = study(tmp_path / "s", solo, toy, settings(server), replace(CONFIG, rewriter=rewriter), heard)
    (rewrite,) = of(records, "rewrite")
    assert rewrite["outcome"] == outcome, rewrite
    assert re.search(why, rewrite["reason"]), rewrite["reason"]
    assert [record.reason for record in heard.records] == [rewrite["reason"]]
    assert rewriter not in {record["proposer"] for record in of(records, "candidate")}
    assert rewrite["runs"] <= FEWEST_RUNS


class Cut(Heard):
    """Stops a study after some runs that an optimizer asked for."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    def evaluated(self, phase: str, job: object, score: object) -> None:
        if phase == "rewrite":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


def test_a_study_that_was_cut_in_an_optimizer_goes_on_there(toy: Task, solo: Program, tmp_path: Path) -> None:
    """What ran and what was answered is not done again, and the same candidate comes of it."""
    with LlmServer(serve(proposing())) as server:
        with pytest.raises(KeyboardInterrupt):
            study(tmp_path / "s", solo, toy, settings(server), callback=Cut(4), config=CONFIG)
        before = [record for record in read_study(tmp_path / "s") if record.get("phase") == "rewrite"]
        assert len(before) == 4
        with pytest.raises(KeyboardInterrupt):
            study(tmp_path / "s", solo, toy, settings(server), callback=Heard(stop_at="g01-c02"), config=CONFIG)
        (rewrite,) = of(read_study(tmp_path / "s"), "rewrite")
        asked = sum("new_charter" in call.system for call in server.calls)
        records = study(tmp_path / "s", solo, toy, settings(server), config=CONFIG)
        assert sum("new_charter" in call.system for call in server.calls) == asked == rewrite["calls"]
    assert of(records, "rewrite") == [rewrite]
    done = [record for record in of(records, "evaluation") if record["phase"] == "rewrite"]
    assert done[:4] == before
    assert len(done) == rewrite["runs"] <= FEWEST_RUNS
    assert len({(one["entrant"], one["k"]) for one in done}) == len(done)
    candidate = of(records, "candidate")[2]
    assert candidate["proposer"] == "gepa"
    assert [change["to"] for change in rewrite["changes"]] == list(candidate["texts"].values())


def read_study(folder: Path) -> list[dict[str, Any]]:
    return list(read_lines(folder / "study.jsonl"))


def test_the_limit_of_money_stops_an_optimizer_and_more_goes_on(toy: Task, solo: Program, tmp_path: Path) -> None:
    """Whoever asks first when it is spent, a team or the optimizer: nothing counts as a result."""
    with LlmServer(serve(proposing())) as server:
        with pytest.raises(KeyboardInterrupt):
            study(tmp_path / "s", solo, toy, settings(server), callback=Cut(2), config=CONFIG)
        # Teams have an account of their own here: it is the optimizer's call that does not fit.
        unlimited, poor = Means(settings=settings(server)), settings(server, max_tokens=60)
        with pytest.raises(OverBudgetError, match="the rewriter could not ask within the limit of 60 tokens"):
            study(tmp_path / "s", solo, toy, poor, means=unlimited, config=CONFIG)
        assert not of(read_study(tmp_path / "s"), "rewrite")
        records = study(tmp_path / "s", solo, toy, settings(server), config=CONFIG)
    assert [record["outcome"] for record in of(records, "rewrite")] == ["proposed"]


@pytest.mark.parametrize("charter", ["", "One.\n\nTwo\tthree.", "  Deep\n    deeper\n- a\n  - b", "A brace {x}."])
def test_the_module_gives_back_charters_as_they_were(toy: Task, tmp_path: Path, charter: str) -> None:
    seed = parse(SOLO.replace("You decide what is kept.", charter), "solo.md")
    space = Space(seed, None, 60)
    one = Candidate(
        index=0, generation=0, parent=None, proposer="seed", params=space.origin, program=seed, changes=("seed",)
    )
    with toy_arena(toy) as arena, StudyLog(tmp_path, settings_of(toy, seed), seed, {toy.name: toy}) as log:
        runs = Runs(arena, log, 0, Callback(), keep=lambda *_: True)
        bench = Bench(CONFIG, space, runs, one, "g01-c01", 12, ())
        module = OrgModule(bench, 3.0)
        assert [role.id for role in bench.roles] == ["lead"]
        assert module.deepcopy().bench is bench
        assert bench.point(module.deepcopy().charters) is None
        with pytest.raises(RefusedChangeError, match="HTML"):
            bench.point({"lead": "<b>x</b>"})
