"""`orgopt run`: one organization on a task."""

import re
from pathlib import Path

import click
from rich.live import Live
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
    print_json,
    warn_of_failures,
    writable_folder,
)
from orgopt.cli.lab import calibrated, lab_option, open_lab
from orgopt.cli.progress import RunStatus
from orgopt.document import load, require_org
from orgopt.errors import StoreError
from orgopt.evaluate import Score, evaluate
from orgopt.ledger import Ledger, results_tsv, write_text
from orgopt.task import Task, load_task


@click.command(
    "run",
    epilog="\b\nExamples:\n  orgopt run orgs/trio.md --task tinygpt --budget 30s\n"
    "  orgopt run orgs/solo.md --task tinygpt --budget 10m --slots 2 --seed 7 --json",
)
@click.argument("path", metavar="FILE")
@click.option("--task", "task_name", required=True, help="Name of a task, or a path to its folder.")
@click.option(
    "--budget", "budget_s", type=Duration(), required=True, help="Hardware time of the run: 30s, 10m, 2h, or seconds."
)
@lab_option
@click.option("--slots", type=click.IntRange(1, 256), default=2, show_default=True, help="Experiments at once.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides every random choice.")
@click.option(
    "--verify-seeds",
    type=click.IntRange(1, 100),
    default=2,
    show_default=True,
    help="Fresh seeds with which each submission is trained again, outside the budget.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the score as JSON.")
@command
def run_command(
    path: str,
    task_name: str,
    budget_s: float,
    lab_kind: str | None,
    slots: int,
    seed: int,
    verify_seeds: int,
    as_json: bool,
) -> None:
    """Run the organization of a document as a team, and score what it found.

    The ledger and a results.tsv in autoresearch's columns are kept under mlruns/runs/ in the
    document's workspace.
    """
    program = load(path)
    require_org(program)
    workspace = find_workspace(Path(path))
    task = load_task(task_name, workspace)
    folder = _new_folder(workspace, f"{Path(path).stem}-{task.name}-s{seed}")
    ledger = Ledger(folder / "ledger.jsonl")
    write_text(folder / "program.md", program.text)
    status = RunStatus(budget_s, task.metric)
    try:
        with open_lab(task, lab_kind, slots) as lab:
            task = calibrated(task, lab, workspace)
            with Live(get_renderable=status.line, console=err, transient=True, auto_refresh=err.is_terminal):
                score = evaluate(
                    program,
                    task,
                    lab,
                    budget_s=budget_s,
                    seed=seed,
                    ledger=ledger,
                    verify_seeds=verify_seeds,
                    watch=status.take,
                )
    except KeyboardInterrupt as stop:
        err.print(
            f"Stopped after {count(status.done, 'experiment')}; their ledger is in {near(folder)}",
            markup=False,
            soft_wrap=True,
        )
        raise SystemExit(exit_code(stop)) from None
    finally:
        ledger.close()
        write_text(folder / "results.tsv", results_tsv(ledger, task.metric))
    warn_of_failures(path, score.to_dict())
    if as_json:
        given = {"program": path, "task": task.name, "seed": seed, "budget_s": budget_s, "slots": slots}
        print_json("run", {**given, "folder": str(folder), "score": score.to_dict()})
    else:
        out.print(summary(task, score, budget_s))
        out.print(f"\nLedger and results.tsv: {near(folder)}", markup=False)


def summary(task: Task, score: Score, budget_s: float) -> Table:
    """A score for a person."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    parts = f"final {score.q_final:+.3f} ± {score.q_error:.3f} seed noise, mean over the budget {score.q_mean:+.3f}"
    table.add_row("research output", f"[bold]{score.research_output:+.3f}[/]  [dim]({parts})[/]")
    table.add_row(
        task.heldout,
        f"{score.heldout:.3f}  [dim]on fresh seeds; baseline {task.baseline.heldout:.3f}, "
        f"reference {task.reference.heldout:.3f}[/]",
    )
    table.add_row(
        task.metric, f"{score.metric:.3f}  [dim]when it was submitted; baseline {task.baseline.metric:.3f}[/]"
    )
    kept = ", ".join(f"{name} {value}" for name, value in score.submission.items()) or "the baseline"
    table.add_row("submission", escape(kept))
    table.add_row("experiments", ", ".join(f"{count} {status}" for status, count in score.experiments.items()))
    if score.common_error:
        table.add_row("most failed with", escape(score.common_error))
    table.add_row("measured on", escape(", ".join(f"{key} {value}" for key, value in score.lab.items())))
    table.add_row("slots", f"{score.utilisation:.0%} busy of {budget_s:g} s")
    met = f"{count(score.meetings, 'stand-up')}, {count(score.messages, 'message')}"
    table.add_row("agents", f"{score.agent_s:.1f} agent-seconds, {met}")
    return table


def _new_folder(workspace: Path, name: str) -> Path:
    """A new folder for a run's files, numbered when the name is taken."""
    root = writable_folder(workspace / "mlruns" / "runs")
    safe = re.sub(r"[^\w.-]+", "-", name)
    for number in range(1, 10_000):
        folder = root / (safe if number == 1 else f"{safe}-{number}")
        try:
            folder.mkdir(parents=True, exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(f"cannot write {folder}: {error.strerror}") from None
        return folder
    raise StoreError(f"{root} has too many runs named {safe}")
