"""Where something went: one bar of parts with their amounts and shares, and tiles of single figures."""

from collections.abc import Callable, Sequence

from orgopt.basics.markup import Child, Markup, h, percent
from orgopt.report.run_course import Spent

_LEAST = 0.0005
"""The share below which a part is left out, as nothing."""


def stacked(title: str, parts: Sequence[Spent], write: Callable[[float], str]) -> Markup | None:
    """A bar of parts, and what each is; None where there is nothing.

    Args:
        title: What is divided.
        parts: Its parts, whose sum is the whole.
        write: An amount in words.
    """
    total = sum(part.seconds for part in parts)
    shown = [part for part in parts if total and part.seconds / total > _LEAST]
    if not shown:
        return None
    at, drawn = 0.0, list[Markup]()
    for part in shown:
        share = part.seconds / total
        said = h("title", f"{part.words}: {write(part.seconds)}, {_share(share)}")
        drawn.append(
            h("rect", said, x=percent(at), y="0", width=percent(share), height="22", cls=f"part s-{part.look}")
        )
        at += share
    words = "; ".join(f"{part.words} {_share(part.seconds / total)}" for part in shown)
    bar = h("svg", drawn, width="100%", height="22", role="img", aria_label=f"{title}: {words}")
    keys = [
        h(
            "li",
            h("i", cls=f"key s-{part.look}"),
            h("b", _share(part.seconds / total)),
            f" {part.words} ",
            h("small", write(part.seconds)),
        )
        for part in shown
    ]
    return h(
        "figure",
        h("figcaption", f"{title}: {write(total)}", cls="title"),
        bar,
        h("ul", keys, cls="parts"),
        cls="stacked",
    )


def tiles(found: Sequence[tuple[Child, str]]) -> Markup | None:
    """Figures with what each is below it, the most telling first."""
    shown = [(value, words) for value, words in found if value]
    return h("dl", [h("div", h("dt", words), h("dd", value)) for value, words in shown], cls="tiles") if shown else None


def _share(share: float) -> str:
    return "< 1 %" if share < 0.01 else f"{100 * share:.0f} %"
