"""`orgopt schema`: what the JSON of commands is like."""

from typing import Any

import click
from rich.markup import escape

from orgopt.cli.shared.base import echo_json, out
from orgopt.cli.shared.exits import command


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    from orgopt.api.schemas import KINDS

    return [kind for kind in KINDS if kind.startswith(incomplete)]


@click.command("schema", epilog="\b\nExamples:\n  orgopt schema\n  orgopt schema run > run.schema.json")
@click.argument("kind", metavar="[KIND]", required=False, shell_complete=_complete)
@click.option("--json", "as_json", is_flag=True, help="Print all schemas in one object, by their kinds.")
@command
def schema_command(kind: str | None, as_json: bool) -> None:
    """Print the JSON Schema of what commands print with --json, by its `kind`; without KIND, list the kinds."""
    from orgopt.api.schemas import KINDS, schema

    if kind is not None:
        echo_json(schema(kind))
    elif as_json:
        every: dict[str, Any] = {one: schema(one) for one in KINDS}
        echo_json(every)
    else:
        for one in KINDS:
            found = schema(one)
            about = found.get("description", found["title"]).partition("\n")[0]
            out.print(f"[bold]{one}[/]  {escape(about)}", soft_wrap=True)
