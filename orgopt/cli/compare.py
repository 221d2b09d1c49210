"""`orgopt compare`: a contest of documents on the same hardware."""

import click
from rich.markup import escape
from rich.table import Table

import orgopt
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import (
    Budget,
    Workers,
    bounded,
    count,
    err,
    near,
    out,
    print_json,
    verbose_option,
    whole_command,
)
from orgopt.cli.shared.contest_progress import ContestProgress
from orgopt.cli.shared.exits import command, end_stopped
from orgopt.cli.shared.hours import hour_options
from orgopt.cli.shared.lab import lab_option
from orgopt.cli.shared.language import limit_options
from orgopt.cli.shared.messages import say_printed
from orgopt.cli.shared.print_ending import print_ending
from orgopt.study.ranking import EFFECT, Placing, Ranking
from orgopt.study.wording import compared, digits_of, interval, plain

BARS = "▁▂▃▄▅▆▇█"
STYLES = {"best": "green", "worse": "red", "no difference": "yellow", "first": "yellow"}


@click.command(
    "compare",
    epilog="\b\nExamples:\n"
    "  orgopt compare orgs/trio.md orgs/solo.md --task digits --lab replay --budget 60s\n"
    "  orgopt compare orgs/trio.md orgs/ring.md optuna:tpe --task tinygpt --task digits --lab replay --budget 80s\n"
    "  orgopt compare a.md b.md --task tinygpt --budget 10m --seeds 8 --json\n"
    "  orgopt compare --add orgs/ring.md --name trio-vs-solo-digits-1a2b\n",
)
@click.argument("paths", metavar="A B …", nargs=-1, shell_complete=complete.documents)
@click.option(
    "--task",
    "task_names",
    multiple=True,
    shell_complete=complete.tasks,
    help="Name of a task, or its folder; several.",
)
@click.option(
    "--budget",
    "budget_s",
    type=Budget(),
    help="Hardware time of each run: 15s, 10m, 2h, or seconds; 36x are 36 median experiments a slot of each task.",
)
@click.option(
    "--add",
    multiple=True,
    metavar="ENTRANT",
    shell_complete=complete.documents,
    help="Who is added to the contest --name, on its terms: only their runs are done; several.",
)
@lab_option
@click.option("--slots", type=bounded("slots"), default=2, show_default=True, help="Experiments at once.")
@click.option(
    "--seeds",
    type=bounded("seeds"),
    help="Runs of each on each task; more continue a contest.  [default: 24 in replay, 5 for real]",
)
@click.option(
    "--workers",
    type=Workers(),
    help="Runs at once; ray is one a core of the Ray cluster, in replay.  [default: cores in replay, 1 for real]",
)
@click.option("--seed", type=bounded("seed"), default=0, show_default=True, help="Decides every random choice.")
@click.option(
    "--verify-seeds",
    type=bounded("verify_seeds"),
    default=1,
    show_default=True,
    help="Fresh seeds with which each submission of a real run is trained again, outside the budget.",
)
@click.option("--name", help="Name of the contest.  [default: from the entrants, the tasks and the settings]")
@limit_options
@hour_options
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="Print the ranking as JSON.")
@command
def compare_command(
    paths: tuple[str, ...],
    task_names: tuple[str, ...],
    budget_s: float | str | None,
    add: tuple[str, ...],
    lab_kind: str | None,
    slots: int,
    seeds: int | None,
    workers: int | str | None,
    seed: int,
    verify_seeds: int,
    name: str | None,
    agents: str | None,
    max_usd: float | None,
    max_tokens: int | None,
    until: str | None,
    max_hours: float | None,
    verbose: bool,
    as_json: bool,
) -> None:
    """Run documents against each other on the same hardware, and say which is better, or that none is.

    Entrants are documents, or plain Optuna on the task itself: optuna:tpe, optuna:tpe+median, optuna:gp,
    optuna:random. Each has the same budget on the same seeds, and they take turns. Every run is kept: the same
    command continues a contest that was stopped, and more --seeds add to it. --add runs one more against all of them.
    """
    for given, said in ((task_names, "'--task'"), (budget_s, "'--budget'")):
        if not given and not add:
            raise click.MissingParameter(param_type="option", param_hint=said)
    progress = ContestProgress(err)
    try:
        with progress:
            found = orgopt.compare(
                *paths,
                task=task_names,
                budget=budget_s,
                add=add,
                lab=lab_kind,
                slots=slots,
                seeds=seeds,
                workers=workers,
                seed=seed,
                verify_seeds=verify_seeds,
                name=name,
                agents=agents,
                max_usd=max_usd,
                max_tokens=max_tokens,
                until=until,
                max_hours=max_hours,
                callback=progress,
                command=whole_command(),
            )
    except KeyboardInterrupt as stop:
        if progress.contest is None:
            raise
        end_stopped(progress.stopped(), stop)
    if as_json:
        print_json("compare", found.to_dict())
        return
    print_ending(found.ending)
    if verbose:
        out.print()
        out.print(_table(found.ranking))
        out.print(resolution(found.ranking), markup=False)
    say_printed(found.tasks)
    out.print(f"\nEvery run: {near(found.folder / 'contest.jsonl')}", markup=False)


def _table(ranking: Ranking) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    tasks = ranking.tasks if len(ranking.tasks) > 1 else ()
    table.add_column("", no_wrap=True)
    for title in ("research output", "95 %", "seeds", "valid.", "end", "mean", *tasks):
        table.add_column(escape(title), justify="right", no_wrap=True)
    for title in ("to the first, with 95 % interval", "over the budget"):
        table.add_column(title, no_wrap=True)
    values = [value for placing in ranking.placings for value in placing.q]
    for placing in ranking.placings:
        table.add_row(
            escape(placing.entrant),
            f"[bold]{plain(placing.output.mean)}[/]",
            _ends(placing.output.low, placing.output.high),
            str(placing.output.n),
            plain(placing.parts.progress),
            plain(placing.parts.q_final),
            plain(placing.parts.q_mean),
            *(plain(placing.by_task[task]) for task in tasks),
            f"[{STYLES[placing.verdict]}]{escape(_stands(placing))}[/]",
            sparkline(placing.q, min(0.0, *values), max(values)),
        )
    return table


def _stands(placing: Placing) -> str:
    apart = placing.behind
    return compared(placing.verdict, apart.mean, apart.low, apart.high) if apart else placing.verdict


def _ends(low: float, high: float) -> str:
    return f"[dim]{escape(interval(low, high))}[/]" if low > float("-inf") else "[dim]unknown[/]"


def sparkline(values: tuple[float, ...], low: float, high: float) -> str:
    """Values as a row of bars between two bounds."""
    span = (high - low) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


def resolution(ranking: Ranking) -> str:
    """What difference so many seeds can show, and how many more would show a small one."""
    if ranking.more_seeds is None:
        return "One seed tells nothing of luck: --seeds 10 would."
    least = plain(ranking.resolves, digits_of(ranking.resolves))
    resolved = f"{count(ranking.seeds, 'seed')} can resolve ±{least} (80 % power, one comparison at 5 %)"
    more = f"{count(ranking.more_seeds, 'more seed')} would resolve {EFFECT:g}"
    corrected = f" Verdicts are corrected for {ranking.comparisons} comparisons." if ranking.comparisons > 1 else ""
    return f"{resolved}{f'; {more}' if ranking.more_seeds else ''}.{corrected}"
