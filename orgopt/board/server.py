"""The server: a board over HTTP, for people (pages), programs (JSON) and readers of feeds (Atom).

It takes claims and shows what became of them; it runs nothing of anybody's. Whoever asks is a stranger: what they send
is bounded in size, time and number, and read as data. No request has a cookie or a password: a claim is signed, and
sending it twice changes nothing.
"""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orgopt.board.claim_page import claim_page
from orgopt.board.claims import BODY_BYTES, change_of, received
from orgopt.board.feed import feed
from orgopt.board.frame import style_digest
from orgopt.board.limits import RateLimitError
from orgopt.board.page import page
from orgopt.board.public_view import BoardView, view, whole_dict
from orgopt.board.records import ClaimRecord
from orgopt.board.store import ClaimStore
from orgopt.board.suggestions import assignment
from orgopt.errors import OrgoptError, StoreError, UsageError
from orgopt.tasks.task import Task

BODY_S = 10.0
"""How long a request may take to send its body."""
_LARGEST_NUMBER = 2**31 - 1
"""Of claims, as databases count them."""

Clock = Callable[[], float]


class Guarded:
    """Adds to every answer what a browser should not do with it: run, load, frame or guess anything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        policy = f"default-src 'none'; style-src 'sha256-{style_digest()}'; img-src data:; base-uri 'none'; "
        policy += "form-action 'none'; frame-ancestors 'none'"
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"cache-control", b"no-cache"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._headers]}
            await send(message)

        await self._app(scope, receive, guarded)


class Pages:
    """What a board answers.

    Args:
        store: The board.
        task: Its task.
        clock: Seconds since 1970, for what a day is and what is shown.
    """

    def __init__(self, store: ClaimStore, task: Task, clock: Clock) -> None:
        self._store, self._task, self._clock = store, task, clock
        self._seen: tuple[int, BoardView] | None = None

    def _view(self) -> BoardView:
        """The board, read again where it changed: whoever asks for pages all day costs little."""
        now, seen = self._store.state().changes, self._seen
        if seen is None or seen[0] != now:
            seen = self._seen = (now, view(self._store))
        return seen[1]

    def page(self, request: Request) -> Response:
        return Response(page(self._view(), _address(request)), media_type="text/html")

    def board(self, _: Request) -> Response:
        return JSONResponse(self._view().to_dict())

    def feed(self, request: Request) -> Response:
        return Response(feed(self._view(), _address(request)), media_type="application/atom+xml")

    def next_document(self, _: Request) -> Response:
        return PlainTextResponse(assignment(self._view(), self._task).text, media_type="text/markdown")

    def next(self, _: Request) -> Response:
        return JSONResponse(assignment(self._view(), self._task).to_dict())

    def claim(self, request: Request) -> Response:
        return JSONResponse(whole_dict(self._entry(request)))

    def claim_page(self, request: Request) -> Response:
        shown = claim_page(self._store.terms, self._entry(request), self._task, _address(request))
        return Response(shown, media_type="text/html")

    async def submit(self, request: Request) -> Response:
        """Take a claim: 201 for a new one, 200 for one that was sent before."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "a claim is sent as application/json")
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
        except TimeoutError:
            raise HTTPException(408, f"a claim is sent within {BODY_S:g} s") from None
        entry, new = await run_in_threadpool(self._taken, body, _origin(request))
        return JSONResponse(whole_dict(entry), 201 if new else 200, {"Location": f"/claims/{entry.id}"})

    def _taken(self, body: bytes, origin: str) -> tuple[ClaimRecord, bool]:
        told = received(body)
        return self._store.submit(told, change_of(told.claim, self._task), origin, self._clock())

    def _entry(self, request: Request) -> ClaimRecord:
        number = int(request.path_params["number"])
        entry = self._store.entry(number) if number <= _LARGEST_NUMBER else None
        if entry is None:
            raise HTTPException(404, "there is no such claim")
        return entry


def make_app(store: ClaimStore, task: Task, clock: Clock) -> Starlette:
    """The application of a board; see `Pages`.

    Raises:
        UsageError: The task is not the board's.
    """
    if task.digest != store.terms.digest:
        raise UsageError(f"the board is for {store.terms.task} {store.terms.digest}, and the task is {task.digest}")
    pages = Pages(store, task, clock)
    routes = [
        Route("/", pages.page),
        Route("/board.json", pages.board),
        Route("/feed.atom", pages.feed),
        Route("/next.md", pages.next_document),
        Route("/next.json", pages.next),
        Route("/claims", pages.submit, methods=["POST"]),
        Route("/claims/{number:int}", pages.claim_page),
        Route("/claims/{number:int}.json", pages.claim),
    ]
    handlers: dict[Any, Any] = {
        HTTPException: _http_error,
        OrgoptError: _own_error,
        ClientDisconnect: _gone,
        Exception: _fault,
    }
    return Starlette(routes=routes, middleware=[Middleware(Guarded)], exception_handlers=handlers)


@contextmanager
def listening(host: str, port: int) -> Generator[list[socket.socket]]:
    """A socket that listens, so that its port is known and taken before anything is said of it.

    Raises:
        UsageError: The address is none of this machine, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"cannot listen at {host}:{port}: {error.strerror}; name another --host or --port"
            ) from None
        one.listen(128)
        yield [one]


def serve(app: Starlette, sockets: list[socket.socket], *, proxied: bool = False) -> None:
    """Serve a board until it is stopped.

    Args:
        app: Its application.
        sockets: Where it listens.
        proxied: Whether a proxy on this machine says in `X-Forwarded-For` who asks; nobody else is believed that.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=proxied,
        forwarded_allow_ips="127.0.0.1" if proxied else None,
        limit_concurrency=200,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=1 << 14,
    )
    uvicorn.Server(config).run(sockets)


async def _body(request: Request) -> bytes:
    """The body of a request, which is left unread where it is too long."""
    told = request.headers.get("content-length", "0")
    length, body = int(told) if told.isdecimal() and len(told) < 12 else BODY_BYTES + 1, b""
    if length <= BODY_BYTES:
        async for part in request.stream():
            body += part
            if len(body) > BODY_BYTES:
                break
    if max(length, len(body)) > BODY_BYTES:
        raise HTTPException(413, f"a claim has at most {BODY_BYTES} bytes")
    return body


def _origin(request: Request) -> str:
    """Whom limits count for: an IPv4 address, or the network of 64 bits that a household of IPv6 has."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def _address(request: Request) -> str:
    """Where the board is, as who asks names it."""
    return str(request.base_url).rstrip("/")


def _error(code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"message": message}}, code, headers)


async def _http_error(_: Request, error: HTTPException) -> Response:
    return _error(error.status_code, str(error.detail), dict(error.headers or {}))


async def _own_error(_: Request, error: OrgoptError) -> Response:
    if isinstance(error, RateLimitError):
        return _error(429, str(error), {"Retry-After": str(max(1, round(error.after_s)))})
    return _error(503 if isinstance(error, StoreError) else 400, str(error))


async def _gone(_: Request, __: ClientDisconnect) -> Response:
    return _error(400, "the request ended before it was complete")


async def _fault(_: Request, error: Exception) -> Response:
    logging.getLogger("orgopt.board").error("a request failed", exc_info=error)
    return _error(500, "the board failed: its log has why")
