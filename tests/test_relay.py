"""The relay: commands ask a model through orgopt, over a socket of their own, within limits and for the record."""

import json
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orgopt.agents.command.relay import server as relay_server
from orgopt.agents.command.relay.dialects.base import Reply
from orgopt.agents.command.relay.relay import Relay
from orgopt.agents.command.relay.server import MAX_BODY, MAX_CONNECTIONS, Served
from orgopt.agents.llm.model import Model
from orgopt.agents.session import Language
from orgopt.agents.thinking.answers import Answers
from orgopt.agents.thinking.spend import Spend
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price
from orgopt.errors import UsageError
from orgopt.lab.sandbox import choice
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.ledger import Ledger
from orgopt.tasks.task import Task
from orgopt.team.no_result import lost
from orgopt.team.runtime import Team
from tests.fakes.lab import FakeLab
from tests.fakes.llm_server import MODEL, Call, Fault, LlmServer, Uses
from tests.fakes.processes import needs_sandbox
from tests.test_command_agents import ALONE, CANARY, ONE_CALL_S, Ticks, command, thoughts
from tests.test_words import noiseless

DIALECTS = ("chat", "responses", "messages", "gemini")
PRICE = Price(100.0, 200.0)


def settings_for(url: str, *words: str, **more: Any) -> LanguageSettings:
    limits = {name: more.pop(name) for name in ("max_usd", "max_tokens") if name in more}
    think = more.pop("think", "wall")
    return LanguageSettings(
        default=MODEL,
        models={MODEL: ModelSettings(name=MODEL, api_base=url, key="REAL_KEY", attempts=1, think=think)},
        prices={MODEL: PRICE},
        commands={"cli": command(*words, relay=True, **more)},
        **limits,
    )


def run(task: Task, server: LlmServer, *words: str, **more: Any) -> Ledger:
    folder, budget_s = more.pop("folder", None), more.pop("budget_s", ONE_CALL_S)
    lab = more.pop("lab", None) or FakeLab(task, slots=3, metric=noiseless)
    ledger, environ = Ledger(), {"REAL_KEY": CANARY}
    settings = settings_for(server.url, *words, **more)
    with Language(ALONE, settings, folder=folder, environ=environ, clock=Ticks()) as language:
        Team(ALONE, task, lab, seed=1, ledger=ledger, language=language).run(budget_s)
    return ledger


# In the sandbox


