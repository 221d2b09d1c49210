"""`orgopt optimize`: a study of documents."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from orgopt.cli import exit_code
from orgopt.cli.base import (
    Duration,
    command,
    count,
    err,
    find_workspace,
    near,
    out,
    own_command,
    print_json,
    shipped_org,
    writable_folder,
)
from orgopt.cli.document import print_changes
from orgopt.cli.lab import calibrated, lab_option, open_lab
from orgopt.cli.progress import StudyProgress
from orgopt.document import Program, load, read, require_org
from orgopt.errors import UsageError
from orgopt.evolve import SAMPLERS, StudyConfig, StudyLog, optimize, study_name
from orgopt.task import Task, load_task
from orgopt.tracking import Tracking

LIBRARY = "library.md"
Record = dict[str, Any]


@click.command(
    "optimize",
    epilog="\b\nExamples:\n"
    "  orgopt optimize orgs/trio.md --task tinygpt --generations 3 --population 4 --budget 15s --slots 2\n"
    "  orgopt optimize my-lab.md --task path/to/task --budget 10m --test-seeds 5 --json",
)
@click.argument("path", metavar="FILE")
@click.option("--task", "task_name", required=True, help="Name of a task, or a path to its folder.")
@click.option(
    "--budget", "budget_s", type=Duration(), required=True, help="Hardware time of each run: 15s, 10m, 2h, or seconds."
)
@click.option(
    "--generations", type=click.IntRange(1, 10_000), default=5, show_default=True, help="Batches of candidates."
)
@click.option("--population", type=click.IntRange(1, 10_000), default=8, show_default=True, help="Candidates a batch.")
@lab_option
@click.option("--slots", type=click.IntRange(1, 256), default=2, show_default=True, help="Experiments at once.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides every random choice.")
@click.option("--sampler", type=click.Choice(SAMPLERS), default="tpe", show_default=True, help="Optuna's sampler.")
@click.option(
    "--test-seeds",
    type=click.IntRange(1, 1000),
    default=1,
    show_default=True,
    help="Runs of the seed document and of the best on seeds that the search did not use.",
)
@click.option(
    "--verify-seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Fresh seeds with which each submission is trained again, outside the budget.",
)
@click.option(
    "--library", "library_path", help="A document whose roles may be added; 'none' for none.  [default: shipped]"
)
@click.option("--name", help="Name of the study.  [default: from the document, the task and the settings]")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@command
def optimize_command(
    path: str,
    task_name: str,
    lab_kind: str | None,
    library_path: str | None,
    name: str | None,
    as_json: bool,
    **settings: Any,
) -> None:
    """Search for a document whose organization does more research than FILE's.

    Every candidate is a small change of the best documents so far, runs as a team on the same budget,
    and is scored on held-out data. The best is tested against FILE on seeds that the search did not use.
    The same command continues a study that was stopped.
    """
    program = load(path)
    require_org(program)
    workspace = find_workspace(Path(path))
    task = load_task(task_name, workspace)
    library = _library(library_path)
    config = StudyConfig(**settings)
    if name and not re.fullmatch(r"[\w.-]{1,100}", name):
        raise UsageError(f"study name '{name}': use letters, digits, '.', '-' and '_'")
    studies = writable_folder(workspace / "mlruns" / "studies")
    tracking = Tracking(workspace)
    with open_lab(task, lab_kind, config.slots) as lab:
        warn = _Warner()
        warn(tracking.open())
        task = calibrated(task, lab, workspace)
        identity = config.identity(program, task, library, lab.stamp)
        folder = writable_folder(studies / (name or study_name(program, identity)))
        with StudyLog(folder, identity, program, task) as log:
            if not as_json:
                size = f"{count(config.generations, 'generation')} × {count(config.population, 'candidate')}"
                err.print(f"[bold]{folder.name}[/]  {size} × {config.budget_s:g} s on {config.slots} slots")
            try:
                with StudyProgress(err, config, task.metric, lambda: warn(tracking.sync(folder))) as progress:
                    final = optimize(program, task, lab, config, log, library=library, watch=progress)
            except KeyboardInterrupt as stop:
                err.print(_stopped(config, log.records))
                raise SystemExit(exit_code(stop)) from None
            records = [record for record in log.records if record["kind"] == "candidate"]
    result = _result(task, config, records, final, folder)
    if as_json:
        print_json("optimize", result)
    else:
        _print(task, result, workspace, folder)


def _stopped(config: StudyConfig, records: list[Record]) -> str:
    """What an interrupted study has kept."""
    kinds = [record["kind"] for record in records]
    total = config.generations * config.population
    tests = f" and {count(kinds.count('test'), 'test')}" if "test" in kinds else ""
    return f"Stopped. {kinds.count('candidate')} of {total} candidates{tests} are saved. Continue: the same command."


def _library(path: str | None) -> Program | None:
    if path == "none":
        return None
    found = Path(path) if path else shipped_org(LIBRARY)
    if found is None:
        return None
    library = load(found)
    require_org(library)
    if not read(library).roles:
        raise UsageError(f"{found} has no roles to add: give it a section '## Roles', or use --library none")
    return library


def _result(task: Task, config: StudyConfig, records: list[Record], final: Record, folder: Path) -> Record:
    """The result of a study as JSON values."""
    champion = next(record for record in records if record["index"] == final["champion"])
    return {
        "study": folder.name,
        "task": task.name,
        "candidates": len(records),
        "best": str(folder / "best.md"),
        "baseline": {"metric": task.baseline.metric, "heldout": task.baseline.heldout},
        "seed": records[0]["score"],
        "champion": {"name": champion["name"], **champion["score"]},
        "tests": final["tests"],
        "test_seeds": config.test_seeds,
        "changes": final["changes"],
    }


def _print(task: Task, result: Record, workspace: Path, folder: Path) -> None:
    seed, best, tests = result["seed"], result["champion"], result["tests"]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "research output", "on test seeds", task.heldout, task.metric):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row(
        "baseline script", "0.000", "", f"{task.baseline.heldout:.3f}", f"{task.baseline.metric:.3f}", style="dim"
    )
    table.add_row(
        "seed document",
        f"{seed['research_output']:+.3f}",
        _mean(tests["seed"]),
        f"{seed['heldout']:.3f}",
        f"{seed['metric']:.3f}",
    )
    if tests["champion"]:
        table.add_row(
            f"[bold]best: {best['name']}[/]",
            f"[bold]{best['research_output']:+.3f}[/]",
            f"[bold]{_mean(tests['champion'])}[/]",
            f"{best['heldout']:.3f}",
            f"{best['metric']:.3f}",
        )
    out.print(table)
    out.print()
    if not tests["champion"]:
        out.print("No candidate did better than the seed document: nothing to change.")
    else:
        out.print(_verdict(tests), soft_wrap=False)
        out.print("\nWhat the best changes of the seed document:")
        print_changes(result["changes"])
    out.print(f"\nBest document: {near(folder / 'best.md')}", markup=False)
    where = "" if find_workspace() == workspace else f" --workspace {shlex.quote(str(workspace))}"
    command_line = escape(f"{own_command()} ui{where}")
    out.print(f"Generations in MLflow: [bold]{command_line}[/]")


def _verdict(tests: Record) -> str:
    """What the test seeds say, as plainly as they can say it."""
    pairs = zip(tests["champion"], tests["seed"], strict=True)
    differences = [new["research_output"] - old["research_output"] for new, old in pairs]
    mean = sum(differences) / len(differences)
    word = "ahead of" if mean > 0 else "behind" if mean < 0 else "level with"
    if len(differences) < 3:
        count = f"{len(differences)} test seed{'s' * (len(differences) != 1)}"
        what = f"On {count} the best is {word} the seed document by {abs(mean):.3f}."
        return f"{what} So few seeds cannot tell skill from luck: --test-seeds 10 would say more."
    from scipy import stats

    variance = sum((d - mean) ** 2 for d in differences) / (len(differences) - 1)
    half = float(stats.t.ppf(0.975, len(differences) - 1)) * (variance / len(differences)) ** 0.5
    sure = "" if abs(mean) > half else " No difference is shown."
    difference = f"{abs(mean):.3f} ± {half:.3f} (95 %)"
    return f"On {len(differences)} test seeds the best is {word} the seed document by {difference}.{sure}"


def _mean(tests: list[Record]) -> str:
    return f"{sum(test['research_output'] for test in tests) / len(tests):+.3f}"


class _Warner:
    """Says what keeps MLflow from being written, each problem once."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def __call__(self, problem: str | None) -> None:
        if problem and problem not in self.said:
            self.said.add(problem)
            text = f"MLflow could not be written ({problem}); the study goes on and is kept in its log"
            err.print(text, style="yellow", markup=False, soft_wrap=True)
