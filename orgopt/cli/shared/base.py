"""What commands share: types of options, what is printed and where, paths as one would type them."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

import click
from click.core import ParameterSource
from rich.console import Console

from orgopt.api.bounds import BOUNDS, RAY
from orgopt.api.inputs import experiments_a_slot, seconds
from orgopt.cli.shared.plain_output import is_utf8
from orgopt.errors import OrgoptError, UsageError
from orgopt.invocation import own_command as own_command
from orgopt.plugins import PluginKind
from orgopt.storage.json_values import SCHEMA_VERSION

if TYPE_CHECKING:
    from orgopt.scoring.score import Score

P = ParamSpec("P")
T = TypeVar("T")

# A pipe has no width of its own: lines are long enough not to be broken.
# Documents are shown as written: no `:smile:` becomes a picture.
out = Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else 160)
err = Console(stderr=True, highlight=False, emoji=False, width=None if sys.stderr.isatty() else 160)


_ONCE = ("--until", "--max-hours", "--live", "--approve")
"""Options of this call alone, which who repeats it does not mean."""


def whole_command(name: str = "") -> str:
    """The command that repeats or continues this one: what `orgopt.toml` gave it written out, without its hours.

    Args:
        name: What orgopt is called; empty is as it is called here.
    """
    words = list[str]()
    given = iter(sys.argv[1:])
    for word in given:
        option, _, value = word.partition("=")
        if option not in _ONCE:
            words.append(word)
        elif option in _ONCE[:2] and not value:
            next(given, None)
    return f"{name or own_command()} {shlex.join([*words, *_of_settings()])}"


def _of_settings() -> Iterator[str]:
    """The options that `orgopt.toml` gives the command that is at work."""
    ctx = click.get_current_context(silent=True)
    for param in ctx.command.params if ctx else ():
        if ctx is None or ctx.get_parameter_source(param.name or "") is not ParameterSource.DEFAULT_MAP:
            continue
        value = ctx.lookup_default(param.name or "")
        option = next((opt for opt in param.opts if opt.startswith("--")), "")
        if not option or option in _ONCE:
            continue
        if isinstance(value, bool):
            off = next(iter(param.secondary_opts), "")
            yield from [option] if value else [off] if off else []
        else:
            for one in cast("list[Any]", value) if isinstance(value, list | tuple) else [value]:
                yield from (option, str(one))


def count(number: int, noun: str) -> str:
    """`1 stand-up`, `2 stand-ups`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def near(path: Path) -> str:
    """A path as one would type it here: relative when it lies below the current directory."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def warn_of_failures(name: str, score: "Score") -> None:
    """Say so when no experiment of a run succeeded: its score is the baseline's, which looks like a result."""
    if score.common_error and not score.experiments.get("ok"):
        text = f"{name}: no experiment succeeded; most often: {score.common_error}"
        err.print(text, style="yellow", markup=False, soft_wrap=True)


class Named(click.ParamType[str]):
    """A name of a kind of things that packages can add to; those are looked for when one is used, or for its help."""

    def __init__(self, kind: PluginKind) -> None:
        self.kind, self.name = kind, kind.noun

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002  click's signature
        """The names that there are."""
        return f"[{'|'.join(self.kind.names)}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """A name, if there is such a thing.

        Raises:
            click.BadParameter: There is none, or two of the name.
        """
        try:
            self.kind.check(value)
        except OrgoptError as error:
            self.fail(str(error), param, ctx)
        return value


def bounded(name: str) -> click.ParamType[Any]:
    """The type of an option whose number has the bounds that Python asks for, too."""
    bound = BOUNDS[name]
    return (click.IntRange if bound.whole else click.FloatRange)(bound.least, bound.most)


class Workers(click.ParamType[int | str]):
    """How many runs go on at once, or `ray`."""

    name = "N|ray"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        return RAY if value == RAY else bounded("workers").convert(value, param, ctx)


class Duration(click.ParamType[float]):
    """Seconds, written `15s`, `30m`, `2h` or `90`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return seconds(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


class Budget(Duration):
    """A duration, or so many median experiments a slot of each task, written `36x`."""

    name = "budget"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            many = experiments_a_slot(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)
        return super().convert(value, param, ctx) if many is None else f"{many:g}x"


verbose_option = click.option("--verbose", "-v", is_flag=True, help="Print the tables behind the result, too.")


def print_json(kind: str, data: dict[str, Any]) -> None:
    """Print one JSON object, the only thing on standard output."""
    echo_json({"schema_version": SCHEMA_VERSION, "kind": kind, **data})


def echo_json(data: dict[str, Any]) -> None:
    """Print JSON, in ASCII where the output cannot show every letter."""
    echo(json.dumps(data, ensure_ascii=not is_utf8(sys.stdout), indent=2))


def echo(text: str) -> None:
    """Print a line as it is, but for bytes of file names that are no text."""
    click.echo(text.encode("utf-8", "replace").decode())
