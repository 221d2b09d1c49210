"""The metric that a script prints: taken from the end of its output, which may be any bytes at all."""

import math
import re

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
_VALUE = r"[-+]?(?:[\d.]\S*|nan|inf|infinity)"
_LINE = re.compile(rf"\s*(?P<name>[A-Z][\w/.-]*)\s*[:=]\s*(?P<value>{_VALUE})\s*", re.IGNORECASE)


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
