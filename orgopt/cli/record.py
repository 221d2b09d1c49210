"""`orgopt record`: real experiments of a task, run once and kept."""

import os
import shlex
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from orgopt.cli.shared.base import command, err, find_workspace, near, out, print_json, writable_folder
from orgopt.cli.shared.lab import open_lab, sandbox_option
from orgopt.errors import TaskError, UsageError
from orgopt.lab.base import Outcome
from orgopt.lab.worlds.active_learning import sought
from orgopt.lab.worlds.open import open_recorded
from orgopt.lab.worlds.recorder import Recording, recording_lab_task
from orgopt.lab.worlds.recording import Records, load_records
from orgopt.task import Task, load_task


@dataclass(slots=True)
class RecordProgress:
    """A bar on a terminal, otherwise a line for each twentieth."""

    console: Console
    name: str
    runs: int
    done: int
    new: int = 0
    ok: int = 0
    since: float = field(default_factory=time.monotonic)

    def take(self, outcome: Outcome) -> None:
        """Count one outcome."""
        share = self.done * 20 // self.runs
        self.done, self.new, self.ok = self.done + 1, self.new + 1, self.ok + (outcome.status == "ok")
        if self.done * 20 // self.runs > share and not self.console.is_terminal:
            self.console.print(f"{self.name}: {self.done} of {self.runs} runs, {self.text}")

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
@click.argument("name", metavar="TASK")
@click.option("--runs", type=click.IntRange(1), help="How many experiments the recording has in all.")
@click.option(
    "--seek",
    type=click.IntRange(1),
    help="Instead: so many more, where searches of its world end and near the reference. Repeat it a few times.",
)
@click.option("--slots", type=click.IntRange(1), default=min(2, os.cpu_count() or 1), show_default=True)
@sandbox_option
@click.option("--out", "folder", type=click.Path(path_type=Path, file_okay=False), help="Folder; the task's without.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides settings and seeds.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def record_command(
    name: str, runs: int | None, seek: int | None, slots: int, folder: Path | None, seed: int, as_json: bool
) -> None:
    """Record real experiments of TASK, so that it can be replayed in virtual time.

    Settings are spread over the knobs, a quarter of them near the baseline; one in twenty has five seeds.
    The same command continues a recording that was stopped, and extends one with fewer runs.
    """
    if (runs is None) == (seek is None):
        raise UsageError("give --runs for a recording, or --seek to go on where its world is wrong")
    task = load_task(name, find_workspace())
    place = writable_folder(folder or task.folder)
    with (
        open_lab(recording_lab_task(task), "local", slots) as lab,
        Recording(task, place, seed=seed, data_digest=lab.data_digest) as recording,
    ):
        planned = sought(open_recorded(task, place), seek, first_row=recording.written) if seek else []
        runs = recording.written + len(planned) if runs is None else runs
        if recording.done > runs:
            raise UsageError(f"{near(place)} has {recording.done} runs already: ask for more, or choose another --out")
        if recording.done:
            err.print(f"[dim]continues after {recording.done} runs[/]")
        size = ["--seek", str(seek)] if seek else ["--runs", str(runs)]
        words = ["orgopt", "record", name, *size, "--slots", str(slots), "--seed", str(seed)]
        status = RecordProgress(err, task.name, runs, recording.done)
        bar = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
        )
        bar.disable = not err.is_terminal
        with bar:
            shown = bar.add_task(task.name, total=runs, completed=recording.done)
            planned = planned or recording.missing(runs)
            for outcome in recording.add(lab, planned, shlex.join(words)):
                status.take(outcome)
                bar.update(shown, completed=status.done)
        path = recording.path
    records = load_records(path, task)
    if not as_json:
        err.print("[dim]fitting the world that replays it …[/]")
    try:
        quality = open_recorded(task, place).meta["quality"]
    except TaskError as error:  # a recording stands without its world
        err.print(str(error), style="yellow", markup=False, soft_wrap=True)
        quality = None
    summarize(records, task, path, quality, as_json=as_json)


def summarize(records: Records, task: Task, path: Path, quality: dict[str, Any] | None, *, as_json: bool) -> None:
    """Print what a recording holds, and how well its world predicts runs that it was not fitted to."""
    counts = dict(Counter(map(str, records.status)).most_common())
    if as_json:
        summary = {"task": task.name, "path": str(path), "runs": len(records), "status": counts, "world": quality}
        print_json("recording", {**summary, "cpu_s": float(records.seconds.sum()), "bytes": path.stat().st_size})
        return
    shares = ", ".join(f"{count / len(records):.1%} {status}" for status, count in counts.items())
    out.print(f"{len(records)} runs of {task.name}: {shares}")
    out.print(f"{records.seconds.sum() / 60:.1f} CPU minutes, {records.seconds.mean():.2f} s a run")
    out.print(f"[dim]{near(path)}, {path.stat().st_size / 1e6:.2f} MB[/]", soft_wrap=True)
    if quality:
        metric = quality["metric"]
        out.print(
            f"world: rank correlation of {task.metric} with settings not seen {metric['spearman']:.2f}, "
            f"in the best fifth {metric['spearman_best_fifth']:.2f} [dim](world.json)[/]",
            soft_wrap=True,
        )
