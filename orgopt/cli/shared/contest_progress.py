"""Progress of a contest on standard error: a live table on a terminal, otherwise a line for each seed."""

import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table

from orgopt.cli.shared.base import count, warn_of_failures
from orgopt.cli.shared.heartbeat import Heartbeat
from orgopt.cli.shared.messages import Said
from orgopt.evolve.contest import Contest
from orgopt.evolve.trials.job import Job
from orgopt.scoring.evaluation import Score
from orgopt.study.wording import plain


class ContestProgress(Said):
    """Progress on standard error: a live table on a terminal, otherwise a line for each seed that all have run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.contest: Contest | None = None
        self.entrants: list[str] = []
        self.tasks = self.seeds = 0
        self.outputs: defaultdict[str, list[float]] = defaultdict(list)
        self._left: dict[int, int] = {}
        self._new, self._since = 0, time.monotonic()
        self._warned: set[str] = set()
        self._shown = ExitStack()
        self._heartbeat = Heartbeat(console, self.line)

    def __enter__(self) -> Self:
        self._shown.enter_context(self._heartbeat)
        return self

    def __exit__(self, *exc: object) -> None:
        self._shown.close()

    def contest_begun(self, contest: Contest, seeds: int, folder: Path) -> None:
        terms, size = contest.arena.terms, count(len(contest.entrants), "entrant")
        each = [f"{terms.budget_of(name):g} s" for name in contest.arena.tasks]
        where = f"{' and '.join(dict.fromkeys(each))} on {count(terms.slots, 'slot')}, {terms.lab} lab"
        self.console.print(f"[bold]{folder.name}[/]  {size} × {count(seeds, 'seed')} × {where}", soft_wrap=True)
        self.contest, self.entrants = contest, list(contest.entrants)
        self.tasks, self.seeds = len(contest.arena.tasks), seeds
        self._left, self._since = dict.fromkeys(range(seeds), len(self.entrants) * self.tasks), time.monotonic()
        for (entrant, _, k), score in contest.scores.items():
            self.add(entrant, k, score.research_output)
        if self.console.is_terminal:
            self._shown.enter_context(
                Live(get_renderable=self._render, console=self.console, refresh_per_second=4, transient=True)
            )
        elif kept := sum(map(len, self.outputs.values())):
            self.console.print(f"{count(kept, 'run')} are in the log")

    def stopped(self) -> str:
        """What a contest that was stopped has kept."""
        total = len(self.entrants) * self.tasks * self.seeds
        kept = total - (len(self.contest.left(self.seeds)) if self.contest else 0)
        return f"Stopped. {count(kept, 'run')} of {total} are saved. Continue: the same command."

    def add(self, entrant: str, k: int, output: float) -> bool:
        """Count a run; whether it was the last of its seed."""
        if k not in self._left:
            return False
        self.outputs[entrant].append(output)
        self._left[k] -= 1
        return not self._left[k]

    def compared(self, job: Job, k: int, score: Score) -> None:
        """Show a run that has ended."""
        self._new += 1
        if score.common_error and job.entrant not in self._warned:
            self._warned.add(job.entrant)
            warn_of_failures(f"{job.entrant} on {job.task}", score)
        if self.add(job.entrant, k, score.research_output) and not self.console.is_terminal:
            done = sum(not left for left in self._left.values())
            means = "  ".join(f"{name} {plain(self._mean(name))}" for name in self.entrants)
            self._heartbeat.say(f"{done} of {count(self.seeds, 'seed')}  {means}")

    def line(self) -> str:
        """How far the contest is, in a line."""
        if self.contest is None:
            return "preparing …"
        done, total = sum(map(len, self.outputs.values())), len(self.entrants) * self.tasks * self.seeds
        left = self._seconds_left(done, total)
        return f"{done} of {count(total, 'run')}" + (f", {left / 60:.1f} min left" if left else "")

    def _seconds_left(self, done: int, total: int) -> float:
        return (time.monotonic() - self._since) * (total - done) / self._new if self._new else 0.0

    def _mean(self, entrant: str) -> float:
        outputs = self.outputs[entrant]
        return sum(outputs) / len(outputs) if outputs else 0.0

    def _render(self) -> Table:
        total = len(self.entrants) * self.tasks * self.seeds
        done = sum(map(len, self.outputs.values()))
        left = self._seconds_left(done, total)
        table = Table.grid(padding=(0, 1))
        clock = f"[dim]{left / 60:.1f} min left[/]" if left else ""
        table.add_row(
            Spinner("dots", style="cyan"), ProgressBar(total=total, completed=done, width=28), f"{done}/{total}", clock
        )
        for name in sorted(self.entrants, key=self._mean, reverse=True):
            table.add_row("", escape(name), plain(self._mean(name)), f"[dim]{count(len(self.outputs[name]), 'run')}[/]")
        return table
