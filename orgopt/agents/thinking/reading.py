"""What stands in an answer of a language model: its sections, and the values in them, read as leniently as is safe.

Whatever is read is checked afterwards (`decide`); what is no value is not guessed at, which can take minutes on noise.
"""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, cast

from orgopt.agents.thinking.edits import InvalidAnswerError
from orgopt.agents.thinking.prompt import clean
from orgopt.syntax import literal

_MAX_VALUE = 20_000  # characters
_STRICT = re.compile(r"^[\s*#>`_-]*\[\[\s*##\s*(\w+)\s*##\s*\]\][*`]*:?")
_LOOSE = re.compile(r"^\s*(?:#{1,6}\s+[*`]*|\*\*`?)(\w+)[*`:]*|^\s*(\w+)\s*:(?=\s|$)")
_FENCE = re.compile(r"^\s*```\w*[ \t]*\n(.*?)^\s*```", re.MULTILINE | re.DOTALL)
_OPENED = re.compile(r"^```\w*[ \t]*\n")  # a fence whose end was cut off
_ALL_OR_NONE = {"edits", "verdicts"}  # fields of which a part is not what was meant
_NUMBER = re.compile(r"#?(\d{1,9})\b")
_TOKENS = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\#[^\n]*|//[^\n]*|/\*.*?\*/""", re.DOTALL)
_BRACKETS = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|[{}\[\]]""")


def sections(text: str, names: Collection[str]) -> dict[str, str]:
    """The sections of an answer that some names head, the first of each.

    Headers are `[[ ## name ## ]]`, however they are decorated. Where there is none, a name as a Markdown heading, in
    bold or before a colon is one; a script may have such lines too, so that they count for nothing beside real headers.

    Args:
        text: The answer.
        names: The names that are looked for.
    """
    lines = text.splitlines()
    headers = [_STRICT.match(line) for line in lines]
    if not any(headers):
        headers = [_loose(line, names) for line in lines]
    found: dict[str, list[str]] = {}
    body: list[str] = []
    for line, match in zip(lines, headers, strict=True):
        if match:
            body = [line[match.end() :].strip()]
            found.setdefault(match[1] or match[2], body)
        else:
            body.append(line)
    return {name: "\n".join(body) for name, body in found.items()}


def fields(text: str, names: Collection[str]) -> Mapping[str, Any]:
    """The fields of an answer: those of one JSON object, values and all, or sections as text."""
    given = text.strip()
    if fenced := _FENCE.match(given):
        given = fenced[1].strip()
    given = _OPENED.sub("", given)
    if given.startswith("{") and len(given) <= _MAX_VALUE:
        whole = _parsed(given)
        if whole is _NOTHING and not _ALL_OR_NONE.intersection(names):
            whole = _parsed(_closed(given))
        if isinstance(whole, Mapping) and any(name in whole for name in names):
            return cast("Mapping[str, Any]", whole)
    return sections(text, names)


def value(name: str, text: str) -> Any:
    """The value in a section: JSON, else a Python literal, comments and a fence aside; None where it is empty.

    Of several objects the first counts, and what stands after it does not.

    Raises:
        InvalidAnswerError: It is neither.
    """
    given = text.strip()
    if fenced := _FENCE.search(given):
        given = fenced[1].strip()
    if not given:
        return None
    first = _first(given) if len(given) <= _MAX_VALUE else ""
    found = _parsed(first)
    if found is _NOTHING:
        raise InvalidAnswerError(f"the section {name} is not JSON: {clean(text, 80)!r}")
    return found


def number(text: str) -> int | str | None:
    """The number of an experiment, `12` or `#12`; the text where it is none, None where it is empty or says none."""
    given = text.strip().strip("`*\"'")
    if match := _NUMBER.match(given):
        return int(match[1])
    return None if not given or given.lower() in {"none", "null", "nothing"} else given


_NOTHING = object()


def _parsed(text: str) -> Any:
    """A text as JSON, or as a Python literal; `_NOTHING` where it is neither."""
    plain = _TOKENS.sub(lambda match: match[1] or " ", text)
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        pass
    try:
        return literal(plain.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return _NOTHING


def _closed(text: str) -> str:
    """An object that was cut off, with all that is whole in it: to its last comma, and closed there."""
    closing: list[str] = []
    end, tail, quoted, escaped = 0, "", False, False
    for place, sign in enumerate(text):
        if quoted:
            quoted, escaped = escaped or sign != '"', not escaped and sign == "\\"
        elif sign == '"':
            quoted = True
        elif sign in "{[":
            closing.append("}" if sign == "{" else "]")
        elif sign in "}]":
            if not closing or closing.pop() != sign:
                return text
        elif sign == ",":
            end, tail = place, "".join(reversed(closing))
    return text[:end] + tail if closing and end else text


def _first(text: str) -> str:
    """The first object or list of a text, to where its brackets close; the text where there is none."""
    plain = _TOKENS.sub(lambda match: match[1] or " ", text)
    begin, depth = -1, 0
    for match in _BRACKETS.finditer(plain):
        if match[1]:
            continue
        if match[0] in "{[":
            begin = match.start() if depth == 0 else begin
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                return plain[begin : match.end()]
    return plain


def _loose(line: str, names: Collection[str]) -> re.Match[str] | None:
    match = _LOOSE.match(line)
    return match if match and (match[1] or match[2]) in names else None
