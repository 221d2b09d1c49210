"""`orgopt record`: real experiments of a task, run once and kept."""

import os
import time
from pathlib import Path
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import orgopt
from orgopt.api.recordings import RecordingResult
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import bounded, err, near, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.heartbeat import Heartbeat
from orgopt.cli.shared.lab import sandbox_option
from orgopt.cli.shared.messages import Said
from orgopt.lab.base import Outcome
from orgopt.tasks.task import Task

_FITTING = "fitting the world that replays it …"


class RecordProgress(Said):
    """A bar on a terminal, otherwise a line for each twentieth."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self.console, self.quiet = console, quiet
        self.name, self.runs, self.done, self.new, self.ok = "", 0, 0, 0, 0
        self.since = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        )
        self._bar.disable = not console.is_terminal
        self._heartbeat, self._fits = Heartbeat(console, self.line), False

    def __enter__(self) -> Self:
        self._heartbeat.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._bar.stop()
        self._heartbeat.__exit__()

    def line(self) -> str:
        """How far the recording is, in a line."""
        if not self.runs:
            return "preparing …"
        return _FITTING if self._fits else f"{self.name}: {self.done} of {self.runs} runs, {self.text}"

    def recording_begun(self, task: Task, runs: int, done: int) -> None:
        if done:
            self.console.print(f"[dim]continues after {done} runs[/]")
        self.name, self.runs, self.done, self.since = task.name, runs, done, time.monotonic()
        self._bar.start()
        self._shown = self._bar.add_task(task.name, total=runs, completed=done)

    def recorded(self, outcome: Outcome) -> None:
        share = self.done * 20 // self.runs
        self.done, self.new, self.ok = self.done + 1, self.new + 1, self.ok + (outcome.status == "ok")
        self._bar.update(self._shown, completed=self.done)
        if self.done * 20 // self.runs > share:
            self._heartbeat.say(self.line())

    def fitting(self) -> None:
        self._bar.stop()
        self._fits = True
        if not self.quiet:
            self.console.print(f"[dim]{_FITTING}[/]")

    @property
    def text(self) -> str:
        """What the runs of this command were like, and how long the rest takes."""
        left = (self.runs - self.done) * (time.monotonic() - self.since) / max(1, self.new)
        return f"{self.ok / max(1, self.new):.0%} ok, about {left / 60:.1f} min left"


@click.command(
    "record",
    epilog="\b\nExamples:\n  orgopt record tinygpt --runs 2000\n  orgopt record fitness/mine --runs 500 --slots 8\n"
    "  orgopt record tinygpt --seek 100",
)
@click.argument("name", metavar="TASK", shell_complete=complete.tasks)
@click.option("--runs", type=bounded("runs"), help="How many experiments the recording has in all.")
@click.option(
    "--seek",
    type=bounded("seek"),
    help="Instead: so many more, where searches of its world end and near the reference. Repeat it a few times.",
)
@click.option("--slots", type=bounded("slots"), default=min(2, os.cpu_count() or 1), show_default=True)
@sandbox_option
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder; the task's without.")
@click.option("--seed", type=bounded("seed"), default=0, show_default=True, help="Decides settings and seeds.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def record_command(
    name: str, runs: int | None, seek: int | None, slots: int, folder: Path | None, seed: int, as_json: bool
) -> None:
    """Record real experiments of TASK, so that it can be replayed in virtual time.

    Settings are spread over the knobs, a quarter of them near the baseline; one in twenty has five seeds.
    The same command continues a recording that was stopped, and extends one with fewer runs.
    """
    with RecordProgress(err, quiet=as_json) as progress:
        found = orgopt.record(name, runs=runs, seek=seek, slots=slots, out=folder, seed=seed, callback=progress)
    if as_json:
        print_json("recording", found.to_dict())
    else:
        _print(found)


def _print(found: RecordingResult) -> None:
    """What a recording holds, and how well its world predicts runs that it was not fitted to."""
    records, task = found.records, found.task
    shares = ", ".join(f"{count / len(records):.1%} {status}" for status, count in found.counts.items())
    out.print(f"{len(records)} runs of {task.name}: {shares}")
    out.print(f"{records.seconds.sum() / 60:.1f} CPU minutes, {records.seconds.mean():.2f} s a run")
    out.print(f"[dim]{near(found.path)}, {found.path.stat().st_size / 1e6:.2f} MB[/]", soft_wrap=True)
    if found.quality:
        metric = found.quality["metric"]
        out.print(
            f"world: rank correlation of {task.metric} with settings not seen {metric['spearman']:.2f}, "
            f"in the best fifth {metric['spearman_best_fifth']:.2f} [dim](world.json)[/]",
            soft_wrap=True,
        )
