"""What a reader of a study sees first beside its verdict: how far it is, and the scores side by side."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orgopt.basics.markup import Markup, h, percent
from orgopt.report.scale import Scale, scale
from orgopt.study.records.names import PHASES, RACE, SEARCH
from orgopt.study.verdict.ending_form import Bar, Ending
from orgopt.study.view import StudyView
from orgopt.study.wording import NO_DIFFERENCE, compared, count, plain

_STAGES = {"done": "✓", "now": "●", "next": "○"}
_FIRST = "★"
"""Marks the first of who are compared, and stands for it beside the others."""
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
            h("i", _STAGES[state], aria_hidden="true"),
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
    first = said.bars[0]
    values = [value for bar in said.bars for value in (bar.value, bar.low, bar.high) if value is not None]
    on = scale([0.0, _LEAST_TOP, *values], 0.0, 1.0, margin=0.02)
    marked = any(bar.verdict for bar in said.bars)
    rows = [_row(bar, on, first, won=bar is first and said.word == "better", marked=marked) for bar in said.bars]
    title = h("figcaption", f"Score{f', mean of {said.seeds}' * bool(said.seeds)}: higher is better", cls="title")
    return h("figure", title, h("table", h("tbody", rows), cls="scores"), _key(said.bars))


def _key(bars: Sequence[Bar]) -> Markup | None:
    """What whiskers and marks are; None where there are neither."""
    name = bars[0].name
    stands = (
        f"{_FIRST} is {name}; dashed: its score. Below the others is how it stands to them: by how much, on the same "
        "seeds, with the 95 % interval, which the whiskers draw."
    )
    told = [stands] * any(bar.low is not None for bar in bars)
    told += [NO_DIFFERENCE] * any(bar.verdict == "no difference" for bar in bars)
    return h("p", " ".join(told), cls="legend") if told else None


def _fewer(bar: Bar, first: Bar) -> str:
    """Of one that ran on fewer seeds, what the first scored on these: who is ahead follows from no scores on more."""
    known = "" if bar.first is None else f", where {first.name} has {plain(bar.first)}"
    return f"on {count(bar.fewer, 'seed')}{known}" if bar.fewer else ""


def _stands(first: Bar, bar: Bar) -> str:
    """How the first stands to one: by the ends of the interval, which are drawn around the first's score."""
    ends = (None, None) if bar.low is None or bar.high is None else (first.value - bar.high, first.value - bar.low)
    own = first.value if bar.first is None else bar.first
    return compared(bar.verdict, own - bar.value, *ends)


def _row(bar: Bar, on: Scale, first: Bar, *, won: bool, marked: bool) -> Markup:
    left, right = sorted((on(0.0), on(bar.value)))
    ends = (bar.low, bar.high) if bar.low is not None and bar.high is not None else ()
    drawn = h(
        "svg",
        h(
            "rect",
            x=percent(left),
            y="5",
            width=percent(right - left),
            height="12",
            rx="1",
            cls="first" if won else None,
        ),
        h("line", x1=percent(on(0.0)), x2=percent(on(0.0)), y1="0", y2="22", cls="zero"),
        h("line", x1=percent(on(first.value)), x2=percent(on(first.value)), y1="0", y2="22", cls="mate"),
        h("line", x1=percent(on(ends[0])), x2=percent(on(ends[1])), y1="11", y2="11", cls="range") if ends else None,
        [h("line", x1=percent(on(end)), x2=percent(on(end)), y1="7", y2="15", cls="range") for end in ends],
        width="100%",
        height="22",
        aria_hidden="true",
    )
    about = "; ".join(filter(None, (bar.meaning.removeprefix(f"{count(bar.fewer, 'seed')}: "), _fewer(bar, first))))
    return h(
        "tr",
        h(
            "th",
            f"{_FIRST} {bar.name}" if marked and bar is first else bar.name,
            h("small", about, cls="who") if about else None,
            h("small", f"{_FIRST} {_stands(first, bar)}", cls="who stands") if marked and bar.verdict else None,
            scope="row",
        ),
        h("td", drawn, cls="plot"),
        h("td", plain(bar.value), cls="num"),
    )
