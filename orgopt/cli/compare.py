"""`orgopt compare`: a contest of documents on the same hardware."""

import re
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import click
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table

from orgopt.cli import exit_code
from orgopt.cli.shared.base import (
    Duration,
    command,
    count,
    err,
    find_workspace,
    near,
    out,
    print_json,
    this_command,
    verbose_option,
    warn_of_failures,
    writable_folder,
)
from orgopt.cli.shared.ending import print_ending
from orgopt.cli.shared.lab import default_workers, lab_option
from orgopt.cli.shared.language import check, language_settings, limit_options, use
from orgopt.cli.shared.terms import calibrate_all, check_budget, named_tasks, say_printed
from orgopt.document import parse, read
from orgopt.errors import UsageError
from orgopt.evolve import Arena, Job, Terms
from orgopt.evolve.compare.contest import Contest, Entrants, default_name, enter, identity_of
from orgopt.evolve.trials.kept import PLAIN_PREFIX
from orgopt.lab import default_lab
from orgopt.org import Org
from orgopt.scoring import Score
from orgopt.study.contest import EFFECT, ContestLog, Ranking, digest_of
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.verdict.contest import ending
from orgopt.study.verdict.ending import Ending

SEEDS = {"replay": 24, "local": 5}
"""Seeds where none are asked for: a replayed run costs next to nothing."""
BARS = "▁▂▃▄▅▆▇█"
STYLES = {"best": "green", "worse": "red", "no difference": "yellow", "first": "yellow"}


@click.command(
    "compare",
    epilog="\b\nExamples:\n"
    "  orgopt compare orgs/trio.md orgs/solo.md --task digits --lab replay --budget 60s\n"
    "  orgopt compare orgs/trio.md orgs/ring.md optuna:tpe --task tinygpt --task digits --lab replay --budget 80s\n"
    "  orgopt compare a.md b.md --task tinygpt --budget 10m --seeds 8 --json\n",
)
@click.argument("paths", metavar="A B …", nargs=-1)
@click.option("--task", "task_names", required=True, multiple=True, help="Name of a task, or its folder; several.")
@click.option(
    "--budget", "budget_s", type=Duration(), required=True, help="Hardware time of each run: 15s, 10m, 2h, or seconds."
)
@lab_option
@click.option("--slots", type=click.IntRange(1, 256), default=2, show_default=True, help="Experiments at once.")
@click.option(
    "--seeds",
    type=click.IntRange(1, 10_000),
    help="Runs of each on each task; more continue a contest.  [default: 24 in replay, 5 for real]",
)
@click.option("--workers", type=click.IntRange(1, 256), help="Runs at once.  [default: cores in replay, 1 for real]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides every random choice.")
@click.option(
    "--verify-seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Fresh seeds with which each submission of a real run is trained again, outside the budget.",
)
@click.option("--name", help="Name of the contest.  [default: from the entrants, the tasks and the settings]")
@limit_options
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="Print the ranking as JSON.")
@command
def compare_command(
    paths: tuple[str, ...],
    task_names: tuple[str, ...],
    budget_s: float,
    lab_kind: str | None,
    slots: int,
    seeds: int | None,
    workers: int | None,
    seed: int,
    verify_seeds: int,
    name: str | None,
    max_usd: float | None,
    max_tokens: int | None,
    verbose: bool,
    as_json: bool,
) -> None:
    """Run documents against each other on the same hardware, and say which is better, or that none is.

    Entrants are documents, or plain Optuna on the task itself: optuna:tpe, optuna:tpe+median, optuna:gp,
    optuna:random. Each has the same budget on the same seeds, and they take turns. Every run is kept: the same
    command continues a contest that was stopped, and more --seeds add to it.
    """
    entrants = enter(paths)
    language, everyone = language_settings(max_usd, max_tokens), _everyone(entrants)
    check(everyone, language)
    documents = [Path(path) for path in paths if not path.startswith(PLAIN_PREFIX)]
    workspace = find_workspace(documents[0] if documents else None)
    tasks = named_tasks(task_names, workspace)
    check_budget(budget_s, tasks)
    if name and not re.fullmatch(r"[\w.-]{1,100}", name):
        raise UsageError(f"contest name '{name}': use letters, digits, '.', '-' and '_'")
    kind = lab_kind or default_lab(next(iter(tasks.values())))
    seeds = seeds or SEEDS[kind]
    terms = Terms(lab=kind, slots=slots, budget_s=budget_s, verify_seeds=verify_seeds)
    contests = writable_folder(workspace / "mlruns" / "contests")
    with ExitStack() as stack:
        arena = stack.enter_context(Arena(tasks, terms, workers=workers or default_workers(kind)))
        calibrate_all(arena, workspace)
        identity = identity_of(entrants, arena, seed)
        folder = contests / (name or default_name(entrants, tasks, digest_of(identity)))
        use(everyone, language, writable_folder(folder))
        again = this_command()
        log = stack.enter_context(ContestLog(folder, identity, entrants, arena.tasks, again))
        contest = Contest(entrants, arena, seed=seed, log=log)
        ranking = _run(contest, seeds, folder)
        told = _ending(log, ranking, again, arena.workers)
    if as_json:
        places = {"contest": folder.name, "folder": str(folder), "budget_s": budget_s}
        printed = [name for name, task in arena.tasks.items() if task.self_reported]
        ranked = ranking.to_dict()
        print_json("compare", {**places, "self_reported": printed, **ranked, "ending": told.to_dict()})
        return
    print_ending(told)
    if verbose:
        out.print()
        out.print(_table(ranking))
        out.print(resolution(ranking), markup=False)
    say_printed(arena.tasks)
    out.print(f"\nEvery run: {near(folder / 'contest.jsonl')}", markup=False)


