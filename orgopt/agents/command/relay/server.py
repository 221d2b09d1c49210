"""The HTTP side of the relay: one command asks it over a socket of its own, and is believed nothing.

What a request says of a path, a host or a header leads nowhere: a path that is known means a dialect, a key is
compared, and nothing else is looked at. Bodies, connections and waiting are bound.
"""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qs

from orgopt.agents.command.relay.dialects import dialect_of
from orgopt.agents.command.relay.dialects.base import MODEL, Asked, Dialect, RefusedCallError, Reply
from orgopt.agents.command.relay.relay import Relay

MAX_BODY = 4 * 1024**2
"""Bytes of a question."""
MAX_CONNECTIONS = 32
_LONGEST_S = 60.0  # until a question is there
_SILENCE_S = 20.0  # between two pieces of it
_KEPT_OPEN_S = 600.0  # a connection that asks nothing
_STATUS_S = 3.0  # until then a failure has a status of its own, even where the answer is a stream
_ALIVE_S = 5.0  # between two signs of life in a stream
_CHUNK = 1 << 16


class Served(ThreadingHTTPServer):
    """A relay that is spoken to over a socket that listens already; a context manager.

    Args:
        listener: The socket.
        relay: Who answers.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, listener: socket.socket, relay: Relay) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket, self.relay = listener, relay
        self.server_name, self.server_port = "127.0.0.1", 0
        self._connections = set[socket.socket]()
        self._lock, self._free = threading.Lock(), threading.BoundedSemaphore(MAX_CONNECTIONS)

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), name="relay", daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.relay.close()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.discard(request)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who hangs up, hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "orgopt", ""
    timeout = _KEPT_OPEN_S
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's own name
        """Say nothing."""

    def do_GET(self) -> None:
        """Say which models there are."""
        path = self.path.partition("?")[0]
        if not self._allowed() or path not in {"/v1/models", "/models", f"/v1/models/{MODEL}"}:
            self._refuse(404 if self._allowed() else 401, "there is nothing here")
            return
        one = {"id": MODEL, "object": "model", "created": 0, "owned_by": "orgopt"}
        self._send(200, one if path.endswith(MODEL) else {"object": "list", "data": [one]})

    def do_POST(self) -> None:
        """Answer a question."""
        path = self.path.partition("?")[0]
        dialect = dialect_of(path)
        if dialect is None:
            self._refuse(404, "there is nothing here")
        elif not self._allowed():
            self._refuse(401, "the key is not that of this call", dialect)
        else:
            try:
                asked = self._read(dialect, path)
                if asked.counts:
                    self._send(200, dialect.tokens(max(1, int(self.headers["Content-Length"]) // 4)))
                elif asked.stream:
                    self._stream(dialect, asked)
                else:
                    self._send(200, dialect.whole(self.server_relay.ask(asked)))
            except RefusedCallError as error:
                self._refuse(error.status, str(error), dialect)

    @property
    def server_relay(self) -> Relay:
        return cast("Served", self.server).relay

    def _allowed(self) -> bool:
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        names = ("x-api-key", "x-goog-api-key", "api-key")
        asked = parse_qs(self.path.partition("?")[2], max_num_fields=20).get("key", [""])
        given = [bearer, *(self.headers.get(name, "") for name in names), asked[0]]
        return any(self.server_relay.allows(key.strip()) for key in given)

    def _read(self, dialect: Dialect, path: str) -> Asked:
        """The question.

        Raises:
            RefusedCallError: It is too long, too slow, or not understood.
        """
        data = self._body()
        try:
            # What is no text of UTF-8, such as half of a pair, would be refused by whoever gets it.
            given = json.loads(data, parse_constant=_no_number)
            clean = json.dumps(given, ensure_ascii=False).encode("utf-8", "replace")
            body = json.loads(clean)
            if not isinstance(body, dict):
                raise TypeError("a question is an object")
            return dialect.read(path, cast("dict[str, Any]", body))
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            why = f"it has no {error}" if isinstance(error, KeyError) else str(error)[:200]
            raise RefusedCallError(400, f"the question is not understood: {why}") from None

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") or len(self.headers.get_all("Content-Length", [])) != 1:
            raise RefusedCallError(411, "a question has one Content-Length, and is sent in one piece")
        length = self.headers["Content-Length"].strip()
        if not (length.isascii() and length.isdigit()):
            raise RefusedCallError(400, "Content-Length is no number")
        if int(length[:12]) > MAX_BODY:
            raise RefusedCallError(413, f"a question has {MAX_BODY} bytes at most")
        deadline, left = time.monotonic() + _LONGEST_S, int(length)
        pieces: list[bytes] = []
        self.connection.settimeout(_SILENCE_S)
        try:
            while left and time.monotonic() < deadline:
                piece = self.rfile.read1(min(left, _CHUNK))  # pyright: ignore[reportAttributeAccessIssue]  a BufferedReader
                if not piece:
                    break
                pieces.append(piece)
                left -= len(piece)
        except TimeoutError:
            pass
        finally:
            self.connection.settimeout(self.timeout)
        if left:
            raise RefusedCallError(408, "the question did not come in time")
        return b"".join(pieces)

    def _stream(self, dialect: Dialect, asked: Asked) -> None:
        """Answer in a stream, which shows signs of life until there is something to say.

        Raises:
            RefusedCallError: There is no answer, and the stream has not begun.
        """
        found: list[Reply | RefusedCallError] = []
        ready = threading.Event()

        def ask() -> None:
            try:
                found.append(self.server_relay.ask(asked))
            except RefusedCallError as error:
                found.append(error)
            finally:
                ready.set()

        threading.Thread(target=ask, name="relay question", daemon=True).start()
        ready.wait(_STATUS_S)
        if found and isinstance(found[0], RefusedCallError):
            raise found[0]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not ready.wait(_ALIVE_S):
            self._chunk(b": still thinking\n\n")
        answer = found[0] if found else RefusedCallError(500, "it was lost")
        if isinstance(answer, RefusedCallError):
            self._event("error", dialect.problem(answer.status, str(answer)))
        else:
            for name, data in dialect.events(answer, asked):
                self._event(name, data)
        self._chunk(b"")

    def _event(self, name: str, data: Mapping[str, Any] | str) -> None:
        text = data if isinstance(data, str) else json.dumps(data)
        self._chunk((f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _refuse(self, status: int, text: str, dialect: Dialect | None = None) -> None:
        self.close_connection = True  # what is left of the question is not read
        self._send(status, dialect.problem(status, text) if dialect else {"error": {"message": text}})

    def _send(self, status: int, message: Mapping[str, Any]) -> None:
        data = json.dumps(message).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")
