"""`orgopt optimize`: a study of documents; its options and their defaults, which `api.planning` has too."""

from typing import Any

import click

import orgopt
from orgopt.cli.shared import complete
from orgopt.cli.shared.approve import approve_option, approver
from orgopt.cli.shared.base import Budget, Named, Workers, bounded, err, print_json, verbose_option, whole_command
from orgopt.cli.shared.exits import command, end_stopped
from orgopt.cli.shared.hours import hour_options
from orgopt.cli.shared.lab import lab_option
from orgopt.cli.shared.language import limit_options
from orgopt.cli.shared.live import live_option
from orgopt.cli.shared.messages import say_printed
from orgopt.cli.shared.print_ending import print_ending
from orgopt.cli.shared.study_progress import StudyProgress
from orgopt.cli.shared.study_result import print_estimate, print_study
from orgopt.evolve.space.allowed import PARTS, TEXTS
from orgopt.study.config import (
    BY_RUN,
    CONTROLS,
    FEEDBACKS,
    OBJECTIVES,
    REWRITE_METRICS,
    REWRITER_KIND,
    SAMPLER_KIND,
)
from orgopt.study.default_seeds import CONTENDERS, GENERATIONS, SLOTS
from orgopt.tasks.documents import DEPTH

CHOICES = (*PARTS, TEXTS, "links")


