"""What commands share: the workspace, durations, output, and errors as exit codes."""

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from rich.console import Console

from orgopt.called import own_command as own_command
from orgopt.document.text.program import printable
from orgopt.errors import DocumentError, LabError, OrgoptError, SandboxError, StoreError
from orgopt.score import Score
from orgopt.task import shipped

P = ParamSpec("P")
T = TypeVar("T")

SCHEMA_VERSION = 1
EXIT_DOCUMENT, EXIT_USAGE, EXIT_SANDBOX, EXIT_INFRASTRUCTURE = 1, 2, 5, 6
_MARKS = ("orgopt.toml", "mlruns", ".git")

# A pipe has no width of its own: lines are long enough not to be broken.
# Documents are shown as written: no `:smile:` becomes a picture.
out = Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, emoji=False, width=None if sys.stderr.isatty() else 160)


def find_workspace(document: Path | None = None) -> Path:
    """The folder that a document's results belong to, whatever the current directory.

    The nearest folder, from the document's upward, with an `orgopt.toml`, an `mlruns` or a `.git`;
    without any, the document's own. Without a document, the search starts at the current directory.
    """
    start = document.resolve().parent if document else Path.cwd()
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    return start


def writable_folder(folder: Path) -> Path:
    """A folder that exists and can be written, so that a command fails before it costs anything.

    Raises:
        StoreError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise StoreError(f"cannot write {folder}: it is read-only")
    return folder


def this_command() -> str:
    """How to call orgopt again as it was called, arguments and all."""
    return f"{own_command()} {shlex.join(sys.argv[1:])}"


def count(number: int, noun: str) -> str:
    """`1 stand-up`, `2 stand-ups`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def near(path: Path) -> str:
    """A path as one would type it here: relative when it lies below the current directory."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def warn_of_failures(name: str, score: Score) -> None:
    """Say so when no experiment of a run succeeded: its score is the baseline's, which looks like a result."""
    if score.common_error and not score.experiments.get("ok"):
        text = f"{name}: no experiment succeeded; most often: {score.common_error}"
        err.print(text, style="yellow", markup=False, soft_wrap=True)


def shipped_org(name: str) -> Path | None:
    """A shipped organization by its file name."""
    return next((root / name for root in shipped("orgs") if (root / name).is_file()), None)


class Duration(click.ParamType[float]):
    """Seconds, written `15s`, `30m`, `2h` or `90`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|m|min|h)?\s*", str(value))
        if not match:
            self.fail(f"'{value}' is not a duration: write 15s, 30m or 2h", param, ctx)
        seconds = float(match[1]) * {"s": 1, None: 1, "m": 60, "min": 60, "h": 3600}[match[2]]
        if seconds <= 0:
            self.fail(f"'{value}' is no time at all: a budget must be more than zero", param, ctx)
        return seconds


verbose_option = click.option("--verbose", is_flag=True, help="Print the tables behind the result, too.")


def command(body: Callable[P, T]) -> Callable[P, T]:
    """Turn the errors of orgopt into one message and an exit code."""

    @wraps(body)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return body(*args, **kwargs)
        except (OrgoptError, OSError) as error:
            err.print("error:", style="bold red", end=" ")
            err.print("\n".join(map(printable, str(error).split("\n"))), markup=False, soft_wrap=True)
            code = EXIT_USAGE
            if isinstance(error, DocumentError):
                code = EXIT_DOCUMENT
            elif isinstance(error, SandboxError):
                code = EXIT_SANDBOX
            elif isinstance(error, LabError | StoreError | OSError):
                code = EXIT_INFRASTRUCTURE
            raise SystemExit(code) from None

    return guarded


def print_json(kind: str, data: dict[str, Any]) -> None:
    """Print one JSON object, the only thing on standard output."""
    echo(json.dumps({"schema_version": SCHEMA_VERSION, "kind": kind, **data}, ensure_ascii=False, indent=2))


def echo(text: str) -> None:
    """Print a line as it is, but for bytes of file names that are no text."""
    click.echo(text.encode("utf-8", "replace").decode())
