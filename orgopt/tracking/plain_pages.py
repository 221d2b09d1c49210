"""MLflow's pages without what stands in the way of the runs.

That is its assistant, which opens unasked over a third of them, and the notice over a list that is shown as saved.
MLflow 3.17 has no setting for either: the assistant opens wherever the page comes from this machine, and only the
browser remembers that it was closed. A style sheet in the page leaves both out, and changes nothing that the browser or
MLflow keeps; `mlflow ui` in the workspace shows them as ever.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Callable[..., Awaitable[Any]], Send], Awaitable[None]]
# By the id of the page's root, which outweighs the classes that MLflow gives them.
HIDDEN = ("#root [data-assistant-ui]", '#root [data-component-id^="mlflow.experiment_page.shared_view"]')
STYLE = f"<style>{','.join(HIDDEN)}{{display:none!important}}</style>".encode()
_PAGES = {"/", "/index.html"}
_END = b"</head>"


def plain_pages(app: App) -> App:
    """An ASGI application whose one page has the style sheet in its head; everything else is as it was."""

    async def plain(scope: Scope, receive: Callable[..., Awaitable[Any]], send: Send) -> None:
        if scope["type"] != "http" or scope.get("method") != "GET" or scope.get("path") not in _PAGES:
            await app(scope, receive, send)
            return
        begun: list[Message] = []
        body = bytearray()

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body"):
                text = bytes(body).replace(_END, STYLE + _END, 1)
                await send({**begun[0], "headers": _headers(begun[0]["headers"], len(text))})
                await send({"type": "http.response.body", "body": text})

        # What the browser has of an earlier start has no style sheet: it asks anew.
        fresh = [
            one for one in scope["headers"] if not one[0].lower().startswith((b"if-", b"accept-encoding", b"range"))
        ]
        await app({**scope, "headers": fresh}, receive, keep)

    return plain


def _headers(given: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    """The headers of an answer of another length, which is not to be kept."""
    own = {b"content-length", b"etag", b"last-modified", b"cache-control"}
    rest = [(name, value) for name, value in given if name.lower() not in own]
    return [*rest, (b"content-length", str(length).encode()), (b"cache-control", b"no-store")]