@needs_sandbox
@pytest.mark.parametrize("kind", [Sandbox.BUBBLEWRAP, pytest.param(Sandbox.PROCESS, marks=pytest.mark.slow)])
def test_a_command_asks_a_model_that_it_cannot_reach_in_each_dialect(
    toy: Task, kind: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(choice.CHOICE, "")
    choice.choose(kind)
    with LlmServer(lambda call: f"take 0.{call.number + 3}") as server:
        ledger = run(toy, server, "ask", *DIALECTS, max_experiments=9, max_output_kb=64)
        (data,) = thoughts(ledger)
        assert [subject for subject, _ in data["commits"]] == [f"asked in {one}" for one in DIALECTS]
        assert [one.data["knobs"] for one in ledger.of("proposal")] == [{"X": 0.3}]
        assert {call.authorization for call in server.calls} == {f"Bearer {CANARY}"}
        assert {call.user for call in server.calls} == {"Which X?"}
        assert data["calls"] == 4
        assert data["tokens"] == [server.input_tokens, server.output_tokens]
        assert data["usd"] == pytest.approx(PRICE.of(server.input_tokens, server.output_tokens))
        assert CANARY not in data["said"]


@pytest.mark.slow
@needs_sandbox
def test_in_a_replay_a_command_takes_what_its_questions_take_however_busy_the_machine_is(toy: Task) -> None:
    with LlmServer(lambda call: f"take 0.{call.number + 3}") as server:
        ledger = run(toy, server, "ask", *DIALECTS, think="auto", budget_s=20.0)
        (data, *_) = thoughts(ledger)
        given = ModelSettings(name=MODEL)
        each = given.latency + sum(data["tokens"]) / data["calls"] / given.prefill
    nominal = given.nominal_s(*data["tokens"], answers=data["calls"])
    assert data["seconds"] == pytest.approx(nominal, abs=1e-4)
    assert data["calls"] * each < nominal
    assert data["wall_s"] == 1.0  # of a clock that ticks when it is looked at


@pytest.mark.slow
@needs_sandbox
def test_nothing_but_the_relay_can_be_reached(toy: Task) -> None:
    with LlmServer(lambda call: "") as server:
        port = str(server.server.server_address[1])
        (data,) = thoughts(run(toy, server, "network", port))
    assert "network: ConnectionRefusedError" in data["said"]
    assert not server.calls


@pytest.mark.slow
@needs_sandbox
def test_a_run_that_goes_on_has_the_answers_that_it_had(toy: Task, tmp_path: Path) -> None:
    def real(lab: FakeLab) -> FakeLab:
        lab.virtual = False

        def now() -> float:
            lab.time += 0.05
            time.sleep(0.05)
            return lab.time

        lab.now = now  # type: ignore[method-assign]
        return lab

    with LlmServer(lambda call: f"take 0.{call.number + 3}") as server:
        # It is stopped at the end of the budget, so that the record has its question and not what came of it.
        first = run(toy, server, "ask-and-hang", folder=tmp_path, lab=real(FakeLab(toy, slots=3)), budget_s=4.0)
        (cut,) = [event.data for event in first.of("thought")]
        assert (cut["failure"], cut["ended"], cut["calls"]) == ("unfinished", "stopped", 1)
        assert "take 0.3" in cut["printed"]
        assert cut["tokens"][1] > 0
        assert len(server.calls) == 1
        again = run(toy, server, "ask", "chat", folder=tmp_path, budget_s=4.0)
        assert [event.data["knobs"] for event in again.of("proposal")][:1] == [{"X": 0.3}]
        told = next(event.data for event in again.of("thought"))
        assert told["calls"] == 1
        assert told["tokens"][1] > 0
        assert "Which X?" in server.calls[0].user


@needs_sandbox
def test_a_limit_of_a_call_is_never_passed(toy: Task) -> None:
    with LlmServer(lambda call: "take 0.3") as server:
        ledger = run(toy, server, "ask", "chat", "chat", "chat", tokens_per_call=500)
    (data,) = thoughts(ledger)
    assert (data["failure"], len(server.calls)) == ("over_budget", 0)
    assert "the limit of 500 tokens" in data["error"]


@needs_sandbox
def test_an_answer_that_was_cut_is_named_where_nothing_came_of_a_command(toy: Task) -> None:
    with LlmServer(lambda call: Fault(text="I would", finish="length")) as server:
        (data,) = thoughts(run(toy, server, "ask", "chat"))
    assert data["failure"]
    assert "(the model's last answer was cut at 1 tokens: max_tokens of the model in orgopt.toml)" in data["error"]


@pytest.mark.slow
@needs_sandbox
def test_a_model_that_is_down_makes_a_run_no_result(toy: Task) -> None:
    with LlmServer(lambda call: Fault(status=503, text="out of order")) as server:
        ledger = run(toy, server, "ask", "chat")
    (data,) = thoughts(ledger)
    assert data["failure"] == "server"
    assert "out of order" in data["error"]
    found = lost(ledger)
    assert found
    assert "out of order" in found.why


# Settings


def test_a_relay_needs_a_model_and_names_what_is_missing(toy: Task) -> None:
    del toy
    given = settings_for("http://127.0.0.1:9/v1", "climb")
    with pytest.raises(UsageError, match="a role that asks a language model needs one"):
        Language(ALONE, replace(given, default=""), environ={"REAL_KEY": CANARY})
    with pytest.raises(UsageError, match="REAL_KEY, which is not set"):
        Language(ALONE, given, environ={})


# What is asked and answered


class Scripted:
    """A model of the test's own."""

    def __init__(self, url: str) -> None:
        settings = ModelSettings(name=MODEL, api_base=url, attempts=1, max_tokens=100)
        self.model = Model(settings, PRICE, {})


@contextmanager
def served(reply: Callable[[Call], "str | Fault | Uses"]) -> Generator[tuple[LlmServer, Relay, int]]:
    with LlmServer(reply) as upstream, socket.create_server(("127.0.0.1", 0)) as listener:
        relay = Relay(Scripted(upstream.url).model, 100, Answers(), Spend(), role="hand", thought="t")
        with Served(listener.dup(), relay):
            yield upstream, relay, listener.getsockname()[1]


def send(port: int, data: bytes, *, most_s: float = 10.0) -> bytes:
    """All that is answered to some bytes, until the other side has no more to say."""
    with socket.create_connection(("127.0.0.1", port), timeout=most_s) as connection:
        connection.sendall(data)
        found = b""
        while chunk := connection.recv(65536):
            found += chunk
        return found


def question(path: str, body: object, key: str, *more: str, header: str = "Authorization: Bearer ") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"{header}{key}", f"Content-Length: {len(data)}", *more]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + data