def _ending(log: ContestLog, ranking: Ranking, again: str, workers: int) -> Ending:
    """The contest in words."""
    head = log.head
    texts = {one.entrant: one.program for one in head.entrants}
    sizes = {name: read(parse(text)).org.headcount for name, text in texts.items() if not text.startswith(PLAIN_PREFIX)}
    spent = sum(record.wall_s for record in log.of(EvaluationRecord))
    return ending(
        ranking,
        head.tasks,
        sizes=sizes,
        self_reported=bool(head.identity.self_reported),
        command=again,
        seed_s=spent / ranking.seeds / workers,
    )


def _everyone(entrants: Entrants) -> Org:
    """The roles of all documents, whose language agents share one account."""
    texts = [text for text in entrants.values() if not text.startswith(PLAIN_PREFIX)]
    return Org(roles=tuple(role for text in texts for role in read(parse(text)).org.roles))


def _run(contest: Contest, seeds: int, folder: Path) -> Ranking:
    terms, size = contest.arena.terms, count(len(contest.entrants), "entrant")
    where = f"{terms.budget_s:g} s on {count(terms.slots, 'slot')}, {terms.lab} lab"
    err.print(f"[bold]{folder.name}[/]  {size} × {count(seeds, 'seed')} × {where}", soft_wrap=True)
    progress = ContestProgress(err, contest.entrants, len(contest.arena.tasks), seeds)
    for (entrant, _, k), score in contest.scores.items():
        progress.add(entrant, k, score.research_output)
    try:
        with progress:
            return contest.run(seeds, ended=progress.ended)
    except KeyboardInterrupt as stop:
        total = len(contest.entrants) * len(contest.arena.tasks) * seeds
        kept = count(total - len(contest.left(seeds)), "run")
        err.print(f"Stopped. {kept} of {total} are saved. Continue: the same command.")
        raise SystemExit(exit_code(stop)) from None


