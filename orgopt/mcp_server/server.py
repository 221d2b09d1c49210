"""The server: its tools and resources, over standard input and output, or HTTP on this machine alone."""

from collections.abc import Callable
from contextlib import closing
from functools import wraps
from inspect import getdoc, iscoroutinefunction
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import ToolAnnotations

from orgopt.api.guide import guide
from orgopt.api.results import find_result, results
from orgopt.api.studies import open_study
from orgopt.errors import OrgoptError, UsageError
from orgopt.mcp_server import marked
from orgopt.mcp_server.jobs import Jobs
from orgopt.mcp_server.permissions import Permissions
from orgopt.mcp_server.tools_documents import DocumentTools
from orgopt.mcp_server.tools_jobs import JobTools
from orgopt.mcp_server.tools_results import ResultTools
from orgopt.study.verdict.ending_form import text as in_words
from orgopt.tasks.source import shipped
from orgopt.version import __version__

HOST = "127.0.0.1"
"""Who is elsewhere is not answered: there is no password."""
_BEGINS_JOBS = {"run", "compare", "optimize"}
_CHANGES = {*_BEGINS_JOBS, "apply_edits", "cancel"}


def make_server(may: Permissions, jobs: Jobs) -> MCPServer[Any]:
    """The server of a workspace.

    Args:
        may: What an agent may do.
        jobs: Where its jobs are; whoever made them closes them.
    """
    server: MCPServer[Any] = MCPServer("orgopt", version=__version__, instructions=guide(), log_level="ERROR")
    for tool in (*DocumentTools(may).tools, *ResultTools(may).tools, *JobTools(may, jobs).tools):
        kind = ToolAnnotations(
            read_only_hint=tool.__name__ not in _CHANGES, destructive_hint=False, open_world_hint=False
        )
        server.add_tool(_worded(tool, ToolError), description=getdoc(tool), annotations=kind)
    _add_resources(server, may)
    return server


def serve(may: Permissions, port: int | None = None) -> None:
    """Serve a workspace until the client leaves, or Ctrl-C.

    Args:
        may: What an agent may do.
        port: Of this machine, for streamable HTTP under /mcp; None is standard input and output.
    """
    with closing(Jobs(may.workspace)) as jobs:
        server = make_server(may, jobs)
        if port is None:
            server.run("stdio")
        else:
            here = [f"{name}:{port}" for name in (HOST, "localhost")]
            own = TransportSecuritySettings(allowed_hosts=here, allowed_origins=[f"http://{one}" for one in here])
            server.run("streamable-http", host=HOST, port=port, transport_security=own)


def _add_resources(server: MCPServer[Any], may: Permissions) -> None:
    @server.resource("orgopt://guide", mime_type="text/markdown")
    @_resource
    def guide_for_agents() -> str:
        """How to work with orgopt: begin here."""
        return guide()

    @server.resource("orgopt://results", mime_type="text/plain")
    @_resource
    def kept() -> str:
        """What the workspace keeps: studies, contests, runs."""
        lines = [f"{one.kind} {one.name}: {one.state}. {one.said}" for one in results(workspace=may.workspace)]
        return marked.text("\n".join(lines) or "nothing yet", "the workspace")

    @server.resource("orgopt://document/{+path}", mime_type="text/markdown")
    @_resource
    def document(path: str) -> str:
        """A document: its path from the workspace, or champion@STUDY."""
        return marked.text(may.document(path).text, path)

    @server.resource("orgopt://study/{name}", mime_type="text/plain")
    @_resource
    def study(name: str) -> str:
        """What a study found, in plain words."""
        found = find_result(may.name(name), workspace=may.workspace)
        may.path(str(found.log))
        return marked.text(in_words(open_study(found.folder).ending), name)

    @server.resource("orgopt://docs/{+page}", mime_type="text/markdown")
    @_resource
    def documentation(page: str) -> str:
        """A page of orgopt's own documentation, such as reference/documents.md."""
        return docs_page(page)


def docs_page(page: str) -> str:
    """A page of the documentation that is shipped.

    Raises:
        UsageError: There is none; the message has all.
    """
    pages = {str(path.relative_to(root)): path for root in shipped("docs") for path in sorted(root.glob("*/*.md"))}
    if page not in pages:
        raise UsageError(f"no page {page!r}: {', '.join(pages)}")
    return pages[page].read_text("utf-8")


def _resource(body: Callable[..., str]) -> Callable[..., str]:
    return _worded(body, ResourceError)


def _worded(body: Callable[..., Any], error_kind: type[Exception]) -> Callable[..., Any]:
    """Turn the errors of orgopt, which are worded for who asks, into those that a client is told."""
    if iscoroutinefunction(body):

        @wraps(body)
        async def later(*args: Any, **kwargs: Any) -> Any:
            try:
                return await body(*args, **kwargs)
            except OrgoptError as error:
                raise error_kind(str(error)) from None

        return later

    @wraps(body)
    def now(*args: Any, **kwargs: Any) -> Any:
        try:
            return body(*args, **kwargs)
        except OrgoptError as error:
            raise error_kind(str(error)) from None

    return now


def free_port(asked: int) -> int:
    """The port that was asked for; 0 is one that nobody has.

    Raises:
        UsageError: Another program has it.
    """
    import socket

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, asked))
        except OSError:
            raise UsageError(f"port {asked} is taken: name another") from None
        return int(probe.getsockname()[1])


def workspace_of(folder: Path | None) -> Path:
    """The workspace that is served.

    Raises:
        UsageError: It is no folder.
    """
    from orgopt.workspace import find_workspace

    found = (folder or find_workspace()).resolve()
    if not found.is_dir():
        raise UsageError(f"{found} is no folder")
    return found
