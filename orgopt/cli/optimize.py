"""`orgopt optimize`: a study of documents."""

import re
import shlex
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from orgopt.agents.session import speaks
from orgopt.agents.settings import LanguageSettings
from orgopt.cli import exit_code
from orgopt.cli.shared.background import Projection
from orgopt.cli.shared.base import (
    Duration,
    command,
    count,
    err,
    find_workspace,
    own_command,
    print_json,
    shipped_org,
    verbose_option,
    writable_folder,
)
from orgopt.cli.shared.forecast import Request, forecast
from orgopt.cli.shared.lab import default_workers, lab_option
from orgopt.cli.shared.language import check, language_settings, limit_options, use
from orgopt.cli.shared.progress import StudyProgress
from orgopt.cli.shared.study_result import print_estimate, print_study
from orgopt.cli.shared.terms import calibrate_all, check_budget, named_tasks, say_printed
from orgopt.document import Program, load, read, require_org
from orgopt.errors import UsageError
from orgopt.evolve import Arena, Terms, optimize
from orgopt.evolve.proposers.rewrite.rewriting import check_rewriter, needs_model
from orgopt.evolve.space.gene import PARTS, TEXTS, free_parts
from orgopt.evolve.space.genome import everybody
from orgopt.evolve.surrogate.examples import NONE, gather_evidence, keep_evidence
from orgopt.lab import default_lab
from orgopt.lab.doctor.probes import trial
from orgopt.lab.sandbox import launch, packages
from orgopt.lab.sandbox.bubblewrap import find, wanted
from orgopt.ledger import write_text
from orgopt.report import page
from orgopt.study.config import (
    CONTROLS,
    FEEDBACKS,
    NO_FEEDBACK,
    NO_REWRITER,
    OBJECTIVES,
    REWRITERS,
    SAMPLERS,
    StudyConfig,
    check_feedback,
    study_name,
)
from orgopt.study.log import StudyLog
from orgopt.study.records.kinds import CandidateRecord, EvaluationRecord
from orgopt.study.records.reader import written
from orgopt.study.verdict.study import ending
from orgopt.study.view import study

LIBRARY = "library.md"
CHOICES = (*PARTS, TEXTS, "links")
DEFAULTS = {
    "replay": {"search_seeds": 5, "race_seeds": 24, "test_seeds": 24, "controls": "fast"},
    "local": {"search_seeds": 2, "race_seeds": 4, "test_seeds": 4, "controls": "all"},
}
"""Seeds and controls where none are asked for: a replayed run costs next to nothing, but not one of plain Optuna."""


