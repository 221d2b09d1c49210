"""`orgopt guide`: how an agent works with orgopt."""

import click

from orgopt.api.guide import guide, skill
from orgopt.cli.shared.base import print_json
from orgopt.cli.shared.exits import command


@click.command(
    "guide",
    epilog="\b\nExamples:\n  orgopt guide\n  mkdir -p .claude/skills/orgopt && "
    "orgopt guide --skill > .claude/skills/orgopt/SKILL.md\n",
)
@click.option("--skill", "as_skill", is_flag=True, help="As a SKILL.md for Claude Code and Codex.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@command
def guide_command(as_skill: bool, as_json: bool) -> None:
    """Print a guide for agents that use orgopt: what to call for what, what to rely on, what not to do."""
    text = skill() if as_skill else guide()
    if as_json:
        print_json("guide", {"text": text})
    else:
        click.echo(text.encode(), nl=False)
