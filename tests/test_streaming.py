"""Answers that are taken as they come: time-outs by byte, and servers that stream in ways of their own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from dspy._vendor.lm15.transports import ReadTimeout
from dspy.lm15 import Config, Message, Request

from orgopt.agents.llm import streaming
from orgopt.agents.llm.model import Model
from orgopt.agents.llm.streaming import WholeAnswerError, alive, repaired, split
from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.failures import Failure
from orgopt.agents.thinking.spend import Spend
from orgopt.agents.toml_models import ModelSettings, Price
from tests.fakes.llm_server import MODEL, Call, Fault, LlmServer, Raw, Reply

ASKED = Request(model=MODEL, messages=(Message.user("Say it."),), config=Config(temperature=0.0))


def answered(reply: Reply, times: int = 1, **more: Any) -> tuple[Answer, Model, list[bool]]:
    """The last answer of a server, the model, and which of its calls asked for a stream."""
    with LlmServer(reply) as server:
        settings = ModelSettings(name=MODEL, api_base=server.url, **{"attempts": 1, "backoff_s": 0.001, **more})
        model = Model(settings, Price(1, 1))
        for _ in range(times):
            answer = model.ask(ASKED, Spend(), "test")
        return answer, model, [bool(call.body.get("stream")) for call in server.calls]


@pytest.mark.slow
def test_a_server_that_drips_is_waited_for_and_one_that_stalls_is_not() -> None:
    def reply(call: Call) -> Fault:
        return Fault(text="slow but sure", drip_s=0.15) if call.number == 0 else Fault(text="never", stall_s=20)

    answer, _, _ = answered(reply, timeout_s=0.5)
    assert (answer.text, answer.failure) == ("slow but sure", "")
    assert answer.seconds > 0.5  # as a whole it takes longer than the limit
    answer, _, _ = answered(reply, times=2, timeout_s=0.5)
    assert answer.failure == Failure.TIMEOUT
    assert answer.seconds < 10


def test_a_server_that_only_keeps_the_connection_alive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def chunks(*said: bytes) -> Iterator[bytes]:
        for one in said:
            now[0] += 4
            yield one

    def read(*said: bytes) -> list[bytes]:
        return list(split(alive(chunks(*said), 10, lambda: now[0])))

    ping, empty = b": ping\n\n", chunk("").encode()
    tokens = [chunk(str(number)).encode() for number in range(4)]
    assert read(ping, ping, tokens[0], ping, b"\n", tokens[1]) == (
        ping * 2 + tokens[0] + ping + b"\n" + tokens[1]
    ).splitlines(True)
    for nothing in ([ping] * 4, [b" "] * 4, [empty] * 5, [b"event: ping\n", b"data: {}\n\n"] * 4):
        with pytest.raises(ReadTimeout, match="nothing new for 10 s"):
            read(*nothing)
    assert read(b"da", b"ta: 1\nd", b"ata: 2") == [b"data: 1\n", b"data: 2"]
    monkeypatch.setattr(streaming, "alive", lambda _chunks, _limit_s: alive([ping], -1))
    answer, _, _ = answered(lambda _: Raw(TWO))
    assert answer.failure == Failure.TIMEOUT
    assert "keeps the connection alive" in answer.error


def chunk(content: str | None = None, finish: str | None = None, **more: Any) -> str:
    delta = {} if content is None else {"content": content}
    return f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}], **more})}\n\n"


USED = {"prompt_tokens": 7, "completion_tokens": 2}
USAGE = f"data: {json.dumps({'choices': [], 'usage': USED})}\n\n"
DONE = "data: [DONE]\n\n"
TWO = chunk("Hel") + chunk("lo.")
STOP = chunk(finish="stop")
BROKEN = (
    'data: {{"choices": [{{"index": 0, "delta": {{}}, "finish_reason": "error", '
    '"error": {{"code": {}, "message": "gone"}}}}]}}\n\n'
)
EMPTY = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"content_filter_results": {}}]}


@pytest.mark.parametrize(
    "body",
    [
        ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n" + TWO + STOP + USAGE + DONE,
        "data: : keepalive\n\n" + chunk("Hel") + "data: : keepalive\n\n" + chunk("lo.") + STOP + USAGE + DONE,
        "data:\n\n" + TWO + ": ping\n\ndata: \n\n" + STOP + USAGE + DONE,
        f"data: {json.dumps(EMPTY)}\n\n" + TWO + STOP + USAGE + DONE,
        chunk("Hel", finish="") + chunk("lo.", finish="") + STOP + USAGE + DONE,
        TWO + chunk("", finish="stop", usage=USED) + 'data: {"choices": []}\n\n' + DONE,
        chunk("Hel", usage={**USED, "completion_tokens": 1}) + chunk("lo.", usage=USED) + DONE,
        TWO + STOP + USAGE + "data: [DONE]",
        TWO + chunk(finish="stop", usage=USED),
        (TWO + STOP + USAGE + DONE).replace("\n", "\r\n"),
        'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": null}}]}\n\n' + TWO + STOP + USAGE,
        'data: {"choices": [{"delta": {"reasoning_content": "Hm."}}]}\n\n' + TWO + STOP + USAGE + DONE,
        TWO + chunk(finish="eos") + USAGE + DONE,
        "event: message\nid: 1\nretry: 5\n" + TWO + STOP + USAGE + "event: done\n" + DONE,
        (TWO + STOP + USAGE + DONE).replace("data: ", "data:"),
        TWO + STOP + USAGE + DONE + ": x-response-cost=0.1\n: x-tokens-in=7\n",
        chunk("Hel")
        + 'data: null\n\ndata: {"choices": [{"index": 0, "delta": null}]}\n\n'
        + chunk("lo.")
        + STOP
        + USAGE,
        TWO + STOP + f'data: {{"choices": null, "usage": {json.dumps(USED)}}}\n\n' + DONE,
    ],
    ids=[
        "openrouter: comments",
        "vertex: keep-alives as data",
        "gateway: empty data",
        "azure: filter first",
        "ollama: empty finish",
        "grok: usage before the last",
        "usage in all, no finish",
        "llama.cpp: nothing after done",
        "gemini: no done",
        "crlf",
        "llama.cpp: null first",
        "deepseek: reasoning",
        "unknown finish",
        "other fields",
        "no space",
        "comments at the end",
        "azure: nothing in the middle",
        "deepseek: no choices",
    ],
)
def test_an_odd_stream_is_read(body: str) -> None:
    answer, model, asked = answered(lambda _: Raw(body))
    assert (answer.failure, answer.text) == ("", "Hello.")
    assert (answer.input_tokens, answer.output_tokens) == (7, 2)
    assert model.streams
    assert asked == [True]


@pytest.mark.parametrize(
    ("body", "failure", "says"),
    [
        (
            'error: {"code": 400, "message": "exceeds the context size"}\n\n' + DONE,
            Failure.REFUSED,
            "exceeds the context",
        ),
        (TWO + 'data: {"error": {"code": 502, "message": "lost"}}\n\n' + DONE, Failure.SERVER, "lost"),
        ('data: {"error": {"code": 429, "message": "slower"}}\n\n', Failure.RATE_LIMIT, "slower"),
        (TWO + 'data: {"error": {"type": "overloaded_error", "message": "busy"}}\n\n', Failure.SERVER, "busy"),
        ('event: error\ndata: {"error": "no model is loaded"}\n\n', Failure.REFUSED, "no model is loaded"),
        (chunk("Hel") + BROKEN.format(502) + USAGE + DONE, Failure.SERVER, "gone"),
        (BROKEN.format(429) + DONE, Failure.RATE_LIMIT, "gone"),
        (TWO + chunk("", finish="error") + USAGE, Failure.REFUSED, "broke off"),
        (TWO, Failure.TRANSPORT, "ended without"),
        (TWO + 'data: {"choices": [{"del', Failure.TRANSPORT, "no JSON"),
        ("<html>Sign in</html>", Failure.TRANSPORT, "ended without"),
        ("", Failure.TRANSPORT, "ended without"),
    ],
    ids=[
        "llama.cpp 2025",
        "openrouter",
        "rate",
        "overloaded",
        "text",
        "in a choice",
        "rate in a choice",
        "no reason",
        "cut",
        "cut in a line",
        "page",
        "nothing",
    ],
)
def test_a_stream_that_fails_says_why(body: str, failure: Failure, says: str) -> None:
    answer, _, _ = answered(lambda _: Raw(body))
    assert answer.failure == failure, answer.error
    assert says in answer.error
    again, _, asked = answered(lambda _: Raw(body), attempts=2)
    assert len(asked) == (1 if again.failure == Failure.REFUSED else 2)


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ('{"error": {"message": "gone", "code": 404}, "user_id": "u"}', Failure.REFUSED),
        ('{"error": {"message": "gone", "code": 429}}', Failure.RATE_LIMIT),
        ('{"error": "gone"}', Failure.SERVER),
        (BROKEN.format(502)[6:].replace("delta", "message"), Failure.SERVER),
    ],
)
def test_an_error_in_an_answer_that_seems_well_is_one(body: str, failure: Failure) -> None:
    answer, _, _ = answered(lambda _: Raw(body, 200, "application/json"), stream=False)
    assert (answer.failure, "gone" in answer.error) == (failure, True)


def test_an_object_that_a_server_takes_for_a_thought_is_the_answer() -> None:
    for said, text in [('{"look": []}', '{"look": []}'), ("Hm, {", ""), ("", "")]:
        message = json.dumps({"role": "assistant", "content": None, "reasoning_content": said})
        choice = f'{{"index": 0, "message": {message}, "finish_reason": "stop"}}'
        whole = f'{{"choices": [{choice}], "usage": {json.dumps(USED)}}}'
        answer, _, _ = answered(lambda _, whole=whole: Raw(whole, 200, "application/json"), stream=False)
        assert (answer.text, answer.failure) == (text, "")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        '{"object": "error", "message": "no guided decoding here", "type": "BadRequestError", "code": 400}',
        '{"detail": [{"loc": ["body"], "msg": "no guided decoding here"}]}',
        '{"error": "no guided decoding here"}',
        "no guided decoding here",
    ],
    ids=["vllm", "fastapi", "lm studio", "text"],
)
def test_why_a_call_was_refused_is_said_however_a_server_says_it(body: str, *, stream: bool) -> None:
    answer, _, _ = answered(lambda _: Raw(body, 400, "application/json"), stream=stream)
    assert answer.failure == Failure.REFUSED
    assert "no guided decoding here" in answer.error


@pytest.mark.parametrize("content", ["Hello.", [{"type": "text", "text": "Hello."}]])
def test_what_a_model_thought_before_is_not_what_it_said(content: Any) -> None:
    message = {"role": "assistant", "reasoning_content": "Hm.", "content": content}
    body = json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": USED})
    answer, _, _ = answered(lambda _: Raw(body, kind="application/json"), stream=False)
    assert (answer.text, answer.output_tokens) == ("Hello.", 2)


def whole(call: Call, reply: Raw) -> str | Raw:
    return reply if call.body.get("stream") else "Hello."


@pytest.mark.parametrize(
    "first",
    [
        Raw('{"choices": [{"message": {"content": "Hello."}}]}', kind="application/json"),
        Raw('{\n  "choices": []\n}', kind="application/json"),
        Raw('{"error": {"message": "Unrecognized request argument: stream_options"}}', 400, "application/json"),
        Raw('{"detail": "Streaming is not supported"}', 501, "application/json"),
        Raw('{"detail": [{"loc": ["body", "stream"], "msg": "extra fields not permitted"}]}', 422, "application/json"),
    ],
    ids=["whole", "whole in lines", "stream_options", "not implemented", "extra fields"],
)
def test_a_server_that_does_not_stream_is_asked_for_whole_answers(first: Raw) -> None:
    answer, model, asked = answered(lambda call: whole(call, first), times=2)
    assert (answer.failure, answer.text) == ("", "Hello.")
    assert asked == [True, False, False]  # found out once
    assert not model.streams


def test_a_stream_that_does_not_say_what_it_took_is_the_last() -> None:
    answer, model, asked = answered(lambda call: whole(call, Raw(TWO + STOP + DONE)))
    assert answer.text == "Hello."
    assert asked == [True]  # it is an answer
    assert not model.streams


def test_a_refusal_of_something_else_is_one() -> None:
    answer, model, asked = answered(lambda _: Raw('{"error": {"message": "no such model"}}', 404, "application/json"))
    assert answer.failure == Failure.REFUSED
    assert asked == [True]
    assert model.streams


def test_what_is_upstream_is_no_stream() -> None:
    gateway = Raw('{"error": {"message": "upstream rejected the prompt"}}', 400, "application/json")
    answer, model, asked = answered(lambda _: gateway)
    assert answer.failure == Failure.REFUSED
    assert asked == [True]
    assert model.streams


@pytest.mark.parametrize("line", [b'{"content": [{"type": "text", "text": "Hi."}]}', b'{"candidates": []}', b"  {"])
def test_a_whole_answer_in_place_of_a_stream_is_told_whosever_form_it_has(line: bytes) -> None:
    with pytest.raises(WholeAnswerError, match="stream = false"):
        repaired(line)


def test_what_is_known_of_a_server_is_not_found_out_again() -> None:
    _, _, asked = answered(lambda _: "Hello.", stream=False)
    assert asked == [False]