@click.command(
    "optimize",
    epilog="\b\nExamples:\n"
    "  orgopt optimize orgs/trio.md --task digits --lab replay --budget 60s --generations 10\n"
    "  orgopt optimize orgs/trio.md --task tinygpt --task digits --lab replay --budget 60s --dry-run\n"
    "  orgopt optimize my-lab.md --task path/to/task --budget 10m --only links --only stand-up\n",
)
@click.argument("path", metavar="FILE", shell_complete=complete.documents)
@click.option(
    "--task",
    "task_names",
    required=True,
    multiple=True,
    shell_complete=complete.tasks,
    help="Name of a task, or its folder; several.",
)
@click.option(
    "--held-out-task",
    "held_out_names",
    multiple=True,
    shell_complete=complete.tasks,
    help="A task that the search does not touch, for the last test.",
)
@click.option(
    "--budget",
    "budget_s",
    type=Budget(),
    required=True,
    help="Hardware time of each run: 15s, 10m, 2h, or seconds; 36x are 36 median experiments a slot of each task.",
)
@click.option(
    "--generations", type=bounded("generations"), default=GENERATIONS, show_default=True, help="Batches of candidates."
)
@click.option("--population", type=bounded("population"), help="Candidates a batch.  [default: 8]")
@lab_option
@click.option("--slots", type=bounded("slots"), default=SLOTS, show_default=True, help="Experiments at once.")
@click.option(
    "--workers",
    type=Workers(),
    help="Runs at once; ray is one a core of the Ray cluster, in replay.  [default: cores in replay, 1 for real]",
)
@click.option("--seed", type=bounded("seed"), default=0, show_default=True, help="Decides every random choice.")
@click.option(
    "--search",
    shell_complete=complete.documents,
    help="A document that says how is searched, such as orgs/search/default.md; options go before it.",
)
@click.option("--sampler", type=Named(SAMPLER_KIND), help="Optuna's sampler.  [default: tpe]")
@click.option(
    "--also", type=click.Choice(list(OBJECTIVES)[1:]), help="Search for little of this, too, with tpe, gp or nsga2."
)
@click.option(
    "--rewriter",
    type=Named(REWRITER_KIND),
    help="A language model that rewrites documents beside the sampler: one program that reads the records, or one of "
    "DSPy's optimizers.  [default: none]",
)
@click.option(
    "--rewrite-share",
    type=bounded("rewrite_share"),
    help="The rewriter's share of each generation but the first.  [default: 1/3]",
)
@click.option(
    "--rewriter-model", default="", help="The rewriter's model, as LiteLLM names it.  [default: ORGOPT_MODEL]"
)
@click.option(
    "--rewrite-metric",
    type=click.Choice(REWRITE_METRICS),
    default=BY_RUN,
    show_default=True,
    help="By what DSPy's optimizers score charters: runs of the team, or answers to fixed questions in a replay.",
)
@click.option(
    "--models",
    multiple=True,
    help="A language model that roles may have besides those that the document names; several.",
)
@click.option(
    "--feedback",
    type=click.Choice(FEEDBACKS),
    help="A model of all that was tried, around the sampler: it screens many changes for one that is run, or writes.  "
    "[default: off]",
)
@click.option(
    "--learn-from",
    multiple=True,
    shell_complete=complete.studies,
    help="A study that --feedback learns from, or 'all', or 'none'; several.",
)
@click.option("--fix", multiple=True, type=click.Choice(CHOICES), help="Keep a part as the document has it; several.")
@click.option("--only", multiple=True, type=click.Choice(CHOICES), help="Change nothing but a part; several.")
@click.option(
    "--search-seeds", type=bounded("search_seeds"), help="Runs of a candidate.  [default: 5 in replay, 2 for real]"
)
@click.option(
    "--contenders", type=bounded("contenders"), default=CONTENDERS, show_default=True, help="How many are raced."
)
@click.option(
    "--race-seeds",
    type=bounded("race_seeds"),
    help="The most fresh seeds of each in the race, on average; 0 for no race.  [default: 24 in replay, 4 for real]",
)
@click.option(
    "--test-seeds",
    type=bounded("test_seeds"),
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
    type=bounded("real_runs"),
    default=0,
    show_default=True,
    help="With --lab replay: real training runs of FILE and of the champion at the end.",
)
@click.option(
    "--verify-seeds",
    type=bounded("verify_seeds"),
    default=1,
    show_default=True,
    help="Fresh seeds with which each submission of a real run is trained again, outside the budget.",
)
@click.option(
    "--depth",
    type=bounded("depth"),
    default=DEPTH,
    show_default=True,
    help="Levels of studies that may lie below this one: a run on the task search is one.",
)
@click.option(
    "--library", "library_path", help="A document whose roles may be added; 'none' for none.  [default: shipped]"
)
@click.option("--name", help="Name of the study.  [default: from the document, the tasks and the settings]")
@click.option("--tracking/--no-tracking", default=True, help="Whether MLflow shows the study.  [default: it does]")
@click.option("--dry-run", is_flag=True, help="Say what the study would cost, and start nothing.")
@click.option(
    "--usd-per-slot-hour", type=bounded("usd_per_slot_hour"), help="The price of the hardware, for what --dry-run says."
)
@limit_options
@hour_options
@live_option
@approve_option
@verbose_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@command
def optimize_command(
    path: str,
    task_names: tuple[str, ...],
    held_out_names: tuple[str, ...],
    budget_s: float | str,
    lab_kind: str | None,
    library_path: str | None,
    dry_run: bool,
    usd_per_slot_hour: float | None,
    live: bool,
    approve: bool,
    verbose: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Search for a document whose organization does more research than FILE's.

    Every candidate is a small change of the best documents so far, runs as a team on the same budget under
    several seeds, and is scored on held-out data. The best are raced on fresh seeds. The winner is tested on seeds
    of its own against FILE and against controls: a strong team made by hand, one agent, the same agents silent, random
    documents, shuffled links, and plain Optuna on the task itself. The same command continues a study that was stopped.
    """
    progress = StudyProgress(err, quiet=as_json, live=live)
    plan = orgopt.plan(
        path,
        task=task_names,
        held_out_task=held_out_names,
        budget=budget_s,
        lab=lab_kind,
        library=library_path,
        approve=approver(approve, progress.display),
        callback=progress,
        command=whole_command("orgopt"),
        **settings,
    )
    if dry_run:
        found = plan.forecast(usd_per_slot_hour)
        if as_json:
            print_json("estimate", found.to_dict())
        else:
            print_estimate(found, plan.config, plan.workers)
        return
    try:
        with progress:
            study = plan.carry_out()
    except KeyboardInterrupt as stop:
        if not progress.begun:
            raise
        end_stopped(progress.stopped(), stop)
    if as_json:
        print_json("optimize", study.to_dict())
    elif not study.finished:
        print_ending(study.ending)
    else:
        print_study(study.view, plan.workspace, study.folder, verbose=verbose)
        say_printed(plan.tasks)
