"""Answers that are taken as they come, so that a time-out counts the seconds without a byte and not those of an answer.

Servers differ in how they stream, and in how they say what is wrong. What is no event is repaired or left out where the
line comes in; one that does not stream, or does not say what a streamed answer took, is asked for whole answers from
then on. Needs DSPy, so that it is imported late.
"""

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self, cast

from dspy._vendor.lm15.result import materialize_response  # what makes a response of events is public nowhere
from dspy._vendor.lm15.transports import ReadError, ReadTimeout, StdlibTransport
from dspy.clients.engines.lm15_engine import LM15Engine
from dspy.lm15 import LM15Error, ProviderError, Request, Response, StreamAssemblyError, TextPart

_NO_EVENT = re.compile(rb"data:\s*(?::|$)")  # keep-alives that some proxies send as data, and empty data
_REFUSED = frozenset({400, 404, 405, 415, 422})
_STREAM = re.compile(r"(?<!up)stream", re.IGNORECASE)
_FAILED, _NOT_IMPLEMENTED, _NO_GATEWAY = 400, 501, 502
_SILENCE = 10
"""Time-outs after which a server is given up that sends bytes and says nothing: in a queue it may do so for a while."""
_RECENT = 4  # chunks that make no news when they come again, as keep-alives of two lines do
_MOST_BYTES = 2**26  # of a response: far above any answer
_REASONS = ("message", "detail", "errors")  # where else a server may say why a call failed


class WholeAnswerError(ProviderError):
    """A stream was asked for, and a whole answer came."""


class Streaming:
    """DSPy's engine, which streams where its server does.

    Args:
        inner: The engine.
        streams: Whether to ask for streams at first.

    Attributes:
        streams: Whether the server does, as far as is known.
    """

    def __init__(self, inner: LM15Engine, *, streams: bool) -> None:
        self._inner, self.streams = inner, streams

    def complete(self, request: Request) -> Response:
        """The answer to a request; DSPy calls this.

        Raises:
            LM15Error: There is none.
        """
        if not self.streams:
            return self._inner.complete(request)
        try:
            response = self._streamed(request)
        except ProviderError as error:
            if not _no_stream(error):
                raise
        else:
            # Limits are kept by what answers took: a server that does not tell that of a stream is not asked for one.
            self.streams = response.usage.output_tokens is not None
            if self.streams or any(not isinstance(part, TextPart) or part.text for part in response.message.parts):
                return response
        self.streams = False
        return self._inner.complete(request)

    def _streamed(self, request: Request) -> Response:
        try:
            return materialize_response(self._inner.stream(request), request)
        except ValueError as error:
            if isinstance(error, LM15Error):
                raise
            raise StreamAssemblyError(f"the stream has an event that is no JSON: {error}") from None

    def close(self) -> None:
        self._inner.close()


class Transport(StdlibTransport):
    """DSPy's transport, whose streams have the lines that its engines can read.

    Args:
        read_timeout: Seconds without a byte after which a server is given up.
        more: As of DSPy's.
    """

    def __init__(self, *, read_timeout: float, **more: Any) -> None:
        super().__init__(read_timeout=read_timeout, **more)
        self._limit_s = _SILENCE * read_timeout

    def stream(self, request: Any) -> Any:
        """Send a request; its answer's body can be read line by line."""
        return _Lines(super().stream(request), self._limit_s)


class _Lines:
    """A response whose lines are repaired, and which ends when nothing new comes for some seconds."""

    def __init__(self, inner: Any, limit_s: float) -> None:
        self._inner, self._limit_s = inner, limit_s
        self.status: int = inner.status
        self.reason: str = inner.reason
        self.headers: list[tuple[str, str]] = inner.headers
        self.http_version: str = inner.http_version

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._inner.__exit__(*exc)

    def read(self) -> bytes:
        body = b"".join(alive(self._inner, self._limit_s))
        if self.status < _FAILED and (error := _error_within(body)):
            # Gateways begin to answer before their provider does: what then fails has no status of its own.
            self.status = _status_of(error)
            return json.dumps({"error": error}).encode()
        return body if self.status < _FAILED else explained(body)

    def iter_lines(self) -> Iterator[bytes]:
        lines = split(alive(self._inner, self._limit_s))
        return (repaired(line) for line in lines if not _NO_EVENT.match(line.strip()))


