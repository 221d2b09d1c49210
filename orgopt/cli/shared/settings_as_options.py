"""What `orgopt.toml` gives of a command's options: a table by the command's name, whose keys are its options."""

from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import click

from orgopt.errors import UsageError
from orgopt.forms import FLAG, TEXT, Kind, Table, a_list, line_of, named, number, problem, shown
from orgopt.settings import SETTINGS, TABLES, read_tables
from orgopt.storage import regular_files
from orgopt.workspace import find_workspace


def options_given(found: click.Command, commands: Collection[str], document: str | None) -> dict[str, Any]:
    """The options that the workspace's settings give a command, by its parameters' names, as click wants them.

    Args:
        found: The command.
        commands: The names of all commands.
        document: The path of the document that it was given, by which a workspace may be found.

    Raises:
        click.UsageError: The file cannot be read, names what is no command or no option of it, or a value is not what
            it may be.
    """
    workspace = find_workspace(document)
    table = _tables(workspace, commands).get(found.name or "")
    return _by_parameter(found, table, workspace / SETTINGS) if table else {}


def _tables(workspace: Path, commands: Collection[str]) -> dict[str, dict[str, Any]]:
    try:
        found = read_tables(workspace)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    for name, table in found.items():
        if name in (*commands, *TABLES) and not isinstance(table, dict):
            raise click.UsageError(
                f"{workspace / SETTINGS}: {name} must be one table, [{name}], and not {shown(table)}"
            )
        if name not in (*commands, *TABLES):
            raise click.UsageError(f"{workspace / SETTINGS}: [{name}] is no command: {', '.join((*commands, *TABLES))}")
    return {name: table for name, table in found.items() if name in commands}


def _by_parameter(found: click.Command, table: dict[str, Any], path: Path) -> dict[str, Any]:
    options = {
        option.removeprefix("--"): param for param in found.params for option in param.opts if option.startswith("--")
    }
    form = Table(keys={key: _kind(param) for key, param in options.items()})
    text = regular_files.read_text(path)
    if wrong := problem(table, form, text, (found.name or "",)):
        raise click.UsageError(f"{path}:{wrong[0]}: {wrong[1]}")
    given: dict[str, Any] = {}
    for key, value in table.items():
        param = options[key]
        several = isinstance(param, click.Option) and param.multiple
        try:
            for one in cast("list[Any]", value) if isinstance(value, list) else [value]:
                param.type.convert(one, param, None)
        except click.BadParameter as error:
            where = (found.name or "", key)
            said = f"{path}:{line_of(text, where)}: {named(where)} = {shown(value)}: {error.message}"
            raise click.UsageError(said) from None
        # One value of an option that may be given several times need not be a list.
        given[param.name or ""] = (value,) if several and not isinstance(value, list) else value
    return given


def _kind(param: click.Parameter) -> Kind:
    """What a value of an option may be in a settings file, before its own bounds are looked at."""
    if isinstance(param, click.Option) and param.is_flag:
        return FLAG
    kind: Kind = TEXT
    if isinstance(param.type, click.types.IntParamType):
        kind = number(whole=True)
    elif isinstance(param.type, click.types.FloatParamType):
        kind = number()
    elif param.type.name in {"duration", "budget"}:
        kind = Kind('a time such as "30s", "10m" or 90', lambda value: TEXT.holds(value) or number(0).holds(value))
    if isinstance(param, click.Option) and (param.multiple or param.nargs != 1):
        many = a_list(kind, '["a", "b"]')
        return Kind(f"{kind.says}, or {many.says}", lambda value: kind.holds(value) or many.holds(value))
    return kind
