"""orgopt for agents: a server of the Model Context Protocol over a workspace, read-only unless more is allowed."""

from orgopt.mcp_server.permissions import ALLOWANCES, Permissions
from orgopt.mcp_server.server import make_server, serve

__all__ = ["ALLOWANCES", "Permissions", "make_server", "serve"]
