"""How errors end commands: as one message each, or as one line of JSON where JSON was asked for, and an exit code."""

import json
from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

import click

from orgopt.basics.addresses import without_passwords
from orgopt.cli.shared.base import err
from orgopt.cli.shared.exit_codes import Exit, error_json, exit_code
from orgopt.cli.shared.missing import without
from orgopt.document.text.program import printable
from orgopt.errors import DocumentError, LabError, ModelError, OrgoptError, SandboxError, StoreError
from orgopt.invocation import own_command, typed
from orgopt.plugin_faults import naming_packages

P = ParamSpec("P")
T = TypeVar("T")

_REMEDIES = {
    "document": "{orgopt} lint FILE says what to change, and where",
    "lab": "{orgopt} doctor tries what experiments need here; what was measured is kept, the same command goes on",
    "model": "{orgopt} doctor --models asks each model for one token; the same command goes on",
    "plugin": "{orgopt} doctor lists what installed packages add, and what is wrong with it",
    "sandbox": "{orgopt} doctor says what is missing; --lab replay needs no sandbox",
    "store": "free space or permissions, or see {orgopt} log verify; the same command goes on with what is kept",
    "task": "{orgopt} task NAME shows how a task is read, and {orgopt} task lists all",
    "usage": "{orgopt} {command} --help lists what may be given",
}
"""What helps with errors of a kind, where their own message has no nearer word."""


def kind_of(error: OrgoptError | OSError) -> str:
    """The kind of an error, in one word: the name of its class in `orgopt.errors`."""
    known = next((one for one in type(error).__mro__ if one.__module__ == "orgopt.errors"), StoreError)
    return known.__name__.removesuffix("Error").lower()


def code_of(error: OrgoptError | OSError) -> Exit:
    """The exit code of an error."""
    if isinstance(error, DocumentError):
        return Exit.DOCUMENT
    if isinstance(error, SandboxError):
        return Exit.SANDBOX
    return Exit.INFRASTRUCTURE if isinstance(error, LabError | ModelError | StoreError | OSError) else Exit.USAGE


def error_data(error: OrgoptError | OSError, command: str) -> dict[str, object]:
    """An error as JSON values: its kind, message, remedy and exit code.

    Args:
        error: What went wrong.
        command: The command that it went wrong in.
    """
    kind = kind_of(error)
    remedy = _REMEDIES.get(kind, _REMEDIES["usage"]).format(orgopt=own_command(), command=command)
    message = without_passwords(str(error))
    return {"kind": kind, "message": message, "remedy": remedy, "exit_code": code_of(error)}


def command(body: Callable[P, T]) -> Callable[P, T]:
    """Turn the errors of orgopt into one message and an exit code."""

    @wraps(body)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with typed(), naming_packages():
                return body(*args, **kwargs)
        except (OrgoptError, OSError) as error:
            end_failed(error)
        except ModuleNotFoundError as error:
            if (message := without(error)) is None:
                raise
            end_failed(StoreError(message))

    return guarded


def wants_json() -> bool:
    """Whether the command that is at work was asked for JSON."""
    context = click.get_current_context(silent=True)
    params = context.params if context else {}
    return bool(params.get("as_json")) or params.get("form") == "json"


def end_failed(error: OrgoptError | OSError) -> NoReturn:
    """End a command that failed, with one message."""
    context = click.get_current_context(silent=True)
    data = error_data(error, (context and context.info_name) or "")
    if wants_json():
        click.echo(json.dumps({"error": data}), err=True)
    else:
        err.quiet = False  # whatever else is not said
        err.print("error:", style="bold red", end=" ")
        lines = map(printable, str(data["message"]).split("\n"))
        err.print("\n".join(lines), markup=False, soft_wrap=True)
    raise SystemExit(code_of(error)) from None


def end_stopped(said: str, stop: KeyboardInterrupt) -> NoReturn:
    """End a command that was stopped, with a word on what is kept and how to go on."""
    if wants_json():
        click.echo(error_json("interrupted", said, "the same command goes on", exit_code(stop)), err=True)
    else:
        err.quiet = False
        err.print(said, markup=False, soft_wrap=True)
    raise SystemExit(exit_code(stop)) from None
