"""`orgopt.toml`, where a user's settings stand: which module has the keys of each table, and reading the file."""

import os
from pathlib import Path
from typing import Any

from orgopt.errors import UsageError
from orgopt.storage.toml_file import read_toml

SETTINGS = "orgopt.toml"
TABLES = {
    "models": "orgopt.agents.toml_models",  # default, rewriter; of each model its address, attempts, time-outs …
    "prices": "orgopt.agents.toml_models",  # dollars per million tokens
    "agents": "orgopt.agents.command.toml_agents",  # the words of each coding CLI, what it may see and spend
    "notify": "orgopt.api.toml_notify",  # command
    "tasks": "orgopt.foreign.toml_tasks",  # what experiments of a checkout may read, and their Python
}
"""The tables of that file that are no commands, and the module that reads each; a command's are its options."""


def read_tables(workspace: Path) -> dict[str, Any]:
    """What a workspace's settings file says, a table a command or a topic; empty where there is none.

    Raises:
        UsageError: It cannot be read.
    """
    path = workspace / SETTINGS
    if not os.path.lexists(path):
        return {}
    return read_toml(path, UsageError)[1]
