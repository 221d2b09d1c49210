"""The table of what each role, link and the stand-ups cost and brought, as `orgopt run` prints it."""

from rich.markup import escape
from rich.table import Table

from orgopt.cli.shared.base import count
from orgopt.team.cost_of_parts import Report, Share


def bottleneck(report: Report) -> str:
    """What held the run back, with its evidence, in a sentence or two."""
    full = f"slots would be full with about {report.full_headcount:.1f} agents"
    evidence = (
        f"slots idle {report.slots_idle:.0%}, agents waiting for one {report.agents_waiting:.0%} of their time; "
        f"an agent thinks {report.think_s:.3g} s, its experiment waits {report.queue_s:.3g} s "
        f"and runs {report.run_s:.3g} s"
    )
    return f"[bold]bound by {report.bound}[/]  [dim]({evidence}; {full}, there were {report.headcount})[/]"


def parts(report: Report) -> Table:
    """What each role, link and the stand-ups cost and brought."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("part", no_wrap=True)
    for name in ("experiments", "replicates", "gains", "gained", "slot s", "agent s", "messages"):
        table.add_column(name, justify="right", no_wrap=True)
    for share in (*report.roles, *report.links):
        table.add_row(*_cells(share, f"{share.messages}" if share.messages else ""))
    if report.standup:
        table.add_row(*_cells(report.standup, count(report.standup.messages, "stand-up")))
    return table


def _cells(share: Share, messages: str) -> tuple[str, ...]:
    return (
        escape(share.name),
        f"{share.proposals}",
        f"{share.replicates}" if share.replicates else "",
        f"{share.gains}" if share.gains else "",
        f"{share.gained:.4g}" if share.gains else "",
        f"{share.slot_s:.1f}",
        f"{share.agent_s:.1f}" if share.agent_s else "",
        messages,
    )
