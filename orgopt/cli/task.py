"""`orgopt task`: what can be researched."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.table import Table

from orgopt.api.labs import kept_baseline
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import err, out, print_json
from orgopt.cli.shared.check import check_dict, figures_toml, parting_dict, show_check, show_parting
from orgopt.cli.shared.exits import command
from orgopt.errors import OrgoptError, UsageError
from orgopt.lab.checking import check
from orgopt.storage.json_values import json_values
from orgopt.study.verdict.evidence import REMEDY, stamp
from orgopt.tasks import normalisation
from orgopt.tasks.folder import load_task
from orgopt.tasks.source import TASK_KIND, find_tasks
from orgopt.tasks.task import Measure, Task
from orgopt.workspace import find_workspace

if TYPE_CHECKING:
    from orgopt.lab.worlds.world import AnswerSource


@click.command("task", epilog="\b\nExamples:\n  orgopt task\n  orgopt task tinygpt")
@click.argument("name", required=False, shell_complete=complete.tasks)
@click.option(
    "--check",
    "tried",
    is_flag=True,
    help="Run a checkout twice, and show which of its knobs arrive and what is wrong; of a world or a recording, "
    "whether validation and held-out quality part.",
)
@click.option(
    "--measure",
    "measures",
    is_flag=True,
    help="Print the figures that a world, or a recording's, gives for task.toml: baseline, reference and its settings.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def task_command(name: str | None, tried: bool, measures: bool, as_json: bool) -> None:
    """List the tasks, or show one: its knobs, baseline, reference and noise.

    NAME is a task's folder under fitness/, a path to one, or the name of an installed package's.
    """
    workspace = find_workspace()
    if tried or measures:
        if name is None or (tried and measures):
            raise UsageError("name one task to check or to measure: orgopt task FOLDER --check")
        task = load_task(name, workspace)
        if measures:
            _measure(task, as_json=as_json)
        else:
            _check(task, as_json=as_json)
        return
    if name is None:
        tasks = list(_all_tasks(workspace))
        if as_json:
            print_json("tasks", {"tasks": [{"name": task.name, "title": task.title} for task in tasks]})
            return
        for task in tasks:
            out.print(f"[bold]{task.name}[/]  {escape(task.title)}  [dim]{task.folder}[/]")
        return
    task = kept_baseline(load_task(name, workspace), workspace)
    if as_json:
        print_json("task", task_dict(task))
    else:
        show(task)


def _check(task: Task, *, as_json: bool) -> None:
    """Run a checkout and say what was seen; exit code 1 where it gives no metric. Of a world, whether metrics part.

    Raises:
        UsageError: It is no checkout, and has no world.
    """
    if not task.self_reported:
        from orgopt.lab.worlds.metrics_part import parting

        parted = parting(task, _source(task, "--check tries a script that prints its metric, or a world"))
        if as_json:
            print_json("parting", {"name": task.name, **parting_dict(parted)})
        else:
            show_parting(task, parted)
        return
    found = check(task, note=lambda line: err.print(line, style="dim", markup=False))
    if as_json:
        print_json("check", {"name": task.name, **check_dict(found)})
    else:
        show_check(task, found)
    if found.failed:
        raise SystemExit(1)


def _measure(task: Task, *, as_json: bool) -> None:
    """Print the figures that a world gives.

    Raises:
        UsageError: It has none.
    """
    from orgopt.lab.worlds.metrics_part import figures

    found = figures(task, _source(task, "--measure asks a world"))
    if as_json:
        print_json("figures", {"name": task.name, **json_values(found)})
    else:
        out.print(figures_toml(found), markup=False)


def _source(task: Task, what: str) -> "AnswerSource":
    """The world of a task."""
    from orgopt.lab.worlds.open import open_recorded
    from orgopt.lab.worlds.recording_files import records_path
    from orgopt.lab.worlds.world import open_world

    if task.world:
        return open_world(task)
    if not records_path(task).is_file():
        raise UsageError(f"{task.name} is no world and has no recording: {what}; make one with 'orgopt record'")
    return open_recorded(task, note=lambda line: err.print(line, style="dim", markup=False))


def _all_tasks(workspace: Path) -> Iterator[Task]:
    """Every task that can be named; of a package that does not work, why, on standard error."""
    found = find_tasks(workspace)
    yield from (load_task(str(folder)) for folder in found.values())
    for name in TASK_KIND.names:
        if name not in found:
            try:
                yield load_task(name, workspace)
            except OrgoptError as error:
                err.print(f"{name}: {error}", style="yellow", markup=False, soft_wrap=True)


def show(task: Task) -> None:
    """Print a task for a person."""
    out.print(f"[bold]{task.name}[/]  {escape(task.title)}\n\n{escape(task.brief)}\n")
    if task.reference is None:
        _show_printed(task)
    else:
        _show_scale(task, task.reference)
    if task.timed:
        out.print(f"{escape(task.heldout.removeprefix('-'))} is a metric of time: it is compared side by side.\n")
    knobs = Table(title=f"Knobs of {task.script or task.name}", title_justify="left", box=None, pad_edge=False)
    for column in ("knob", "default", "range", "group"):
        knobs.add_column(column)
    for knob in task.knobs:
        knobs.add_row(knob.name, str(knob.default), escape(knob.range), f"[dim]{knob.group}[/]")
    out.print(knobs)
    if task.random_start:
        out.print("\nEach agent starts from a random setting of its own.")
    out.print(f"\n[dim]{escape(str(task.folder))}[/]")


def _show_printed(task: Task) -> None:
    """What is known of a script that prints its metric."""
    base = task.baseline
    way = "lower is better" if task.metric == task.printed else f"more is better: it stands as {task.metric}, negated"
    out.print(f"{escape(task.printed)}, [bold]self-reported[/]: what {escape(task.script)} prints of itself; {way}")
    if task.measured:
        out.print(
            f"baseline (q = 0) {base.metric:.4g}, measured here: sd {base.sd:.2g} over {base.seeds} runs; "
            f"q is the gain as a share of {normalisation.whole(base):.4g}"
        )
        if task.steady:
            out.print(f"{stamp([task.name])} {REMEDY}", markup=False)
    else:
        out.print("baseline (q = 0) not measured yet: the first run on this machine does it")
    out.print(f"An experiment is killed after {task.limit_s:g} s.")
    if task.python:
        out.print(f"It runs in {task.python}.", markup=False)
    for line in task.seeds:
        out.print(f"Seed: {line}", markup=False, soft_wrap=True)
    for folder in task.data:
        out.print(f"Its files name {folder} for data.", markup=False)
    for path in task.limits.read:
        out.print(f"Its experiments may read {path}, by orgopt.toml.", markup=False)
    out.print()


def _show_scale(task: Task, ref: Measure) -> None:
    """Baseline, reference, simple methods and noise."""
    base = task.baseline
    scale = Table(
        title=f"{task.heldout} in {task.unit}; lower is better", title_justify="left", box=None, pad_edge=False
    )
    for column in ("", "held out", "validation"):
        scale.add_column(column, justify="left" if not column else "right")
    for name, value in task.floors.items():
        scale.add_row(f"[dim]{name}[/]", f"[dim]{value:.3f}[/]", "")
    scale.add_row("baseline (q = 0)", f"{base.heldout:.3f}", f"{base.metric:.3f}")
    scale.add_row("reference (q = 1)", f"{ref.heldout:.3f}", f"{ref.metric:.3f}")
    out.print(scale)
    noise = base.sd / (base.heldout - ref.heldout)
    out.print(
        f"\nSeed noise: sd {base.sd:.3f} over {base.seeds} seeds, {noise:.0%} of the way from baseline to reference.\n"
    )


def task_dict(task: Task) -> dict[str, object]:
    """A task as JSON values."""
    return {
        "name": task.name,
        "title": task.title,
        "brief": task.brief,
        "metric": task.metric,
        "heldout": task.heldout,
        "unit": task.unit,
        "baseline": asdict(task.baseline) if task.measured else None,
        "reference": asdict(task.reference) if task.reference else None,
        "self_reported": task.self_reported,
        "timed": task.timed,
        "varies": task.baseline.varies if task.measured else None,
        "seeds": list(task.seeds),
        "floors": dict(task.floors),
        "limit_s": task.limit_s,
        "random_start": task.random_start,
        "digest": task.digest,
        "folder": str(task.folder),
        "knobs": [{"name": k.name, "group": k.group, "default": k.default, "range": k.range} for k in task.knobs],
    }
