"""Progress on standard error: a live table on a terminal, otherwise a line a generation, and one every ten seconds."""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import mean
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orgopt.cli.shared.base import count, warn_of_failures
from orgopt.cli.shared.heartbeat import Heartbeat
from orgopt.cli.shared.live import serve_live
from orgopt.cli.shared.messages import Said
from orgopt.evolve import Candidate, Job
from orgopt.ledger import Event
from orgopt.scoring import Score
from orgopt.study.config import StudyConfig
from orgopt.study.log import StudyLog
from orgopt.study.records.kinds import CandidateRecord, EvaluationRecord, RewriteRecord
from orgopt.study.records.names import ABLATION, HELD_OUT, RACE, REAL, REWRITE, SEARCH, TEST
from orgopt.study.standing import Standing
from orgopt.study.wording import metric, noise, plain
from orgopt.task import Task

PHASES = {
    SEARCH: "searching",
    RACE: "racing the best on fresh seeds",
    TEST: "testing the winner beside its controls",
    HELD_OUT: "testing on tasks that were held out",
    REAL: "training for real",
    ABLATION: "taking parts away from the winner",
}
_SENDING, _PREPARING = "sending the last runs to MLflow …", "preparing …"
Row = tuple[Candidate, Standing, bool]
"""A candidate, what is known of it, and whether it was dropped."""


def origin(candidate: Candidate) -> str:
    """`c03: ` for a change of candidate 3; nothing for a change of the seed document."""
    return f"c{candidate.parent:02d}: " if candidate.parent else ""


@dataclass(slots=True)
class RunStatus:
    """What a team that is running has done so far, read from its events."""

    budget_s: float
    metric: str
    slots: int = 1
    since: float = field(default_factory=time.monotonic)
    agents: int = 0
    done: int = 0
    failed: int = 0
    meetings: int = 0
    best: float | None = None

    def take(self, event: Event) -> None:
        """Count one event."""
        if event.kind == "start":
            self.since, self.agents = time.monotonic(), len(event.data["agents"])
            self.slots = event.data["slots"]
        elif event.kind == "outcome":
            self.done += event.data["status"] == "ok"
            self.failed += event.data["status"] not in {"ok", "unfinished"}
        elif event.kind == "meeting":
            self.meetings += 1
        elif event.kind == "submission":
            self.best = event.data["metric"]

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.since

    def said(self) -> str:
        """The line as plain text."""
        return self.line().plain.strip()

    def line(self) -> Text:
        """One line: the budget as a bar, what was done, the best metric."""
        verifying = self.elapsed > self.budget_s
        text = Text("    verifying on fresh seeds" if verifying else f"    {self.elapsed:4.0f} of {self.budget_s:g} s")
        text.append(f"  {count(self.done, 'experiment')}", "cyan")
        if self.failed:
            text.append(f"  {self.failed} failed", "red")
        if self.meetings:
            text.append(f"  {count(self.meetings, 'stand-up')}")
        if self.best is not None:
            text.append(f"  {self.metric} {metric(self.best)}", "bold")
        return text


