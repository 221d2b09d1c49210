"""Documents that are named by where they are kept: a file, a folder, or a version in MLflow's prompt registry."""

import re
from pathlib import Path

from orgopt.cli.shared.base import find_workspace
from orgopt.document import Program, load, parse

PROMPTS = "prompts:/"


def load_source(source: str) -> Program:
    """Read a document from a file, a folder, or such as `prompts:/NAME@champion`.

    Raises:
        DocumentError: It cannot be read.
        UsageError: There is no such prompt.
    """
    if not source.startswith(PROMPTS):
        return load(source)
    from orgopt.tracking import load_prompt

    name = re.sub(r"[^\w.-]+", "-", source.removeprefix(PROMPTS))
    return parse(load_prompt(find_workspace(), source), f"{name}.md")


def source_workspace(source: str) -> Path:
    """The workspace of a document: the one that its file lies in, or the current one."""
    return find_workspace(None if source.startswith(PROMPTS) else Path(source))


def source_stem(source: str, program: Program) -> str:
    """What the results of a document are named after."""
    return Path(program.source if source.startswith(PROMPTS) else source).stem
