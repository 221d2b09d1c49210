"""`orgopt bench`: documents on every task of the suite, as a table that can be cited."""

from typing import Self

import click
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import orgopt
from orgopt.api.benchmark import BUDGET, SEEDS, SLOTS, Benchmark
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import Workers, bounded, count, echo, err, out, print_json, warn_of_failures
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.heartbeat import Heartbeat
from orgopt.cli.shared.messages import Said
from orgopt.errors import UsageError
from orgopt.evolve.trials.job import Job
from orgopt.scoring.score import Score
from orgopt.study.statistics import Interval
from orgopt.study.wording import interval, plain


@click.command(
    "bench",
    epilog="\b\nExamples:\n"
    "  orgopt bench orgs/trio.md orgs/portfolio.md optuna:tpe\n"
    "  orgopt bench mine.md --seeds 24 --json\n"
    "  orgopt bench their/agents --agents tpe --csv > bench.csv\n",
)
@click.argument("paths", metavar="DOC…", nargs=-1, shell_complete=complete.documents)
@click.option(
    "--budget",
    metavar="36x|TIME",
    default=BUDGET,
    show_default=True,
    help="Of each run: so many median experiments a slot of each task, or lab time such as 30s.",
)
@click.option("--slots", type=bounded("slots"), default=SLOTS, show_default=True, help="Experiments at once.")
@click.option(
    "--seeds", type=bounded("seeds"), default=SEEDS, show_default=True, help="Runs of each document on each task."
)
@click.option("--workers", type=Workers(), help="Runs at once; ray is one a core of the Ray cluster.  [default: cores]")
@click.option("--seed", type=bounded("seed"), default=0, show_default=True, help="Decides every random choice.")
@click.option("--agents", metavar="POLICY", help="Stands in for agents that think with a language model or a command.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print a line for each document and task as CSV.")
@command
def bench_command(
    paths: tuple[str, ...],
    budget: str,
    slots: int,
    seeds: int,
    workers: int | str | None,
    seed: int,
    agents: str | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Run documents on every task of the suite in replay, and print a table that anyone can cite.

    Entrants are documents, or plain Optuna on the tasks themselves, as in compare. The same documents, options and
    version of orgopt give the same table; tables with the same digest can be put together. Nothing is kept.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv are two forms of one table: give one of them")
    with BenchProgress(err) as progress:
        found = orgopt.bench(
            *paths,
            budget=budget,
            slots=slots,
            seeds=seeds,
            workers=workers,
            seed=seed,
            agents=agents,
            callback=progress,
        )
    if as_json:
        print_json("bench", found.to_dict())
    elif as_csv:
        echo(found.to_csv().rstrip("\n"))
    else:
        out.print(table(found))
        out.print(terms(found), markup=False)


class BenchProgress(Said):
    """How many runs are done, in a line on standard error, and whose experiments all fail."""

    def __init__(self, console: Console) -> None:
        self.runs = self.done = 0
        self._warned: set[tuple[str, str]] = set()
        self._heartbeat = Heartbeat(console, self.line)

    def __enter__(self) -> Self:
        self._heartbeat.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._heartbeat.__exit__(*exc)

    def line(self) -> str:
        """How far it is."""
        return f"{self.done} of {count(self.runs, 'run')}" if self.runs else "preparing …"

    def planned(self, phase: str, runs: int) -> None:  # noqa: ARG002  the phase is the only one
        self.runs = runs

    def compared(self, job: Job, k: int, score: Score) -> None:  # noqa: ARG002  the seed does not matter here
        self.done += 1
        if (job.entrant, job.task) not in self._warned:
            self._warned.add((job.entrant, job.task))
            warn_of_failures(f"{job.entrant} on {job.task}", score)


def table(found: Benchmark) -> Table:
    """The documents, best first."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("document", no_wrap=True)
    shown.add_column("agents", justify="right")
    for name in ("score", "95 % interval", "mean rank", *(one.task for one in found.tasks)):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("digest", style="dim", no_wrap=True)
    for row in found.rows:
        shown.add_row(
            escape(row.document),
            str(row.agents or "–"),
            f"[bold]{plain(row.score.mean)}[/]",
            _ends(row.score),
            f"{row.rank:.1f}",
            *(plain(row.by_task[one.task].mean) for one in found.tasks),
            row.digest,
        )
    return shown


def _ends(score: Interval) -> str:
    return escape(interval(score.low, score.high)) if np.isfinite(score.low) else "unknown"


def terms(found: Benchmark) -> str:
    """What the table was measured on, for whoever cites it."""
    head = (
        f"\norgopt {found.version}, benchmark {found.digest}: research output (0 the baseline, 1 the reference) in "
        f"replay, a budget of {found.budget} on {count(found.slots, 'slot')}, {count(found.seeds, 'run')} of each "
        f"document on each task, seed {found.seed}."
    )
    if found.budget.endswith("x"):
        head += f" {found.budget} is {found.budget[:-1]} median experiments a slot."
    lines = [f"  {one.task}: {one.budget_s:g} s, {one.world}" for one in found.tasks]
    return "\n".join([head, "Budgets, and digests of what answered:", *lines])
