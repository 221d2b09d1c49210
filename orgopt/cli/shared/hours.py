"""The options that say when something stops, if it is not done by then."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from orgopt.cli.shared.base import bounded

F = TypeVar("F", bound=Callable[..., Any])


def hour_options(body: F) -> F:
    """`--until` and `--max-hours`."""
    until = click.option(
        "--until",
        metavar="TIME",
        help="Stop then, if it is not done: 18:00, or 2026-12-01T08:00; the same command goes on.",
    )
    hours = click.option("--max-hours", type=bounded("max_hours"), help="Stop after so many hours, likewise.")
    return until(hours(body))
