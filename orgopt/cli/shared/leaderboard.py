"""The tables of a study that is under way: its best candidates, and who stands how after the search."""

from collections.abc import Mapping, Sequence
from statistics import mean

from rich.markup import escape
from rich.table import Table

from orgopt.evolve.space.candidate import Candidate
from orgopt.study.standing import Standing
from orgopt.study.wording import noise, plain

Row = tuple[Candidate, Standing, bool]
"""A candidate, what is known of it, and whether it was dropped."""


def origin(candidate: Candidate) -> str:
    """`c03: ` for a change of candidate 3; nothing for a change of the seed document."""
    return f"c{candidate.parent:02d}: " if candidate.parent else ""


def standings(scores: Mapping[str, Sequence[float]], limit: int) -> Table:
    """The entrants of a race or a test with their mean score so far as a bar."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    table.add_column("score", no_wrap=True, width=28)
    table.add_column("runs", justify="right", no_wrap=True)
    means = {name: mean(values) for name, values in scores.items()}
    top = max([0.01, *means.values()])
    for name in sorted(means, key=lambda one: -means[one])[:limit]:
        bar = "█" * round(20 * max(0.0, means[name]) / top)
        table.add_row(escape(name), f"{plain(means[name]):>5} [green]{bar}[/]", f"{len(scores[name])}")
    return table


def leaderboard(rows: list[Row], limit: int) -> Table:
    """The best candidates with their research output as a bar."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("candidate", no_wrap=True, width=9)
    table.add_column("score", no_wrap=True, width=28)
    table.add_column("seeds", justify="right", no_wrap=True, width=5)
    table.add_column("changes", overflow="ellipsis", no_wrap=True, ratio=1)
    ranked = sorted(rows, key=lambda row: -row[1].estimate)[:limit]
    top = max([0.01, *(standing.value for _, standing, _ in ranked)])
    newest = {candidate.name for candidate, _, _ in rows[-8:]}
    for candidate, standing, _ in ranked:
        bar = "█" * round(12 * max(0.0, standing.value) / top)
        style = "bold green" if candidate is ranked[0][0] else "bold" if candidate.name in newest else "default"
        table.add_row(
            f"[{style}]{candidate.name}[/]",
            f"{plain(standing.value)}[dim]{noise(standing.error)}[/] [green]{bar}[/]",
            f"{standing.seeds}",
            f"[dim]{escape(origin(candidate) + ', '.join(candidate.changes))}[/]",
        )
    return table
