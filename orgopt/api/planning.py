"""Planning a study: its arguments with their defaults, checked whole before anything is made."""

from collections.abc import Sequence
from dataclasses import replace

from orgopt.agents.approval import Approve
from orgopt.agents.session import speaks
from orgopt.agents.toml_models import LanguageSettings
from orgopt.api.bounds import RAY, require
from orgopt.api.inputs import (
    AnyTask,
    Document,
    Duration,
    announce,
    checked_name,
    names,
    program_of,
    task_names,
    tasks_of,
    told,
    workspace_of,
)
from orgopt.api.labs import budgets_of, check_budgets, lab_of, relative, workers_of
from orgopt.api.language import check, language_settings
from orgopt.api.steering import seconds_left
from orgopt.api.study_plan import Plan
from orgopt.api.toml_notify import notify_command
from orgopt.basics.callback import Callback
from orgopt.document import Program, read, require_org
from orgopt.errors import UsageError
from orgopt.evolve.proposers.rewrite.rewriting import check_rewriter, needs_model
from orgopt.evolve.space.allowed import free_parts
from orgopt.evolve.space.genome import everybody
from orgopt.evolve.surrogate.examples import NONE
from orgopt.invocation import argument
from orgopt.org import Org
from orgopt.plugin_faults import naming_packages
from orgopt.study.config import BY_ASKING, BY_RUN, NO_REWRITER, StudyConfig, check_config
from orgopt.study.default_seeds import CONTENDERS, GENERATIONS, SLOTS, study_defaults
from orgopt.study.search_plan import DEFAULT_SEARCH, Searching, searching
from orgopt.tasks.documents import DEPTH, require_fit
from orgopt.tasks.source import shipped

LIBRARY = "library.md"


