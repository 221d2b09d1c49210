"""MLflow's pages as people read studies in them: notes unfolded, what differs first, nothing in the way.

MLflow 3.17 has no setting for any of it, and a person would do each by hand, on every page:

- its assistant opens unasked over a third of the pages, and a notice stands over a list that is shown as saved;
- the note of a run is folded after 100 pixels, above a table of metrics;
- runs are compared by four plots, with all parameters and metrics a screen further down;
- versions of a document are compared as rendered text, which marks no difference, from the newer to the older, and
  below a screen of dates and tags;
- parameters stand by their letters, and of a role that one run lacks each stands for itself;
- charts are titled by their metrics and their bars have no names; traces by an id, and their steps are cut off;
- tags that sort and find runs stand among those that say something.

A style sheet and a few lines of script in the page change these, and nothing that the browser or MLflow keeps; `mlflow
ui` in the workspace shows the pages as ever. Where a newer MLflow names its parts otherwise, nothing happens.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from orgopt.tracking import names
from orgopt.tracking.shown import legend

Scope = Mapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Callable[..., Awaitable[Any]], Send], Awaitable[None]]
# By the id of the page's root, which outweighs the classes that MLflow gives them.
HIDDEN = ("#root [data-assistant-ui]", '#root [data-component-id^="mlflow.experiment_page.shared_view"]')
TITLES = (
    (
        " vs ".join((names.BEST.name, names.MEDIAN.name, names.BEST_SO_FAR.name)),
        "Score by generation, on search seeds",
        "up: score, higher is better; across: generations",
    ),
    (
        names.TEST_BUDGET.name,
        "Quality over the budget, on test seeds",
        "up: 0 untouched script, 1 best setting known; higher is better",
    ),
    (
        names.TEST_OUTPUT.name,
        "Score on test seeds",
        "score: 0 untouched script, 1 best known; higher is better",
    ),
    (
        names.TEST_ROW.name,
        "By how much ★ is better, on the same seeds",
        "95 % interval; right of 0: ★ better; across 0: no difference",
    ),
)
"""Of charts, which MLflow titles by the names of their metrics, with what is up, and which way is better."""
NAMED = {names.TEST_ROW.name: "rows", names.TEST_BUDGET.name: "ends", TITLES[0][0]: "values"}
"""Charts of lines that get the names of runs beside their rows or at their ends, as far as there is room, or values."""
LEGENDS = {
    names.BEST.name: "best",
    names.MEDIAN.name: "median",
    names.BEST_SO_FAR.name: "best so far",
    names.TEST_BUDGET.name: "",
    names.TEST_ROW.name: "",
}
"""What legends call a metric in place of `RUN (METRIC)`; the run alone where that says it."""
_SORTING = ",".join(f"[title='{one.name}']" for one in (names.STUDY, names.KEY, names.ORDER, names.PLACE))
_CARD = "#root [data-testid=experiment-view-compare-runs-card]"
_TITLE = f"{_CARD} h4"
_SECTION = "#root [data-testid=experiment-view-compare-runs-section-header]"
_BARS = f"{_CARD}:has(h4[title='{names.TEST_OUTPUT.name}'])"
_CURVES = f"{_CARD}:has(h4[title='{names.TEST_BUDGET.name}'])"
_WHISKERS = f"{_CARD}:has(h4[title='{names.TEST_ROW.name}'])"
_GENERATIONS = f"{_CARD}:has(h4[title='{TITLES[0][0]}'])"
_STUDY = f"rgb({', '.join(str(part) for part in bytes.fromhex(names.COLOURS['study'][1:]))})"
_VERSION = "#root div:has(>span>[data-component-id='mlflow.prompts.details.version.goto'])"
_VERDICT = f"[title='{names.PROMPT_CHAMPION.name}']"
_COMPARED = "--mlflow-compare-diff-bg:#fff!important;--mlflow-compare-diff-color:#161616!important"
_LARGE, _SMALL = "font-size:14px;line-height:1.2", "font-size:11px;line-height:1.3;font-weight:400;color:#666"
_WIDER = ((150, 230), (200, 340))
"""Columns of a table of differences in pixels, as MLflow has them and as its names need them."""


_TIMELINE = "[data-component-id='shared.model-trace-explorer.toggle-show-timeline']"
_OF_STEPS = (
    "Steps: # · who · metric · by how much ▲ better or ▼ worse than what was handed in until then · kept: handed in"
)


def _said(words: str, look: str) -> str:
    return f"content:'{words}';display:block;{look}"


_RULES = (
    f"{','.join(HIDDEN)}{{display:none!important}}",
    # Notes of runs, whole, with pictures beside each other where there is room.
    '#root div:has(>[data-testid="note-view-outer-container"]){max-height:none!important;overflow:visible!important}',
    '#root [data-testid="truncation-gradient"],#root [data-testid="show-comment-toggle"]{display:none!important}',
    "#root .note-editor-preview-content img{max-width:100%}#root .note-editor-preview-content img+img{max-width:49%}",
    "#root .note-editor-preview-content img:has(+img){max-width:49%}",
    "#root .note-editor-preview-content :is(td,th){padding:2px 18px 2px 0;text-align:left}",
    "#root .note-editor-preview-content table{margin:0 0 12px}",
    # Runs compared: what they are, parameters and metrics, and charts after them.
    "#root .CompareRunView{display:flex;flex-direction:column}",
    "#root .CompareRunView>:nth-child(3){order:1}",
    "#root .CompareRunView>:nth-child(4) tbody tr:nth-child(n+2):not(.orgopt){display:none}",
    "#root .CompareRunView .truncate-text{white-space:normal;overflow:visible}",
    "#root .CompareRunView tr.orgopt td{font-weight:600}",
    "#root .CompareRunView tr.orgopt-words :is(td,th){font-weight:400;color:#666;font-size:12px;padding:8px}",
    "#root .orgopt-folded{display:none}",
    f"#root .mlflow-compare-table{{{_COMPARED}}}",
    # Charts: titles in words, colours as the list of runs beside them has them, names of parameters in full.
    *(
        f"{_TITLE}[title='{name}']{{font-size:0;line-height:0}}"
        f"{_TITLE}[title='{name}']::before{{{_said(words, _LARGE)}}}"
        f"{_TITLE}[title='{name}']::after{{{_said(under, _SMALL)}}}"
        for name, words, under in TITLES
    ),
    *(f"{one} div:has(>div:nth-child(5)>svg+span){{display:none}}" for one in (_CURVES, _WHISKERS)),
    *(f"{one} div:has(+div>div:nth-child(5)>svg+span){{height:100%!important}}" for one in (_CURVES, _WHISKERS)),
    f"{_WHISKERS} :is(.ytick,.yaxislayer-above){{display:none}}",  # rows, in the order of the list beside them
    f"{_GENERATIONS} div:has(>div>div>svg+span){{display:flex;flex-direction:column}}",
    f"{_GENERATIONS} div:has(>div>svg+span){{height:20px;order:-1}}",
    f"{_GENERATIONS} div:has(+div>div>svg+span){{height:calc(100% - 24px)!important}}",
    f"{_GENERATIONS} div:has(>svg+span):nth-child(n+4){{display:none}}",
    f"{_SECTION}>:first-child{{max-width:85%!important}}",
    f"{_CARD} div:has(>h4)+:not(button){{display:none}}",  # that it loads, which is seen
    f"{_SECTION}>:first-child>:nth-child(2){{display:none!important}}",
    # Bars have their names beside them; the study's own would be its champion's again.
    f"{_BARS} div:has(>div>svg+span),{_BARS} .point:has(.orgopt) .bartext:not(.orgopt){{display:none}}",
    f"{_BARS} div:has(+div>div>svg+span){{height:100%!important}}",
    f"{_BARS} .point:has(path[style*='fill: {_STUDY}']){{display:none}}",
    "#root text.orgopt{font:11px sans-serif}",
    f"#root [role=status]:is({_SORTING}){{display:none}}",
    *(f"{_CARD} [role=row]>[style*=' {was}px; ']{{min-width:{now}px!important}}" for was, now in _WIDER),
    # Documents with their verdicts, whole; versions: whose each is and what it scored, and then the text.
    f"#root [role=status]{_VERDICT},#root {_VERDICT} *{{max-width:none!important}}",
    f"#root [role=table]:has({_VERDICT}) [role=row]>:last-child{{flex-grow:4!important}}",
    f"{_VERSION}>:is(:nth-child(3),:nth-child(4),:nth-child(7),:nth-child(8)){{display:none}}",
    # Traces: by name, without an average of what does not belong together; and room for the names of steps.
    "#root [style*='-trace_id-size']{display:none!important}#root [style*='-group-size']{visibility:hidden}",
    "#root [style*='-request-size']{flex:0 0 244px!important}#root [style*='-response-size']{flex:9 1 450px!important}",
    "#root [data-component-id*=evaluationsoverview] [title]+div{display:none}",
    ".react-resizable[style*='width: 280px']{width:420px!important}",
    f"div:has(+div>{_TIMELINE})::after{{{_said(_OF_STEPS, _SMALL)};white-space:normal}}",
    f"div:has(>div>{_TIMELINE}){{height:auto!important;align-items:start}}",
)
LEADING = (
    (names.RESULT.name, "Result:", ""),
    (names.TEST_OUTPUT.name, "Score on test seeds (counts):", names.TEST_SEEDS.name),
    (names.OUTPUT.name, "Score in the search (flattered):", names.SEEDS.name),
)
"""Rows that compared runs begin with, below their names, and how many seeds their means are of: MLflow has them at the
end of two long tables."""


WORDS = tuple({**legend.AGENTS, **legend.KEYS}.items())
"""What words of documents mean, for runs that are compared."""


def _script() -> str:
    """What pages run, with the tables in their places."""
    text = Path(__file__).with_name("plain_pages.js").read_text(encoding="utf-8")
    for name, table in (("LEADING", LEADING), ("LEGENDS", LEGENDS), ("NAMED", NAMED), ("WORDS", WORDS)):
        text = text.replace(name, json.dumps(table))
    return text


ADDED = f"<style>{''.join(_RULES)}</style><script>{_script()}</script>".encode()
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
