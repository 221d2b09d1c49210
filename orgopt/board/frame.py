"""What all pages of a board have: the document around them, who and when, gains and what became of a claim in words."""

import base64
import hashlib
import math
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from orgopt.basics.markup import Child, Markup, h, visible
from orgopt.board.records import ClaimRecord, ClaimStatus, Terms

PRINT_DIGITS = 8
"""Of a key that stand beside a name, which anyone may take."""
STATUSES = {
    ClaimStatus.WAITING: "waits to be verified",
    ClaimStatus.TESTING: "is being verified",
    ClaimStatus.ACCEPTED: "accepted",
    ClaimStatus.NOT_SHOWN: "no gain shown",
    ClaimStatus.NOT_REPEATED: "gain not repeated",
    ClaimStatus.NOT_HELD: "gain below a step",
    ClaimStatus.SAME_ALWAYS: "same with every seed",
    ClaimStatus.TAMPERED: "tampered",
    ClaimStatus.COPY: "copy",
    ClaimStatus.LOST: "lost",
}


@cache
def style_digest() -> str:
    """The digest of the pages' style, which is all that a browser may take from them."""
    return base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()


@cache
def _style() -> str:
    report, own = files("orgopt.report").joinpath("page.css"), files("orgopt.board").joinpath("board.css")
    return report.read_text("utf-8") + own.read_text("utf-8")


def html(title: str, *body: Child) -> str:
    """A whole page."""
    head = h(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'),
        Markup('<link rel="alternate" type="application/atom+xml" href="/feed.atom">'),
        h("title", title),
        h("style", Markup(_style())),
    )
    return f'<!doctype html>\n<html lang="en">{head}{h("body", h("main", *body, cls="board"))}</html>\n'


def eyebrow(terms: Terms) -> Markup:
    """The line above a page's title."""
    return h("p", "Board", h("span", f"{terms.task} {terms.digest}", cls="study"), cls="eyebrow")


def who(one: ClaimRecord) -> list[Child]:
    """A contributor's name with the key that it stands for."""
    return [h("span", name_of(one), cls="who"), " ", h("span", one.key[:PRINT_DIGITS], cls="print", title=one.key)]


def name_of(one: ClaimRecord) -> str:
    """What a contributor is called."""
    return visible(one.name).strip() or "anonymous"


def gain_words(terms: Terms, gain: float) -> str:
    """A gain as readers know it: of times by how much of the time is saved."""
    return f"{1 - math.exp(-gain):.1%}" if terms.by_ratio else f"{gain:.3g} {terms.unit}".strip()


def unit_of(terms: Terms) -> str:
    """What gains are counted in."""
    return "of its logarithm" if terms.by_ratio else terms.unit


def moment(seconds: float | None) -> Child:
    """A moment in UTC; a dash where there is none."""
    if seconds is None:
        return "–"
    at = datetime.fromtimestamp(seconds, UTC)
    return h("time", f"{at:%Y-%m-%d %H:%M} UTC", datetime=at.isoformat(timespec="seconds"))


def right(text: Child, element: str = "td") -> Markup:
    """A cell of a number."""
    return h(element, text, cls="num")
