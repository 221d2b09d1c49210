"""Rewriting with a language model, over real HTTP: what lands in documents, what is refused, money, continuing."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orgopt.agents.settings import LanguageSettings
from orgopt.agents.spend import OverBudgetError
from orgopt.document import Program, lint, load, parse, read
from orgopt.errors import UsageError
from orgopt.evolve import Candidate, Watch, optimize
from orgopt.evolve.changes import Change, changed, read_changes
from orgopt.evolve.space import Space
from orgopt.evolve.texts import RefusedError, prose, with_texts
from orgopt.ledger import read_lines
from orgopt.study.config import StudyConfig
from orgopt.study.log import StudyLog
from orgopt.task import Task
from tests.conftest import ROOT
from tests.fakes.arena import toy_arena
from tests.fakes.llm_server import Call, Fault, LlmServer, fields
from tests.fakes.researcher import research
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


class Heard(Watch):
    """Notes what rewriters did, and may stop a study."""

    def __init__(self, stop_at: str = "") -> None:
        self.records: list[Mapping[str, Any]] = []
        self.stop_at = stop_at

    def rewritten(self, name: str, record: Mapping[str, Any]) -> None:
        self.records.append(record)
        if name == self.stop_at:
            raise KeyboardInterrupt


def study(
    folder: Path,
    seed: Program,
    task: Task,
    language: LanguageSettings | None,
    config: StudyConfig = CONFIG,
    watch: Watch | None = None,
) -> list[dict[str, Any]]:
    """Run a study or go on with it; returns its records."""
    arena = toy_arena(task, budget_s=config.budget_s, slots=config.slots)
    identity = config.identity(seed, {task.name: task}, None, {task.name: {"lab": "fake"}})
    with arena, StudyLog(folder, identity, seed, {task.name: task}) as log:
        try:
            optimize(seed, arena, config, log, watch=watch, language=language)
        finally:
            records = list(read_lines(log.path))
    return records


def of(records: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]


def test_a_rewritten_charter_and_a_headcount_land_in_the_document(toy: Task, trio: Program, tmp_path: Path) -> None:
    seed = parse(trio.text.replace("tpe", "llm"), "trio.md")
    reply = serve(lambda _: answer(change("charter/lead", CHARTER), change("headcount/explorer", 3)))
    with LlmServer(reply) as server:
        from orgopt.agents.language import CHOICE, choose

        monkey = pytest.MonkeyPatch()
        monkey.setenv(CHOICE, "null")
        choose(settings(server), None)
        records = study(tmp_path / "s", seed, toy, settings(server))
        monkey.undo()
        asked = [call for call in server.calls if "improve the document" in call.system]
    (rewrite,) = of(records, "rewrite")
    assert rewrite["outcome"] == "proposed"
    candidate = of(records, "candidate")[3]
    assert candidate["proposer"] == "reflect"
    assert candidate["texts"] == {"charter/lead": CHARTER}
    program = parse(candidate["program"])
    assert lint(program) == []
    org = read(program).org
    assert (org.role("lead").charter, org.role("explorer").headcount) == (CHARTER, 3)  # type: ignore[union-attr]
    assert len(asked) == 1
