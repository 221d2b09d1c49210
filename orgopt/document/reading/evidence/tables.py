"""Tables as evidence: a column of names beside columns that say what somebody is or does."""

import re
from functools import lru_cache

from orgopt.document.grammar.key_table import KEYS, LINK_KEYS, ROLE_KEYS, TEXT_KEYS, WEAK_KEYS, canonical
from orgopt.document.grammar.values import is_agent
from orgopt.document.grammar.words import is_word, normal, says, words
from orgopt.document.reading.entry import Entry, count, is_mind, told_apart
from orgopt.document.reading.evidence.signs import DOUBT, Group, people, share, short, team
from orgopt.document.reading.names import FILE, is_blank, read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.reading.written_fields import Row, cell_fields, rows, unmarked
from orgopt.document.text.program import Block, Program

_HTML = re.compile(r"\s*<(?:table|div|center)\b", re.IGNORECASE)
_TR = re.compile(r"<tr\b[^>]*>(.*?)(?=</tr>|<tr\b|\Z)", re.IGNORECASE | re.DOTALL)
_TD = re.compile(r"<t[dh]\b[^>]*>(.*?)(?=</t[dh]>|<t[dh]\b|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]{0,500}>|\s+")
_MOST_ROWS = 50
_FEWEST = 2  # rows that make a roster of what stands in a later column, or of files
_SPEAKS = 2.0  # of a heading
_WHO = ("name", "agent", "role")
_CONTACT = re.compile(
    r"git(?:hub|lab)(?: \w+)?|e-?mail|linkedin|slack(?: \w+)?|discord|telegram|twitter|contacto?|kontakt|contato"
    r"|matr[ií]cula|phone|邮箱|联系方式|連絡先|이메일|깃허브|github id",
    re.IGNORECASE,
)
_TOLD = ("duty", "role", "file")  # what columns beside that of the names say
_TICK = re.compile(r"(?:[✅❌✓✔✗✘☑⚠🟢🔴]|(?:yes|no|sim|não|sí|ja|nein|oui|non|[xo])$)", re.IGNORECASE)
_QUALIFIES = {"recommended", "responsible", "primary", "assigned", "best", "specialist", "right", "target", "main"}
_PERMITS = re.compile(
    r"permission|\baccess\b|berechtigung|permiso|permiss[õã]|权限|權限|権限|권한", re.IGNORECASE
)  # what users of a program may do
_MOST_CJK = 10  # letters of a title without blanks
_IN_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_IDENTIFIER = re.compile(r"[`*@\s]*[\w.-]+[`*\s]*$")
_NONE = "-–—? "  # cells without a name
_BEFORE = 2  # columns that may stand before that of the names


