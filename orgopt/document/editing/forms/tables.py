"""Tables: a key is a cell below its column, or a new column; a role is a row as those above it."""

import re
from bisect import bisect_right
from collections import Counter
from pathlib import PurePosixPath

from orgopt.basics.slug import slug
from orgopt.document.editing.draft import Draft, NewRole
from orgopt.document.editing.forms.like import count_text, counted, fields_of, one_line, peers
from orgopt.document.grammar.key_table import KEYS, LINK_KEYS, TEXT_KEYS, canonical
from orgopt.document.grammar.words import is_word
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.names import FILE, read_name
from orgopt.document.reading.written_fields import Cell, Row, rows
from orgopt.document.text.program import Block, Program, Span

COLUMNS = "|"
"""What is unsettled once a table has a new column: another row needs a cell there."""

_EMPTY = "-–— "


def set_key(draft: Draft, entry: Entry, key: str, value: str) -> bool:
    """Write a key into the cell of its column, or add the column."""
    header, body = rows(draft.program, block_of(draft.program, entry))
    row = next((row for row in body if row.line == entry.span), None)
    if row is None:
        return False
    column = _column_of(header, key, _name_column(row, entry))
    if column is None:
        _add_column(draft, header, body, row, key, value)
        draft.unsettle(COLUMNS)
    elif column >= len(row.cells):
        return False
    else:
        fill(draft, row.cells[column].span, value)
    return True


def has_column(program: Program, entry: Entry, key: str) -> bool:
    """Whether the table of a row has a column of a key."""
    header, body = rows(program, block_of(program, entry))
    row = next((row for row in body if row.line == entry.span), None)
    return row is not None and _column_of(header, key, _name_column(row, entry)) is not None


def _column_of(header: Row, key: str, names: int) -> int | None:
    """The column of a key; that of the names is none, though it may be called `Agent`."""
    titles = [canonical(cell.text.strip("*_` ")) for cell in header.cells]
    return next((i for i, title in enumerate(titles) if title == key.lower() and i != names), None)


def fill(draft: Draft, span: Span, value: str) -> None:
    """Write a value into a cell."""
    value = one_line(value).replace("|", "\\|")
    text = draft.program.text
    if span.start == span.end and value:  # an empty cell has two blanks, or one, or none
        span = Span(span.start - (text[span.start - 2 : span.start] == "  "), span.end)
        value = " " * (text[span.start - 1] not in " \t") + value + " " * (text[span.end : span.end + 1] == "|")
    draft.replace(span, value)


def block_of(program: Program, entry: Entry) -> Block:
    """The block in which an entry stands."""
    return program.blocks[bisect_right(program.blocks, entry.span.start, key=lambda block: block.span.start) - 1]


def set_text(draft: Draft, entry: Entry, text: str) -> bool:
    """Write a charter into the cell that says what a role does; false where no column does."""
    header, body = rows(draft.program, block_of(draft.program, entry))
    row = next((row for row in body if row.line == entry.span), None)
    column = next((i for i, cell in enumerate(header.cells) if _says(cell.text)), None)
    spans = [span for span in entry.prose if draft.program.slice(span).strip()]
    if spans:
        fill(draft, spans[0], text)
    elif row and column is not None and column < len(row.cells) and not row.cells[column].text.strip(_EMPTY):
        fill(draft, row.cells[column].span, text)
    else:
        return False
    return True


def _says(title: str) -> bool:
    """Whether a column says what somebody does."""
    return canonical(title.strip("*_` ")) in TEXT_KEYS or is_word("duty", title)


def _add_column(draft: Draft, header: Row, body: list[Row], row: Row, key: str, value: str) -> None:
    program = draft.program
    name = KEYS[key.lower()].name if key.lower() in KEYS else key
    taken = {cell.text.strip("*_` ").lower() for cell in header.cells}
    if name.lower() in taken and key.lower() in KEYS:  # a column `Agent` of names
        name = next((alias for alias in KEYS[key.lower()].aliases if alias not in taken), name).capitalize()
    if header.cells[-1].text.islower():
        name = name.lower()
    below = program.line_span(program.position(header.line.start)[0] + 1)
    lengths = {len(program.slice(one.line).rstrip()) for one in (header, *body)}
    wide = max(len(name), len(value)) if len(lengths) == 1 else 0  # in a table with columns of one width
    texts = [(header.line, name.ljust(wide)), (below, "-" * max(3, wide))]
    texts += [(one.line, (value if one is row else "").ljust(wide)) for one in body]
    closed = program.slice(header.line).rstrip().endswith("|")
    for line, text in texts:
        written = program.slice(line).rstrip()
        at = line.start + len(written)
        tight = line is below and "| " not in written
        own = text.replace("|", "\\|")
        cell = f"{own}{'--' * bool(wide)}|" if tight else f" {own} |" if own else " |"
        draft.replace(Span(at, at), cell if closed else f" |{cell.rstrip('|')}".rstrip())


