"""What changed between two documents: as Markdown, and as a page in colours that MLflow shows among artifacts."""

import difflib
from collections.abc import Iterator, Sequence
from html import escape as as_html

from orgopt.draw.text import clean
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.wording import SEED_DOCUMENT
from orgopt.tracking.names import STAR
from orgopt.tracking.shown.legend import explained
from orgopt.tracking.shown.markdown import escape

_CONTEXT = 3
_STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;margin:20px;color:#1b1b1b;background:#fff}h1{font-size:18px;margin:0}"
    "table{border-collapse:collapse;width:100%;max-width:1000px;font:13px/1.5 ui-monospace,monospace}"
    "td{padding:0 10px;white-space:pre-wrap;overflow-wrap:anywhere;vertical-align:top}"
    ".legend{color:#666;font-size:13px}tr{height:1.5em}td:first-child{width:1em;color:#666;user-select:none}"
    ".minus{background:#ffebe9}.plus{background:#dafbe1}.left-out td{color:#666;background:#f3f3f3}"
    ".minus b{background:#ffb3ad}.plus b{background:#8fe3a2}b{font-weight:600}"
)


def diff(before: CandidateRecord, after: CandidateRecord, changes: Sequence[str]) -> str:
    """Both diffs of two documents: what changed in words, and as text."""
    texts = before.program.splitlines(), after.program.splitlines()
    body = "\n".join(difflib.unified_diff(*texts, before.name, after.name, lineterm=""))
    words = "\n".join(f"- {escape(change)}" for change in changes)
    fence = "`" * (1 + max([2, *(len(run) for run in _ticks(body))]))
    return f"# {before.name} → {after.name}\n\n{words}\n\n{fence}diff\n{body}\n{fence}\n"


def diff_page(
    before: CandidateRecord, after: CandidateRecord, changes: Sequence[str], scores: str = "", *, champion: bool = False
) -> str:
    """The same as a page: lines that went are red, those that came green, and the words that differ in them bold.

    Args:
        before: A candidate.
        after: Another.
        changes: What differs, in words.
        scores: What both scored, in words.
        champion: Whether the other is the champion.
    """
    first = before.name if before.parent is not None else f"{SEED_DOCUMENT} ({before.name})"
    title = as_html(f"{first} → {f'{STAR} champion ({after.name})' if champion else after.name}")
    scored = f"<p>{as_html(scores)}</p>" if scores else ""
    words = "".join(f"<li>{as_html(clean(change))}</li>" for change in changes)
    meant = explained(changes)
    legend = f'<p class="legend">{as_html(meant)}</p>' if meant else ""
    rows = "".join(_rows(before.program.splitlines(), after.program.splitlines()))
    body = f"<table>{rows}</table>" if rows else "<p>The documents are the same.</p>"
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    main = f"<h1>{title}</h1>{scored}<ul>{words}</ul>{legend}{body}"
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{main}</body></html>\n'


def _rows(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    end = 0
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        if group[0][1] > end:
            yield _row("left-out", "…", "")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_row("", "", as_html(line)) for line in old[i1:i2])
            elif i2 - i1 == j2 - j1:
                pairs = [_words(a, b) for a, b in zip(old[i1:i2], new[j1:j2], strict=True)]
                yield from (_row("minus", "−", gone) for gone, _ in pairs)
                yield from (_row("plus", "+", came) for _, came in pairs)
            else:
                yield from (_row("minus", "−", as_html(line)) for line in old[i1:i2])
                yield from (_row("plus", "+", as_html(line)) for line in new[j1:j2])
        end = group[-1][2]


def _words(old: str, new: str) -> tuple[str, str]:
    """Two lines, with the words in which they differ in bold."""
    a, b = old.split(" "), new.split(" ")
    gone, came = list[str](), list[str]()
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        mark = "{}" if tag == "equal" else "<b>{}</b>"
        gone += [mark.format(as_html(" ".join(a[i1:i2])))] if i1 < i2 else []
        came += [mark.format(as_html(" ".join(b[j1:j2])))] if j1 < j2 else []
    return " ".join(gone), " ".join(came)


def _row(look: str, mark: str, text: str) -> str:
    return f'<tr class="{look}"><td>{mark}</td><td>{text}</td></tr>'


def _ticks(text: str) -> list[str]:
    """The runs of backticks in a text."""
    found, run = list[str](), ""
    for char in text + " ":
        if char == "`":
            run += char
        elif run:
            found.append(run)
            run = ""
    return found
