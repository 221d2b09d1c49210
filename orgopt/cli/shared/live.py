"""The option that serves a live page while a command runs."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from orgopt.cli.shared.base import err
from orgopt.live import address
from orgopt.live.serving import Serving

F = TypeVar("F", bound=Callable[..., Any])


def live_option(body: F) -> F:
    """`--live`."""
    return click.option(
        "--live", is_flag=True, help="Serve a page that follows it, on this machine alone, and print its address."
    )(body)


def serve_live(stack: ExitStack, folder: Path, kind: str) -> None:
    """Serve the page of a study or a run until a stack is closed, and print its address once it answers.

    Args:
        stack: Ends the server.
        folder: The study's or the run's, which lies in its workspace's mlruns.
        kind: `study` or `run`.
    """

    def ready(server: str) -> None:
        where = f"{server}{address(kind, folder.name)}"
        said = f"Live: {where}" if server else "No live page: its server did not start. `orgopt ui` serves one, too."
        err.print(said, markup=False, soft_wrap=True)

    stack.enter_context(Serving(folder.parents[2], ready))