@of_block
def table_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of a table.

    Args:
        program: The document.
        block: The table.
        above: How much the headings above speak of a team; below 0 where they say otherwise.
    """
    header, body = rows(program, block)
    titles = [unmarked(cell.text) for cell in header.cells]
    column = _name_column(titles, body)
    unnamed = column is None and above > 0 and _is_of_roles(titles[1:])
    column = 0 if unnamed else column
    routed = column is None
    if column is None:
        column = _routed_to(titles, body) if above >= 0 else None
    if column is None and above >= _SPEAKS:
        column = _of_files(titles, body)
    filed = column is None and _in_files_of_agents(body)
    column = 0 if filed else column
    if column is None or not body:
        return None
    # Beside the name may stand what it goes by: `| Developer | dev |`.
    others = [i for i, t in enumerate(titles) if i != column and (_is(t, "agent") or _is(t, "role"))]
    found = [e for row in body if not _is_group(row) and (e := _row_entry(others, header, row, column))]
    names = [entry.name.text for entry in found]
    if not found or 2 * len(found) < len(body):
        return None
    others = [title for i, title in enumerate(titles) if i != column]
    above = max(above, 0.0) if filed else above
    score = above + (0.5 if unnamed else 1.0 if is_word("role", titles[column]) else 1.5)
    score += 1.0 * any(is_word("role", title) or _is(title, "agent") for title in others)
    score += 1.5 * any(map(_duty, others))
    score += 1.0 * any(is_word("file", title) or _links_to_file(entry) for title in others for entry in found[:1])
    score += sum(_key(title) for title in others)
    score += min(1.0, people(found)) + 0.5 * (share(_marked(row, column) for row in body) >= 0.6)
    keyed = any(_key(title) or is_word("role", title) or _is(title, "agent") for title in titles)
    told = any(_key(title) or _duty(title) or any(is_word(kind, title) for kind in _TOLD) for title in others)
    score += 1.0 * filed
    score -= 1.0 * (_is(titles[column], "agent") and not told and not people(found))
    score += 1.5 * (above > 0 and any(_CONTACT.fullmatch(title) for title in others))
    score -= 1.0 * (above <= 0 and not keyed and not people(found))
    score += 1.5 * (routed and share(map(_identified, found)) >= 0.8)
    score += 1.0 * any(is_mind(title) for title in others)
    score -= 3.0 * _is_matrix(body, column) + 4.0 * any(_PERMITS.search(title) for title in others)
    score -= 3.0 * (not routed and len(set(names)) < 0.7 * len(names)) + 3.0 * (
        share(short(n) or (_is(titles[column], "agent") and _is_verb(n)) for n in names) < 0.8
    )
    return Group(entries=tuple(found), score=score, span=block.span, what="a table")


def html_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of a table in HTML, which is not read: it is only said that roles may stand there."""
    text = program.slice(block.span)
    if above <= 0 or not _HTML.match(text):
        return None
    lines = [[_TAG.sub(" ", cell).strip() for cell in _TD.findall(row)] for row in _TR.findall(text)[:_MOST_ROWS]]
    head, *body = [cells for cells in lines if cells] or [[]]
    column = next((i for i, t in enumerate(head) if any(_is(unmarked(t), kind) for kind in _WHO)), None)
    names = [read_name(cells[column], block.span.start) for cells in body if column is not None and column < len(cells)]
    found = tuple(Entry(kind="row", name=name, span=block.span) for name in names if name.id and short(name.text))
    return Group(entries=found, score=DOUBT, span=block.span, what="the rows of a table in HTML") if found else None


def _is_group(row: Row) -> bool:
    """Whether a row is the title of those below it: one cell that speaks of a team."""
    filled = [cell.text for cell in row.cells if cell.text.strip(_NONE)]
    return len(filled) == 1 and bool(team(filled[0]) or says("unit", filled[0]))


def _is_matrix(body: list[Row], column: int) -> bool:
    """Whether a table says who may do what, in ticks and crosses."""
    cells = [cell.text for row in body for i, cell in enumerate(row.cells) if i != column and cell.text.strip(_NONE)]
    return share(bool(_TICK.match(cell)) for cell in cells) >= 0.5


def _links_to_file(entry: Entry) -> bool:
    return bool(entry.name.path) and "://" not in entry.name.path


def _duty(title: str) -> bool:
    """Whether a column says what somebody does: `Responsibility`, `Responsabilidad única`."""
    first, *more = normal(title).split() or [""]
    return is_word("duty", title) or (len(more) == 1 and is_word("duty", first))


def _key(title: str) -> float:
    """What a column of a role's key says for a table."""
    key = canonical(title)
    return 0.0 if key in WEAK_KEYS else 1.5 if key in LINK_KEYS else 1.0 if key in KEYS and key != "agent" else 0.0


def _is(title: str, kind: str) -> bool:
    """Whether a title is a word of a kind, alone, with `ID`, or behind others, as in `Team member`."""
    bare = normal(_IN_BRACKETS.sub("", title))
    if is_word(kind, title) or is_word(kind, bare.removesuffix(" id").removesuffix(" name")):
        return True
    *before, last = bare.split() or [""]
    if before and all(is_word("team", word) or is_word("group", word) or word in _QUALIFIES for word in before):
        return is_word(kind, last)
    return kind in {"agent", "name"} and len(bare) <= _MOST_CJK and _is_wide(bare, kind)


@lru_cache(maxsize=256)
def _is_wide(title: str, kind: str) -> bool:
    """Whether a title of a script without blanks ends with a word of a kind: `推奨エージェント`, `角色名称`."""
    word = max((w for w in words(kind) if not w.isascii() and title.endswith(w)), key=len, default="")
    before = title.removesuffix(word).strip()
    return bool(word) and (
        (kind == "agent" and len(word) > 1) or any(is_word(k, before) for k in ("agent", "role", "team"))
    )


def _is_of_roles(titles: list[str]) -> bool:
    """Whether columns say a key of a role and what somebody does, whatever stands before them."""
    return any(map(_key, titles)) and any(is_word("duty", title) for title in titles)


