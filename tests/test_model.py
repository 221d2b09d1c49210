"""Language models over real HTTP: back-off, limits, prices, records and secrets."""

import itertools
import json
import multiprocessing
import threading
import time
from pathlib import Path

import dspy
import jsonschema
import pytest
from dspy.lm15 import Config, Message, Request
from dspy.utils.exceptions import AdapterParseError
from pydantic import BaseModel

from orgopt.agents.llm.adapter import Adapter, schema_of
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.llm.model import MAX_ANSWER, AskError, Failure, Model
from orgopt.agents.llm.prices import price_of
from orgopt.agents.thinking.answers import Answer, Answers
from orgopt.agents.thinking.spend import Amount, OverBudgetError, Spend
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price, read_settings
from orgopt.errors import StoreError, UsageError
from tests.fakes.llm_server import MODEL, NOISE, Call, Fault, LlmServer, fields

PRICE = Price(2.0, 10.0)
CANARY = "sk-canary-0123456789abcdef"
FAILURES = {
    "429 with Retry-After": (Fault(429, retry_after="0.01"), Failure.RATE_LIMIT),
    "500": (Fault(500), Failure.SERVER),
    "503": (Fault(503), Failure.SERVER),
    "time-out": (Fault(hang_s=60), Failure.TIMEOUT),
    "cut mid-answer": (Fault(cut=True), Failure.TRANSPORT),
}


def model(server: LlmServer, **more: object) -> Model:
    given = {"timeout_s": 20, "backoff_s": 0.01, "attempts": 3, "max_tokens": 100, "key": "LOCAL_KEY", **more}
    settings = ModelSettings(name=MODEL, api_base=server.url, **given)
    return Model(settings, PRICE, {"LOCAL_KEY": CANARY})


def request(text: str = "hello") -> Request:
    return Request(model="any", messages=(Message.user(text),), config=Config(temperature=0.5))


def script(*answers: str | Fault):
    """The answers in turn, the last for ever."""
    return lambda call: answers[min(call.number, len(answers) - 1)]


class Part(BaseModel):
    name: str
    weight: float


class Plan(BaseModel):
    parts: list[Part]


def test_outputs_that_are_models_are_held_to_a_schema_that_resolves_and_come_as_models() -> None:
    signature = dspy.Signature(
        {"task": (str, dspy.InputField()), "plan": (Plan, dspy.OutputField()), "rest": (list[Part], dspy.OutputField())}
    )
    schema = schema_of(signature)
    answer = {"plan": {"parts": [{"name": "a", "weight": 1}]}, "rest": [{"name": "b", "weight": 2}]}
    jsonschema.validate(answer, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**answer, "rest": [{"name": "b"}]}, schema)
    found = {"plan": Plan(parts=[Part(name="a", weight=1)]), "rest": [Part(name="b", weight=2)]}
    assert Adapter(as_json=True).parse(signature, json.dumps(answer)) == found
    sections = "".join(f"[[ ## {name} ## ]]\n{json.dumps(value)}\n" for name, value in answer.items())
    assert Adapter().parse(signature, sections) == found
    with pytest.raises(AdapterParseError, match=r"rest|0\.weight"):
        Adapter(as_json=True).parse(signature, json.dumps({**answer, "rest": [{"name": "b"}]}))


@pytest.mark.parametrize(("fault", "failure"), FAILURES.values(), ids=FAILURES)
def test_a_fault_is_tried_again_and_its_tokens_are_counted_once(fault: Fault, failure: Failure) -> None:
    with LlmServer(script(fault, "fine")) as server:
        spend = Spend()
        answer = model(server, timeout_s=1 if fault.hang_s else 20).ask(request(), spend, "lead")
        assert (answer.text, answer.attempts, answer.failure) == ("fine", 2, "")
        assert answer.input_tokens + answer.output_tokens == spend.of_roles()["lead"].tokens == server.tokens
        assert answer.usd == pytest.approx(PRICE.of(answer.input_tokens, answer.output_tokens))


