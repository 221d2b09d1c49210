"""Progress of a study on standard error: a live table on a terminal, else a line a generation and every ten seconds."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
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
from orgopt.cli.shared.leaderboard import Row, leaderboard, standings
from orgopt.cli.shared.live import serve_live
from orgopt.cli.shared.messages import Said
from orgopt.cli.shared.run_status import RunStatus
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.trials.job import Job
from orgopt.ledger import Event
from orgopt.scoring.evaluation import Score
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.study.records.kinds import CandidateRecord, EvaluationRecord, RewriteRecord
from orgopt.study.records.names import ABLATION, HELD_OUT, RACE, REAL, REWRITE, SEARCH, TEST
from orgopt.study.standing import Standing
from orgopt.study.wording import plain
from orgopt.tasks.task import Task

PHASES = {
    SEARCH: "searching",
    RACE: "racing the best on fresh seeds",
    TEST: "testing the winner beside its controls",
    HELD_OUT: "testing on tasks that were held out",
    REAL: "training for real",
    ABLATION: "taking parts away from the winner",
}
_SENDING, _PREPARING = "sending the last runs to MLflow …", "preparing …"


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
        if best is first:
            return f"{said} (the document it began with)"
        begun = plain(first[1].estimate)
        has = " has as much" if begun == plain(best[1].estimate) else f": {begun}"
        return f"{said} (the document it began with{has})"

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


def _clock(seconds: float) -> str:
    """`40 s`, `3 min` or `2.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
