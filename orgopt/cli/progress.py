"""Progress on standard error: a live table on a terminal, otherwise a line for each candidate."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orgopt.cli.base import count, warn_of_failures
from orgopt.evaluate import Score
from orgopt.evolve import Candidate, StudyConfig, Watch
from orgopt.ledger import Event

Record = Mapping[str, Any]


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
            text.append(f"  {self.metric} {self.best:.3f}", "bold")
        return text


class StudyProgress(Watch):
    """Shows a study while it runs: use as a context manager around `optimize`.

    Args:
        console: Where to show it; live when it is a terminal.
        config: The study's settings.
        metric: Name of the metric that steers.
        on_saved: Called when something was added to the log, to project it.
    """

    def __init__(self, console: Console, config: StudyConfig, metric: str, on_saved: Any) -> None:
        self.console, self.config, self.metric, self.on_saved = console, config, metric, on_saved
        self.rows: list[tuple[Candidate, float, float]] = []
        self.candidate: Candidate | None = None
        self.what = ""
        self.status = RunStatus(config.budget_s, metric)
        self.since = time.monotonic()
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def started(self, candidate: Candidate, what: str) -> None:
        self.candidate, self.what = candidate, what
        self.status = RunStatus(self.config.budget_s, self.metric)
        if not self.console.is_terminal and what == "test":
            self.console.print(f"test of {candidate.name} on a seed that the search did not use")

    def event(self, event: Event) -> None:
        self.status.take(event)

    def scored(self, candidate: Candidate, score: Score | Record, *, resumed: bool) -> None:
        values = score.to_dict() if isinstance(score, Score) else score
        self.rows.append((candidate, values["research_output"], values["heldout"]))
        if not resumed:
            warn_of_failures(candidate.name, dict(values))
        if not self.console.is_terminal:
            note = "  (from the log)" if resumed else ""
            output = f"research output {values['research_output']:+.3f}"
            line = f"{candidate.name}  {output}  {origin(candidate)}{candidate.changes}{note}"
            self.console.print(escape(line), soft_wrap=True)

    def saved(self) -> None:
        self.on_saved()

    def _render(self) -> RenderableType:
        total = self.config.generations * self.config.population
        done = len(self.rows)
        elapsed = time.monotonic() - self.since
        head = Table.grid(padding=(0, 1))
        left = f"about {(total - done) * elapsed / done / 60:.1f} min left" if 0 < done < total else ""
        generation = min(self.config.generations, 1 + done // self.config.population)
        head.add_row(
            self._spinner,
            f"[bold]generation {generation} of {self.config.generations}[/]",
            ProgressBar(total=total, completed=done, width=28),
            f"{done}/{total}",
            f"[dim]{left}[/]",
        )
        parts: list[RenderableType] = [head, leaderboard(self.rows, limit=12)]
        if self.candidate:
            what = "testing" if self.what == "test" else "running"
            line = Text.assemble(("  ▸ ", "cyan"), f"{what} {self.candidate.name}  ", (self.candidate.changes, "dim"))
            line.no_wrap, line.overflow = True, "ellipsis"
            parts.append(line)
            parts.append(self.status.line())
        return Group(*parts)


def leaderboard(rows: list[tuple[Candidate, float, float]], limit: int) -> Table:
    """The latest candidates with their research output as a bar, the best marked."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("candidate", no_wrap=True, width=9)
    table.add_column("research output", no_wrap=True, width=19)
    table.add_column("held out", justify="right", no_wrap=True, width=8)
    table.add_column("changes", overflow="ellipsis", no_wrap=True, ratio=1)
    best = max((output for _, output, _ in rows), default=0.0)
    top = max(best, 0.01)
    for candidate, output, heldout in rows[-limit:]:
        bar = "█" * round(12 * max(0.0, output) / top)
        style = "bold green" if output == best else ""
        table.add_row(
            f"[{style or 'default'}]{candidate.name}[/]",
            f"{output:+.3f} [green]{bar}[/]",
            f"{heldout:.3f}",
            f"[dim]{escape(origin(candidate) + candidate.changes)}[/]",
        )
    return table
