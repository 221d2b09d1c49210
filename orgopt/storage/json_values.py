"""JSON values of results: what `to_dict` gives, which JSON takes, and gives back as it was."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, cast

SCHEMA_VERSION = 1
"""Of all JSON that commands print; raised when a key goes or means something else."""


def json_values(data: object) -> Any:
    """Data as JSON values: a dataclass as its fields, a tuple as a list, a path as text."""
    if is_dataclass(data) and not isinstance(data, type):
        return {one.name: json_values(getattr(data, one.name)) for one in fields(data)}
    if isinstance(data, Mapping):
        return {str(key): json_values(value) for key, value in cast("Mapping[object, object]", data).items()}
    if isinstance(data, list | tuple):
        return [json_values(one) for one in cast("list[object]", data)]
    return str(data) if isinstance(data, Path) else data
