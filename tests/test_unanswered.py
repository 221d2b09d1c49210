"""Models that do not answer, or with nothing of use: nothing is begun, and what was begun is no result."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dspy.lm15 import Config, Message, Request

from orgopt.agents.llm.model import Failure, Model
from orgopt.agents.llm.probe import Held, held, problem
from orgopt.agents.session import Means
from orgopt.agents.thinking.spend import Spend
from orgopt.agents.toml_models import ModelSettings, Price
from orgopt.errors import ModelError
from orgopt.ledger import Event, Ledger
from orgopt.storage.jsonl import read_lines
from orgopt.study.verdict.study import ending as ending_of
from orgopt.study.view import load_study
from orgopt.tasks.task import Task
from orgopt.team.desk import MAX_FAILED
from orgopt.team.no_result import UNUSABLE, lost
from tests.fakes.llm_server import MODEL, Call, Fault, LlmServer
from tests.fakes.researcher import research
from tests.test_kept import CONFIG, OPTIMIZE, remembering, study, turning
from tests.test_language_cli import DOCUMENT, RUN, configure, invoke
from tests.test_minds import settings


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pair.md").write_text(DOCUMENT)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ORGOPT_MODEL", raising=False)
    return tmp_path


@pytest.fixture
def closed() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def opened(address: str, **more: object) -> Model:
    given = {"timeout_s": 20, "backoff_s": 0.01, "attempts": 3, "max_tokens": 100, **more}
    return Model(ModelSettings(name=MODEL, api_base=address, **given), Price(1.0, 2.0), {})


def down(workspace: Path, address: str) -> None:
    (workspace / "orgopt.toml").write_text(
        f'[models]\ndefault = "{MODEL}"\n[models."{MODEL}"]\napi_base = "{address}"\nbackoff_s = 0.01\n'
        f'[prices]\n"{MODEL}" = [0, 0]\n'
    )


COMMANDS = {
    "run": RUN,
    "optimize": OPTIMIZE,
    "compare": ("compare", "pair.md", "optuna:tpe", *RUN[2:], "--seeds", "2", "--workers", "1"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_nothing_begins_where_a_model_does_not_answer(workspace: Path, closed: str, command: tuple[str, ...]) -> None:
    down(workspace, closed)
    result = invoke(*command)
    assert result.exit_code == 6
    assert f"the model '{MODEL}' does not answer" in result.stderr
    assert closed in result.stderr
    assert "transport" in result.stderr
    assert not [path for path in workspace.rglob("*") if path.name in {"spend.jsonl", "language.json", "run.json"}]


def test_a_refused_connection_is_tried_twice_and_billed_nothing(closed: str) -> None:
    spend = Spend()
    request = Request(model="any", messages=(Message.user("hello"),), config=Config())
    answer = opened(closed, attempts=6).ask(request, spend, "lead")
    assert (answer.failure, answer.attempts, spend.spent.tokens) == (Failure.TRANSPORT, 2, 0)
    assert closed in answer.error


@pytest.mark.parametrize(
    ("greeting", "word"),
    [(Fault(401, text="wrong key"), "wrong key"), (Fault(500), "server"), (Fault(cut=True), "transport")],
)
def test_what_is_wrong_with_a_model_is_found_by_one_token(greeting: Fault, word: str) -> None:
    with LlmServer(research, greeting=greeting) as server:
        assert word in problem(opened(server.url), Spend())
        assert server.url in problem(opened(server.url), Spend())


def test_a_server_that_takes_a_schema_and_does_not_look_at_it_has_none() -> None:
    with LlmServer(research) as server:
        assert problem(opened(server.url), Spend()) == ""
        assert not held(opened(server.url), Spend()).schema
        server.schemas = True
        assert held(opened(server.url), Spend()) == Held(schema=True, ranges=True)
        server.ranges = False
        assert held(opened(server.url), Spend()) == Held(schema=True, ranges=False)
        assert server.greetings == 4
        assert not server.calls


def test_a_limit_that_forbids_the_first_question_is_no_fault_of_the_model() -> None:
    with LlmServer(research) as server:
        assert problem(opened(server.url), Spend(max_tokens=1)) == ""
        assert not server.greetings


def test_whether_a_server_streams_is_found_out_with_the_first_question_and_kept(workspace: Path) -> None:
    with LlmServer(turning, streams=False) as server:
        configure(workspace, server)
        assert invoke(*RUN).exit_code == 0
        assert server.calls
        assert not any(call.body.get("stream") for call in server.calls)
    (kept,) = workspace.rglob("language.json")
    assert json.loads(kept.read_text())["whole"] == [MODEL]


def test_doctor_asks_the_models(workspace: Path, closed: str) -> None:
    assert "No model is named" in invoke("doctor", "--models").stdout
    with LlmServer(research, schemas=True) as server:
        configure(workspace, server)
        result = invoke("doctor", "--models")
        assert (result.exit_code, "answers; it is held to JSON schemas" in result.stdout) == (0, True)
    down(workspace, closed)
    result = invoke("doctor", "--models", "--json")
    assert result.exit_code == 6
    (one,) = json.loads(result.stdout)["models"]
    assert (one["name"], closed in one["problem"]) == (MODEL, True)


def failing(after: int, fault: Fault | str):
    return lambda call: turning(call) if call.number < after else fault


@pytest.mark.parametrize("fault", [Fault(401, text="wrong key"), Fault(500)], ids=["refused", "server"])
def test_a_run_whose_model_is_lost_is_no_result_and_goes_on(workspace: Path, fault: Fault) -> None:
    with LlmServer(failing(6, fault)) as server:
        configure(workspace, server)
        text = (workspace / "orgopt.toml").read_text()
        (workspace / "orgopt.toml").write_text(text.replace("max_tokens", "attempts = 2\nbackoff_s = 0.01\nmax_tokens"))
        result = invoke(*RUN)
        assert result.exit_code == 6
        assert "no result: lead-" in result.stderr
        assert server.url in result.stderr
        assert "improve" not in result.stdout.lower()
        folder = next((workspace / "mlruns" / "runs").iterdir())
        assert f"run --resume {folder}" in result.stderr
        asked = len(server.calls)
        server.reply = turning
        again = invoke("run", "--resume", str(folder), "--json")
        assert again.exit_code == 0, again.stderr
        assert json.loads(again.stdout)["score"]["failed_thoughts"].keys() <= {"unfinished"}
        assert len(server.calls) > asked
        whole = len(server.calls)
        assert invoke("run", "--resume", str(folder)).exit_code == 0
        assert len(server.calls) == whole


def test_a_run_without_a_thought_of_use_is_no_result_and_is_asked_anew(workspace: Path) -> None:
    with LlmServer(lambda call: "I would rather not.") as server:
        configure(workspace, server)
        result = invoke(*RUN)
        assert result.exit_code == 6
        assert "was of any use, the last: invalid: there is no key" in result.stderr
        folder = next((workspace / "mlruns" / "runs").iterdir())
        server.reply = turning
        assert invoke("run", "--resume", str(folder)).exit_code == 0
        assert (folder / UNUSABLE).exists()


@pytest.mark.parametrize("answer", [Fault(401), "nothing"], ids=["refused", "of no use"])
def test_a_study_stops_where_its_model_is_lost_and_goes_on(toy: Task, tmp_path: Path, answer: Fault | str) -> None:
    config = replace(CONFIG, generations=1, search_seeds=1, race_seeds=0, test_seeds=1)
    with LlmServer(lambda call: remembering(call) if call.number < 10 else answer) as server:
        means = Means(settings=settings(server), account=tmp_path / "spend.jsonl")
        with pytest.raises(ModelError, match="no result"):
            study(tmp_path / "study", toy, means, config)
        kept = [one for one in read_lines(tmp_path / "study" / "study.jsonl") if one["kind"] == "evaluation"]
        ending = ending_of(load_study(tmp_path / "study"))
        assert ending.title.startswith("Stopped by an error: no result: ")
        assert ending.sure.startswith("Not finished: ")
        server.reply = remembering
        records = study(tmp_path / "study", toy, means, config)
    assert not load_study(tmp_path / "study").stopped
    done = [record["score"] for record in records if record["kind"] == "evaluation"]
    assert len(done) > len(kept) > 0
    assert all(score["failed_thoughts"].keys() <= {"unfinished"} for score in done)


def thought(agent: str, failure: str, purpose: str = "propose") -> Event:
    return Event("thought", 1.0, {"agent": agent, "purpose": purpose, "failure": failure, "error": "why"})


def test_which_runs_are_no_result() -> None:
    def of(*events: Event) -> int | None:
        found = lost(Ledger(events=[Event("start", 0.0, {}), *events]))
        return found.at if found else None

    fine, proposal = thought("a", ""), Event("proposal", 1.0, {"id": 1})
    late = [thought("a", "server")] * MAX_FAILED
    assert of(fine) is None
    assert of() is None
    assert of(fine, *late[1:]) is None  # it goes on asking
    assert of(fine, *late) == 2
    assert of(fine, *late[1:], fine, *late[1:]) is None
    assert of(fine, thought("b", "refused")) == 2
    assert of(fine, *([thought("b", "invalid")] * MAX_FAILED)) is None  # that is the organization's own
    assert of(fine, thought("b", "over_budget")) is None
    assert of(thought("a", "invalid"), thought("a", "", "report")) == 0
    begins = Event("thinking", 0.5, {"agent": "a", "purpose": "propose"})
    assert of(fine, begins, fine, *[begins, thought("a", "server")] * MAX_FAILED) == 4  # from where the first began
    assert of(begins, thought("a", "unfinished")) == 0
    assert of(begins, proposal, thought("a", "unfinished")) is None


def test_why_thoughts_failed_is_said(workspace: Path) -> None:
    """Every second answer is of no use, and so is its repair."""

    def reply(call: Call) -> str:
        return turning(call) if call.number % 3 == 0 else "I would rather not."

    with LlmServer(reply) as server:
        configure(workspace, server)
        result = invoke(*RUN, "--verbose")
        assert result.exit_code == 0, result.stderr
    assert "Most failed with: there is no key" in " ".join(result.stdout.split())
    assert "most failed with" in result.stdout


def test_connections_that_are_refused_cost_seconds_and_not_minutes(closed: str) -> None:
    request = Request(model="any", messages=(Message.user("hello"),), config=Config())
    began = time.perf_counter()
    answer = opened(closed, attempts=6, backoff_s=0.2).ask(request, Spend(), "lead")
    assert answer.failure
    assert time.perf_counter() - began < 5  # six attempts alone would pause for 6.2 s