class StudyProgress(Said):
    """Shows a study while it runs: use as a context manager around it.

    Args:
        console: Where to show it; live when it is a terminal.
        quiet: Whether its first line, with its name and size, is left out.
        live: Whether a page that follows the study is served meanwhile.
    """

    def __init__(self, console: Console, *, quiet: bool = False, live: bool = False) -> None:
        self.console, self.quiet, self.live, self.begun = console, quiet, live, False
        self.generations = self.population = 0
        self.rows: list[Row] = []
        self.scores: dict[str, list[float]] = {}  # of the phase after the search, by entrant
        self.phase, self.wanted, self.done = "", 0, 0
        self.job: Job | None = None
        self.since = self.phase_since = time.monotonic()
        self.warned: set[str] = set()
        self._shown, self._beats = ExitStack(), ExitStack()
        self._display: Live | None = None
        self.sent = False  # or being sent
        self._spinner = Spinner("dots", style="cyan")
        self._heartbeat = Heartbeat(console, self.line)

    def __enter__(self) -> Self:
        self._beats.enter_context(self._heartbeat)
        return self

    def __exit__(self, *exc: object) -> None:
        self._shown.close()
        self._beats.close()

    def study_begun(self, config: StudyConfig, tasks: Mapping[str, Task], lab: str, log: StudyLog) -> None:
        self.begun, self.log = True, log
        self.generations, self.population, self.budget_s = config.generations, config.population, config.budget_s
        self.metric = next(iter(tasks.values())).metric
        self.budgets_s = config.budgets_s
        self.status = RunStatus(self.budget_s, self.metric)
        if not self.quiet:
            size = f"{count(config.generations, 'generation')} × {count(config.population, 'candidate')}"
            seeds = count(config.search_seeds, "seed")
            each = [f"{value:g} s on {name}" for name, value in config.budgets_s.items()]
            where = f"{', '.join(each) or f'{config.budget_s:g} s'} on {count(config.slots, 'slot')}, {lab} lab"
            self.console.print(f"[bold]{log.folder.name}[/]  {size} × {seeds} × {where}", soft_wrap=True)
            if known := len(log.of(EvaluationRecord)):
                self.console.print(f"[dim]goes on after {count(known, 'run')} that are in its log[/]", soft_wrap=True)
        if self.live:
            serve_live(self._beats, log.folder, "study")
        if self.console.is_terminal:
            self._display = Live(
                get_renderable=self._render, console=self.console, refresh_per_second=4, transient=True
            )
            self._shown.enter_context(self._display)

    def display(self) -> Live | None:
        """What is shown live now."""
        return self._display

    def sending(self) -> None:
        self._shown.close()
        self.sent = True
        self.console.print(f"[dim]{_SENDING}[/]")

    def stopped(self) -> str:
        """What an interrupted study has kept."""
        total = self.generations * self.population
        candidates = count(len(self.log.of(CandidateRecord)), "candidate")
        runs = count(len(self.log.of(EvaluationRecord)), "run")
        return f"Stopped. {runs} of {candidates} (of {total}) are saved. Continue: the same command."

    def planned(self, phase: str, runs: int) -> None:
        if phase == REWRITE:  # a part of the search, run by run
            return
        if phase != self.phase:
            self.phase, self.phase_since = phase, time.monotonic()
            if phase != SEARCH:
                self.wanted, self.done, self.scores = 0, 0, {}
        if phase != SEARCH:
            first = not self.wanted
            self.wanted += runs
            if first:
                self._heartbeat.say(self.line())

    def rewritten(self, name: str, record: RewriteRecord) -> None:
        if record.outcome != "proposed":  # nothing that a model was paid for comes to nothing in silence
            why = f"{record.outcome}: {record.reason}; the sampler proposes instead"
            self.console.print(f"[yellow]{name}  {record.rewriter} {escape(why)}[/]", soft_wrap=True)

    def event(self, job: Job | None, event: Event) -> None:
        if job is not self.job:
            self.job = job
            budget_s = self.budgets_s.get(job.task, self.budget_s) if job else self.budget_s
            self.status = RunStatus(budget_s, self.metric)
        self.status.take(event)

    def evaluated(self, phase: str, job: Job, score: Score) -> None:
        self.done += 1
        if phase not in {SEARCH, REWRITE}:
            self.scores.setdefault(job.entrant, []).append(score.research_output)
        if score.common_error and job.entrant not in self.warned:
            self.warned.add(job.entrant)
            warn_of_failures(f"{job.entrant} on {job.task}", score)

    def told(self, candidate: Candidate, standing: Standing, *, dropped: bool) -> None:
        self.rows.append((candidate, standing, dropped))
        if len(self.rows) % self.population == 0:
            self._heartbeat.say(self.line())

    def line(self) -> str:
        """What is done, what is left and the best so far, in a line."""
        if not self.begun or self.sent:
            return _SENDING if self.sent else _PREPARING
        done, total = self._progress()
        what = f"{self._title()}: {done} of {count(total, 'candidate' if self._searching else 'run')}"
        return ", ".join(filter(None, (what, self._left(), self._best())))

    @property
    def _searching(self) -> bool:
        return self.phase in {"", SEARCH}

    def _title(self) -> str:
        if not self._searching:
            return PHASES[self.phase]
        generation = min(self.generations, max(1, -(-len(self.rows) // self.population)))
        return f"generation {generation} of {self.generations}"

    def _progress(self) -> tuple[int, int]:
        """How many candidates or runs of the phase are done, and of how many."""
        if self._searching:
            return len(self.rows), self.generations * self.population
        return self.done, max(self.wanted, self.done)

    def _left(self) -> str:
        done, total = self._progress()
        elapsed = time.monotonic() - self.phase_since
        return f"{_clock(elapsed * (total - done) / done)} left" if 0 < done < total else ""

    def _best(self) -> str:
        """Who leads the search, or the phase after it."""
        if not self._searching:
            if not self.scores or self.phase != RACE:  # a control is nobody's best
                return ""
            name = max(self.scores, key=lambda one: mean(self.scores[one]))
            return f"{name} leads with {plain(mean(self.scores[name]))}"
        if not self.rows:
            return ""
        best, first = max(self.rows, key=lambda row: row[1].estimate), self.rows[0]
        # What it is the best by, as it was told then: the mean of few seeds may be less than another's.
        said = f"best so far {best[0].name} {plain(best[1].estimate)}"
        return said if best is first else f"{said} (the document it began with: {plain(first[1].estimate)})"

    def _render(self) -> RenderableType:
        table = leaderboard(self.rows, limit=12) if self._searching else standings(self.scores, limit=12)
        parts: list[RenderableType] = [self._head(), table]
        if self.job and time.monotonic() - self.status.since < 10 * self.budget_s:
            line = Text.assemble(("  ▸ ", "cyan"), f"{self.job.entrant} on {self.job.task}")
            line.no_wrap, line.overflow = True, "ellipsis"
            parts += [line, self.status.line()]
        return Group(*parts)

    def _head(self) -> Table:
        done, total = self._progress()
        head = Table.grid(padding=(0, 1))
        head.add_row(
            self._spinner,
            f"[bold]{self._title()}[/]",
            ProgressBar(total=max(1, total), completed=done, width=28),
            f"{done}/{total}",
            f"[dim]{self._left()}[/]",
        )
        return head


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
            f"{standing.value:+.3f}[dim]{noise(standing.error)}[/] [green]{bar}[/]",
            f"{standing.seeds}",
            f"[dim]{escape(origin(candidate) + ', '.join(candidate.changes))}[/]",
        )
    return table


def _clock(seconds: float) -> str:
    """`40 s`, `3 min` or `2.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
