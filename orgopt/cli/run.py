"""`orgopt run`: one organization on a task."""

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import click
from click.core import ParameterSource
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from orgopt.agents.session import Language, Memories, speaks
from orgopt.cli import exit_code
from orgopt.cli.shared.base import (
    Duration,
    command,
    count,
    err,
    find_workspace,
    near,
    out,
    own_command,
    print_json,
    verbose_option,
    warn_of_failures,
    writable_folder,
)
from orgopt.cli.shared.ending import print_ending
from orgopt.cli.shared.heartbeat import Heartbeat
from orgopt.cli.shared.lab import calibrated, lab_option, open_lab
from orgopt.cli.shared.language import check, frozen, language_settings, limit_options
from orgopt.cli.shared.progress import RunStatus
from orgopt.cli.shared.run_report import bottleneck, parts
from orgopt.cli.shared.sources import load_source, source_stem, source_workspace
from orgopt.document import load, require_org
from orgopt.errors import StoreError, UsageError
from orgopt.lab.sandbox.launch import Sandbox, choose, chosen
from orgopt.ledger import BASELINE, Event, Ledger, results_tsv, write_text
from orgopt.org import Org
from orgopt.scoring import Score, evaluate
from orgopt.study.verdict.run import ending
from orgopt.task import Task, load_task
from orgopt.team.costs import report
from orgopt.team.repository import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """What a run was asked to do, kept beside its ledger as run.json, so that it can go on.

    A run of a study leaves the workspace's lasting memories alone; of those of a candidate only the first `remembers`.
    """

    program: str
    task: str
    budget_s: float
    lab: str | None
    slots: int
    seed: int
    verify_seeds: int
    sandbox: str = Sandbox.BUBBLEWRAP.value
    max_usd: float | None = None
    max_tokens: int | None = None
    of_study: bool = False
    remembers: bool = True