def alive(chunks: Iterable[bytes], limit_s: float, clock: Callable[[], float] = time.monotonic) -> Iterator[bytes]:
    """The chunks of a response while there is news among them: comments, blanks and repeats are none.

    Raises:
        ReadTimeout: None came for some seconds, though bytes did.
        ReadError: The response is beyond all measure.
    """
    recent, since, size = deque[bytes](maxlen=_RECENT), clock(), 0
    for chunk in chunks:
        told, now = chunk.strip(), clock()
        size += len(chunk)
        if told and not told.startswith(b":") and told not in recent:
            recent.append(told)
            since = now
        elif now - since > limit_s:
            why = f"the server keeps the connection alive, and has said nothing new for {limit_s:g} s"
            raise ReadTimeout(why) from TimeoutError(why)  # by its cause it is told from a broken connection
        if size > _MOST_BYTES:
            raise ReadError(f"the answer has more than {_MOST_BYTES >> 20} MiB")
        yield chunk


def split(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of chunks, with their ends."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in whole)
    if rest:
        yield rest


def repaired(line: bytes) -> bytes:
    """A line of a stream as DSPy's engines read it.

    Errors are objects there. Servers also send them as text, or as a field of their own (llama.cpp in 2025). A line of
    an answer that is no stream is refused, whosever form it has.

    Raises:
        WholeAnswerError: It is the answer of a server that does not stream.
    """
    if line.lstrip().startswith(b"{"):
        raise WholeAnswerError("it is no stream: where it never is one, say stream = false")
    head, _, body = line.partition(b":")
    if head not in {b"data", b"error"} or (head == b"data" and b'"error"' not in body):
        return line
    try:
        given: Any = json.loads(body)
    except ValueError:
        return line
    told = _object(given)
    found: Any = told.get("error") or _of_choice(told) or (told if head == b"error" else None)
    error = _object(found)
    if not found or (head == b"data" and error and error is told.get("error")):
        return line
    return _event({"error": error or {"message": str(found)}})


def explained(body: bytes) -> bytes:
    """The body of a failed call, with its reason where DSPy's engines look for it.

    vLLM's older versions say it at the top (`message`), servers made with FastAPI as `detail`.
    """
    try:
        given: Any = json.loads(body)
    except ValueError:
        return body
    told = _object(given)
    if not told or told.get("error"):
        return body
    reason = next((told[name] for name in _REASONS if told.get(name)), told)
    message = reason if isinstance(reason, str) else json.dumps(reason)
    return json.dumps({"error": {"message": message, "type": told.get("type"), "code": told.get("code")}}).encode()


def _error_within(body: bytes) -> dict[str, Any]:
    """The error in the body of a call that did not fail by its status; empty for none."""
    if b'"error"' not in body:
        return {}
    try:
        told = _object(json.loads(body))
    except ValueError:
        return {}
    found = _of_choice(told) if told.get("choices") else told.get("error")
    return (_object(found) or {"message": str(found)}) if found else {}


def _of_choice(told: dict[str, Any]) -> dict[str, Any]:
    """The error that stands in the first choice of an answer, as OpenRouter has it; empty for none."""
    choices = told.get("choices")
    first = _object(cast("list[Any]", choices)[0]) if isinstance(choices, list) and choices else {}
    if error := first.get("error"):
        return _object(error) or {"message": str(error)}
    return {"message": "the provider broke off"} if first.get("finish_reason") == "error" else {}


def _status_of(error: dict[str, Any]) -> int:
    """The status that an error should have had, by its code."""
    code = str(error.get("code") or "")
    return int(code) if re.fullmatch(r"[45]\d\d", code) else _NO_GATEWAY


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def _no_stream(error: ProviderError) -> bool:
    """Whether an error says that a server does not stream, or not as it is asked to."""
    refused = error.status in _REFUSED and _STREAM.search(str(error))  # gateways speak of what is upstream
    return isinstance(error, WholeAnswerError) or bool(refused) or error.status == _NOT_IMPLEMENTED
