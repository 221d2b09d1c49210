"""Front matter: the lines between two rules of dashes at a document's top, read as fields."""

import re
from collections.abc import Iterator, Sequence

from orgopt.document.grammar.key_table import canonical
from orgopt.document.reading.field import Field
from orgopt.document.text.program import Block, Program, Span

_YAML = re.compile(r"(?P<key>[A-Za-z][\w -]{0,40}?)[ \t]*:(?:[ \t]+(?P<value>.*)|(?P<none>))$")
_QUOTED = re.compile(r"(?P<quote>[\"'])(?P<value>.*?)(?P=quote)\s*(?:#.*)?$")
_COMMENT = re.compile(r"(?:^|(?<!\s)\s+)#.*$")
_BLOCK = re.compile(r"(?:[|>][+-]?)?")
_YAML_ITEM = re.compile(r"-[ \t]+(.*)$")


def front_matter(program: Program, block: Block) -> list[Field]:
    """The fields of front matter, line by line: nothing in it can be expanded, and nested keys are left alone.

    Lines indented below a key, and items below it, are its value.
    """
    found: list[Field] = []
    lines = list(program.lines(block.span))[1:]
    for number, line in enumerate(lines):
        text = program.slice(line).rstrip()
        if text in {"---", "..."}:
            break
        if match := _YAML.match(text):
            key = Span(line.start + match.start("key"), line.start + match.end("key"))
            value, span, whole = _yaml_value(program, match, lines, number)
            found.append(Field(canonical(match["key"]), value, key, span, whole, "front matter"))
    return found


def _yaml_value(program: Program, match: re.Match[str], lines: Sequence[Span], number: int) -> tuple[str, Span, Span]:
    """The value of the key of a line of front matter, where it stands, and all of its lines."""
    written, line = match["value"] or "", lines[number]
    at = line.start + (match.end() if match["value"] is None else match.start("value"))
    if below := _nested(program, lines, number + 1) if _BLOCK.fullmatch(written) else []:
        texts = [program.slice(span) for span in below]
        items = [item[1] for text in texts if (item := _YAML_ITEM.match(text))]
        if written or not any(map(_YAML.match, items or texts)):
            line = Span(line.start, program.end_of_line(below[-1].end))
            at, written = below[0].start, ", ".join(items) if len(items) == len(texts) else "\n".join(texts)
            if len(below) > 1 or items:
                return written, Span(at, below[-1].end), line
    if quoted := _QUOTED.match(written):
        written, at = quoted["value"], at + 1
    else:
        written = _COMMENT.sub("", written)
    return written, Span(at, at + len(written)), line


def _nested(program: Program, lines: Sequence[Span], first: int) -> list[Span]:
    """The texts of the lines from one on that are indented or items, up to the first that is not."""
    found: list[Span] = []
    for number in range(first, len(lines)):
        line = lines[number]
        text = program.slice(line).rstrip()
        if text and not text.startswith((" ", "\t", "- ")):
            break
        if text.strip():
            found.append(Span(line.start + len(text) - len(text.lstrip()), line.start + len(text)))
    return found


def unindented(program: Program, span: Span) -> Iterator[Span]:
    """A span of front matter by line, without the indents."""
    for line in program.lines(span):
        text = program.slice(line)
        start = max(span.start, line.start + len(text) - len(text.lstrip(" \t")))
        yield Span(start, max(start, min(span.end, line.end)))
