"""MLflow's pages as people read studies in them: notes unfolded, what differs first, nothing in the way.

MLflow 3.17 has no setting for any of it, and a person would do each by hand, on every page:

- its assistant opens unasked over a third of the pages, and a notice stands over a list that is shown as saved;
- the note of a run is folded after 100 pixels, above a table of metrics;
- runs are compared by four plots, with all parameters and metrics a screen further down;
- versions of a document are compared as rendered text, which marks no difference, from the newer to the older, and
  below a screen of dates and tags;
- charts are titled by their metrics and name some of their runs; traces by an id, and their steps are cut off.

A style sheet and a few lines of script in the page change these, and nothing that the browser or MLflow keeps; `mlflow
ui` in the workspace shows the pages as ever. Where a newer MLflow names its parts otherwise, nothing happens.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from orgopt.tracking import names

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Callable[..., Awaitable[Any]], Send], Awaitable[None]]
# By the id of the page's root, which outweighs the classes that MLflow gives them.
HIDDEN = ("#root [data-assistant-ui]", '#root [data-component-id^="mlflow.experiment_page.shared_view"]')
TITLES = (
    (" vs ".join((names.BEST.name, names.MEDIAN.name, names.BEST_SO_FAR.name)), "Best, median and best so far"),
    (names.TEST_BUDGET.name, "Score over the budget, mean of test seeds"),
    (names.TEST_OUTPUT.name, "Score on test seeds"),
)
"""Of charts, which MLflow titles by the names of their metrics."""
_CARD = "#root [data-testid=experiment-view-compare-runs-card]"
_TITLE = f"{_CARD} h4"
_VERSION = "#root div:has(>span>[data-component-id='mlflow.prompts.details.version.goto'])"
_COMPARED = "--mlflow-compare-diff-bg:#fff!important;--mlflow-compare-diff-color:#161616!important"
_WIDER = ((150, 230), (200, 340))
"""Columns of a table of differences in pixels, as MLflow has them and as its names need them."""


def _said(words: str) -> str:
    return f"content:'{words}';font-size:14px"


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
    "#root .CompareRunView>:nth-child(4) tbody tr:nth-child(n+2):not(.orgopt){display:none}",
    "#root .CompareRunView .truncate-text{white-space:normal;overflow:visible}",
    "#root .CompareRunView tr.orgopt td{font-weight:600}",
    f"#root .mlflow-compare-table{{{_COMPARED}}}",
    # Charts: titles in words, colours as the list of runs beside them has them, names of parameters in full.
    *(
        f"{_TITLE}[title='{name}']{{font-size:0}}{_TITLE}[title='{name}']::after{{{_said(words)}}}"
        for name, words in TITLES
    ),
    f"{_CARD}:has(h4[title='{names.TEST_BUDGET.name}']) div:has(>div:nth-child(5)>svg+span){{display:none}}",
    f"{_CARD}:has(h4[title='{TITLES[0][0]}']) div:has(>div>svg+span){{height:47px;margin-top:0}}",
    f"{_CARD}:has(h4[title='{names.TEST_OUTPUT.name}']) div:has(>div>svg+span){{height:auto;max-height:72px}}",
    *(f"{_CARD} [role=row]>[style*=' {was}px; ']{{min-width:{now}px!important}}" for was, now in _WIDER),
    # Versions of a document: whose each is and what it scored, and then the text.
    f"{_VERSION}>:is(:nth-child(3),:nth-child(4),:nth-child(7),:nth-child(8)){{display:none}}",
    # Traces: by name, without an average of what does not belong together; and room for the names of steps.
    "#root [style*='-trace_id-size']{display:none!important}",
    "#root [data-component-id*=evaluationsoverview] [title]+div{display:none}",
    ".react-resizable[style*='width: 280px']{width:420px!important}",
)
# What a person would press first, once a page: of compared runs what differs alone, of versions of a document the
# text, where differences are marked, and from the older to the newer.
LEADING = (
    (names.RESULT.name, "Result:"),
    (names.TEST_OUTPUT.name, "Score on test seeds:"),
    (names.OUTPUT.name, "Score in the search:"),
)
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
  // The result and the scores of compared runs below their names: MLflow has them at the end of two long tables.
  const lead = async () => {
    const runs = JSON.parse(new URLSearchParams(location.hash.split("?")[1]).get("runs") || "[]");
    const told = await Promise.all(runs.map(async (id) => {
      const { run } = await (await fetch(`ajax-api/2.0/mlflow/runs/get?run_id=${id}`)).json();
      const every = [...(run.data.metrics || []), ...(run.data.tags || [])];
      return new Map(every.map(({ key, value }) => [key, String(value)]));
    }));
    const body = document.querySelector(".CompareRunView tbody");
    for (const [key, words] of body && !body.querySelector(".orgopt") ? LEADING : []) {
      const row = body.rows[0].cloneNode(true), cells = [...row.cells].slice(1);
      row.className = "orgopt";
      row.cells[0].textContent = words;
      cells.forEach((cell, at) => { cell.textContent = told[at]?.get(key) ?? "–"; });
      if (told.some((one) => one.has(key))) body.append(row);
    }
  };
  let at = "";
  new MutationObserver(() => {
    const page = location.hash.split("?")[0];
    if (page !== at) { at = page; done.clear(); }
    const compared = /^#\\/compare-runs/.test(location.hash) && document.querySelector(".CompareRunView tbody tr");
    if (compared && !done.has(lead)) { done.add(lead); lead(); }
    for (const [pages, selector] of wanted) {
      const found = pages.test(location.hash) && !done.has(selector) && document.querySelector(selector);
      if (found) { done.add(selector); found.click(); }
    }
  }).observe(document, { childList: true, subtree: true });
})();
"""
_SCRIPT = _PRESSED.replace("LEADING", json.dumps(LEADING))
ADDED = f"<style>{''.join(_RULES)}</style><script>{_SCRIPT}</script>".encode()
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