@pytest.mark.sweep(3)
@pytest.mark.parametrize(("fault", "failure"), FAILURES.values(), ids=FAILURES)
def test_a_fault_that_lasts_is_given_up_with_its_name(fault: Fault, failure: Failure) -> None:
    with LlmServer(script(fault)) as server:
        spend = Spend()
        answer = model(server, timeout_s=1 if fault.hang_s else 20).ask(request(), spend, "lead")
        assert (answer.failure, answer.attempts, len(server.calls)) == (failure, 3, 3)
        assert not failure.lasting
        # What was cut off may have been billed: it counts, and is told apart.
        cut = failure in {Failure.TIMEOUT, Failure.TRANSPORT}
        assert (spend.unsure.tokens > 0) == cut
        assert spend.spent == spend.unsure


def test_the_pause_that_a_provider_asks_for_is_kept() -> None:
    with LlmServer(script(Fault(429, retry_after="0.3"), "fine")) as server:
        answer = model(server).ask(request(), Spend(), "lead")
        first, second = (call.began for call in server.calls)
        assert second - first >= 0.3
        assert answer.seconds >= 0.3
        # A longer one than anybody waits for is a reason to give up at once.
        server.reply = script(Fault(429, retry_after="3600"))
        answer = model(server, patience_s=10).ask(request(), Spend(), "lead")
        assert (answer.failure, answer.attempts) == (Failure.RATE_LIMIT, 1)


def test_pauses_grow_where_the_provider_names_none() -> None:
    with LlmServer(script(Fault(500))) as server:
        model(server, backoff_s=0.05, attempts=4).ask(request(), Spend(), "lead")
        began = [call.began for call in server.calls]
        pauses = [after - before for before, after in itertools.pairwise(began)]
        assert all(pause >= least for pause, least in zip(pauses, (0.05, 0.1, 0.2), strict=True))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_asking_again_cannot_mend_is_asked_once(status: int) -> None:
    with LlmServer(script(Fault(status, text="no such model"))) as server:
        answer = model(server).ask(request(), Spend(), "lead")
        assert (answer.failure, len(server.calls)) == (Failure.REFUSED, 1)
        assert "no such model" in answer.error
        assert Failure(answer.failure).lasting


def test_a_model_that_takes_no_temperature_is_asked_without_one() -> None:
    def picky(call: Call) -> str | Fault:
        return Fault(400, text="temperature is not supported") if "temperature" in call.body else "fine"

    with LlmServer(picky) as server:
        one = model(server)
        assert [one.ask(request(), Spend(), "lead").text for _ in range(2)] == ["fine", "fine"]
        assert len(server.calls) == 3  # it is remembered


def test_a_megabyte_of_noise_is_cut() -> None:
    with LlmServer(script(NOISE)) as server:
        answer = model(server, timeout_s=5).ask(request(), Spend(), "lead")
        assert len(answer.text) == MAX_ANSWER
        assert answer.output_tokens > 100_000  # what was billed counts all the same


def test_no_call_is_made_that_could_pass_a_limit() -> None:
    with LlmServer(script("x" * 400)) as server:
        one, spend = model(server), Spend(max_tokens=1000)
        answers = [one.ask(request(), spend, "lead") for _ in range(20)]
        refused = [answer for answer in answers if answer.failure]
        assert {answer.failure for answer in refused} == {Failure.OVER_BUDGET}
        assert "the limit of 1000 tokens" in refused[0].error
        assert 0 < len(server.calls) == 20 - len(refused)
        assert spend.spent.tokens == server.tokens <= 1000
        dollars = Spend(max_usd=0.003)
        while not one.ask(request(), dollars, "lead").failure:
            pass
        assert 0 < dollars.spent.usd <= 0.003


