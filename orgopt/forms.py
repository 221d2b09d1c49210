"""Forms of settings files: what each value of `task.toml` and of a command's table in `orgopt.toml` may be.

A form is a table of keys; each says what it takes. What is otherwise is one message with its line and what to write.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any, cast


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be, in words and as a test."""

    says: str
    holds: Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Table:
    """What a table may have.

    Attributes:
        keys: What each key takes.
        needed: The keys that must be there.
        others: What keys that are not named take; None where there may be none.
    """

    keys: "Mapping[str, Kind | Table]"
    needed: Sequence[str] = ()
    others: Kind | None = None


def number(least: float = -inf, most: float = inf, *, above: bool = False, whole: bool = False) -> Kind:
    """A number from `least`, or above it, to `most`."""

    def holds(value: Any) -> bool:
        kind = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        return kind and abs(value) < inf and (value > least if above else value >= least) and value <= most

    start = "" if least == -inf else f" above {least:,}" if above else f" from {least:,}"
    end = f" to {most:,}" if most < inf else " on" if start and not above else ""
    return Kind(f"a {'whole ' * whole}number{start}{end}", holds)


def one_of(*choices: str) -> Kind:
    """One of some words."""
    return Kind(" or ".join(f'"{one}"' for one in choices), lambda value: isinstance(value, str) and value in choices)


def a_list(kind: Kind, example: str) -> Kind:
    """A list of values of a kind."""

    def holds(value: Any) -> bool:
        return isinstance(value, list) and all(map(kind.holds, cast("list[Any]", value)))

    return Kind(f"a list such as {example}", holds)


TEXT = Kind("a text in quotes", lambda value: isinstance(value, str) and "\0" not in value)
WORDS = Kind("a text in quotes that says something", lambda value: isinstance(value, str) and bool(value.strip()))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TEXTS = a_list(TEXT, '["a", "b"]')
SCALAR = Kind("a number, a text, true or false", lambda value: isinstance(value, str | bool) or _finite(value))
ANYTHING = Kind("a value", lambda _: True)


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value)


def problem(table: Mapping[str, Any], form: Table, text: str, path: Sequence[str] = ()) -> tuple[int, str] | None:
    """The first thing that is wrong with a table, with its line in the text; None where nothing is.

    Args:
        table: As `tomllib` reads it.
        form: What it may have.
        text: The file's, to find lines in.
        path: The keys that lead to the table.
    """
    for key, value in table.items():
        kind, where = form.keys.get(key, form.others), (*path, key)
        if kind is None:
            return line_of(text, where), f"there is no {named(where)}: {', '.join(form.keys)}"
        if isinstance(kind, Table):
            if not isinstance(value, dict):
                return line_of(text, where), f"{named(where)} = {shown(value)}: it must be a table, [{'.'.join(where)}]"
            if found := problem(cast("dict[str, Any]", value), kind, text, where):
                return found
        elif not kind.holds(value):
            return line_of(text, where), f"{named(where)} = {shown(value)}: it must be {kind.says}"
    for key in form.needed:
        if key not in table:
            kind, where = form.keys[key], (*path, key)
            what = f"a table [{'.'.join(where)}]" if isinstance(kind, Table) else f"{named(where)}, {kind.says}"
            return line_of(text, path), f"missing '{key}': write {what}"
    return None


def named(where: Sequence[str]) -> str:
    """A key with the table that it stands in."""
    *path, key = where
    return f"[{'.'.join(path)}] {key}" if path else f"'{key}'"


def shown(value: Any) -> str:
    """A value as a message has it."""
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    text = text or ("a table" if isinstance(value, dict) else repr(value))
    return text if len(text) <= 60 else f"{text[:59]}…"


def line_of(text: str, where: Sequence[str]) -> int:
    """The line of a key or table in a TOML file, as it is usually written; else that of its table, or 1."""
    *path, key = where or ("",)
    found, current = 1, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        if header := re.match(r"\s*\[\[?([^\[\]]+)\]", line):
            current = [part.strip().strip("\"'") for part in header[1].split(".")]
            if current == [*path, key]:
                return number
            found = number if current == path else found
        elif current == path and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line):
            return number
    return found
