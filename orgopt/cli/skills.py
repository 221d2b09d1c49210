"""`orgopt skills`: what the language models of this workspace's studies are good at."""

from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

import orgopt
from orgopt.api.model_skills import ModelSkill
from orgopt.cli.shared.base import out, print_json
from orgopt.cli.shared.exits import command
from orgopt.study.wording import signed


@click.command("skills", epilog="\b\nExamples:\n  orgopt skills\n  orgopt skills --json")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def skills_command(folder: Path | None, as_json: bool) -> None:
    """Say what each language model did as which role on which task, in all studies and contests of this workspace."""
    found = orgopt.skills(workspace=folder)
    if as_json:
        print_json("skills", {"skills": [one.to_dict() for one in found]})
    elif not found:
        out.print("No language model took part in a study or a contest here.")
    else:
        _print(found)


def _print(found: list[ModelSkill]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("model", "role", "task", "changes of"):
        table.add_column(name, overflow="fold")
    for name in ("thoughts", "invalid", "tokens", "dollars"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        each = max(1, one.thoughts)
        cost = (f"{one.invalid_share:.0%}", f"{one.tokens / each:.0f}", f"{one.usd / each:.4f}")
        names = (escape(one.model), escape(one.role), escape(one.task), escape(_kinds(one)))
        table.add_row(*names, f"{one.thoughts}", *cost)
    out.print(table)
    out.print(
        "[dim]changes of: the knobs of a group, with the mean gain against the start as quality (1 is the task's "
        "reference), as measured, and how many of them were better by more than noise; tokens and dollars of a "
        "thought[/]",
        soft_wrap=True,
    )


def _kinds(one: ModelSkill) -> str:
    """What came of each kind of changes, the best first."""
    ranked = sorted(one.changes.items(), key=lambda item: -item[1].gained / item[1].tried)
    return ", ".join(f"{kind} {signed(own.gained / own.tried)} ({own.better} of {own.tried})" for kind, own in ranked)
