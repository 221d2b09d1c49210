"""`orgopt run`: one organization on a task."""

import shlex
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import click
from click.core import ParameterSource
from rich.live import Live
from rich.markup import escape
from rich.table import Table

import orgopt
from orgopt.api.run_result import RunResult
from orgopt.cli.shared import complete
from orgopt.cli.shared.approve import approve_option, approver
from orgopt.cli.shared.base import (
    Budget,
    bounded,
    count,
    err,
    near,
    out,
    own_command,
    print_json,
    verbose_option,
    warn_of_failures,
)
from orgopt.cli.shared.cost_table import bottleneck, parts
from orgopt.cli.shared.exits import command, end_stopped
from orgopt.cli.shared.heartbeat import Heartbeat
from orgopt.cli.shared.lab import lab_option
from orgopt.cli.shared.language import limit_options
from orgopt.cli.shared.live import live_option, serve_live
from orgopt.cli.shared.messages import Said
from orgopt.cli.shared.print_ending import print_ending
from orgopt.cli.shared.run_status import RunStatus
from orgopt.errors import UsageError
from orgopt.evolve.trials.job import Job
from orgopt.ledger import BASELINE, Event
from orgopt.scoring.score import Score
from orgopt.study.verdict.evidence import improvement
from orgopt.study.wording import metric, noise, plain, unnegated
from orgopt.tasks.task import Task


