"""The metric that a script prints or writes: taken from the end of its output, which may be any bytes at all."""

import csv
import io
import json
import math
import re
from dataclasses import dataclass
from typing import Any, cast

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_VALUE = r"[-+]?(?:[\d.]\S*|nan|inf|infinity)"
_LINE = re.compile(rf"\s*(?P<name>[A-Z][\w/.-]*)\s*[:=]\s*(?P<value>{_VALUE})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a metric is read.

    Attributes:
        pattern: A regular expression whose one group is the number; empty where it stands in a line of its own.
        file: The file that it is written to; empty where it is printed.
        key: Its name in JSON, or in the first line of a .csv, with dots between names of tables in tables.
    """

    pattern: str = ""
    file: str = ""
    key: str = ""


def read_metric(output: bytes, name: str, reading: Reading) -> float:
    """The metric of an output, or of a file: the last that is there.

    Raises:
        ValueError: There is none, or no finite one.
    """
    if reading.key:
        return _number(name, _of_key(output.decode("utf-8", "replace"), reading))
    if not reading.pattern:
        return printed_metric(output, name)
    text = _ESCAPES.sub("", output.decode("utf-8", "replace")).replace("\r", "\n")
    found = re.findall(reading.pattern, text)
    if not found:
        raise ValueError(f"it printed nothing that '{reading.pattern}' finds")
    return _number(name, str(found[-1]).replace(",", "").replace("_", ""))


def _of_key(text: str, reading: Reading) -> str:
    """The value of a key in the last JSON, or the last row, that has it."""
    if reading.file.endswith(".csv"):
        rows = [row[reading.key] for row in csv.DictReader(io.StringIO(text)) if row.get(reading.key)]
        if not rows:
            raise ValueError(f"{reading.file} has no column '{reading.key}'")
        return rows[-1]
    for piece in (text, *reversed(text.splitlines())):
        start = next((k for k, char in enumerate(piece) if char in "{["), 0)
        try:
            found = _at(json.loads(piece[start:]), reading.key)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, int | float | str) and not isinstance(found, bool):
            return str(found)
    raise ValueError(f"no JSON of {reading.file or 'its output'} has '{reading.key}'")


def _at(data: Any, key: str) -> object:
    """The value of a key, or of keys in tables with dots between them; of a list, in its last table."""
    if isinstance(data, list) and data:
        data = cast("list[Any]", data)[-1]
    found: Any = cast("Any", data)
    for part in [key] if isinstance(found, dict) and key in found else key.split("."):
        found = cast("dict[str, Any]", found).get(part) if isinstance(found, dict) else None
    if isinstance(found, list) and found:  # a history, whose last value counts
        found = cast("list[Any]", found)[-1]
    return cast("object", found)


def printed_metric(output: bytes, name: str) -> float:
    """The last `name: value` or `name=value` that stands in a line of its own.

    The lines `some name: number` around it are the summary that it belongs to. What stands before, such as the
    metric of an earlier step, does not count; a summary that says the metric twice, and differently, is refused.

    Raises:
        ValueError: There is none, or no finite one, or two.
    """
    text = _ESCAPES.sub("", output.decode("utf-8", "replace"))
    lines = [_LINE.fullmatch(line) for line in re.split(r"[\r\n]+", text) if line.strip()]
    last = max((k for k, line in enumerate(lines) if line and line["name"] == name), default=None)
    if last is None:
        raise ValueError(f"it printed no '{name}: …' in a line of its own")
    values = [_number(name, line["value"]) for line in _around(lines, last) if line["name"] == name]
    if len(set(values)) > 1:
        raise ValueError(f"it printed {name} as {values[0]:g} and as {values[-1]:g} in one summary")
    return values[-1]


def _around(lines: list[re.Match[str] | None], place: int) -> list[re.Match[str]]:
    """The lines of names and numbers that stand together with one."""
    first = place
    while first and lines[first - 1]:
        first -= 1
    found: list[re.Match[str]] = []
    for line in lines[first:]:
        if line is None:
            break
        found.append(line)
    return found


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"it printed {name} as {text[:40]}, which is no number") from None
    if not math.isfinite(value):
        raise ValueError(f"it printed {name} as {text[:40]}, which is not finite")
    return value
