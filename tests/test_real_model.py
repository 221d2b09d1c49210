"""With a real, small language model: `make model`. Only what has to hold is asserted, for what it says is its own."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.agents.llm.adapter import Adapter, Turn
from orgopt.agents.llm.agent import program
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.llm.model import Model
from orgopt.agents.llm.probe import held, problem
from orgopt.agents.session import Language
from orgopt.agents.thinking.answers import Answers
from orgopt.agents.thinking.spend import Spend
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price
from orgopt.asking.ask import ask
from orgopt.asking.situations import history, situations
from orgopt.lab import make_lab
from orgopt.ledger import Ledger
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from tests.conftest import ROOT
from tests.model_server import NoModelError, licence, models, serving
from tests.test_minds import ALONE, HAND

pytestmark = pytest.mark.timeout(3600)  # of a busy machine, a thought can take minutes
SOLO = replace(ALONE, title="Solo", mission="Find the lowest loss.")


@pytest.fixture(scope="module")
def given() -> Iterator[LanguageSettings]:
    try:
        with serving() as address:
            name = f"openai/{models(address)[0]}"
            one = ModelSettings(
                name=name, api_base=address, max_tokens=200, timeout_s=1200, schema=True, ranges=False, output=400.0
            )
            yield LanguageSettings(default=name, models={name: one}, prices={name: Price(0, 0)})
    except NoModelError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def digits() -> Task:
    return load_task("digits", ROOT)


@pytest.mark.model
def test_it_answers_and_is_held_to_a_schema(given: LanguageSettings) -> None:
    (settings,) = given.models.values()
    model = Model(settings, Price(0, 0))
    assert problem(model, Spend()) == ""
    assert held(model, Spend()).schema


@pytest.mark.model
def test_most_of_its_answers_can_be_used(given: LanguageSettings, digits: Task) -> None:
    with Language(SOLO, given) as language:
        rows = ask(SOLO, digits, make_lab(digits, "replay", 2), language, samples=3, only=("start", "middle"))
    assert all(one.valid >= 0.5 for one in rows), rows
    assert rows[1].cached > 0.4  # a question begins as the one before it


@pytest.mark.model
def test_a_repair_is_most_of_it_in_the_cache(given: LanguageSettings, digits: Task) -> None:
    import dspy

    lab = make_lab(digits, "replay", 2)
    past = history(digits, lab, HAND, 2, 0)
    (posed,) = situations(SOLO, HAND, digits, lab, past, moment="middle", samples=1, seed=0)
    (settings,) = given.models.values()
    engine = Engine(Model(settings, Price(0, 0)), Answers(), Spend(), asker="hand-1/propose", role="hand")
    with Language(SOLO, given) as language:
        told = language.agent(posed.now.seat).brief("propose", posed.now)  # type: ignore[attr-defined]
    asked = program("propose", posed.now, told, as_json=True)
    turns: list[Turn] = []
    for _ in range(2):
        adapter = Adapter(as_json=True, turns=turns)
        # What it says is of no matter here.
        with suppress(Exception), dspy.context(lm=speaker(engine, 0.2), adapter=adapter, disable_history=True):
            asked(**told)
        turns.append(Turn(engine.asked[0].text, "LR = 99 is not allowed: 0.003 … 3"))
    second = engine.asked[1]
    assert second.cached_tokens / second.input_tokens > 0.9


@pytest.mark.model
def test_a_run_by_the_nominal_clock_is_repeated_bit_for_bit(
    given: LanguageSettings, digits: Task, tmp_path: Path
) -> None:
    lab, ledgers = make_lab(digits, "replay", 2), list[Ledger]()
    for settings in (given, _gone(given)):
        with Language(SOLO, settings, folder=tmp_path) as language:
            ledger = Ledger()
            Team(SOLO, digits, lab, seed=1, ledger=ledger, language=language).run(4)
            ledgers.append(ledger)
    assert ledgers[0].events[1:] == ledgers[1].events[1:]
    assert ledgers[0].of("thought")


def _gone(given: LanguageSettings) -> LanguageSettings:
    """Settings of a server that is not there."""
    models = {name: replace(one, api_base="http://127.0.0.1:9/v1") for name, one in given.models.items()}
    return replace(given, models=models)


# How a model is had, without one


def test_why_there_is_no_model_is_said(tmp_path: Path) -> None:
    for environ, why in (
        ({}, "set ORGOPT_TEST_MODEL_BASE to the address"),
        ({"ORGOPT_TEST_MODEL_GGUF": str(tmp_path / "none")}, "is no GGUF file"),
        ({"ORGOPT_TEST_MODEL": "70b"}, "it must be 0.5b or 1.5b"),
        ({"ORGOPT_TEST_MODEL_BASE": "http://127.0.0.1:9/v1"}, "nobody answers at"),
    ):
        with pytest.raises(NoModelError, match=why), serving(environ):
            pass


def test_the_licence_is_what_a_file_says(tmp_path: Path) -> None:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    def field(key: str, value: str) -> bytes:
        return text(key) + struct.pack("<I", 8) + text(value)

    number = text("general.file_type") + struct.pack("<II", 4, 15)
    head = struct.pack("<4sIQQ", b"GGUF", 3, 0, 3)
    path = tmp_path / "a.gguf"
    path.write_bytes(head + field("general.name", "Small") + number + field("general.license", "apache-2.0"))
    assert licence(path) == "apache-2.0"
    path.write_bytes(head + field("general.name", "Small") + number + field("general.license.name", "x"))
    assert licence(path) == ""
