"""`orgopt lint`, `show` and `diff`: documents, without running anything."""

import difflib
from typing import Any

import click
from rich.markup import escape
from rich.tree import Tree

from orgopt import draw
from orgopt.cli.base import EXIT_DOCUMENT, command, count, out, print_json
from orgopt.document import describe, diff, format_finding, lint, load, read, require_org
from orgopt.document.values import format_risk, format_standup
from orgopt.errors import DocumentError
from orgopt.org import Org, Role

COLORS = {"error": "red", "warning": "yellow", "info": "cyan"}


@click.command("lint", epilog="\b\nExamples:\n  orgopt lint orgs/*.md\n  orgopt lint my-lab.md --json")
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@command
def lint_command(paths: tuple[str, ...], as_json: bool) -> None:
    """Check documents: each finding with its place, the line and what to do.

    Exits with 1 when a document cannot be run.
    """
    failed, found = False, []
    for path in paths:
        try:
            program = load(path)
        except DocumentError as error:
            failed = True
            found.append({"path": path, "code": "ORG000", "severity": "error", "message": str(error)})
            if not as_json:
                out.print(f"[red]{escape(str(error))}[/]")
            continue
        for finding in lint(program):
            failed = failed or finding.severity == "error"
            line, column = program.position(finding.span.start)
            found.append(
                {
                    "path": path,
                    "line": line,
                    "column": column,
                    "code": finding.code,
                    "severity": finding.severity,
                    "message": finding.message,
                    "help": finding.help,
                }
            )
            if not as_json:
                head, *rest = format_finding(program, finding).split("\n")
                out.print(f"[{COLORS[finding.severity]}]{escape(head)}[/]")
                out.print(escape("\n".join(rest)) + "\n")
    if as_json:
        print_json("lint", {"findings": found})
    else:
        errors = sum(finding["severity"] == "error" for finding in found)
        checked = count(len(paths), "document")
        out.print(
            f"{checked}, {count(errors, 'error')}, {count(len(found) - errors, 'other finding')}"
            if found
            else f"[green]{checked}, no findings[/]"
        )
    if failed:
        raise SystemExit(EXIT_DOCUMENT)


@click.command(
    "show", epilog="\b\nExamples:\n  orgopt show orgs/trio.md\n  orgopt show orgs/trio.md --as svg > trio.svg"
)
@click.argument("path", metavar="FILE")
@click.option("--as", "form", type=click.Choice(["tree", "mermaid", "svg", "json"]), default="tree", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --as json.")
@command
def show_command(path: str, form: str, as_json: bool) -> None:
    """Show the organization that a document describes."""
    org = require_org(load(path))
    if as_json or form == "json":
        print_json("org", org_dict(org))
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
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--text", is_flag=True, help="Show the changed lines too.")
@click.option("--json", "as_json", is_flag=True, help="Print the edits as JSON.")
@command
def diff_command(before: str, after: str, text: bool, as_json: bool) -> None:
    """Show the edits that turn organization A into organization B."""
    a, b = load(before), load(after)
    lines = describe(diff(a, b), read(a).org)
    if as_json:
        print_json("diff", {"before": before, "after": after, "edits": lines, "same_text": a.text == b.text})
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
    graph = org.reporting()
    below: dict[str, list[str]] = {role.id: [] for role in org.roles}
    for link in org.links:
        if link.kind == "reports to":
            below[link.target].append(link.source)
    shown: set[str] = set()

    def grow(parent: Tree, role: Role) -> None:
        branch = parent.add(_label(org, role))
        shown.add(role.id)
        for child in below[role.id]:
            found = org.role(child)
            if found and child not in shown:
                grow(branch, found)

    for role in org.roles:
        if role.id not in graph or not graph.out_degree(role.id):
            grow(top, role)
    others = [link for link in org.links if link.kind != "reports to"]
    if others:
        branch = top.add("[bold]Links[/]")
        for link in others:
            arrow = "↔" if link.mutual else "→"
            branch.add(f"{escape(org.name(link.source))} {arrow} {escape(org.name(link.target))}: {link.kind}")
    rhythm = top.add("[bold]Rhythm[/]")
    names = {role.id: role.name for role in org.roles}
    rhythm.add(f"stand-up {escape(format_standup(org.standup, names))}")
    return top


def org_dict(org: Org) -> dict[str, Any]:
    """The organization as JSON values."""
    standup = org.standup
    return {
        "title": org.title,
        "mission": org.mission,
        "headcount": org.headcount,
        "roles": [
            {
                "id": r.id,
                "name": r.name,
                "headcount": r.headcount,
                "agent": r.agent,
                "risk": org.risk_of(r),
                "charter": r.charter,
            }
            for r in org.roles
        ],
        "links": [{"source": k.source, "target": k.target, "kind": k.kind, "mutual": k.mutual} for k in org.links],
        "standup": standup
        and {
            "every": standup.every,
            "unit": standup.unit,
            "attendees": list(standup.attendees),
            "share": standup.share,
        },
        "submitters": list(org.submitters()),
    }


def _label(org: Org, role: Role) -> str:
    bar = "▰" * round(5 * org.risk_of(role)) + "▱" * (5 - round(5 * org.risk_of(role)))
    mark = " [green]submits[/]" if role.id in org.submitters() and role.headcount else ""
    numbers = f"×{role.headcount}  [cyan]{role.agent}[/]  risk {bar} {format_risk(org.risk_of(role))}"
    return f"[bold]{escape(role.name)}[/] {numbers}{mark}"
