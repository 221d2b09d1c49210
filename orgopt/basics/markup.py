"""HTML and SVG that cannot be broken out of: all text is escaped unless it was made here."""

import re
from collections.abc import Iterable
from functools import cache
from html import escape

_ODD = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

_HARMLESS = re.compile(r"[A-Za-z0-9 .,:;%#()_/-]*")
"""Most values of attributes: a page of a thousand candidates has tens of thousands."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]
Value = str | int | float | bool | None


def h(name: str, *children: Child, **attributes: Value) -> Markup:
    """An element. `cls` is its class, `_` in a name is `-`; None and False leave an attribute or a child out."""
    opened = "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{name}{opened}>{join(children)}</{name}>")


def join(children: Iterable[Child], between: str = "") -> Markup:
    """Children one after the other, escaped where they are no markup."""
    return Markup(between.join(_child(child) for child in children))


def visible(text: str) -> str:
    """Text with what reverses, hides or breaks text spelt out, such as `[U+202E]`."""
    return _ODD.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{round(value, 1) + 0.0:g}"


def percent(share: float) -> str:
    """A share of a width, as SVG takes it."""
    return f"{round(100 * share, 2) + 0.0:g}%"


def _attribute(key: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = _name(key)
    if value is True:
        return f" {name}"
    if not isinstance(value, str):
        return f' {name}="{number(value) if isinstance(value, float) else value}"'
    return f' {name}="{value if _HARMLESS.fullmatch(value) else escape(visible(value))}"'


@cache
def _name(key: str) -> str:
    return "class" if key == "cls" else key.rstrip("_").replace("_", "-") if key != "viewBox" else key


def _child(child: Child) -> str:
    if child is None or child == "":
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str | int | float):
        return escape(visible(str(child)))
    return join(child)
