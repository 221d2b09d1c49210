"""MLflow's server for pages of its own alone.

MLflow lets pages of every origin on this machine ask and change it, such as those of another server on another port.
Here a request that says that it comes from a page of another origin is refused. Clients that are no browsers say
nothing of that.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from orgopt.tracking.plain_pages import plain_pages

Scope = Mapping[str, Any]
Channel = Callable[..., Awaitable[Any]]
App = Callable[[Scope, Channel, Channel], Awaitable[None]]
REFUSED = b"This server is for its own pages: the request comes from another origin."
_READS = {"GET", "HEAD", "OPTIONS"}
_NAMES = ("127.0.0.1", "localhost")


def own_pages(app: App) -> App:
    """An ASGI application that refuses what pages of other origins ask."""

    async def guarded(
        scope: Scope, receive: Callable[..., Awaitable[Any]], send: Callable[..., Awaitable[Any]]
    ) -> None:
        if scope["type"] == "lifespan" or not is_foreign(scope):
            await app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"x-content-type-options", b"nosniff")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSED})

    return guarded


def is_foreign(scope: Scope) -> bool:
    """Whether a request comes from a page of another origin, or came here by another name of this machine."""
    headers = {key.lower(): value.decode("latin-1") for key, value in scope["headers"]}
    host, origin, site = headers.get(b"host", ""), headers.get(b"origin"), headers.get(b"sec-fetch-site", "none")
    if host.rpartition(":")[0] not in _NAMES:  # a name of a stranger that leads here
        return True
    if origin is not None:
        return origin != f"http://{host}"
    reads = scope.get("method", "GET") in _READS and scope["type"] == "http"
    return not reads and site not in {"none", "same-origin"}


def mlflow_app() -> App:
    """MLflow's application, guarded; it takes seconds to import."""
    from mlflow.server.fastapi_app import app

    return own_pages(plain_pages(cast("App", app)))


def serve(application: str) -> None:
    """Run MLflow's command with another application in place of its own, named as uvicorn has it, `module:app`."""
    from mlflow import server
    from mlflow.cli import cli

    build = cast("Callable[..., list[str]]", getattr(server, "_build_uvicorn_command"))  # noqa: B009  it is private

    def guarded(*args: Any, **kwargs: Any) -> list[str]:
        return [*build(*args, **kwargs)[:-1], application]  # its last word is MLflow's

    setattr(server, "_build_uvicorn_command", guarded)  # noqa: B010
    cli(sys.argv[1:])