@click.command(
    "run",
    epilog="\b\nExamples:\n  orgopt run orgs/trio.md --task tinygpt --budget 30s\n"
    "  orgopt run orgs/solo.md --task tinygpt --budget 10m --slots 2 --seed 7 --json\n"
    "  orgopt run prompts:/program-md.trio-tinygpt-9f41@champion --task tinygpt --budget 30s\n"
    "  orgopt run --resume mlruns/runs/trio-tinygpt-s0",
)
@click.argument("path", metavar="FILE", required=False)
@click.option("--task", "task_name", help="Name of a task, or a path to its folder.")
@click.option("--budget", "budget_s", type=Duration(), help="Hardware time of the run: 30s, 10m, 2h, or seconds.")
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
@click.option(
    "--resume",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Go on with a run that was stopped, in its folder under mlruns/runs/; everything else is read from there.",
)
@limit_options
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="Print the score and the report as JSON.")
@command
def run_command(
    path: str | None,
    task_name: str | None,
    budget_s: float | None,
    lab_kind: str | None,
    slots: int,
    seed: int,
    verify_seeds: int,
    resume: Path | None,
    max_usd: float | None,
    max_tokens: int | None,
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
        folder, asked, ledger = resume, _read_run(resume), Ledger.load(resume / "ledger.jsonl")
        limits = {"max_usd": max_usd, "max_tokens": max_tokens}
        # They are settings that may be raised: what was spent before counts.
        asked = replace(asked, **{name: value for name, value in limits.items() if value is not None})
    elif path and task_name and budget_s:
        program = load_source(path)
        check(require_org(program), language_settings(max_usd, max_tokens))
        workspace = source_workspace(path)
        task = load_task(task_name, workspace)
        asked = _Run(
            program=path,
            task=str(task.folder) if Path(task_name).is_dir() else task_name,
            budget_s=budget_s,
            lab=lab_kind,
            slots=slots,
            seed=seed,
            verify_seeds=verify_seeds,
            sandbox=chosen().value,
            max_usd=max_usd,
            max_tokens=max_tokens,
        )
        folder = _new_folder(workspace, f"{source_stem(path, program)}-{task.name}-s{seed}")
        write_text(folder / "program.md", program.text)
        write_text(folder / "run.json", json.dumps(asdict(asked)) + "\n")
        ledger = Ledger(folder / "ledger.jsonl")
    else:
        given = {"FILE": path, "--task": task_name, "--budget": budget_s}
        missing = " and ".join(name for name, value in given.items() if not value)
        raise UsageError(f"a run needs {missing}; or --resume with the folder of a stopped run")
    _run(asked, folder, ledger, new=resume is None, as_json=as_json, verbose=verbose)


def _run(asked: _Run, folder: Path, ledger: Ledger, *, new: bool, as_json: bool, verbose: bool) -> None:
    program = load(str(folder / "program.md"))
    workspace = find_workspace(folder / "program.md")
    task = load_task(asked.task, workspace)
    choose(asked.sandbox)
    status = RunStatus(asked.budget_s, task.metric)
    code = Repository(folder / "code.git", task) if speaks(require_org(program)) and task.script else None

    def watch(event: Event) -> None:
        status.take(event)
        if code:
            code.take(event)

    try:
        with (
            _opened(require_org(program), asked, folder, workspace, resumed=not new) as language,
            open_lab(task, asked.lab, asked.slots) as lab,
        ):
            task = calibrated(task, lab, workspace)
            with (
                Live(get_renderable=status.line, console=err, transient=True, auto_refresh=err.is_terminal),
                Heartbeat(err, status.said),
            ):
                score = evaluate(
                    program,
                    task,
                    lab,
                    budget_s=asked.budget_s,
                    seed=asked.seed,
                    ledger=ledger,
                    verify_seeds=asked.verify_seeds,
                    watch=watch,
                    language=language,
                )
    except KeyboardInterrupt as stop:
        if not ledger.events and new:
            raise
        again = f"{own_command()} run --resume {shlex.quote(str(near(folder)))}"
        text = f"Stopped after {count(status.done, 'experiment')}; go on with: {again}"
        err.print(text, markup=False, soft_wrap=True)
        raise SystemExit(exit_code(stop)) from None
    finally:
        ledger.close()
        if ledger.events or not new:
            write_text(folder / "results.tsv", results_tsv(ledger, task.metric))
        else:  # it was refused before anything was begun
            shutil.rmtree(folder, ignore_errors=True)
    warn_of_failures(asked.program, score)
    if code and code.problem:
        err.print(f"code.git was not written to its end: {code.problem}", style="yellow", markup=False, soft_wrap=True)
    found = report(require_org(program), ledger)
    named = replace(program, source=asked.program)  # the folder has a copy
    if as_json:
        given = {**asdict(asked), "task": task.name, "folder": str(folder)}
        said = ending(named, task, score, found, asked.budget_s).to_dict()
        print_json("run", {**given, "score": score.to_dict(), "report": found.to_dict(), "ending": said})
    else:
        print_ending(ending(named, task, score, found, asked.budget_s))
        if verbose:
            out.print()
            out.print(summary(task, score, asked.budget_s))
            out.print()
            out.print(bottleneck(found))
            out.print(parts(found))
        out.print(f"\nLedger and results.tsv: {near(folder)}", markup=False)


@contextmanager
def _opened(org: Org, asked: _Run, folder: Path, workspace: Path, *, resumed: bool) -> Iterator[Language | None]:
    """What the run's language agents think with; None without any. A lasting memory is of the document's name."""
    if not speaks(org):
        yield None
        return
    settings = frozen(org, language_settings(asked.max_usd, asked.max_tokens), folder)
    lasting, own = workspace / "mlruns" / "memory" / Path(asked.program).stem, folder / "memory"
    if lasting.is_dir() and not own.exists() and not asked.of_study:
        shutil.copytree(lasting, own)  # what it began with: a run that goes on reads the same again
    own.mkdir(exist_ok=True)
    after = folder / "memory-after"
    memories = Memories(own, after if asked.remembers else None)
    with Language(org, settings, folder=folder, memories=memories, resumed=resumed) as language:
        yield language
    if after.is_dir() and not asked.of_study:
        shutil.copytree(after, lasting, dirs_exist_ok=True)


def _read_run(folder: Path) -> _Run:
    try:
        return _Run(**json.loads((folder / "run.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        raise UsageError(f"{folder} is not the folder of a run: it has no run.json that can be read") from None


def summary(task: Task, score: Score, budget_s: float) -> Table:
    """A score for a person."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    parts = f"final {score.q_final:+.3f} ± {score.q_error:.3f} seed noise, mean over the budget {score.q_mean:+.3f}"
    if score.disqualified:
        table.add_row("disqualified", f"[red]{escape(score.disqualified)}[/]")
    table.add_row("research output", f"[bold]{score.research_output:+.3f}[/]  [dim]({parts})[/]")
    table.add_row("improvement", _improvement(score))
    one = "self-reported" if task.self_reported else f"reference {task.reference.heldout:.3f}"
    table.add_row(
        task.heldout,
        f"{score.heldout:.3f}  [dim]verified; baseline {task.baseline.heldout:.3f}, {one}[/]",
    )
    table.add_row(
        task.metric, f"{score.metric:.3f}  [dim]when it was submitted; baseline {task.baseline.metric:.3f}[/]"
    )
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
    return table


def _improvement(score: Score) -> str:
    """Whether it is one: a lucky seed is not."""
    if score.disqualified:
        return "none: disqualified"
    if score.submitted == BASELINE:
        return "none: the baseline was kept"
    if score.confirmed:
        return "confirmed by fresh seeds (95 %)"
    behind = "the submission is behind the baseline" if score.q_final <= 0 else "inside the seed noise"
    return f"[yellow]not confirmed[/]: {behind} on fresh seeds"


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