@naming_packages()
def plan(
    document: Document,
    *,
    task: AnyTask | Sequence[AnyTask],
    budget: Duration,
    held_out_task: Sequence[AnyTask] = (),
    generations: int = GENERATIONS,
    population: int | None = None,
    lab: str | None = None,
    slots: int = SLOTS,
    workers: int | str | None = None,
    seed: int = 0,
    search: Document | None = None,
    sampler: str | None = None,
    also: str | None = None,
    rewriter: str | None = None,
    rewrite_share: float | None = None,
    rewriter_model: str = "",
    rewrite_metric: str = BY_RUN,
    models: str | Sequence[str] = (),
    feedback: str | None = None,
    learn_from: str | Sequence[str] = (),
    fix: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    search_seeds: int | None = None,
    contenders: int = CONTENDERS,
    race_seeds: int | None = None,
    test_seeds: int | None = None,
    controls: str | None = None,
    real_runs: int = 0,
    verify_seeds: int = 1,
    depth: int = DEPTH,
    library: Document | None = None,
    name: str | None = None,
    agents: str | None = None,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    tracking: bool = True,
    until: str | None = None,
    max_hours: float | None = None,
    approve: Approve | None = None,
    callback: Callback | None = None,
    command: str = "",
) -> Plan:
    """A study, complete and checked, of which nothing is made yet.

    Args:
        document: The document, or where it is kept.
        task: The task, or several.
        budget: Hardware time of each run; `36x` are 36 median experiments a slot of each task.
        held_out_task: Tasks that the search does not touch, for the last test.
        generations: Batches of candidates.
        population: Candidates a batch; None is 8. It and the next of which None is said go before what `search` says.
        lab: `local` or `replay`; None trains where the task has a script.
        slots: Experiments at once.
        workers: Runs at once; None is a run a core in replay and one for real, `ray` a run a core of the Ray cluster.
        seed: Decides every random choice.
        search: The document of a search, which says how is searched; None is the default one.
        sampler: Optuna's sampler; None is tpe.
        also: Search for little of this, too: `agent-seconds`, `dollars` or `tokens`.
        rewriter: A language model that rewrites documents beside the sampler: `reflect`, `gepa`, `mipro`, `simba`;
            None is `none`.
        rewrite_share: The rewriter's share of each generation but the first, 0 to 1; None is a third.
        rewriter_model: The rewriter's model, as LiteLLM names it; empty is the default one.
        rewrite_metric: By what `gepa`, `mipro` and `simba` score charters: `run`, whole runs of the team, or `ask`,
            answers to fixed questions in a replay, which cost far less.
        models: Language models that roles may have besides those that the documents name.
        feedback: What a model of all that was tried does around the sampler: `off`, `screen`, `write` or `both`;
            None is `off`.
        learn_from: Studies that the feedback learns from, or `all`.
        fix: Parts that stay as the document has them.
        only: The only parts that may change; empty for all.
        search_seeds: Runs of a candidate; None is 5 in replay and 2 for real.
        contenders: How many are raced.
        race_seeds: The most fresh seeds a contender, 0 for no race; None is 24 in replay and 4 for real.
        test_seeds: Runs of the champion and its controls; None is 24 in replay and 4 for real.
        controls: What runs beside the champion: `none`, `fast` or `all`; None is fast in replay and all for real.
        real_runs: In replay: real training runs of the document and of the champion at the end.
        verify_seeds: Fresh seeds with which each submission of a real run is trained again, outside the budget.
        depth: Levels of studies that may lie below this one: a run of the task `search` is one.
        library: A document whose roles may be added; `none` for none, None for the shipped one.
        name: Of the study; None names it after the document, the tasks and the settings.
        agents: A policy that stands in for all agents that think with a language model or a command, such as `tpe`;
            None leaves them as the document has them.
        max_usd: Dollars that language models may cost in all; None is no limit.
        max_tokens: Tokens that they may use in all; None is no limit.
        tracking: Whether MLflow shows the study.
        until: When it stops, if it is not done by then: `18:00`, or a date and time.
        max_hours: After how many hours it does; the same call continues it.
        approve: Asked before a script that an agent rewrote runs: gives None to let it, or why not; None lets all run.
            Runs go on in this process then, one after the other.
        callback: Told of what happens.
        command: What one types to continue it, for its records and its advice; empty where there is no such command.

    Example:
        planned = orgopt.plan("orgs/solo.md", task="digits", budget="30s", lab="replay", generations=6)
        print(planned.forecast().wall_hours)
        study = planned.carry_out()

    Raises:
        DocumentError, UsageError, TaskError: See `orgopt.errors`.
    """
    hears = told(callback)
    require(
        generations=generations,
        population=population,
        slots=slots,
        workers=None if workers == RAY else workers,
        seed=seed,
    )
    require(search_seeds=search_seeds, contenders=contenders, race_seeds=race_seeds, test_seeds=test_seeds)
    require(real_runs=real_runs, verify_seeds=verify_seeds, rewrite_share=rewrite_share, depth=depth)
    require(agents=agents, max_usd=max_usd, max_tokens=max_tokens)
    require(lab=lab, sampler=sampler, also=also, controls=controls)
    require(rewriter=rewriter, rewriter_model=rewriter_model, rewrite_metric=rewrite_metric)
    require(feedback=feedback, learn_from=learn_from, models=models)
    require(fix=fix, only=only, name=name, command=command, tracking=tracking, until=until, max_hours=max_hours)
    seconds_left(until, max_hours)  # refused before anything else is looked at
    program, workspace = program_of(document, agents=agents), workspace_of(document)
    notify_command(workspace)  # refused now, and not when it is to be called
    org = announce(program, hears)
    language = language_settings(workspace, max_usd, max_tokens)
    held_out = task_names(held_out_task, "held_out_task")
    tasks = tasks_of([*task_names(task), *held_out], workspace)
    for one in tasks.values():
        require_fit(org, one)
        if one.proposes == "documents" and not depth:
            raise UsageError(f"a run on {one.name} is a study, and {argument('depth', '0')} allows none below this one")
    kind = lab_of(lab, *tasks.values())
    budgets_s = budgets_of(budget, tasks, workspace)
    defaults, how = study_defaults(kind), _searching(search)
    config = StudyConfig(
        generations=generations,
        population=how.population if population is None else population,
        budget_s=min(budgets_s.values()),
        budgets_s=relative(budgets_s),
        slots=slots,
        seed=seed,
        sampler=sampler or how.sampler,
        objectives=("research-output", also) if also else ("research-output",),
        search_seeds=search_seeds or how.search_seeds or defaults.search_seeds,
        verify_seeds=verify_seeds,
        contenders=contenders,
        race_seeds=defaults.race_seeds if race_seeds is None else race_seeds,
        test_seeds=defaults.test_seeds if test_seeds is None else test_seeds,
        controls=controls or defaults.controls,
        real_runs=real_runs,
        fix=names(fix),
        only=names(only),
        rewriter=how.rewriter if rewriter is None else rewriter,
        rewrite_share=how.rewrite_share if rewrite_share is None else rewrite_share,
        rewriter_model=rewriter_model or how.rewriter_model or language.rewriter,
        rewrite_metric=rewrite_metric,
        feedback=how.feedback if feedback is None else feedback,
        models=names(models),
        learn_from=tuple(sorted({*names(learn_from)} - {NONE})),
        plan=how.plan,
    )
    check_config(config)
    if rewrite_metric == BY_ASKING and kind != "replay":
        raise UsageError(
            f"{argument('rewrite_metric', BY_ASKING)} asks what a replay knows: this study trains for real"
        )
    config = _rewriting(config, program, language, hears)
    roles = _library(library, agents, org)
    at_once, cluster = workers_of(workers, kind)
    if approve is not None and (at_once > 1 or cluster):
        alone = argument("workers", "1")
        raise UsageError(f"{argument('approve')} asks where runs go on in one process: add {alone}")
    found = Plan(
        program=program,
        config=config,
        library=roles,
        team=everybody(org, roles, free_parts(config.fix, config.only), config.models),
        tasks=tasks,
        held_out=tuple(list(tasks)[len(tasks) - len(held_out) :]) if held_out else (),
        lab=kind,
        workers=at_once,
        cluster=cluster,
        workspace=workspace,
        depth=depth,
        name=checked_name(name, "study"),
        language=language,
        tracking=tracking,
        callback=hears,
        command=command,
        until=until,
        max_hours=max_hours,
        approve=approve,
    )
    check(found.team, language, found.model)
    if also == "dollars" and not speaks(found.team):
        raise UsageError(f"{argument('also', 'dollars')}: only language agents cost any, and the document has none")
    if real_runs and kind != "replay":
        raise UsageError(f"{argument('real_runs')} is for studies in replay: this one trains for real")
    check_budgets(budgets_s, tasks, workspace)
    return found


