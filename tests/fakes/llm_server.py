"""An OpenAI-compatible server of the tests' own: scripted answers over real HTTP, and every fault on demand.

What it answers is a function of the call; a `Fault` in place of a text makes it fail as servers do.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from orgopt.agents.llm.probe import HELLO

MODEL = "openai/local"

NOISE = '\N{SNOWMAN}x0 {["' * 150_000  # about 1 MB


@dataclass(frozen=True, slots=True)
class Fault:
    """How a call fails: a status, a pause before it answers, or an answer that ends too early, said or not.

    A stream drips, with a pause after each event, or stalls in its middle.
    """

    status: int = 200
    retry_after: str = ""
    hang_s: float = 0.0
    drip_s: float = 0.0
    stall_s: float = 0.0
    cut: bool = False
    finish: str = "stop"
    text: str = "too bad"


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer whose body is sent as it is, as odd servers do."""

    body: str
    status: int = 200
    kind: str = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Uses:
    """An answer that calls functions, by name with what they are given."""

    calls: tuple[tuple[str, Mapping[str, Any]], ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request: `number` counts from 0; `problem` is why the answer before could not be used, where one was."""

    number: int
    model: str
    system: str
    user: str
    authorization: str
    body: Mapping[str, Any]
    began: float
    problem: str = ""

    def field(self, name: str) -> str:
        """The text of an input field, as DSPy writes it; empty where it is not told."""
        head = f"[[ ## {name} ## ]]\n"
        _, found, rest = self.user.rpartition(head)
        return rest.split("\n\n[[ ## ")[0] if found else ""


Reply = Callable[[Call], "str | Fault | Uses | Raw"]


def fields(**values: Any) -> str:
    """An answer in the sections that DSPy asks for."""
    texts = [
        f"[[ ## {name} ## ]]\n{value if isinstance(value, str) else json.dumps(value)}"
        for name, value in values.items()
    ]
    return "\n\n".join([*texts, "[[ ## completed ## ]]"])


@dataclass
class LlmServer:
    """Use it as a context manager; it serves on a free port of this machine.

    Attributes:
        reply: What to answer.
        latency_s: How long each answer takes.
        calls: What was asked, in order of arrival.
        input_tokens, output_tokens: Of the answers that were delivered whole.
        most: The most calls that were open at once.
        schemas: Whether answers are held to a schema, as far as the first question of orgopt can tell; else it is
            taken and not looked at, as by many servers.
        streams: Whether it streams where it is asked to; else the answer is whole.
        ranges: Whether a schema holds numbers to ranges, too.
        greeting: What becomes of the first questions, which are no calls of agents; they are counted in `greetings`.
    """

    reply: Reply
    latency_s: float = 0.0
    calls: list[Call] = field(default_factory=list)
    input_tokens: int = 0
    output_tokens: int = 0
    open: int = 0
    most: int = 0
    schemas: bool = False
    ranges: bool = True
    streams: bool = True
    greeting: "str | Fault" = "hello"
    greetings: int = 0

    def __enter__(self) -> Self:
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.fake = self
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    fake: LlmServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that hang up are part of the tests


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # an answer is one packet: else Nagle and delayed acknowledgements cost 40 ms a call
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's own name
        pass

    def do_POST(self) -> None:
        fake = self.server.fake
        began = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["messages"][-1]["content"] == HELLO:
            self._greet(fake, body)
            return
        with fake.lock:
            call = _call(len(fake.calls), body, self.headers.get("Authorization", ""), began)
            fake.calls.append(call)
            fake.open += 1
            fake.most = max(fake.most, fake.open)
        try:
            answer = fake.reply(call)
            fault = answer if isinstance(answer, Fault) else Fault()
            fake.ended.wait(max(0.0, fake.latency_s - (time.monotonic() - began)) + fault.hang_s)
            if isinstance(answer, Raw):
                self._send(answer)
            else:
                self._answer(fake, call, answer, fault)
        finally:
            with fake.lock:
                fake.open -= 1

    def _send(self, raw: Raw) -> None:
        data = raw.body.encode()
        self.send_response(raw.status)
        self.send_header("Content-Type", raw.kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _greet(self, fake: LlmServer, body: Mapping[str, Any]) -> None:
        with fake.lock:
            fake.greetings += 1
        fault = fake.greeting if isinstance(fake.greeting, Fault) else Fault()
        answer = fake.greeting
        if fake.schemas and "response_format" in body:
            asked = body["response_format"]["json_schema"]["schema"]["properties"]
            share = asked["share"]["minimum"] if fake.ranges else 0
            answer = json.dumps({"word": asked["word"]["enum"][0], "share": share})
        self._answer(fake, _call(0, body, "", 0.0), answer, fault)

    def _answer(self, fake: LlmServer, call: Call, answer: str | Fault | Uses, fault: Fault) -> None:
        text = answer if isinstance(answer, str) else answer.text
        used = {"prompt_tokens": len(call.system + call.user) // 4, "completion_tokens": len(text) // 4}
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if isinstance(answer, Uses):
            message["tool_calls"] = [
                {"id": f"call-{call.number}-{index}", "type": "function"}
                | {"function": {"name": name, "arguments": json.dumps(given)}}
                for index, (name, given) in enumerate(answer.calls)
            ]
        whole = {
            "id": f"call-{call.number}",
            "object": "chat.completion",
            "created": 0,
            "model": call.model,
            "choices": [{"index": 0, "message": message, "finish_reason": fault.finish}],
            "usage": {**used, "total_tokens": sum(used.values())},
        }
        failed = {"error": {"message": text, "type": "server_error", "code": None}}
        streamed = bool(fault.status == 200 and call.body.get("stream") and fake.streams)
        events = _events(whole) if streamed else [json.dumps(whole if fault.status == 200 else failed).encode()]
        data = b"".join(events)
        self.send_response(fault.status)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.send_header("Content-Length", str(len(data)))
        if fault.retry_after:
            self.send_header("Retry-After", fault.retry_after)
        self.end_headers()
        if fault.cut:
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
            return
        with fake.lock:
            if fault.status == 200 and not fault.hang_s:
                fake.input_tokens += used["prompt_tokens"]
                fake.output_tokens += used["completion_tokens"]
        for number, event in enumerate(events):
            self.wfile.write(event)
            if fault.drip_s or fault.stall_s:
                self.wfile.flush()
                fake.ended.wait(fault.stall_s if fault.stall_s and number == 1 else fault.drip_s)


def _events(whole: Mapping[str, Any]) -> list[bytes]:
    """An answer as the events of a stream."""
    (choice,) = whole["choices"]
    message, shared = choice["message"], {key: whole[key] for key in ("id", "created", "model")}
    text = message["content"]
    pieces = [text[at : at + 8_000] for at in range(0, len(text), 8_000)] or [""]
    if len(pieces) == 1:
        pieces = [text[: len(text) // 2], text[len(text) // 2 :]]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in pieces]
    deltas += [{"tool_calls": [{"index": at, **one}]} for at, one in enumerate(message.get("tool_calls", ()))]
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": one, "finish_reason": None}]} for one in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    chunks.append({"choices": [], "usage": whole["usage"]})
    lines = [json.dumps({**shared, "object": "chat.completion.chunk", **chunk}) for chunk in chunks]
    return [f"data: {line}\n\n".encode() for line in [*lines, "[DONE]"]]


def _call(number: int, body: Mapping[str, Any], authorization: str, began: float) -> Call:
    texts: dict[str, str] = {"system": "", "user": ""}
    for message in body["messages"]:
        content = message.get("content") or ""
        text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
        role = "system" if message["role"] in {"system", "developer"} else "user"
        texts[role] += text if message["role"] != "assistant" else ""
    problem = body["messages"][-1]["content"] if len(body["messages"]) > 2 else ""
    return Call(number, body["model"], texts["system"], texts["user"], authorization, body, began, problem)
