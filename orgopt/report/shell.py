"""The page around its sections: one file that needs nothing else, or the same page that asks its server what is new."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from orgopt.basics.markup import Markup, h
from orgopt.draw.style import STYLE, WEIGHT_STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""What the browser lets a page do beside its own scripts: it loads nothing and sends nothing."""
_FAVICON = "data:,"  # no request for one
_NAMES = {
    "claims": "Claims",
    "fitness": "Generations",
    "lineage": "Lineage",
    "kinds": "Kinds",
    "candidate": "Candidates",
    "matters": "Effects",
    "timeline": "Timeline",
    "curves": "Over the budget",
    "course": "Course",
    "experiments": "Experiments",
    "runs": "Runs",
    "costs": "Costs",
    "decisions": "Decisions",
    "method": "Method",
    "document": "Document",
}
"""What sections are called in the line that leads to them."""
Sections = Mapping[str, Markup]
"""The sections of a page by their ids, in their order."""


def shell(title: str, sections: Sections, data: Markup | str = "", *, live: bool = False) -> str:
    """A page of sections, as text.

    Args:
        title: Of the window.
        sections: What it shows.
        data: The block of data that its script reads.
        live: Whether it asks its server for what is new, which no page on a disk does.
    """
    scripts = [_asset("page.js"), *([_asset("live.js")] if live else [])]
    head = h(
        "head",
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy(live=live)}">'),
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{_FAVICON}">'),
        h("title", title),
        h("style", Markup(_asset("page.css") + STYLE + WEIGHT_STYLE)),
    )
    body = h(
        "body",
        h("main", list(sections.values())),
        h("div", h("span", id="bar-words"), h("button", "Show", type="button", id="bar-show"), id="bar", hidden=True),
        h("div", id="tip", hidden=True),
        h("p", "connecting …", id="live", role="status") if live else None,
        data,
        [h("script", Markup(script)) for script in scripts],
    )
    text = f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'
    return text.encode("utf-8", "replace").decode()


@cache
def policy(*, live: bool = False) -> str:
    """The content security policy of a page: its own scripts by their digests, and its own server if it is live."""
    scripts = ["page.js", *(["live.js"] if live else [])]
    digests = [base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode() for name in scripts]
    named = " ".join(f"'sha256-{digest}'" for digest in digests)
    asks = "; connect-src 'self'" if live else ""
    return f"{_POLICY}; script-src {named}{asks}"


def contents(sections: Sections) -> Markup:
    """The line that leads to the sections."""
    links = [h("a", _NAMES.get(name, name), href=f"#{name}") for name in sections if name in _NAMES]
    return h("nav", links, id="contents", aria_label="Sections")


def section(name: str, title: str, *content: object) -> Markup | None:
    """A section of a page; None where it has nothing to show."""
    shown = [part for part in content if isinstance(part, Markup)]
    return h("section", h("h2", title), shown, id=name, aria_label=title) if shown else None


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")
