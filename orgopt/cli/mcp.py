"""`orgopt mcp`: orgopt for agents, as a server of the Model Context Protocol."""

import sys
from pathlib import Path

import click

from orgopt.cli.shared.base import err, print_json
from orgopt.cli.shared.exits import command
from orgopt.errors import UsageError


@click.command(
    "mcp",
    epilog="\b\nExamples:\n  claude mcp add orgopt -- orgopt mcp\n  orgopt mcp --allow run\n"
    "  orgopt mcp --http --port 8765 --allow run --allow write",
)
@click.option(
    "--allow",
    multiple=True,
    type=click.Choice(["write", "run", "spend"]),
    help="What an agent may do beside reading: write edited documents, run what takes time, spend on models; several.",
)
@click.option("--http", is_flag=True, help="Streamable HTTP on this machine instead of standard input and output.")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="With --http; 0 is any.")
@click.option("--workspace", "folder", type=click.Path(path_type=Path), help="The folder.  [default: from here upward]")
@click.option("--json", "as_json", is_flag=True, help="With --http: print the address as JSON.")
@command
def mcp_command(allow: tuple[str, ...], http: bool, port: int, folder: Path | None, as_json: bool) -> None:
    """Serve this workspace to an agent: lint, show, diff, edit, run, compare, optimize, read ledgers and reports.

    Read-only: what writes, takes time or costs money has to be allowed. Paths lead nowhere outside of the workspace.
    """
    try:
        from orgopt.mcp_server.permissions import Permissions
        from orgopt.mcp_server.server import free_port, serve, workspace_of
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("mcp"):
            raise
        raise UsageError("the package mcp is not installed: pip install 'mcp>=2.3,<3'") from None
    may = Permissions.of(workspace_of(folder), frozenset(allow))
    if not http:
        if as_json:
            raise UsageError("--json is for the address of --http: standard output is the agent's")
        serve(may)
        return
    port = free_port(port)
    address = f"http://127.0.0.1:{port}/mcp"
    if as_json:
        print_json("mcp", {"address": address, "workspace": str(may.workspace), "allowed": sorted(may.allowed)})
        sys.stdout.flush()
    else:
        err.print(f"{address}  (Ctrl-C ends it)", markup=False, soft_wrap=True)
    serve(may, port)
