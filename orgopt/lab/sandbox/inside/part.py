"""One part of an experiment, and the request that it is begun for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REQUEST = "request.json"
"""What the lab wants of an experiment, in its folder."""
OUTPUT = "output"
"""The end of what an experiment printed, in the same folder, where the lab wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of an experiment: code to run in an empty folder, and the file that it is to leave.

    Attributes:
        id: The experiment.
        files: What lies in the folder before, by name.
        body: Runs there; never returns data.
        leaves: Name of the file that is taken when it ends well; empty where it prints its result.
        folder: Where that file is kept; the experiment does not see it.
        limits: See `isolate.limit`; also `disk_bytes`, `output_bytes` and `wall_s`.
        hidden: Paths that it may not see.
        watched: Whether its learning curve is told as it comes.
        prints: Name of the metric that is taken from its output, where it leaves no file.
        reads: How that metric is read: the `pattern`, the `file` and the `key` of `printed.Reading`.
        keeps: Whether the end of its output is kept for the lab.
        before: What its supervisor does in its namespaces before it begins.
        stops: Name of a file in `folder` that asks it to end by itself; empty where nothing does.
    """

    id: int
    files: Mapping[str, bytes]
    body: Callable[[], None]
    leaves: str
    folder: Path
    limits: Mapping[str, Any]
    hidden: tuple[str, ...]
    watched: bool
    prints: str = ""
    reads: Mapping[str, str] = field(default_factory=dict[str, str])
    keeps: bool = False
    before: Callable[[], None] | None = None
    stops: str = ""


def read_request(folder: Path) -> dict[str, Any]:
    """What the lab wants of the experiment that has a folder: see `dispatch`."""
    return json.loads((folder / REQUEST).read_bytes())
