"""The form of `task.toml`: which values it has, and what each may be."""

import re
from pathlib import Path
from typing import Any

from orgopt.errors import TaskError
from orgopt.forms import ANYTHING, FLAG, SCALAR, TEXT, TEXTS, WORDS, Kind, Table, number, one_of, problem
from orgopt.storage.toml_file import read_toml

_MOST_S = 366 * 86_400
_SECONDS = number(0, _MOST_S, above=True)
_PAUSE = number(0, _MOST_S)
_SIZE = number(0, 1_000_000, above=True)
_MEASURE: dict[str, Kind | Table] = {
    "metric": number(),
    "heldout": number(),
    "sd": number(0),
    "seeds": number(1, whole=True),
}
_TIME: dict[str, Kind | Table] = {"think_s": _PAUSE, "meeting_s": _PAUSE, "meeting_per_head_s": _PAUSE}
_LIMITS: dict[str, Kind | Table] = {
    "wall_s": _SECONDS,
    "memory_gb": _SIZE,
    "disk_gb": _SIZE,
    "processes": number(1, 1_000_000, whole=True),
    "flops": number(0),
    "best": number(),
}
_RESOURCES = Table(keys={"gpu": number(0, 64, whole=True)})
_RESULT = Kind(
    "the name of one file of arrays, .npz, .npy or .safetensors",
    lambda value: (
        isinstance(value, str) and Path(value).name == value and value.endswith((".npz", ".npy", ".safetensors"))
    ),
)
_PATTERN = Kind("a regular expression with one group, that of the number", lambda value: _groups(value) == 1)
_INSIDE = Kind(
    "the path of a file in the folder of an experiment",
    lambda value: isinstance(value, str) and bool(value.strip()) and not value.startswith("/") and ".." not in value,
)


def _groups(value: object) -> int:
    """The groups of a regular expression; -1 where it is none."""
    try:
        return re.compile(value).groups if isinstance(value, str) else -1
    except re.error:
        return -1


_COMMON: dict[str, Kind | Table] = {
    "title": WORDS,
    "brief": WORDS,
    "metric": WORDS,
    "heldout": WORDS,
    "unit": TEXT,
    "script": WORDS,
    "preload": TEXTS,
    "timed": FLAG,
}
PRINTS = "script"
"""The `kind` of a task whose script prints its metric."""
JUDGED = Table(
    keys={
        **_COMMON,
        "world": WORDS,
        "proposes": one_of("experiments", "documents"),
        "knobs": WORDS,
        "parameters": Table(keys={}, others=ANYTHING),
        "start": Table(keys={"random": FLAG}),
        "limits": Table(keys=_LIMITS, needed=("wall_s",)),
        "resources": _RESOURCES,
        "sandbox": Table(keys={"result": _RESULT, "prime": TEXTS, "hide": TEXTS}),
        "time": Table(keys=_TIME, needed=tuple(_TIME)),
        "baseline": Table(keys=_MEASURE, needed=tuple(_MEASURE)),
        "reference": Table(keys={**_MEASURE, "settings": Table(keys={}, others=SCALAR)}, needed=tuple(_MEASURE)),
        "floors": Table(keys={}, others=number()),
        "measured": Table(keys={"data_digest": TEXT}, others=ANYTHING),
    },
    needed=("title", "brief", "metric", "heldout", "unit", "limits", "time", "baseline", "reference"),
)
"""A task with a judge, or a world."""
PRINTED = Table(
    keys={
        **{key: kind for key, kind in _COMMON.items() if key != "heldout"},
        "kind": one_of(PRINTS),
        "direction": one_of("down", "up"),
        "python": WORDS,
        "run": WORDS,
        "files": TEXTS,
        "knobs": WORDS,
        "leave": TEXTS,
        "space": WORDS,
        "pattern": _PATTERN,
        "metric_file": _INSIDE,
        "metric_key": WORDS,
        "limits": Table(keys=_LIMITS),
        "resources": _RESOURCES,
        "time": Table(keys=_TIME),
    }
)
"""A script that prints its metric; what is missing is found in its files."""


def read_task_toml(path: Path) -> dict[str, Any]:
    """What a `task.toml` says.

    Raises:
        TaskError: It cannot be read, or a value is not what it may be: with the line and what to write.
    """
    text, table = read_toml(path, TaskError)
    if found := problem(table, PRINTED if table.get("kind") == PRINTS else JUDGED, text):
        raise TaskError(f"{path}:{found[0]}: {found[1]}")
    return table
