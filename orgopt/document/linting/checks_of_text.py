"""The checks of lint that look at a document's text: characters, names, front matter, stubs."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from orgopt.document.findings import Finding, Fix
from orgopt.document.grammar.key_table import ROLE_KEYS, TEXT_KEYS
from orgopt.document.linting.checks_of_organization import LintedDocument, finding
from orgopt.document.reading.front_matter import front_matter
from orgopt.document.reading.names import Name, hidden, scripts, skeleton
from orgopt.document.text.program import Block, Program, Span

_UNCLOSED = re.compile(
    r"(?:\A|^<!-- file: .* -->\n)\ufeff?(?P<front>---[ \t]*)(?:\r\n|\n|\r)[A-Za-z_]\w*[ \t]*:(?=\s)", re.MULTILINE
)
_QUOTED_KEY = re.compile(r"""(?P<quote>["']).*?(?P=quote)[ \t]*:(?:[ \t]|$)""")
_STUB = 16  # characters; less is no instruction
# NUL and the like; and what turns the direction of text, so that it reads as it is not.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def _text(document: LintedDocument) -> Iterator[Finding]:
    """Characters that are not seen, names that look like others, and stubs."""
    program = document.program
    if len(program.text.strip()) < _STUB:
        span = program.first_line(Span(0, len(program.text)))
        empty = not program.text.strip(" \t\r\n\ufeff")
        message = f"there is {'nothing' if empty else 'next to nothing'} here"
        yield finding("ORG041", message, span, "`orgopt init` writes a workspace to start from")
    names = [entry.name for entries in document.reading.roles.values() for entry in entries if entry.kind != "plain"]
    in_names = {at for name in names for at in range(*name.span)}
    yield from _controls(program, in_names)
    alike: dict[str, Name] = {}
    for name in names:
        raw = program.slice(name.span)
        for at in hidden(raw):
            span = Span(name.span.start + at, name.span.start + at + 1)
            message = f"the name '{name.text}' has the invisible character U+{ord(raw[at]):04X}"
            yield finding("ORG027", message, span, "remove it", Fix(span, "", safe=True))
        if len(found := scripts(raw) & {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}) > 1:
            mixed = " and ".join(sorted(script.capitalize() for script in found))
            yield finding("ORG028", f"the name '{name.text}' mixes {mixed} letters", name.span, "type it anew")
        other = alike.setdefault(skeleton(name.text), name)
        if other.id != name.id:
            message = f"the names '{other.text}' and '{name.text}' look alike"
            yield finding("ORG028", message, name.span, "rename one of them")


def _controls(program: Program, in_names: set[int]) -> Iterator[Finding]:
    """Control characters, those of one line as one finding."""
    lines: dict[int, list[re.Match[str]]] = {}
    for match in _CONTROL.finditer(program.text):
        if match.start() not in in_names:  # said of the name
            lines.setdefault(program.position(match.start())[0], []).append(match)
    for found in lines.values():
        first, more = found[0], len(found) - 1
        span = Span(first.start(), found[-1].end())
        safe = all(match[0] <= "\x7f" for match in found)  # Arabic and Hebrew may need the others
        fix = Fix(span, _CONTROL.sub("", program.slice(span)), safe=safe)
        message = f"control character U+{ord(first[0]):04X}" + (f", and {more} more in this line" if more else "")
        yield finding("ORG042", message, Span(*first.span()), "remove them" if more else "remove it", fix)


def _front_matter(document: LintedDocument) -> Iterator[Finding]:
    """Front matter that is given twice, has no end, or is not `key: value`."""
    program = document.program
    for match in () if program.source.endswith((".yaml", ".yml")) else _UNCLOSED.finditer(program.text):
        at = bisect_right(program.blocks, match.start("front"), key=lambda block: block.span.start)
        if program.blocks[at - 1].kind != "front_matter":
            message = "this front matter has no end, or has headings in it: it is read as text"
            yield finding("ORG026", message, Span(*match.span("front")), "end it with a line '---'")
    previous = -1
    for block in program.blocks:
        if block.kind != "front_matter":
            continue
        if previous == block.span.start:
            message = "front matter is given twice: the last of each key counts"
            yield finding("ORG026", message, program.first_line(block.span))
        previous = block.span.end
        yield from _stray_lines(program, block)


def _stray_lines(program: Program, block: Block) -> Iterator[Finding]:
    """The lines of front matter that are no fields; those that go on below a text, as in a long description, as one."""
    fields = {field.line.start: field for field in front_matter(program, block)}
    stray: list[Span] = []
    text_key = False
    for line in list(program.lines(block.span))[1:]:
        text = program.slice(line).rstrip()
        if field := fields.get(line.start):
            text_key = field.key in TEXT_KEYS or (text_key and bool(stray) and field.key not in ROLE_KEYS)
        elif text and not text.startswith((" ", "\t", "-", "#", "...", "]", "}")) and not _QUOTED_KEY.match(text):
            if text_key:
                stray.append(line)
            else:
                message = "this line of the front matter is not 'key: value': it is left alone"
                yield finding("ORG026", message, program.first_line(line))
    if stray:
        more = f" and {len(stray) - 1} more" if len(stray) > 1 else ""
        message = f"this line{more} of the front matter, below a text, is not 'key: value': it is left alone"
        yield Finding("ORG026", "info", message, program.first_line(stray[0]), "indent it, to make it part of the text")


TEXT: tuple[Callable[[LintedDocument], Iterator[Finding]], ...] = (_text, _front_matter)