def add(draft: Draft, new: NewRole, last: Entry, path: str = "") -> list[tuple[str, str]]:
    """Add a row below the last; gives the fields that have no column."""
    program = draft.program
    header, body = rows(program, block_of(program, last))
    row = next(row for row in body if row.line == last.span)
    fields = {key.lower(): value for key, value in new.fields}
    texts = list[str]()
    written: set[str] = set()
    told = not new.charter
    name_at = _name_column(row, last)
    for column, cell in enumerate(row.cells):
        title = header.cells[column].text.strip("*_` ") if column < len(header.cells) else ""
        key = canonical(title)
        if column == name_at:
            text = _name(program, draft, new, last, cell, path)
        elif key in KEYS or key in LINK_KEYS:
            text = fields.get(key, "") or _nobody(body, column)
            written |= {key}
        elif column == 0 and is_word("number", title) and re.fullmatch(r"\W*\d+\W*", cell.text):
            text = re.sub(r"\d+", lambda number: str(int(number[0]) + 1), cell.text)
        elif path and (FILE.fullmatch(cell.text) or read_name(cell.text, 0).path):
            text = _path(cell.text, path)
        elif not told and (key in TEXT_KEYS or is_word("duty", title) or is_word("role", title)):
            text, told = one_line(new.charter), True
            if path:  # its file has all of it
                text = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0] if new.brief is None else new.brief
        else:
            text = _usual(body, column, title, new)
        texts.append(text.replace("\\|", "|").replace("|", "\\|"))
    draft.lines(row.line.end, _laid_out(program, row, body, texts))
    counts = counted(peers(draft.reading, "row"))
    left = fields_of(new, but={*written, *(["headcount"] if counts else [])})
    return [*left, *([] if told else [("charter", new.charter)])]


def _name_column(row: Row, entry: Entry) -> int:
    return next(
        (i for i, cell in enumerate(row.cells) if cell.span.start <= entry.name.span.start < max(cell.span.end, 1)), 0
    )


def _name(program: Program, draft: Draft, new: NewRole, last: Entry, cell: Cell, path: str) -> str:
    """A name with the marks, the link and the count that the one above it has."""
    start = program.text[cell.span.start : last.name.span.start]
    end = re.match(r"[*_`]*", program.text[last.name.span.end : cell.span.end])
    marks = re.sub(r"[^*_`\[@]", "", start)
    like = counted(peers(draft.reading, "row"))
    number = next((value for key, value in new.fields if key.lower() == "headcount"), "1")
    count = count_text(program, like, number) if like else ""
    own = last.name.text
    name = slug(new.name) if own == slug(own) and own.islower() and own.isascii() else new.name
    if "[" in marks:
        link = f"{marks}{name}{end[0] if end else ''}]({path})" if path else marks.replace("[", "") + name
        return link + count
    return f"{marks}{name}{end[0] if end else ''}{count}"


def _path(cell: str, path: str) -> str:
    """A cell that names a file, with another path."""
    old = read_name(cell, 0).path or cell.strip("`@ ")
    stem, new = PurePosixPath(old).stem, PurePosixPath(path).stem
    return cell.replace(old, path).replace(f"[{stem}]", f"[{new}]")


def _nobody(body: list[Row], column: int) -> str:
    """What stands in cells without a value."""
    empty = [row.cells[column].text for row in body if column < len(row.cells)]
    return next((text for text in empty if text and not text.strip(_EMPTY)), "")


def _usual(body: list[Row], column: int, title: str, new: NewRole) -> str:
    """What stands in a column that is nothing of a role's: what most rows have, where that is one thing."""
    found = Counter(row.cells[column].text for row in body if column < len(row.cells))
    text, times = found.most_common(1)[0] if found else ("", 0)
    if times > 1 and 2 * times > len(body):
        return text
    named = is_word("role", title) or is_word("agent", title) or is_word("name", title)
    return new.name if named else _nobody(body, column) or "—"


def _laid_out(program: Program, like: Row, body: list[Row], texts: list[str]) -> str:
    """A row with the blanks and the bounds of another; in columns of one width as wide."""
    line = program.slice(like.line).rstrip("\r\n")
    widths = [{len(row.cells[i].text) for row in body if i < len(row.cells)} for i in range(len(like.cells))]
    ends = {len(program.slice(row.line).rstrip()) for row in body}
    out, at = "", like.line.start
    for cell, text, width in zip(like.cells, texts, widths, strict=True):
        out += program.text[at : cell.span.start]
        follows = re.match(r"[ \t]*", program.text[cell.span.end : like.line.start + len(line)])
        room = len(cell.text) + (len(follows[0]) if follows else 0)
        aligned = len(ends) == 1 and len(body) > 1 and len(width) > 1
        blank = "" if cell.text or out[-1:] in {" ", ""} else " "
        padded = blank + text
        at = cell.span.end
        if aligned and room > len(cell.text):
            padded = padded.ljust(room - 1) + " "
            at += len(follows[0]) if follows else 0
        elif not follows or not follows[0]:
            padded += " " if cell.text == "" and text else ""
        elif not cell.text:
            padded, at = text + " ", at + len(follows[0])
        out += padded
    return (out + program.text[at : like.line.start + len(line)]).rstrip()