def told(answer: bytes) -> tuple[int, Any]:
    """The status of an answer and what it says, as JSON."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def events(answer: bytes) -> list[Any]:
    """The data of a stream's events."""
    lines = [line for line in answer.decode().splitlines() if line.startswith("data: ")]
    return [line if line.endswith("[DONE]") else json.loads(line.removeprefix("data: ")) for line in lines]


LOOK = {"type": "object", "properties": {"name": {"type": "string"}}}
ASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (
        "/v1/chat/completions",
        {
            "messages": [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": [{"type": "text", "text": "Look."}]},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "a", "function": {"name": "look", "arguments": '{"name": "x"}'}}],
                },
                {"role": "tool", "tool_call_id": "a", "content": "seen"},
            ],
            "tools": [{"type": "function", "function": {"name": "look", "parameters": LOOK}}],
            "max_tokens": 50,
            "stream_options": {"include_usage": True},
        },
    ),
    "responses": (
        "/v1/responses",
        {
            "instructions": "Be short.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Look."}]},
                {"type": "reasoning", "summary": []},
                {"type": "function_call", "call_id": "a", "name": "look", "arguments": '{"name": "x"}'},
                {"type": "function_call_output", "call_id": "a", "output": "seen"},
            ],
            "tools": [{"type": "function", "name": "look", "parameters": LOOK}, {"type": "web_search"}],
            "max_output_tokens": 50,
        },
    ),
    "messages": (
        "/v1/messages",
        {
            "system": [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": "Look."},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "a", "name": "look", "input": {"name": "x"}}],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "seen"}]},
            ],
            "tools": [{"name": "look", "input_schema": LOOK}],
            "max_tokens": 50,
        },
    ),
    "gemini": (
        "/v1beta/models/any:generateContent",
        {
            "systemInstruction": {"parts": [{"text": "Be short."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Look."}]},
                {"role": "model", "parts": [{"functionCall": {"name": "look", "args": {"name": "x"}}}]},
                {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"output": "seen"}}}]},
            ],
            "tools": [
                {
                    "functionDeclarations": [
                        {
                            "name": "look",
                            "parameters": {"type": "OBJECT", "properties": {"name": {"type": "STRING"}}},
                        }
                    ]
                }
            ],
            "generationConfig": {"maxOutputTokens": 50},
        },
    ),
}


