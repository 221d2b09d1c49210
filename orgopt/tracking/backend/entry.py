"""What a run of MLflow is made of, as plain data: whoever sends it decides nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orgopt.study.wording import digits_of

TABLES = "mlflow.loggedArtifacts"
"""The tag that makes MLflow show JSON files as tables."""
PROMPTS = "mlflow.linkedPrompts"
"""The tag that makes MLflow link a run to versions of prompts."""
NOTE = "mlflow.note.content"
RUN_NAME = "mlflow.runName"
"""The tag that names a run."""
OWN = "0" * 32
"""Stands in a note for MLflow's id of its own run, which is not known before it is sent."""
CONTEXT = "mlflow.data.context"
"""The tag that says what data was to a run."""
SOURCE_TYPE = "local"


class Point(NamedTuple):
    """One value of a metric at a step; scores come with all of their digits."""

    name: str
    value: float
    step: int = 0
    score: bool = False


class Source(NamedTuple):
    """Data that a run was made with: a task, or the recording that stood for it."""

    name: str
    digest: str
    kind: str
    where: str

    @property
    def address(self) -> str:
        """Where it is, as MLflow has it."""
        return json.dumps({"uri": self.where})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A run, or what is to be added to one.

    Sending it twice is as good as once: MLflow keeps one of two points that are the same, times included.

    Attributes:
        at: When it became true, in seconds since the epoch.
        ended: Whether the run is over.
        key: What it stands for in its study, such as `g01-c05`; empty for an addition.
        name: What people read.
        began: When it began, in seconds since the epoch.
        points: Its metrics.
        files: Its artifacts by path, as text.
        sources: The data that it was made with.
    """

    at: float
    ended: bool = True
    key: str = ""
    name: str = ""
    began: float = 0.0
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    points: tuple[Point, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    sources: tuple[Source, ...] = ()

    @property
    def shown(self) -> list[Point]:
        """Its metrics as they are sent: scores with the digits that people read, as MLflow shows all of them."""
        digits = digits_of(*(one.value for one in self.points if one.score))
        return [one._replace(value=round(one.value, digits)) if one.score else one for one in self.points]


Table = dict[str, list[Any]]
"""Columns by their names."""
