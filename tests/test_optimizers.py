"""DSPy's optimizers on an organization, over real HTTP: what they find, their limit, failures, continuing."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orgopt.agents.language import CHOICE, choose
from orgopt.agents.settings import LanguageSettings
from orgopt.agents.spend import OverBudgetError
from orgopt.document import Program, lint, parse, read
from orgopt.evolve.optimizers import FEWEST_RUNS, runs_of
from orgopt.study.config import StudyConfig
from orgopt.task import Task
from tests.fakes.llm_server import Call, Fault, LlmServer, fields
from tests.test_minds import settings
from tests.test_rewrite import PAIR, Heard, of, plain, study

CONFIG = StudyConfig(
    generations=2, population=2, budget_s=3, slots=2, search_seeds=1, contenders=2, test_seeds=1, rewriter="gepa"
)
BETTER = "You decide what is kept. Take one long stride, then small ones."
SOLO = PAIR.split("### Hand")[0]


@pytest.fixture
def solo() -> Program:
    return parse(SOLO, "solo.md")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "null")


def agent(call: Call) -> str:
    """Does what its charter says: a long stride brings it near the bottom, without one it hardly moves."""
    x = float(re.search(r"X = ([-\d.e]+)", call.field("settings"))[1])
    step = 0.7 - x if "long stride" in call.system else 0.001
    return fields(hypothesis="move X", knobs={"X": round(min(1.0, x + step), 4)}, expectation="less loss")


def serve(propose: Callable[[Call], str | Fault]) -> Callable[[Call], str | Fault]:
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


def given(server: LlmServer, **more: Any) -> LanguageSettings:
    found = settings(server, **more)
    choose(found, None)
    return found


@pytest.mark.parametrize("rewriter", ["gepa", "mipro", "simba"])
def test_an_optimizer_finds_a_charter_that_works_better(
    toy: Task, solo: Program, tmp_path: Path, rewriter: str
) -> None:
    config = replace(CONFIG, rewriter=rewriter)
    with LlmServer(serve(proposing())) as server:
        records = study(tmp_path / "s", solo, toy, given(server), config)
    (rewrite,) = of(records, "rewrite")
    assert rewrite["outcome"] == "proposed", rewrite
    assert 0 < rewrite["runs"] <= runs_of(config, 1) == FEWEST_RUNS
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