def called(dialect: str, answer: Any) -> tuple[str, Any]:
    """The function that an answer calls."""
    if dialect == "chat":
        one = answer["choices"][0]["message"]["tool_calls"][0]["function"]
        return one["name"], json.loads(one["arguments"])
    if dialect == "responses":
        one = answer["output"][-1]
        return one["name"], json.loads(one["arguments"])
    if dialect == "messages":
        return answer["content"][-1]["name"], answer["content"][-1]["input"]
    one = answer["candidates"][0]["content"]["parts"][-1]["functionCall"]
    return one["name"], one["args"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_functions_and_their_results_are_passed_on_and_back(dialect: str) -> None:
    path, body = ASKS[dialect]
    with served(lambda call: Uses((("look", {"name": "y"}),), text="again")) as (upstream, relay, port):
        status, answer = told(send(port, question(path, body, relay.token)))
        assert status == 200
        assert called(dialect, answer) == ("look", {"name": "y"})
        given = upstream.calls[0].body
    assert given["model"] == "local"
    assert [one["role"] for one in given["messages"]] == ["system", "user", "assistant", "tool"]
    assert given["messages"][2]["tool_calls"][0]["function"] == {"name": "look", "arguments": '{"name":"x"}'}
    assert "seen" in given["messages"][3]["content"]
    assert given["messages"][3]["tool_call_id"] == given["messages"][2]["tool_calls"][0]["id"]
    assert given["tools"][0]["function"]["parameters"] == LOOK
    assert given["max_completion_tokens"] == 50


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_says_what_a_whole_answer_says(dialect: str) -> None:
    path, body = ASKS[dialect]
    path = path.replace(":generateContent", ":streamGenerateContent")
    with served(lambda call: Uses((("look", {"name": "y"}),), text="again")) as (_, relay, port):
        answer = send(port, question(path, {**body, "stream": True}, relay.token))
    assert b"text/event-stream" in answer
    found = events(answer)
    if dialect == "chat":
        assert found[-1] == "data: [DONE]"
        assert found[-2]["usage"]["completion_tokens"] > 0
        assert found[0]["choices"][0]["delta"]["content"] == "again"
        assert found[1]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"] == "look"
    elif dialect == "responses":
        assert called(dialect, found[-1]["response"]) == ("look", {"name": "y"})
        assert [one["sequence_number"] for one in found] == list(range(len(found)))
    elif dialect == "messages":
        assert [one["type"] for one in found][-2:] == ["message_delta", "message_stop"]
        assert found[-2]["delta"]["stop_reason"] == "tool_use"
        deltas = [one["delta"] for one in found if one["type"] == "content_block_delta"]
        assert [one.get("text") or json.loads(one["partial_json"]) for one in deltas] == ["again", {"name": "y"}]
    else:
        assert called(dialect, found[0]) == ("look", {"name": "y"})


def test_an_answer_takes_no_more_tokens_than_the_settings_allow() -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 10**9}
    with served(lambda call: Fault(finish="length", text="on and")) as (upstream, relay, port):
        _, answer = told(send(port, question("/v1/chat/completions", body, relay.token)))
    assert upstream.calls[0].body["max_completion_tokens"] == 100
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_picture_is_left_out_and_no_address_or_file_is_looked_at() -> None:
    parts = [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, {"type": "text", "text": "see"}]
    body = {"messages": [{"role": "user", "content": parts}]}
    with served(lambda call: "ok") as (upstream, relay, port):
        told(send(port, question("/v1/chat/completions", body, relay.token)))
    assert "passwd" not in json.dumps(upstream.calls[0].body)
    assert "left out" in upstream.calls[0].user


# Who is not to be trusted


CALL = '{"name": "look", "arguments": {"at": "it"}}'


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (CALL, ""),
        (f"```json\n{CALL}\n```", ""),
        (f"I look first.\n\n```json\n{CALL}\n```\nThen I go on.", "I look first.\n\n\nThen I go on."),
        (f"<tool_call>\n{CALL}\n</tool_call>", ""),
        (f"<tools>{CALL}</tools>", ""),
        (f"<tool_call>{CALL}", ""),
        (f"[{CALL}]", ""),
        ('{"name": "look", "parameters": {"at": "it"}}', ""),
        ('{"name": "look", "arguments": "{\\"at\\": \\"it\\"}"}', ""),
        ('{"type": "function", "function": {"name": "look", "arguments": {"at": "it"}}}', ""),
    ],
)
def test_a_call_that_a_model_writes_into_its_text_is_one(said: str, text: str) -> None:
    body = {**ONE, "tools": [{"type": "function", "function": {"name": "look", "parameters": LOOK}}]}
    with served(lambda call: said) as (_, relay, port):
        choice = told(send(port, question(CHAT, body, relay.token)))[1]["choices"][0]
        assert [json.loads(one["function"]["arguments"]) for one in choice["message"]["tool_calls"]] == [{"at": "it"}]
        assert (choice["message"]["content"] or "", choice["finish_reason"]) == (text, "tool_calls")
        plain = told(send(port, question(CHAT, ONE, relay.token)))[1]["choices"][0]
        assert plain["message"]["content"] == said  # nobody offered a function


