"""`orgopt doctor`: what experiments could do on this machine."""

import click
from rich.markup import escape
from rich.table import Table

from orgopt.cli.base import EXIT_SANDBOX, command, err, out, print_json
from orgopt.errors import LabError
from orgopt.lab.attempts import PROBES
from orgopt.lab.probes import Finding, examine
from orgopt.lab.sandbox import REMEDY, Sandbox


@click.command("doctor", epilog="\b\nExamples:\n  orgopt doctor\n  orgopt doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def doctor_command(as_json: bool) -> None:
    """Try what experiments could do on this machine, in each sandbox, and say what holds them.

    Each probe really attempts it, as an experiment of the local lab. Ends with 0 when the default sandbox holds in
    all of them, with 5 otherwise.
    """
    findings: dict[Sandbox, list[Finding]] = {}
    missing: dict[Sandbox, str] = {}
    with err.status("probing …"):
        for kind in Sandbox:
            try:
                findings[kind] = list(examine(kind))
            except LabError as error:
                missing[kind] = str(error)
    holds = {kind: kind in findings and all(one.held for one in findings[kind]) for kind in Sandbox}
    if as_json:
        probes = {kind.value: [one.to_dict() for one in found] for kind, found in findings.items()}
        advice = "" if holds[Sandbox.BUBBLEWRAP] else REMEDY
        print_json("doctor", {"holds": holds, "probes": probes, "missing": missing, "advice": advice})
    else:
        out.print(_table(findings))
        for message in missing.values():
            out.print(f"\n[red]{escape(message)}[/]", soft_wrap=True)
        if holds[Sandbox.BUBBLEWRAP]:
            out.print("\nThe default sandbox holds: experiments can be run.")
        elif not missing:
            out.print(f"\n[red]The default sandbox does not hold here:[/] {REMEDY}.", soft_wrap=True)
    if not holds[Sandbox.BUBBLEWRAP]:
        raise SystemExit(EXIT_SANDBOX)


def _table(findings: dict[Sandbox, list[Finding]]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("an experiment attempts")
    for kind in Sandbox:
        table.add_column(f"{kind} (default)" if kind is Sandbox.BUBBLEWRAP else kind.value)
    for number, probe in enumerate(PROBES):
        cells = [_cell(findings[kind][number]) if kind in findings else "[red]does not start[/]" for kind in Sandbox]
        table.add_row(probe.name, *cells)
    return table


def _cell(finding: Finding) -> str:
    mark = "[green]held[/]" if finding.held else "[yellow]not held[/]"
    return f"{mark}  [dim]{escape(finding.detail)}[/]"