def _searching(search: Document | None) -> Searching:
    """How the document of a search, or the shipped one, has it searched.

    Raises:
        DocumentError: It has errors.
        UsageError: It is a team's.
    """
    if search is None:
        return searching(DEFAULT_SEARCH)
    program = program_of(search, "search")
    org = require_org(program)
    if not org.searches:
        raise UsageError(
            f"{program.source} is a team, whose agents propose experiments, and {argument('search')} takes a search: "
            "its Rhythm says '- **Proposes:** documents', as that of orgs/search/default.md"
        )
    return searching(org)


def _rewriting(config: StudyConfig, program: Program, language: LanguageSettings, callback: Callback) -> StudyConfig:
    """The settings, without a rewriter where there is no model for it.

    Raises:
        UsageError: There is nothing that it could rewrite.
    """
    check_rewriter(config, program)
    if missing := needs_model(config, language):
        callback.noted(f"rewriting is skipped: {missing}")
        config = replace(config, rewriter=NO_REWRITER)
    return config


def _library(given: Document | None, agents: str | None, org: Org) -> Program | None:
    """The document whose roles may be added; by default the shipped one of teams or searches, where it is installed."""
    if given == "none":
        return None
    name = f"search/{LIBRARY}" if org.searches else LIBRARY
    found = given or next((root / name for root in shipped("orgs") if (root / name).is_file()), None)
    if found is None:
        return None
    library = program_of(found, "library", agents=agents)
    if require_org(library).proposes != org.proposes:
        raise UsageError(
            f"{found} has roles of another kind: those of teams propose experiments, of searches documents"
        )
    if not read(library).roles:
        raise UsageError(
            f"{found} has no roles to add: give it a section '## Roles', or use {argument('library', 'none')}"
        )
    return library