def test_several_calls_in_a_text_are_several() -> None:
    body = {**ONE, "tools": [{"type": "function", "function": {"name": "look", "parameters": LOOK}}]}
    with served(lambda call: f"{CALL}\n{CALL}") as (_, relay, port):
        message = told(send(port, question(CHAT, body, relay.token)))[1]["choices"][0]["message"]
        assert len({one["id"] for one in message["tool_calls"]}) == 2


@pytest.mark.parametrize(
    "said",
    [
        "I would look at it.",
        '{"name": "delete", "arguments": {"at": "it"}}',
        '{"name": "look"}',
        '{"name": "look", "arguments": "it"}',
        '{"name": "look", "arguments": {"at": "it"}} and so on',
        '```json\n{"name": "look", "argum',
        "```python\nlook('it')\n```",
        '[Makes tool call with {"at": "it"} as arguments]',
        "[" * 5_000,
        "",
    ],
)
def test_what_is_no_call_stays_text(said: str) -> None:
    body = {**ONE, "tools": [{"type": "function", "function": {"name": "look", "parameters": LOOK}}]}
    with served(lambda call: said) as (_, relay, port):
        message = told(send(port, question(CHAT, body, relay.token)))[1]["choices"][0]["message"]
        assert not message.get("tool_calls")
        assert (message["content"] or "") == said