def test_reservations_of_calls_that_are_under_way_are_waited_for() -> None:
    """Eight at once, with room for one call's reservation: all are made, one after the other."""
    with LlmServer(script("fine"), latency_s=0.005) as server:
        one, spend = model(server), Spend(max_tokens=400)
        answers: list[Answer] = []
        threads = [threading.Thread(target=lambda: answers.append(one.ask(request(), spend, "lead"))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.text for answer in answers] == ["fine"] * 8
        assert server.most == 1
        assert spend.spent.tokens == server.tokens


def _spender(path: Path) -> None:
    spend = Spend(path, max_tokens=1000)
    for _ in range(100):
        try:
            spend.settle(spend.reserve("lead", Amount(30, 0.0)), Amount(7, 0.0))
        except OverBudgetError:
            return


def test_a_limit_holds_over_processes(tmp_path: Path) -> None:
    path = tmp_path / "spend.jsonl"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_spender, args=(path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    spent = Spend(path).spent.tokens
    assert 1000 - 30 < spent <= 1000
    assert spent % 7 == 0


def test_what_a_dead_process_had_reserved_counts(tmp_path: Path) -> None:
    path = tmp_path / "spend.jsonl"
    worker = multiprocessing.get_context("fork").Process(target=lambda: Spend(path).reserve("lead", Amount(900, 0.0)))
    worker.start()
    worker.join()
    spend = Spend(path, max_tokens=1000)
    began = time.monotonic()
    with pytest.raises(OverBudgetError, match="900 tokens"):
        spend.reserve("lead", Amount(200, 0.0))
    assert time.monotonic() - began < 5
    assert spend.unsure == Amount(900, 0.0)
    spend.settle(spend.reserve("lead", Amount(100, 0.0)), Amount(50, 0.0))


def test_a_book_goes_on_behind_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "spend.jsonl"
    first = Spend(path)
    first.settle(first.reserve("lead", Amount(9, 0.5)), Amount(5, 0.25))
    with path.open("a") as file:
        file.write('{"reserve": "to')
    again = Spend(path)
    assert again.of_roles() == {"lead": Amount(5, 0.25)}
    again.settle(again.reserve("lead", Amount(9, 0.5)), Amount(1, 0.25))
    assert Spend(path).of_roles() == {"lead": Amount(6, 0.5)}


def predict(engine: Engine) -> str:
    with dspy.context(lm=speaker(engine, 0.5), adapter=dspy.ChatAdapter(use_json_adapter_fallback=False)):
        return str(dspy.Predict("question -> answer")(question="why?").answer)


def test_a_record_answers_again_for_free_and_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with LlmServer(lambda call: fields(answer=f"because {call.number}")) as server:
        one, spend = model(server), Spend()
        answers = Answers(path)
        engines = [Engine(one, answers, spend, asker=name, role="lead") for name in ("a", "b")]
        said = [predict(engine) for engine in (*engines, *engines)]
        assert said == [f"because {number}" for number in range(4)]
        answers.close()
        again, free = Answers(path), Spend(max_tokens=1)
        engines = [Engine(one, again, free, asker=name, role="lead") for name in ("b", "a")]
        assert [predict(engine) for engine in (*engines, *engines)] == [said[1], said[0], said[3], said[2]]
        assert (len(server.calls), free.spent) == (4, Amount())
        assert [one.seconds > 0 for one in engines[0].asked] == [True, True]
        engines[0].recorded_only = True
        with pytest.raises(Exception, match=r"answers\.jsonl lacks an answer to b") as caught:
            predict(engines[0])
        assert isinstance(caught.value, StoreError) or isinstance(caught.value.__cause__, StoreError)
        again.close()


def test_a_failure_is_recorded_too(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with LlmServer(script(Fault(500))) as server:
        for _ in range(2):
            answers = Answers(path)
            engine = Engine(model(server), answers, Spend(), asker="a", role="lead")
            with pytest.raises(Exception, match="server") as caught:
                predict(engine)
            answers.close()
            assert isinstance(caught.value, AskError) or isinstance(caught.value.__cause__, AskError)
        assert len(server.calls) == 3


def test_keys_go_to_the_provider_and_nowhere_else(tmp_path: Path) -> None:
    """Even where a server sends the key back."""
    path = tmp_path / "answers.jsonl"
    replies = [Fault(401, text=f"wrong key {CANARY}"), fields(answer=f"your key is {CANARY}")]
    with LlmServer(lambda call: replies[call.number]) as server:
        answers = Answers(path)
        engine = Engine(model(server), answers, Spend(tmp_path / "spend.jsonl"), asker="a", role="lead")
        with pytest.raises(Exception, match="refused"):
            predict(engine)
        assert predict(engine) == "your key is ***"
        answers.close()
        assert {call.authorization for call in server.calls} == {f"Bearer {CANARY}"}
        assert all(CANARY not in str(call.body) for call in server.calls)
    assert "wrong key ***" in path.read_text()
    assert all(CANARY not in file.read_text() for file in tmp_path.iterdir())


def test_an_address_in_the_environment_leads_no_call_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with LlmServer(script("fine")) as server:
        one = Model(ModelSettings(name=MODEL, api_base=server.url), PRICE)
        assert one.ask(request(), Spend(), "lead").text == "fine"
        assert server.calls[0].authorization == "Bearer none"  # OpenAI's key is OpenAI's


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("openai/gpt-5", "needs a key: set OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "needs a key: set ANTHROPIC_API_KEY"),
        ("gemini/gemini-2.5-flash", "needs a key: set GEMINI_API_KEY"),
        ("openai/", "is no model: write provider/model"),
    ],
)
def test_a_model_without_a_key_is_refused_with_what_to_set(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Model(ModelSettings(name=name), PRICE, {})


def test_models_of_ones_own_need_no_key() -> None:
    for name in ("ollama_chat/llama3.2", "hosted_vllm/qwen"):
        Model(ModelSettings(name=name), PRICE, {})
    with pytest.raises(UsageError, match="LOCAL_KEY, which is not set"):
        Model(ModelSettings(name=MODEL, api_base="http://127.0.0.1:9/v1", key="LOCAL_KEY"), PRICE, {})


def test_prices_are_given_or_litellms_and_never_guessed() -> None:
    none = LanguageSettings()
    assert price_of(none, ModelSettings(name="openai/gpt-5")) == Price(1.25, 10.0)
    assert price_of(none, ModelSettings(name="anthropic/claude-sonnet-4-5")) == Price(3.0, 15.0)
    given = LanguageSettings(prices={"openai/gpt-5": Price(1.0, 2.0), "ollama*/*": Price(0.0, 0.0)})
    assert price_of(given, ModelSettings(name="openai/gpt-5")) == Price(1.0, 2.0)
    assert price_of(given, ModelSettings(name="ollama_chat/mine")) == Price(0.0, 0.0)
    with pytest.raises(UsageError, match=r'\[prices\]\n  "openai/local" = \[0, 0\]'):
        price_of(none, ModelSettings(name=MODEL))
    with pytest.raises(UsageError, match="no price is known"):  # another server's are not OpenAI's
        price_of(none, ModelSettings(name="openai/gpt-5", api_base="http://127.0.0.1:9/v1"))


def test_settings_are_read_and_checked() -> None:
    tables = {
        "models": {"default": "opus", "opus": {"name": "anthropic/claude-opus-4-5", "timeout_s": 60}},
        "prices": {"openai/local": [0, 0.5]},
    }
    found = read_settings(tables, {})
    assert found.model("") == found.model("opus") == ModelSettings(name="anthropic/claude-opus-4-5", timeout_s=60.0)
    assert found.model("openai/gpt-5") == ModelSettings(name="openai/gpt-5")
    assert found.prices == {"openai/local": Price(0.0, 0.5)}
    assert read_settings(tables, {"ORGOPT_MODEL": "x/y"}).default == "x/y"
    with pytest.raises(UsageError, match=r"write '- \*\*Model:\*\* .*set ORGOPT_MODEL, or put \[models\] default"):
        read_settings({}, {}).model("")


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"models": {"x": {"api_key": "sk-1"}}}, "secrets belong into the environment"),
        ({"models": {"x": {"speed": 1}}}, r'\[models."x"\] has no option \'speed\''),
        ({"models": {"x": {"timeout_s": -1}}}, "it must be a number above 0"),
        ({"models": {"x": "y"}}, "must be a table"),
        ({"models": {"default": 3}}, "must be a text"),
        ({"prices": {"x": [1]}}, "must be .in, out., dollars per million tokens"),
        ({"prices": {"x": [1, -1]}}, "must be .in, out."),
    ],
)
def test_wrong_settings_are_refused(tables: dict, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_settings(tables, {})
