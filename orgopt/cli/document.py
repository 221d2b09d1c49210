"""`orgopt show` and `diff`: documents as charts and as edits."""

import difflib
import math

import click
from rich.markup import escape
from rich.tree import Tree

from orgopt import draw
from orgopt.api.inputs import program_of
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import count, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.document import describe, diff, read, require_org
from orgopt.document.grammar.arrows import format_link
from orgopt.document.grammar.numbers import format_risk
from orgopt.document.grammar.rhythm import format_standup
from orgopt.draw.content import search_rhythm
from orgopt.org import Org, Role

MAX_DEPTH = 50  # levels of a tree; a terminal is not wide enough for more


@click.command(
    "show", epilog="\b\nExamples:\n  orgopt show orgs/trio.md\n  orgopt show orgs/trio.md --as svg > trio.svg"
)
@click.argument("path", metavar="FILE", shell_complete=complete.documents)
@click.option("--as", "form", type=click.Choice(["tree", "mermaid", "svg", "json"]), default="tree", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --as json.")
@command
def show_command(path: str, form: str, as_json: bool) -> None:
    """Show the organization that a document describes."""
    org = require_org(program_of(path))
    if as_json or form == "json":
        print_json("org", org.to_dict())
    elif form == "mermaid":
        click.echo(draw.mermaid(org), nl=False)
    elif form == "svg":
        click.echo(draw.svg(org), nl=False)
    else:
        out.print(tree(org))


@click.command(
    "diff",
    epilog="\b\nExamples:\n  orgopt diff orgs/trio.md mlruns/studies/NAME/best.md\n  orgopt diff a.md b.md --text",
)
@click.argument("before", metavar="A", shell_complete=complete.documents)
@click.argument("after", metavar="B", shell_complete=complete.documents)
@click.option("--text", is_flag=True, help="Show the changed lines too.")
@click.option("--json", "as_json", is_flag=True, help="Print the edits as JSON.")
@command
def diff_command(before: str, after: str, text: bool, as_json: bool) -> None:
    """Show the edits that turn organization A into organization B."""
    a, b = program_of(before), program_of(after)
    edits = diff(a, b)
    lines = describe(edits, read(a).org)
    if as_json:
        found = [{**edit.to_dict(), "text": line} for edit, line in zip(edits, lines, strict=True)]
        print_json("diff", {"before": before, "after": after, "edits": found, "same_text": a.text == b.text})
        return
    print_changes(lines)
    if not lines:
        out.print("The text differs: --text shows it." if a.text != b.text and not text else "The same organization.")
    if text:
        for line in difflib.unified_diff(a.text.splitlines(), b.text.splitlines(), before, after, lineterm=""):
            style = "green" if line.startswith("+") else "red" if line.startswith("-") else "dim"
            out.print(f"[{style}]{escape(line)}[/]")


def print_changes(lines: list[str]) -> None:
    """Edits in words, one a line, coloured by whether they add, remove or change."""
    for line in lines:
        style = "green" if line.startswith("+") else "red" if line.startswith("−") else "yellow"
        out.print(f"  [{style}]{escape(line)}[/]")


def tree(org: Org) -> Tree:
    """The organization as a tree: who reports to whom, then the other links and the rhythm."""
    top = Tree(f"[bold]{escape(org.title or 'Organization')}[/]  {count(org.headcount, 'agent')}", guide_style="dim")
    _reporting_lines(org, top)
    names = {role.id: role.name for role in org.roles}
    others = [link for link in org.links if link.kind != "reports to"]
    if others:
        branch = top.add("[bold]Links[/]")
        for link in others:
            branch.add(escape(format_link(link, names)))
    rhythm = top.add("[bold]Rhythm[/]")
    if org.searches:
        for line in search_rhythm(org):
            rhythm.add(escape(line))
    else:
        rhythm.add(f"stand-up {escape(format_standup(org.standup, names))}")
    return top


def _reporting_lines(org: Org, top: Tree) -> None:
    """Add every role below those that it reports to: whole once, and by its name from then on."""
    below: dict[str, list[Role]] = {role.id: [] for role in org.roles}
    for link in org.links:
        if link.kind == "reports to" and (source := org.role(link.source)) and link.target in below:
            below[link.target].append(source)
    led = {child.id for boss, children in below.items() for child in children if child.id != boss}
    stack = [(top, role, 0) for role in reversed(org.roles) if role.id not in led]
    shown: set[str] = set()
    while stack:
        parent, role, depth = stack.pop()
        if role.id in shown or depth > MAX_DEPTH:
            parent.add(f"[dim]{escape(role.name)}, {'above' if role.id in shown else '…'}[/]")
            continue
        shown.add(role.id)
        branch = parent.add(_label(org, role))
        stack += [(branch, child, depth + 1) for child in reversed(below[role.id])]


def _label(org: Org, role: Role) -> str:
    filled = math.ceil(5 * org.risk_of(role) - 0.01)
    bar = "▰" * filled + "▱" * (5 - filled)
    mark = " [green]submits[/]" if role.id in org.submitters() and role.headcount else ""
    numbers = f"×{role.headcount}  [cyan]{role.agent}[/]  risk {bar} {format_risk(org.risk_of(role))}"
    extra = draw.settings(org, role)
    more = f"  [dim]{escape(' · '.join(extra))}[/]" if extra else ""
    return f"[bold]{escape(role.name)}[/] {numbers}{more}{mark}"