@click.command(
    "run",
    epilog="\b\nExamples:\n  orgopt run orgs/trio.md --task tinygpt --budget 30s\n"
    "  orgopt run orgs/solo.md --task tinygpt --budget 10m --slots 2 --seed 7 --json\n"
    "  orgopt run prompts:/trio-tinygpt-9f41.md@champion --task tinygpt --budget 30s\n"
    "  orgopt run --resume mlruns/runs/trio-tinygpt-s0",
)
@click.argument("path", metavar="FILE", required=False, shell_complete=complete.documents)
@click.option("--task", "task_name", shell_complete=complete.tasks, help="Name of a task, or a path to its folder.")
@click.option("--budget", "budget_s", type=Budget(), help="Hardware time of the run: 30s, 10m, 2h, seconds, or 36x.")
@lab_option
@click.option("--slots", type=bounded("slots"), default=2, show_default=True, help="Experiments at once.")
@click.option("--seed", type=bounded("seed"), default=0, show_default=True, help="Decides every random choice.")
@click.option(
    "--verify-seeds",
    type=bounded("verify_seeds"),
    default=2,
    show_default=True,
    help="Fresh seeds with which each submission is trained again, outside the budget. Of a script that prints its "
    "metric, the last is run in eight pairs with the untouched one at least.",
)
@click.option(
    "--resume",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Go on with a run that was stopped, in its folder under mlruns/runs/; everything else is read from there.",
)
@limit_options
@live_option
@approve_option
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="Print the score and the report as JSON.")
@command
def run_command(
    path: str | None,
    task_name: str | None,
    budget_s: float | str | None,
    lab_kind: str | None,
    slots: int,
    seed: int,
    verify_seeds: int,
    resume: Path | None,
    agents: str | None,
    max_usd: float | None,
    max_tokens: int | None,
    live: bool,
    approve: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    """Run the organization of a document as a team, and score what it found.

    FILE may be a version in MLflow's prompt registry, too. The ledger and a results.tsv in autoresearch's
    columns are kept under mlruns/runs/ in the document's workspace.
    """
    if resume:
        # Settings of orgopt.toml are not given again.
        source = click.get_current_context().get_parameter_source
        if path or any(source(name) is ParameterSource.COMMANDLINE for name in ("task_name", "budget_s")):
            raise UsageError(
                "--resume reads the document, the task and the budget from its folder: do not give them again"
            )
        result = _shown(
            lambda told: orgopt.resume(
                resume,
                max_usd=max_usd,
                max_tokens=max_tokens,
                approve=approver(approve, told.display),
                callback=told,
            ),
            live=live,
        )
    elif path and task_name and budget_s:
        result = _shown(
            lambda told: orgopt.run(
                path,
                task=task_name,
                budget=budget_s,
                lab=lab_kind,
                slots=slots,
                seed=seed,
                verify_seeds=verify_seeds,
                agents=agents,
                max_usd=max_usd,
                max_tokens=max_tokens,
                approve=approver(approve, told.display),
                callback=told,
            ),
            live=live,
        )
    else:
        wanted = {"FILE": path, "--task": task_name, "--budget": budget_s}
        missing = " and ".join(name for name, value in wanted.items() if not value)
        raise UsageError(f"a run needs {missing}; or --resume with the folder of a stopped run")
    warn_of_failures(result.settings.program, result.score)
    if as_json:
        print_json("run", result.to_dict())
    else:
        _print(result, verbose=verbose)


class RunProgress(Said):
    """A line that says how a run goes: live on a terminal, else every ten seconds."""

    def __init__(self, *, live: bool) -> None:
        self.live = live
        self._live: Live | None = None
        self.status: RunStatus | None = None
        self.folder: Path | None = None
        self._shown = ExitStack()
        self._shown.enter_context(Heartbeat(err, self.line))

    def line(self) -> str:
        """How the run goes; before it begins, that it is prepared."""
        return self.status.said() if self.status else "preparing …"

    def run_begun(self, task: Task, budget_s: float, folder: Path) -> None:
        self.status, self.folder = RunStatus(budget_s, task.metric), folder
        if self.live:
            serve_live(self._shown, folder, "run")
        self._live = Live(get_renderable=self.status.line, console=err, transient=True, auto_refresh=err.is_terminal)
        self._shown.enter_context(self._live)

    def display(self) -> Live | None:
        """What is shown live now."""
        return self._live

    def event(self, job: Job | None, event: Event) -> None:  # noqa: ARG002  a run has no job
        if self.status:
            self.status.take(event)

    def close(self) -> None:
        """Show nothing any more."""
        self._shown.close()


def _shown(run: Callable[[RunProgress], RunResult], *, live: bool) -> RunResult:
    """A run, shown while it goes on; one that is stopped says how to go on."""
    progress = RunProgress(live=live)
    try:
        with closing(progress):
            return run(progress)
    except KeyboardInterrupt as stop:
        if progress.status is None or progress.folder is None or not progress.folder.exists():
            raise
        again = f"{own_command()} run --resume {shlex.quote(str(near(progress.folder)))}"
        text = f"Stopped after {count(progress.status.done, 'experiment')}; go on with: {again}"
        end_stopped(text, stop)


def _print(result: RunResult, *, verbose: bool) -> None:
    print_ending(result.ending)
    if verbose:
        out.print()
        out.print(summary(result.task, result.score, result.settings.budget_s))
        out.print()
        out.print(bottleneck(result.report))
        out.print(parts(result.report))
    out.print(f"\nLedger and results.tsv: {near(result.folder)}", markup=False)


def _raw(name: str, value: float) -> str:
    """A metric as its script has it."""
    return metric(unnegated(name, value)[1])


def summary(task: Task, score: Score, budget_s: float) -> Table:
    """A score for a person."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    by_seed = f"{noise(score.q_error)} seed noise" if score.q_error else ""
    parts = f"final {plain(score.q_final)}{by_seed}, mean over the budget {plain(score.q_mean)}"
    if score.disqualified:
        table.add_row("disqualified", f"[red]{escape(score.disqualified)}[/]")
    table.add_row("research output", f"[bold]{plain(score.research_output)}[/]  [dim]({parts})[/]")
    table.add_row("improvement", improvement(score))
    one = f"reference {_raw(task.heldout, task.reference.heldout)}" if task.reference else "self-reported"
    table.add_row(
        task.heldout.removeprefix("-"),
        f"{_raw(task.heldout, score.heldout)}  [dim]verified; baseline "
        f"{_raw(task.heldout, task.baseline.heldout)}, {one}[/]",
    )
    table.add_row(
        task.metric.removeprefix("-"),
        f"{_raw(task.metric, score.metric)}  [dim]when it was submitted; baseline "
        f"{_raw(task.metric, task.baseline.metric)}[/]",
    )
    if score.progress is not None and task.metric != task.heldout:
        text = f"{plain(score.progress)} in {task.metric}, measured anew; {plain(score.q_final)} in {task.heldout}"
        table.add_row("way to the reference", text)
    kept = ", ".join(f"{name} {value}" for name, value in score.submission.items())
    kept = kept or ("the baseline" if score.submitted == BASELINE else f"the script of experiment {score.submitted}")
    table.add_row("submission", escape(kept))
    table.add_row("experiments", ", ".join(f"{count} {status}" for status, count in score.experiments.items()))
    if score.common_error:
        table.add_row("most failed with", escape(score.common_error))
    table.add_row("measured on", escape(", ".join(f"{key} {value}" for key, value in score.lab.items())))
    table.add_row("slots", f"{score.utilisation:.0%} busy of {budget_s:g} s")
    met = f"{count(score.meetings, 'stand-up')}, {count(score.messages, 'message')}"
    table.add_row("agents", f"{score.agent_s:.1f} agent-seconds, {met}")
    if score.tokens or score.usd:
        table.add_row("models and commands", f"{score.tokens} tokens, ${score.usd:.4f}")
    if score.failed_thoughts:
        failed = ", ".join(f"{number} {reason}" for reason, number in score.failed_thoughts.items())
        table.add_row("thoughts without result", failed)
    if score.common_thought_error:
        table.add_row("most failed with", escape(score.common_thought_error))
    return table
