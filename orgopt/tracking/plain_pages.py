"""MLflow's pages as people read studies in them: notes unfolded, what differs first, nothing in the way.

MLflow 3.17 has no setting for any of it, and a person would do each by hand, on every page:

- its assistant opens unasked over a third of the pages, and a notice stands over a list that is shown as saved;
- the note of a run is folded after 100 pixels, above a table of metrics;
- runs are compared by four plots, with all parameters and metrics a screen further down;
- versions of a document are compared as rendered text, which marks no difference, and from the newer to the older.

A style sheet and a few lines of script in the page change these, and nothing that the browser or MLflow keeps; `mlflow
ui` in the workspace shows the pages as ever. Where a newer MLflow names its parts otherwise, nothing happens.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Callable[..., Awaitable[Any]], Send], Awaitable[None]]
# By the id of the page's root, which outweighs the classes that MLflow gives them.
HIDDEN = ("#root [data-assistant-ui]", '#root [data-component-id^="mlflow.experiment_page.shared_view"]')
_RULES = (
    f"{','.join(HIDDEN)}{{display:none!important}}",
    # Notes of runs, whole, with pictures beside each other where there is room.
    '#root div:has(>[data-testid="note-view-outer-container"]){max-height:none!important;overflow:visible!important}',
    '#root [data-testid="truncation-gradient"],#root [data-testid="show-comment-toggle"]{display:none!important}',
    "#root .note-editor-preview-content img{max-width:100%}#root .note-editor-preview-content img+img{max-width:49%}",
    "#root .note-editor-preview-content img:has(+img){max-width:49%}",
    # Runs compared: what they are, parameters and metrics, and charts after them.
    "#root .CompareRunView{display:flex;flex-direction:column}",
    "#root .CompareRunView>:nth-child(3){order:1}",
    "#root .CompareRunView>:nth-child(4) tbody tr:nth-child(n+2){display:none}",
)
# What a person would press first, once a page: of compared runs what differs alone, of versions of a document the
# text, where differences are marked, and from the older to the newer.
_PRESSED = """
(() => {
  const prompt = (name) => `[data-component-id="mlflow.prompts.${name}"]`, done = new Set();
  const wanted = [
    [/^#\\/compare-runs/, '.CompareRunView [role=switch][aria-label^="Parameters"]'],
    [/^#\\/compare-runs/, '.CompareRunView [role=switch][aria-label^="Metrics"]'],
    [/prompts\\/.+orgopt=compare/, prompt("details.mode") + " input[value=compare]"],
    [/prompts\\/./, prompt("compare.toggle-markdown-rendering") + " input"],
    [/prompts\\/./, prompt("details.switch_sides")],
  ];
  let at = "";
  new MutationObserver(() => {
    const page = location.hash.split("?")[0];
    if (page !== at) { at = page; done.clear(); }
    for (const [pages, selector] of wanted) {
      const found = pages.test(location.hash) && !done.has(selector) && document.querySelector(selector);
      if (found) { done.add(selector); found.click(); }
    }
  }).observe(document, { childList: true, subtree: true });
})();
"""
ADDED = f"<style>{''.join(_RULES)}</style><script>{_PRESSED}</script>".encode()
_PAGES = {"/", "/index.html"}
_END = b"</head>"


def plain_pages(app: App) -> App:
    """An ASGI application whose one page has both in its head; everything else is as it was."""

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
                text = bytes(body).replace(_END, ADDED + _END, 1)
                await send({**begun[0], "headers": _headers(begun[0]["headers"], len(text))})
                await send({"type": "http.response.body", "body": text})

        # What the browser has of an earlier start has neither: it asks anew.
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
