"""What a reader of a study sees first beside its verdict: how far it is, and the scores side by side."""

from collections.abc import Iterator
from typing import NamedTuple

from orgopt.markup import Markup, h, percent
from orgopt.study.records.names import PHASES, RACE, SEARCH
from orgopt.study.verdict.ending_form import Bar, Ending
from orgopt.study.view import StudyView
from orgopt.study.wording import count, plain

_MARKS = {"done": "✓", "now": "●", "next": "○"}
_LEAST_TOP = 0.2  # scores that are next to nothing have bars that are


class _Stage(NamedTuple):
    name: str
    said: str
    begun: bool


def stages(told: StudyView) -> Markup | None:
    """Search, race, tests and verdict: what is done, and what is to come; None of a study that has ended."""
    if told.final is not None:
        return None
    found = list(_stages(told))
    now = max((i for i, one in enumerate(found) if one.begun), default=0)
    items = [
        h(
            "li",
            h("i", _MARKS[state], aria_hidden="true"),
            h("b", one.name),
            h("span", one.said or {"now": "under way", "next": "to come"}.get(state, "")),
            cls=state,
        )
        for i, one in enumerate(found)
        for state in (["done" if i < now else "now" if i == now else "next"])
    ]
    return h("ol", items, cls="stages", aria_label="How far it is")


def _stages(told: StudyView) -> Iterator[_Stage]:
    wanted = told.head.settings.get("generations")
    of = f" of {wanted}" if isinstance(wanted, int) else ""
    measured = sum(one.value is not None for one in told.candidates)
    yield _Stage("Search", f"{len(told.complete)}{of} generations, {count(measured, 'candidate')} measured", True)
    for name, phases in (("Race", {RACE}), ("Tests", set(PHASES) - {SEARCH, RACE})):
        runs = [run for run in told.evaluations if run.phase in phases]
        entrants = len({run.entrant for run in runs})
        yield _Stage(
            name, f"{count(len(runs), 'run')} of {count(entrants, 'entrant')} so far" if runs else "", bool(runs)
        )
    yield _Stage("Verdict", "", False)


def scores(said: Ending) -> Markup | None:
    """The scores of all who are compared as bars from 0, the first of them the champion's."""
    if len(said.bars) < 2:
        return None
    values = [bar.value for bar in said.bars]
    low, high = min(0.0, *values), max(_LEAST_TOP, *values)
    rows = [_row(bar, low, high, first=not i) for i, bar in enumerate(said.bars)]
    return h("figure", h("figcaption", "Score", cls="title"), h("table", h("tbody", rows), cls="scores"))


def _row(bar: Bar, low: float, high: float, *, first: bool) -> Markup:
    def at(value: float) -> float:
        return (value - low) / (high - low)

    left, right = sorted((at(0.0), at(bar.value)))
    drawn = h(
        "svg",
        h(
            "rect",
            x=percent(left),
            y="3",
            width=percent(right - left),
            height="12",
            rx="1",
            cls="first" if first else None,
        ),
        h("line", x1=percent(at(0.0)), x2=percent(at(0.0)), y1="0", y2="18", cls="zero"),
        width="100%",
        height="18",
        aria_hidden="true",
    )
    return h(
        "tr",
        h("th", bar.name, scope="row", title=bar.meaning or None),
        h("td", drawn, cls="plot"),
        h("td", plain(bar.value), cls="num"),
    )