class ContestProgress:
    """Progress on standard error: a live table on a terminal, otherwise a line for each seed that all have run."""

    def __init__(self, console: Console, entrants: Entrants, tasks: int, seeds: int) -> None:
        self.console, self.entrants, self.tasks, self.seeds = console, list(entrants), tasks, seeds
        self.outputs: defaultdict[str, list[float]] = defaultdict(list)
        self._left = dict.fromkeys(range(seeds), len(self.entrants) * tasks)
        self._new, self._since = 0, time.monotonic()
        self._warned: set[str] = set()
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        elif kept := sum(map(len, self.outputs.values())):
            self.console.print(f"{count(kept, 'run')} are in the log")
        return self

    def __exit__(self, *exc: object) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def add(self, entrant: str, k: int, output: float) -> bool:
        """Count a run; whether it was the last of its seed."""
        if k not in self._left:
            return False
        self.outputs[entrant].append(output)
        self._left[k] -= 1
        return not self._left[k]

    def ended(self, job: Job, k: int, score: Score) -> None:
        """Show a run that has ended."""
        self._new += 1
        if score.common_error and job.entrant not in self._warned:
            self._warned.add(job.entrant)
            warn_of_failures(f"{job.entrant} on {job.task}", score)
        if self.add(job.entrant, k, score.research_output) and not self.console.is_terminal:
            done = sum(not left for left in self._left.values())
            means = "  ".join(f"{name} {self._mean(name):+.3f}" for name in self.entrants)
            self.console.print(f"{done} of {count(self.seeds, 'seed')}  {means}", markup=False, soft_wrap=True)

    def _mean(self, entrant: str) -> float:
        outputs = self.outputs[entrant]
        return sum(outputs) / len(outputs) if outputs else 0.0

    def _render(self) -> Table:
        total = len(self.entrants) * self.tasks * self.seeds
        done = sum(map(len, self.outputs.values()))
        left = (time.monotonic() - self._since) * (total - done) / self._new if self._new else 0.0
        table = Table.grid(padding=(0, 1))
        clock = f"[dim]{left / 60:.1f} min left[/]" if left else ""
        table.add_row(
            Spinner("dots", style="cyan"), ProgressBar(total=total, completed=done, width=28), f"{done}/{total}", clock
        )
        for name in sorted(self.entrants, key=self._mean, reverse=True):
            table.add_row(
                "", escape(name), f"{self._mean(name):+.3f}", f"[dim]{count(len(self.outputs[name]), 'run')}[/]"
            )
        return table


def _table(ranking: Ranking) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    tasks = ranking.tasks if len(ranking.tasks) > 1 else ()
    table.add_column("", no_wrap=True)
    for title in ("research output", "95 %", *tasks, "to the first", "95 %"):
        table.add_column(escape(title), justify="right", no_wrap=True)
    for title in ("", "over the budget"):
        table.add_column(title, no_wrap=True)
    values = [value for placing in ranking.placings for value in placing.q]
    for placing in ranking.placings:
        apart = placing.behind
        table.add_row(
            escape(placing.entrant),
            f"[bold]{placing.output.mean:+.3f}[/]",
            _ends(placing.output.low, placing.output.high),
            *(f"{placing.by_task[task]:+.3f}" for task in tasks),
            f"{apart.mean:+.3f}" if apart else "",
            _ends(apart.low, apart.high) if apart else "",
            f"[{STYLES[placing.verdict]}]{placing.verdict}[/]",
            sparkline(placing.q, min(0.0, *values), max(values)),
        )
    return table


def _ends(low: float, high: float) -> str:
    return f"[dim]{low:+.3f} … {high:+.3f}[/]" if low > float("-inf") else "[dim]unknown[/]"


def sparkline(values: tuple[float, ...], low: float, high: float) -> str:
    """Values as a row of bars between two bounds."""
    span = (high - low) or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


def resolution(ranking: Ranking) -> str:
    """What difference so many seeds can show, and how many more would show a small one."""
    if ranking.more_seeds is None:
        return "One seed tells nothing of luck: --seeds 10 would."
    resolved = f"{count(ranking.seeds, 'seed')} can resolve ±{ranking.resolves:.3f} (80 % power, one comparison at 5 %)"
    more = f"{count(ranking.more_seeds, 'more seed')} would resolve {EFFECT:g}"
    corrected = f" Verdicts are corrected for {ranking.comparisons} comparisons." if ranking.comparisons > 1 else ""
    return f"{resolved}{f'; {more}' if ranking.more_seeds else ''}.{corrected}"
