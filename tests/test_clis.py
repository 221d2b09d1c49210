"""The presets of docs/how-to/command-agents.md, run: a commit of each coding CLI becomes a scored experiment.

`make clis` installs the programs; without one its tests are skipped. The model is scripted (`tests.fakes.coder`), or a
real one behind the address in ORGOPT_TEST_MODEL_BASE, for aider and mini-swe-agent.
"""

import os
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from orgopt.agents.command.toml_agents import CommandSettings, read_commands
from orgopt.agents.session import Language
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price
from orgopt.ledger import Ledger
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from tests.conftest import ROOT
from tests.fakes.coder import SUBJECT, code
from tests.fakes.lab import FakeLab
from tests.fakes.llm_server import MODEL, LlmServer
from tests.fakes.processes import needs_sandbox
from tests.test_command_agents import ALONE, ONE_CALL_S, Ticks, thoughts
from tests.test_words import noiseless

CLIS = Path(os.environ.get("ORGOPT_TEST_CLIS") or ROOT / ".clis") / "bin"
PAGE = (ROOT / "docs" / "how-to" / "command-agents.md").read_text("utf-8").split("## Presets")[1]
PRESETS, SMALL = (tomllib.loads(block)["agents"] for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[:2])
ONE_CALL_AND_EXPERIMENT_S = 2.01  # a thought begins at 0.01 s and takes a tick, and an experiment takes a second
BASE = os.environ.get("ORGOPT_TEST_MODEL_BASE", "")

pytestmark = [needs_sandbox, pytest.mark.slow]
real = pytest.mark.skipif(
    not BASE, reason="ORGOPT_TEST_MODEL_BASE names no server of a model, such as http://127.0.0.1:8191/v1"
)


def preset(name: str, **more: object) -> CommandSettings:
    """A preset as the documentation has it, with the program that `make clis` installed."""
    given = {"timeout_s": 300.0, **(PRESETS | SMALL)[name], **more}
    program = shutil.which(given["command"][0], path=f"{CLIS}:{os.environ.get('PATH', '')}")
    if program is None:
        pytest.skip(f"{given['command'][0]} is not installed: make clis")
    return read_commands({"cli": {**given, "command": [program, *given["command"][1:]]}})["cli"]


def run(task: Task, command: CommandSettings, base: str, budget_s: float, **model: Any) -> Ledger:
    models = {MODEL: ModelSettings(name=MODEL, api_base=base, **model)}
    settings = LanguageSettings(default=MODEL, models=models, prices={MODEL: Price(1, 2)}, commands={"cli": command})
    ledger, lab = Ledger(), FakeLab(task, slots=1, metric=noiseless)
    lab.takes_scripts = True
    with Language(ALONE, settings, clock=Ticks()) as language:
        Team(ALONE, task, lab, seed=1, ledger=ledger, language=language).run(budget_s)
    return ledger


def test_the_documentation_has_the_presets_that_are_run() -> None:
    assert set(PRESETS) == {"claude", "codex", "gemini", "qwen", "opencode", "aider", "mini"}
    assert set(SMALL) == {"aider-small", "mini-small"}
    assert all(one["relay"] and not one.get("network") for one in (PRESETS | SMALL).values())


@pytest.mark.parametrize("name", [*PRESETS, *SMALL])
def test_a_commit_of_a_coding_cli_becomes_a_scored_experiment(toy: Task, name: str) -> None:
    command = preset(name)
    with LlmServer(code) as server:
        ledger = run(toy, command, server.url, ONE_CALL_AND_EXPERIMENT_S, attempts=1)
        (data,) = thoughts(ledger)[:1]
        assert data["failure"] == "", (data["error"], data["said"])
        assert data["tokens"] == [server.input_tokens, server.output_tokens]
        assert data["calls"] == len(server.calls)
    (proposal,) = [event.data for event in ledger.of("proposal")]
    assert proposal["knobs"] == {"X": 0.6}
    assert SUBJECT in proposal["note"] or name.startswith("aider")
    (outcome,) = [event.data for event in ledger.of("outcome")]
    assert outcome["status"] == "ok"
    assert outcome["metric"] == pytest.approx(noiseless({"X": 0.6, "Y": 0.3}, 0)[0])


@real
@pytest.mark.timeout(3600)  # a small model on a few cores reads a program's first question for minutes
@pytest.mark.parametrize("name", SMALL)
def test_with_a_real_model_a_call_ends_and_is_counted(toy: Task, name: str) -> None:
    ledger = run(toy, preset(name, timeout_s=1800.0), BASE, ONE_CALL_S, attempts=1, max_tokens=900, timeout_s=900.0)
    (data, *_) = thoughts(ledger)
    assert data["calls"] >= 1
    assert data["tokens"][0] > 500
    assert data["tokens"][1] > 0
    assert data["failure"] not in {"lost", "not_started", "transport", "refused"}, (data["error"], data["said"])
