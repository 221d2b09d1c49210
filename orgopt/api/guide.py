"""The guide for agents: as text, as a skill, and as the AGENTS.md of a workspace."""

from importlib.resources import files

SKILL = """\
---
name: orgopt
description: Measure, compare and optimize research organizations of agents that are written as Markdown files \
(program.md, teams of roles) with the orgopt command line. Use it when asked to run, lint, compare or improve such a \
document, or to read the results of orgopt studies.
---

"""
"""The head of a SKILL.md, which Claude Code and Codex read."""
_HERE = """\
# This workspace

`program.md` is the organization, `fitness/` has its task, `orgopt.toml` the options that commands begin with (so that
`orgopt run program.md` needs no more), `mlruns/` the results. What follows holds for every workspace.

"""


def guide() -> str:
    """How an agent works with orgopt, as Markdown."""
    return files("orgopt").joinpath("guide.md").read_text("utf-8")


def skill() -> str:
    """The guide as a SKILL.md."""
    return SKILL + guide()


def agents_md() -> str:
    """The guide as the AGENTS.md of a workspace that `orgopt init` made."""
    return _HERE + guide().replace("\n## ", "\n### ").replace("# orgopt for agents", "## orgopt for agents")
