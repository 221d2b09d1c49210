"""Configuration files: the scalars of YAML, TOML and JSON, with the places where they stand.

A file stays as its author wrote it: comments, order and indentation are kept, since values are put in their places.
"""

import re
from collections.abc import Iterator
from typing import Any, cast

from orgopt.foreign.sites.python_text import number
from orgopt.foreign.sites.site import Form, Site
from orgopt.tasks.knob import Value

_BOOLS = {"true": True, "false": False, "True": True, "False": False}
_TOML = re.compile(r"^(?P<key>[ \t]*[\w.-]+[ \t]*=[ \t]*)(?P<value>[^#\n]*?)[ \t]*(?:#.*)?$", re.MULTILINE)
_TABLE = re.compile(r"^[ \t]*\[+[ \t]*([^\]\n]+?)[ \t]*\]+", re.MULTILINE)
_MOST_PARTS = 6
INI = (".ini", ".cfg", ".conf")
"""Endings of files that Python's `configparser` reads, whose lines are those of TOML without quotes."""


def settings(text: str, ending: str) -> Iterator[Site]:
    """The numbers, texts and bools of a configuration file, by their dotted names; nothing of one that is damaged."""
    if ending in {".toml", *INI}:
        yield from _toml(text)
    elif ending in {".yaml", ".yml", ".json"}:
        yield from _yaml(text)


def _yaml(text: str) -> Iterator[Site]:
    """YAML, of which JSON is a part; the parser says where each scalar stands."""
    import yaml

    try:
        root = cast("Any", yaml.compose(text, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return
    yield from _nodes(root, "")


def _nodes(node: Any, above: str) -> Iterator[Site]:
    import yaml

    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _nodes(value, f"{above}.{key.value}" if above else str(key.value))
    elif isinstance(node, yaml.SequenceNode):
        parts = [_scalar(part, f"{above}_{k}") for k, part in enumerate(node.value)]
        numbers = [part for part in parts if part and isinstance(part.value, int | float)]
        if 1 < len(parts) <= _MOST_PARTS and len(numbers) == len(parts):
            yield from numbers
    elif (site := _scalar(node, above)) is not None:
        yield site


def _scalar(node: Any, name: str) -> Site | None:
    import yaml

    if not isinstance(node, yaml.ScalarNode):
        return None
    raw = str(node.value)
    # `5e-5` is a text to YAML 1.1, and a number to what reads it with OmegaConf or converts it.
    value: Value = raw if node.style else _BOOLS.get(raw, _plain(raw))
    if "${" in raw or raw in {"", "null", "~"} or "\n" in raw:
        return None
    start, end = node.start_mark.index, node.end_mark.index
    return Site(name=name, value=value, start=start, end=end, line=node.start_mark.line + 1, form=Form.JSON)


def _plain(raw: str) -> Value:
    found = number(raw)
    return raw if found is None else found


def _toml(text: str) -> Iterator[Site]:
    """TOML's lines `key = value`, in the tables that they stand in; its values on several lines are not read."""
    tables = [(match.start(), match[1].strip().strip("\"'")) for match in _TABLE.finditer(text)]
    for match in _TOML.finditer(text):
        raw = match["value"].strip()
        above = next((name for start, name in reversed(tables) if start < match.start()), "")
        key = match["key"].split("=")[0].strip()
        value: Value | None = _BOOLS.get(raw) if raw in _BOOLS else number(raw.replace("_", ""))
        if value is None and len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'":
            value = raw[1:-1]
        if value is not None:
            start = match.start("value")
            name = f"{above}.{key}" if above else key
            line = text.count("\n", 0, start) + 1
            yield Site(name=name, value=value, start=start, end=start + len(raw), line=line, form=Form.JSON)
