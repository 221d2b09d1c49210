"""What stands in an answer of a language model: its sections, and the values in them, read as leniently as is safe.

Whatever is read is checked afterwards (`decide`); what is no value is not guessed at, which can take minutes on noise.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from orgopt.agents.thinking.prompt import clean
from orgopt.agents.thinking.script_edits import InvalidAnswerError
from orgopt.basics.syntax import literal

_MAX_VALUE = 20_000  # characters
_STRICT = re.compile(r"^[\s*#>`_-]*\[\[\s*##\s*(\w+)\s*##\s*\]\][*`]*:?")
_LOOSE = re.compile(r"^\s*(?:#{1,6}\s+[*`]*|\*\*`?)(\w+)[*`:]*|^\s*(\w+)\s*:(?=\s|$)")
_FENCE = re.compile(r"^\s*```\w*[ \t]*\n(.*?)^\s*```", re.MULTILINE | re.DOTALL)
_OPENED = re.compile(r"^```\w*[ \t]*\n")  # a fence whose end was cut off
_ALL_OR_NONE = {"edits", "verdicts"}  # fields of which a part is not what was meant
_FINAL = "<|channel|>final<|message|>"  # of OpenAI's open models, where a server leaves their channels in the text
_THOUGHT_END = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_MARKS = re.compile(r"<\|[\w-]{1,30}\|>|</s>\s*\Z")
_MOST_OBJECTS = 20
_QUOTES = str.maketrans("\u201c\u201d", '""')  # typographic ones
_NUMBER = re.compile(r"#?(\d{1,9})\b")
_TOKENS = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\#[^\n]*|//[^\n]*|/\*.*?\*/""", re.DOTALL)
_CHANGE = re.compile(r"([A-Za-z_]\w*)\s*(?:\s\S+\s*(?:→|->)|=)\s*([\w.+-]+)")
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
    if not text.lstrip().startswith("{") and any(map(_STRICT.match, text.splitlines())):
        return sections(said(text), names)  # an object in it is one section's
    # As it is, first: a value may hold what looks like a thought.
    for given in dict.fromkeys((text, said(text))):
        if found := _object(given, names):
            return found
    return sections(said(text), names)


def said(text: str) -> str:
    """An answer without the thoughts before it, and without marks that a server left in it.

    Models that reason think in the same text where no server takes that apart, and sometimes their first tag is in the
    template of their prompt.
    """
    _, final, after = text.rpartition(_FINAL)
    given = _THOUGHT_END.split(after if final else text)[-1]
    return _MARKS.sub("", given).strip("\ufeff\u200b \t\r\n")


def _object(text: str, names: Collection[str]) -> Mapping[str, Any]:
    """The fields of the JSON object that an answer is or has: of several that with most of them, the last of these."""
    given = text.strip()
    if fenced := _FENCE.match(given):
        given = fenced[1].strip()
    given = _OPENED.sub("", given)
    if len(given) > _MAX_VALUE:
        return {}
    whole = _parsed(given) if given[:1] in {"{", "[", '"'} else _NOTHING
    if given.startswith("{") and whole is _NOTHING and not _ALL_OR_NONE.intersection(names):
        whole = _parsed(_closed(given))
    if found := _named(whole, names):
        return found
    every = [_named(_parsed(one), names) for one in _objects(given)]
    return max(reversed(every), key=len) if every else {}


def _named(whole: Any, names: Collection[str]) -> Mapping[str, Any]:
    """The fields of a value that have some names, however they are capitalized, or of what it wraps; else none."""
    if isinstance(whole, str):  # an object that was written as a text
        whole = _parsed(whole) if whole.lstrip().startswith("{") else _NOTHING
    if isinstance(whole, list):
        first = cast("list[Any]", whole)[:1]
        return _named(first[0], names) if first else {}
    if not isinstance(whole, Mapping):
        return {}
    told = {str(key): value for key, value in cast("Mapping[Any, Any]", whole).items()}
    spelled = {name.casefold(): name for name in names}
    found = {spelled.get(key.casefold(), key): value for key, value in told.items()}
    if any(name in found for name in names):
        return found
    # Some put all into one field, which they call as the schema or a function is called.
    for value in told.values():
        if isinstance(value, Mapping) and (inner := _named(cast("Mapping[str, Any]", value), names)):
            return inner
    return {}


def _objects(text: str) -> Iterator[str]:
    """The outermost objects of a text with words around them, the first ones."""
    begin, depth, found = -1, 0, 0
    for match in _BRACKETS.finditer(text):
        if match[0] == "{":
            begin = match.start() if depth == 0 else begin
            depth += 1
        elif match[0] == "}" and depth:
            depth -= 1
            if depth == 0 and found < _MOST_OBJECTS:
                found += 1
                one = text[begin : match.end()]
                yield one[1:-1] if one.startswith("{{") and one.endswith("}}") else one


def value(name: str, text: str) -> Any:
    """The value in a section: JSON, else a Python literal, comments and a fence aside; None where it is empty.

    Of knobs also changes as our own table has them, `LR 0.1 → 0.05`, or `LR = 0.05`.

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
    if found is _NOTHING and name == "knobs":
        found = _changes(given)
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
    for one in dict.fromkeys((plain, plain.translate(_QUOTES))):
        try:
            return json.loads(one, strict=False)  # models write lines of a text as they are
        except (ValueError, RecursionError):
            pass
    try:
        return literal(plain.strip())
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return _NOTHING


def _changes(text: str) -> Any:
    """Changes of knobs in lines, or between commas, as an object; `_NOTHING` where something else is among them."""
    parts = [part.strip(" \t-*.") for part in re.split(r"[,;\n]", text.replace("`", "")) if part.strip()]
    matches = [_CHANGE.fullmatch(part) for part in parts[: _MOST_OBJECTS + 1]]
    if not matches or len(matches) > _MOST_OBJECTS:
        return _NOTHING
    found: dict[str, Any] = {}
    for match in matches:
        if match is None:
            return _NOTHING
        one = _parsed(match[2])
        found[match[1]] = match[2] if one is _NOTHING else one
    return found


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
