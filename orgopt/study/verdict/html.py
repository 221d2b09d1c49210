"""An ending as a piece of HTML, for notebooks."""

from collections.abc import Iterator
from html import escape

from orgopt.study.verdict.ending_form import AGAINST, Bar, Ending, columns
from orgopt.study.wording import plain

_COLOURS = {"better": "#1a7f37", "worse": "#b3261e", "no difference": "#9a6700"}
_CELL = '<td style="text-align:left;padding:0 .8em 0 0">{}</td>'
_WIDTH = 240  # pixels of the longest bar


def to_html(ending: Ending) -> str:
    """The result in its colour, bars with what they are, and what follows."""
    colour = _COLOURS.get(ending.word, "inherit")
    parts = [f'<div style="font-weight:600;color:{colour}">{escape(ending.title)}</div>']
    parts += _lines((ending.sure, *ending.measures))
    if ending.bars:
        parts += [
            '<table style="border-collapse:collapse">',
            *_rows(ending.bars, won=ending.word == "better"),
            "</table>",
        ]
    parts += _lines((ending.scale, *ending.notes))
    parts += [f"<div>→ {escape(line)}</div>" for line in ending.advice]
    if ending.changes:
        parts += _lines((f"The evolved document changes: {'; '.join(ending.changes)}",))
    return f'<div style="line-height:1.5">{"".join(parts)}</div>'


def _lines(lines: tuple[str, ...]) -> list[str]:
    return [f"<div>{escape(line)}</div>" for line in lines if line]


def _rows(bars: tuple[Bar, ...], *, won: bool) -> Iterator[str]:
    top, beside = max(0.2, *(bar.value for bar in bars)), columns(bars)
    if beside:
        yield f"<tr>{''.join(_CELL.format(cell) for cell in ('', '', 'score', *beside, '', ''))}</tr>"
    for number, bar in enumerate(bars):
        width = round(_WIDTH * max(0.0, bar.value) / top)
        colour = "#1a7f37" if number == 0 and won else "#8c959f"
        drawn = f'<div style="width:{width}px;height:.8em;background:{colour}"></div>'
        cells = (
            escape(bar.name),
            drawn,
            plain(bar.value),
            *(one[number] for one in beside.values()),
            AGAINST[bar.verdict],
            escape(bar.meaning),
        )
        yield f"<tr>{''.join(_CELL.format(cell) for cell in cells)}</tr>"