@click.command(
    "optimize",
    epilog="\b\nExamples:\n"
    "  orgopt optimize orgs/trio.md --task digits --lab replay --budget 60s --generations 10\n"
    "  orgopt optimize orgs/trio.md --task tinygpt --task digits --lab replay --budget 60s --dry-run\n"
    "  orgopt optimize my-lab.md --task path/to/task --budget 10m --only links --only stand-up\n",
)
@click.argument("path", metavar="FILE")
@click.option("--task", "task_names", required=True, multiple=True, help="Name of a task, or its folder; several.")
@click.option(
    "--held-out-task", "held_out_names", multiple=True, help="A task that the search does not touch, for the last test."
)
@click.option(
    "--budget", "budget_s", type=Duration(), required=True, help="Hardware time of each run: 15s, 10m, 2h, or seconds."
)
@click.option(
    "--generations", type=click.IntRange(1, 10_000), default=10, show_default=True, help="Batches of candidates."
)
@click.option("--population", type=click.IntRange(1, 10_000), default=8, show_default=True, help="Candidates a batch.")
@lab_option
@click.option("--slots", type=click.IntRange(1, 256), default=2, show_default=True, help="Experiments at once.")
@click.option("--workers", type=click.IntRange(1, 256), help="Runs at once.  [default: cores in replay, 1 for real]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Decides every random choice.")
@click.option("--sampler", type=click.Choice(SAMPLERS), default="tpe", show_default=True, help="Optuna's sampler.")
@click.option(
    "--also", type=click.Choice(list(OBJECTIVES)[1:]), help="Search for little of this, too, with tpe, gp or nsga2."
)
@click.option(
    "--rewriter",
    type=click.Choice(REWRITERS),
    default=NO_REWRITER,
    show_default=True,
    help="A language model that rewrites documents beside the sampler: one program that reads the records, or one of "
    "DSPy's optimizers.",
)
@click.option(
    "--rewrite-share",
    type=click.FloatRange(0, 1),
    default=1 / 3,
    show_default="1/3",
    help="The rewriter's share of each generation but the first.",
)
@click.option(
    "--rewriter-model", default="", help="The rewriter's model, as LiteLLM names it.  [default: ORGOPT_MODEL]"
)
@click.option(
    "--feedback",
    type=click.Choice(FEEDBACKS),
    default=NO_FEEDBACK,
    show_default=True,
    help="A model of all that was tried, around the sampler: it screens many changes for one that is run, or writes.",
)
@click.option("--learn-from", multiple=True, help="A study that --feedback learns from, or 'all', or 'none'; several.")
@click.option("--fix", multiple=True, type=click.Choice(CHOICES), help="Keep a part as the document has it; several.")
@click.option("--only", multiple=True, type=click.Choice(CHOICES), help="Change nothing but a part; several.")
@click.option(
    "--search-seeds", type=click.IntRange(1, 1000), help="Runs of a candidate.  [default: 5 in replay, 2 for real]"
)
@click.option("--contenders", type=click.IntRange(2, 100), default=8, show_default=True, help="How many are raced.")
@click.option(
    "--race-seeds",
    type=click.IntRange(0, 10_000),
    help="The most fresh seeds of the race of the best; 0 for no race.  [default: 24 in replay, 4 for real]",
)
@click.option(
    "--test-seeds",
    type=click.IntRange(1, 10_000),
    help="Runs of the champion and its controls on seeds of their own.  [default: 24 in replay, 4 for real]",
)
@click.option(
    "--controls",
    type=click.Choice(CONTROLS),
    help="What runs beside the champion; 'fast' leaves out plain Optuna's GPSampler and runs its TPE on 8 seeds.  "
    "[default: fast in replay, all for real]",
)
@click.option(
    "--real-runs",
    type=click.IntRange(0, 1000),
    default=0,
    show_default=True,
    help="With --lab replay: real training runs of FILE and of the champion at the end.",
)
@click.option(
    "--verify-seeds",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Fresh seeds with which each submission of a real run is trained again, outside the budget.",
)
@click.option(
    "--library", "library_path", help="A document whose roles may be added; 'none' for none.  [default: shipped]"
)
@click.option("--name", help="Name of the study.  [default: from the document, the tasks and the settings]")
@click.option("--tracking/--no-tracking", default=True, help="Whether MLflow shows the study.  [default: it does]")
@click.option("--dry-run", is_flag=True, help="Say what the study would cost, and start nothing.")
@click.option(
    "--usd-per-slot-hour", type=click.FloatRange(0), help="The price of the hardware, for what --dry-run says."
)
@limit_options
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@command
def optimize_command(
    path: str,
    task_names: tuple[str, ...],
    held_out_names: tuple[str, ...],
    lab_kind: str | None,
    workers: int | None,
    also: str | None,
    library_path: str | None,
    name: str | None,
    tracking: bool,
    dry_run: bool,
    usd_per_slot_hour: float | None,
    max_usd: float | None,
    max_tokens: int | None,
    verbose: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Search for a document whose organization does more research than FILE's.

    Every candidate is a small change of the best documents so far, runs as a team on the same budget under
    several seeds, and is scored on held-out data. The best are raced on fresh seeds. The winner is tested on seeds
    of its own against FILE and against controls: one agent, the same agents silent, random documents, shuffled
    links, and plain Optuna on the task itself. The same command continues a study that was stopped.
    """
    program = load(path)
    language = language_settings(max_usd, max_tokens)
    workspace = find_workspace(Path(path))
    tasks = named_tasks((*task_names, *held_out_names), workspace)
    held_out = tuple(list(tasks)[len(task_names) :])
    kind = lab_kind or default_lab(next(iter(tasks.values())))
    if name and not re.fullmatch(r"[\w.-]{1,100}", name):
        raise UsageError(f"study name '{name}': use letters, digits, '.', '-' and '_'")
    chosen = {key: DEFAULTS[kind][key] if settings[key] is None else settings[key] for key in DEFAULTS[kind]}
    objectives = ("research-output", also) if also else ("research-output",)
    settings["learn_from"] = tuple(sorted({*settings["learn_from"]} - {NONE}))
    config = _rewriting(StudyConfig(**{**settings, **chosen, "objectives": objectives}), program, language)
    check_feedback(config)
    library = _library(library_path)
    team = everybody(require_org(program), library, free_parts(config.fix, config.only))
    check(team, language, _model(config))
    if also == "dollars" and not speaks(team):
        raise UsageError("--also dollars: only language agents cost any, and the document has none")
    if config.real_runs and kind == "local":
        raise UsageError("--real-runs is for studies in replay: this one trains for real")
    request = Request(
        path=path,
        program=program,
        library=library,
        team=team,
        tasks=tasks,
        held_out=held_out,
        lab=kind,
        workers=workers or default_workers(kind),
        workspace=workspace,
        name=name,
        tracking=tracking,
        as_json=as_json,
        language=language,
    )
    check_budget(config.budget_s, tasks)
    if dry_run:
        found = forecast(request, config, usd_per_slot_hour)
        if as_json:
            print_json("estimate", found.to_dict())
        else:
            print_estimate(found, config, request.workers)
        return
    _study(request, config, verbose=verbose)


def _rewriting(config: StudyConfig, program: Program, language: LanguageSettings) -> StudyConfig:
    """The settings with the rewriter's model, or without a rewriter where there is no model for it.

    Raises:
        UsageError: There is nothing that it could rewrite.
    """
    config = replace(config, rewriter_model=config.rewriter_model or language.rewriter)
    check_rewriter(config, program)
    if missing := needs_model(config, language):
        err.print(f"[yellow]rewriting is skipped:[/] {escape(missing)}", soft_wrap=True)
        config = replace(config, rewriter=NO_REWRITER)
    return config


def _model(config: StudyConfig) -> str | None:
    """The rewriter's model, empty for the default one; None without a rewriter."""
    return config.rewriter_model if config.rewrites else None


def _study(request: Request, config: StudyConfig, *, verbose: bool) -> None:
    studies = writable_folder(request.workspace / "mlruns" / "studies")
    terms = Terms(lab=request.lab, slots=config.slots, budget_s=config.budget_s, verify_seeds=config.verify_seeds)
    with ExitStack() as stack:
        arena = stack.enter_context(Arena(request.tasks, terms, workers=request.workers))
        calibrate_all(arena, request.workspace)
        searched = {name: task for name, task in arena.tasks.items() if name not in request.held_out}
        stamps = {name: arena.lab(name).stamp for name in searched}
        identity = config.identity(request.program, searched, request.library, stamps)
        place = studies / (request.name or study_name(request.program, identity))
        evidence = gather_evidence(place, config.learn_from, studies)  # before anything is made
        folder = writable_folder(place)
        language = use(request.team, request.language, folder, _model(config))
        again = shlex.join(["orgopt", *sys.argv[1:]])
        log = stack.enter_context(StudyLog(folder, identity, request.program, searched, again))
        if config.learn_from:
            keep_evidence(folder, evidence)
        real = None
        if config.real_runs and _sandboxed():
            real = stack.enter_context(Arena(searched, replace(terms, lab="local"), workers=1))
            calibrate_all(real, request.workspace)
        projection = stack.enter_context(Projection(request.workspace, folder, enabled=request.tracking))
        if not request.as_json:
            size = f"{count(config.generations, 'generation')} × {count(config.population, 'candidate')}"
            seeds = count(config.search_seeds, "seed")
            where = f"{config.budget_s:g} s on {count(config.slots, 'slot')}, {request.lab} lab"
            err.print(f"[bold]{folder.name}[/]  {size} × {seeds} × {where}", soft_wrap=True)
            if known := len(log.of(EvaluationRecord)):
                err.print(f"[dim]goes on after {count(known, 'run')} that are in its log[/]", soft_wrap=True)
        progress = StudyProgress(err, config, next(iter(searched.values())).metric, projection.poke)
        try:
            with progress:
                final = optimize(
                    request.program,
                    arena,
                    config,
                    log,
                    library=request.library,
                    held_out=request.held_out,
                    watch=progress,
                    real=real,
                    language=language,
                )
        except KeyboardInterrupt as stop:
            err.print(_stopped(config, log))
            raise SystemExit(exit_code(stop)) from None
        view = study(log.records)
        write_text(folder / "report.html", page(view))
    if request.as_json:
        places = {"study": folder.name, "folder": str(folder), "best": str(folder / "best.md")}
        print_json("optimize", {**places, **written(final), "ending": ending(view).to_dict()})
    else:
        print_study(view, request.workspace, folder, verbose=verbose)
        say_printed(request.tasks)


def _sandboxed() -> bool:
    """Whether real runs can be added to a replay; says what to do where they cannot."""
    if not trial(launch.chosen()):
        return True
    what = f"install bubblewrap ({packages.install_line() or f'{own_command()} doctor --install'})"
    what = f"see {own_command()} doctor" if find() or not wanted() else what
    text = f"the real runs are left out, for no sandbox holds here: {what}; the same command then adds them"
    err.print(text, style="yellow", markup=False, soft_wrap=True)
    return False


def _stopped(config: StudyConfig, log: StudyLog) -> str:
    """What an interrupted study has kept."""
    total = config.generations * config.population
    candidates, runs = count(len(log.of(CandidateRecord)), "candidate"), count(len(log.of(EvaluationRecord)), "run")
    return f"Stopped. {runs} of {candidates} (of {total}) are saved. Continue: the same command."


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
