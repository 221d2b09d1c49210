"""Tables, which fold for narrow screens: forests, with an interval drawn beside the numbers of a row, and others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orgopt.basics.markup import Child, Markup, h, percent
from orgopt.report.scale import Scale, scale, tick_digits, ticks
from orgopt.study.wording import MARKS, marked, plain, signed

_HEIGHT = 26


class Column(NamedTuple):
    """A column's name, and its width in rem; 0 takes what is left."""

    name: str
    width: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a forest.

    Attributes:
        value, low, high: What is drawn.
        unseen: Half-width of the band in which a difference would not be seen; None draws none.
        look: `better`, `worse`, `no difference`, `main` or another class of the mark.
        cells: What stands right of the drawing.
    """

    label: Child
    note: Child = None
    value: float
    low: float | None = None
    high: float | None = None
    unseen: float | None = None
    look: str = "main"
    cells: Sequence[Child] = ()


def forest(
    rows: Sequence[Row], *, columns: Sequence[Column], axis: str, zero: bool = True, on: Scale | None = None
) -> Markup:
    """A table of rows. `columns` are the label, the drawing, and the cells; `zero` marks no difference."""
    across = on or scale_of(rows, zero=zero)
    names = [column.name for column in columns]
    rest = len(columns) - 2
    feet = [
        h("td", role="cell"),
        h("td", _axis(across, axis, zero), cls="plot", role="cell"),
        h("td", colspan=rest, role="cell") if rest else None,
    ]
    foot = h("tfoot", h("tr", feet, aria_hidden="true", role="row"), role="rowgroup")
    return _table("forest", columns, [_row(row, across, names, zero) for row in rows], foot)


def scale_of(rows: Sequence[Row], *, zero: bool = True) -> Scale:
    """One scale for the rows of several tables, so that they can be compared."""
    values = [value for row in rows for value in (row.value, row.low, row.high)]
    return scale([*values, 0.0] if zero else values, 0.0, 1.0)


def verdict(word: str, said: str = "") -> Markup:
    """A verdict with a mark that is seen without colour; `said` are other words for it."""
    return h(
        "span",
        h("span", MARKS.get(word, ""), aria_hidden="true"),
        f" {said or word}",
        cls=f"verdict {word.split()[0] if word else ''}",
    )


def lede(word: str, sure: str) -> Markup:
    """How sure a result is, its verdict in its colour: what begins with a verdict is not told by another.

    Args:
        word: The result.
        sure: The sentences about it.
    """
    told = next((one for one in MARKS if sure.startswith(marked(one))), word)
    shown = verdict(told) if told in MARKS else None
    return h("p", shown, " " * bool(shown), sure.removeprefix(marked(told)).strip(), cls=f"lede {told.split()[0]}")


def bars(items: Sequence[tuple[str, float]]) -> Markup:
    """Shares of a whole, as bars with their numbers."""
    largest = max((value for _, value in items), default=1) or 1
    body: list[Markup] = []
    for name, value in items:
        bar = h("rect", x="0", y="6", width=percent(max(0.0, value) / largest), height="14", rx="2")
        drawing = h("svg", bar, cls="bar", width="100%", height=_HEIGHT, aria_hidden="true")
        cells = [h("td", drawing, cls="plot", role="cell"), h("td", plain(value), cls="num", role="cell")]
        body.append(h("tr", h("th", name, scope="row", role="rowheader"), cells, role="row"))
    return _table("forest bars", (Column("part"), Column(""), Column("importance", 6)), body)


def numbers(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Markup:
    """Numbers alone, a row for each of whom they are; the first of a row is its label."""
    body = [
        h(
            "tr",
            h("th", label, scope="row", role="rowheader"),
            [
                h("td", cell, cls="num", role="cell", data_label=column.name)
                for column, cell in zip(columns[1:], cells, strict=True)
            ],
            role="row",
        )
        for label, *cells in rows
    ]
    return _table("forest numbers", columns, body)


def plain_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[Child]], *, look: str = "", captioned: bool = False
) -> Markup:
    """A table of words or `numbers`; the first of a row is its label."""
    body = [
        h(
            "tr",
            h("th", label, scope="row", role="rowheader"),
            [
                h("td", cell, role="cell", data_label=name) if cell else h("td", role="cell")
                for name, cell in zip(columns[1:], cells, strict=True)
            ],
            role="row",
        )
        for label, *cells in rows
    ]
    head = h("tr", (h("th", name, scope="col", role="columnheader") for name in columns), role="row")
    caption = h("caption", title) if captioned else None
    groups = [caption, h("thead", head, role="rowgroup"), h("tbody", body, role="rowgroup")]
    found = h("table", groups, cls=f"plain {look}".strip(), role="table", aria_label=title)
    return h("div", found, cls="scroll", tabindex="0", role="region", aria_label=title)


def _table(look: str, columns: Sequence[Column], body: Sequence[Markup], foot: Markup | None = None) -> Markup:
    """A table with its roles said, since narrow screens lay it out as blocks."""
    head = h("tr", (h("th", column.name, scope="col", role="columnheader") for column in columns), role="row")
    groups = [_widths(columns), h("thead", head, role="rowgroup"), h("tbody", body, role="rowgroup"), foot]
    return h("table", groups, cls=look, role="table")


def _widths(columns: Sequence[Column]) -> Markup:
    """Fixed widths of columns; the label has a share of the table, the drawing what is left."""
    widths = ["28%" if i == 0 else f"{column.width:g}rem" if column.width else "" for i, column in enumerate(columns)]
    return h("colgroup", [Markup(f'<col style="width:{width}">' if width else "<col>") for width in widths])


def _row(row: Row, across: Scale, columns: Sequence[str], zero: bool) -> Markup:
    label = h("th", row.label, h("small", row.note) if row.note else None, scope="row", role="rowheader")
    drawing = h("svg", *_drawing(row, across, zero), width="100%", height=_HEIGHT, aria_hidden="true")
    cells = [
        h("td", cell, cls="num", role="cell", data_label=name)
        for name, cell in zip(columns[2:], row.cells, strict=False)
    ]
    return h(
        "tr", label, h("td", drawing, cls="plot", role="cell"), cells, cls=f"look-{row.look.split()[0]}", role="row"
    )


def _drawing(row: Row, across: Scale, zero: bool) -> Iterator[Markup]:
    middle = _HEIGHT // 2
    if zero and row.unseen:
        left, right = (min(1.0, max(0.0, across(end))) for end in (-row.unseen, row.unseen))
        yield h("rect", x=percent(left), y="4", width=percent(right - left), height=_HEIGHT - 8, cls="unseen")
    if zero:
        yield h("line", x1=percent(across(0.0)), x2=percent(across(0.0)), y1="0", y2=_HEIGHT, cls="zero")
    if row.low is not None and row.high is not None:
        low, high = percent(across(row.low)), percent(across(row.high))
        yield h("line", x1=low, x2=high, y1=middle, y2=middle, cls="range")
        yield from (h("line", x1=end, x2=end, y1=middle - 4, y2=middle + 4, cls="range") for end in (low, high))
    yield h("circle", cx=percent(across(row.value)), cy=middle, r="5", cls="mark")


def _axis(across: Scale, words: str, zero: bool) -> Markup:
    marks: list[Child] = [h("line", x1="0", x2="100%", y1="0.5", y2="0.5", cls="axis")]
    write, values = signed if zero else plain, ticks(across, 6)
    for value in values:
        place = percent(across(value))
        marks.append(h("line", x1=place, x2=place, y1="0", y2="5", cls="axis"))
        marks.append(h("text", write(value, tick_digits(values)), x=place, y="17", text_anchor="middle"))
    marks.append(h("text", words, x="50%", y="33", text_anchor="middle", cls="words"))
    return h("svg", marks, width="100%", height="38")
