"""The types of single values in records: what they may be, and when a field is left out."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field

T = TypeVar("T")
Value = str | int | float | bool | None
"""A value of a parameter."""
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Time = Annotated[float, Field(ge=0, lt=1e11)]
"""Seconds since the epoch, up to the year 5138; beyond, calendars end."""
OrNone = Annotated[T | None, Field(exclude_if=lambda value: value is None)]
"""A value that is left out where there is none."""
Many = Annotated[Mapping[str, T], Field(exclude_if=lambda values: not values)]
"""Values by name that are left out where there are none."""