ONE = {"messages": [{"role": "user", "content": "x"}]}
CHAT = "/v1/chat/completions"
HOSTILE: dict[str, tuple[int, Callable[[str], bytes]]] = {
    "another key": (401, lambda key: question(CHAT, ONE, key[:-1])),
    "no key": (401, lambda key: question(CHAT, ONE, "", header="X-Nothing: ")),
    "another path": (404, lambda key: question("/v1/files", ONE, key)),
    "a path upward": (404, lambda key: question("/v1/../admin/chat/completions", ONE, key)),
    "an address": (404, lambda key: question("http://169.254.169.254/v1/chat/completions", ONE, key)),
    "a path in a model": (404, lambda key: question("/v1beta/models/../../x:generateContent", ONE, key)),
    "another method": (501, lambda key: question(CHAT, ONE, key).replace(b"POST", b"DELETE", 1)),
    "too long": (413, lambda key: question(CHAT, b"", key).replace(b"Length: 0", b"Length: %d" % (MAX_BODY + 1))),
    "a length beyond words": (
        413,
        lambda key: question(CHAT, b"", key).replace(b"Length: 0", b"Length: " + b"9" * 5000),
    ),
    "no length": (411, lambda key: question(CHAT, b"", key).replace(b"Content-Length: 0\r\n", b"")),
    "two lengths": (411, lambda key: question(CHAT, ONE, key, "Content-Length: 3")),
    "pieces": (411, lambda key: question(CHAT, ONE, key, "Transfer-Encoding: chunked")),
    "a negative length": (400, lambda key: question(CHAT, b"", key).replace(b"Length: 0", b"Length: -1")),
    "no JSON": (400, lambda key: question(CHAT, b"\xff\xfe{", key)),
    "a list": (400, lambda key: question(CHAT, [ONE], key)),
    "no number": (400, lambda key: question(CHAT, b'{"messages": [], "temperature": NaN}', key)),
    "deep": (400, lambda key: question(CHAT, b"[" * 100_000, key)),
    "other types": (400, lambda key: question(CHAT, {"messages": [{"role": "user", "content": 7}]}, key)),
    "nothing asked": (400, lambda key: question(CHAT, {"messages": []}, key)),
    "a stored conversation": (
        400,
        lambda key: question("/v1/responses", {"input": "x", "previous_response_id": "1"}, key),
    ),
    "long headers": (431, lambda key: question(CHAT, ONE, key, *(f"X-{n}: {'y' * 100}" for n in range(200)))),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_what_is_no_question_is_refused_and_asks_nobody(how: str) -> None:
    status, bytes_of = HOSTILE[how]
    with served(lambda call: "ok") as (upstream, relay, port):
        answer = send(port, bytes_of(relay.token))
        assert int(answer.split()[1]) == status
        assert not upstream.calls
        assert told(send(port, question(CHAT, ONE, relay.token)))[0] == 200, "others are served as before"


def test_nothing_of_a_request_gets_into_another_one() -> None:
    body = {**ONE, "model": "x\r\nX-Injected: 1", "user": "\r\n\r\nPOST / HTTP/1.1", "api_base": "http://evil.example"}
    with served(lambda call: "half \ud83d".encode("utf-8", "replace").decode()) as (upstream, relay, port):
        send(port, question(CHAT, body, relay.token, "X-Forwarded-Host: evil.example", "Authorization: Bearer other"))
        told(send(port, question(CHAT, {"messages": [{"role": "user", "content": "half \ud83d"}]}, relay.token)))
    assert set(upstream.calls[0].body) == {"model", "messages", "max_completion_tokens", "stream", "stream_options"}
    assert upstream.calls[-1].user == "half ?"


def test_who_is_slow_or_leaves_connections_open_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_server, "_SILENCE_S", 0.2)
    with served(lambda call: "ok") as (upstream, relay, port):
        slow = question(CHAT, ONE, relay.token)[:-4]
        assert told(send(port, slow))[0] == 408
        held = [socket.create_connection(("127.0.0.1", port)) for _ in range(MAX_CONNECTIONS + 8)]
        refused = 0
        for one in held[MAX_CONNECTIONS:]:
            one.settimeout(5)
            with one:
                refused += one.recv(1) == b""
        assert refused == 8
        for one in held:
            one.close()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                assert told(send(port, question(CHAT, ONE, relay.token)))[0] == 200
                break
            except (IndexError, ConnectionError):  # the threads of those that left are about to end
                continue
        else:
            pytest.fail("it serves nobody any more")
        assert len(upstream.calls) == 1


def test_after_its_call_a_command_is_answered_nothing() -> None:
    with served(lambda call: "ok") as (upstream, relay, port):
        relay.close()
        assert told(send(port, question(CHAT, ONE, relay.token)))[0] == 503
    assert not upstream.calls


def test_a_failure_has_a_status_that_programs_do_not_take_for_another() -> None:
    with served(lambda call: Fault(status=429, text="slower")) as (_, relay, port):
        for stream in (False, True):
            status, answer = told(send(port, question(CHAT, {**ONE, "stream": stream}, relay.token)))
            assert status == 429
            assert "slower" in answer["error"]["message"]


def test_a_stream_shows_signs_of_life_while_a_model_thinks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_server, "_STATUS_S", 0.01)
    monkeypatch.setattr(relay_server, "_ALIVE_S", 0.05)
    with served(lambda call: Fault(hang_s=0.3, text="at last")) as (_, relay, port):
        answer = send(port, question(CHAT, {**ONE, "stream": True}, relay.token))
    assert answer.count(b": still thinking") >= 2
    assert events(answer)[0]["choices"][0]["delta"]["content"] == "at last"


def test_an_empty_answer_is_one() -> None:
    for dialect in DIALECTS:
        from orgopt.agents.command.relay.dialects import dialect_of

        found = dialect_of(ASKS[dialect][0])
        assert found
        assert json.dumps(found.whole(Reply()))