def _name_column(titles: list[str], body: list[Row]) -> int | None:
    """The column of names of a roster: one of names, else the first of agents or of roles."""
    kinds = [next((kind for kind in ("name", "agent", "role") if _is(title, kind)), "") for title in titles]
    before = [is_word("number", title) or is_word("unit", title) for title in titles]
    before[0] = before[0] or (kinds[1:2] == ["name"] and is_word("file", titles[0]))
    first = next((i for i, other in enumerate(before) if not other), None)
    if first is None or first >= _BEFORE:
        return None
    if not kinds[first]:
        return None
    named = [i for i, kind in enumerate(kinds) if kind == "name" and i <= first + 1]
    if kinds[first] == "agent" and all(first >= len(row.cells) or is_agent(row.cells[first].text) for row in body):
        return named[0] if named else next((i for i, kind in enumerate(kinds) if kind == "role"), None)
    return named[0] if named else first


def _routed_to(titles: list[str], body: list[Row]) -> int | None:
    """The column of those to whom a table gives tasks or triggers, as in `| Task | Agent | Model |`."""
    column = next((i for i, title in enumerate(titles) if i and _is(title, "agent")), None)
    if column is None or len(body) < _FEWEST:
        return None
    cells = [row.cells[column].text for row in body if column < len(row.cells)]
    marked = share(bool(_IDENTIFIER.match(cell)) and bool(cell.strip(_NONE)) for cell in cells)
    return column if marked >= 0.8 and 3 * len(set(cells)) >= 2 * len(cells) else None


def _of_files(titles: list[str], body: list[Row]) -> int | None:
    """The first column, where each of its cells is the file of somebody and another says what that does."""
    first = [row.cells[0].text for row in body if row.cells]
    told = any(is_word("role", title) or is_word("duty", title) for title in titles[1:])
    files = share(FILE.fullmatch(read_name(cell, 0).path or cell.strip("*_ ")) is not None for cell in first)
    return 0 if told and is_word("file", titles[0]) and files >= 0.9 and len(first) >= _FEWEST else None


def _in_files_of_agents(body: list[Row]) -> bool:
    """Whether rows name files of agents beside what stands first, as `agents/scout.md` and `agent-scout.md` are."""
    return (
        len(body) >= _FEWEST
        and share(
            any((file := FILE.fullmatch(cell.text.strip("*_ "))) and "agent" in file["path"] for cell in row.cells[1:])
            for row in body
        )
        >= 0.6
    )


def _identified(entry: Entry) -> bool:
    """Whether a name is written as that of an agent: in code, or with hyphens."""
    return entry.name.raw[:1] in "`@" or "-" in entry.name.text or people([entry]) > 0


def _row_entry(beside_name: list[int], header: Row, row: Row, column: int) -> Entry | None:
    cells = row.cells
    if column < len(cells) and is_blank(cells[column].text) and column:
        column = 0  # nobody by name: the role stands for it
    if column >= len(cells) or is_blank(cells[column].text):
        return None
    cell = cells[column]
    name = read_name(cell.text, cell.span.start)
    link = name.path or next((path for other in cells if (path := read_name(other.text, 0).path)), "")
    beside = next((i for i in beside_name if i != column and i < len(cells)), None)
    title = name.title or (read_name(cells[beside].text, 0).text if beside is not None else "")
    name = name._replace(path=link, title=title)
    given = [field for field in cell_fields(header, row) if field.line != cell.span]
    known, misread = told_apart(given)
    prose = tuple(
        field.value_span
        for field in given
        if (field.key in TEXT_KEYS or _says(field.key) or field in misread) and not FILE.fullmatch(field.value)
    )
    return Entry(
        kind="row", name=name, span=row.line, fields=(*count(name), *known), misread=tuple(misread), prose=prose
    )


def _says(key: str) -> bool:
    """Whether a column's text is part of a charter."""
    return key not in ROLE_KEYS and key not in LINK_KEYS and (is_word("duty", key) or is_word("role", key))


def _is_verb(name: str) -> bool:
    """Whether an agent is called by what it does: `Review`, `Plan`."""
    return len(name.split()) == 1 and name[:1].isupper() and name.isalpha()


def _marked(row: Row, column: int) -> bool:
    return column < len(row.cells) and row.cells[column].text[:1] in {"*", "`", "[", "@", "_"}
