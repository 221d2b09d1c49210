"""Planning a study: what is asked for, checked whole before anything is made, and then carried out."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from orgopt.agents.session import speaks
from orgopt.agents.settings import LanguageSettings
from orgopt.api.bounds import require
from orgopt.api.forecasts import forecast
from orgopt.api.inputs import (
    AnyTask,
    Document,
    Duration,
    checked_name,
    names,
    program_of,
    seconds,
    task_names,
    tasks_of,
    told,
    workspace_of,
)
from orgopt.api.labs import calibrate_all, check_budget, default_workers, lab_of
from orgopt.api.language import check, language_settings, means
from orgopt.api.study_result import StudyResult
from orgopt.callback import Callback, Following
from orgopt.called import argument, own_command
from orgopt.document import Program, read, require_org
from orgopt.errors import UsageError
from orgopt.evolve.forecast.estimate import Estimate
from orgopt.evolve.proposers.rewrite.rewriting import check_rewriter, needs_model
from orgopt.evolve.search import optimize as search
from orgopt.evolve.space.allowed import free_parts
from orgopt.evolve.space.genome import everybody
from orgopt.evolve.surrogate.examples import NONE, gather_evidence, keep_evidence
from orgopt.evolve.trials.arena import Arena, Terms
from orgopt.lab.doctor.probes import trial
from orgopt.lab.sandbox import launch, packages
from orgopt.lab.sandbox.bubblewrap import find, wanted
from orgopt.ledger import write_text
from orgopt.org import Org
from orgopt.plugin_faults import naming_packages
from orgopt.report import page
from orgopt.study.config import DEFAULTS, NO_FEEDBACK, NO_REWRITER, REWRITER_KIND, StudyConfig, check_config, study_name
from orgopt.study.log import StudyLog
from orgopt.study.view import study
from orgopt.task import Task
from orgopt.task_source import shipped
from orgopt.tracking.background import Projection
from orgopt.workspace import require_writable, writable_folder

LIBRARY = "library.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study that was asked for, complete and checked; nothing is made yet.

    Attributes:
        program: The seed document.
        config: The study's settings.
        library: A document whose roles may be added.
        team: The organization, with everybody whom the search may add.
        tasks: All tasks by name, those that are held out last.
        held_out: Which of them the search does not touch.
        lab: `local` or `replay`.
        workers: Runs at once.
        workspace: Where the study is kept.
        name: Of the study; None names it after its settings.
        language: How models are reached, and what they may cost.
        tracking: Whether MLflow shows the study.
        callback: Told of what happens.
        command: What one types to continue it.
    """

    program: Program
    config: StudyConfig
    library: Program | None
    team: Org
    tasks: dict[str, Task]
    held_out: tuple[str, ...]
    lab: str
    workers: int
    workspace: Path
    name: str | None
    language: LanguageSettings
    tracking: bool
    callback: Callback
    command: str

    def __repr__(self) -> str:
        size = f"{self.config.generations} generations of {self.config.population}"
        return f"Plan({self.program.source!r} on {', '.join(self.tasks)}: {size}, {self.lab} lab)"

    @property
    def searched(self) -> list[str]:
        """The tasks that the search is on."""
        return [name for name in self.tasks if name not in self.held_out]

    @property
    def model(self) -> str | None:
        """The rewriter's model, empty for the default one; None without a rewriter, or for a package's of no model."""
        asks = self.config.rewriter_model or self.config.rewriter in REWRITER_KIND.own
        return self.config.rewriter_model if self.config.rewrites and asks else None

    @naming_packages()
    def carry_out(self) -> StudyResult:
        """Do the study, or what is left of it.

        Raises:
            DocumentError, UsageError, SandboxError, LabError, StoreError: See `orgopt.errors`; what was measured before
                is kept.
        """
        config, hears = self.config, self.callback
        studies = self.workspace / "mlruns" / "studies"
        require_writable(studies)  # before anything costs time
        terms = Terms(lab=self.lab, slots=config.slots, budget_s=config.budget_s, verify_seeds=config.verify_seeds)
        with ExitStack() as stack:
            arena = stack.enter_context(Arena(self.tasks, terms, workers=self.workers))
            calibrate_all(arena, self.workspace, hears)
            searched = {name: arena.tasks[name] for name in self.searched}
            stamps = {name: arena.lab(name).stamp for name in searched}
            identity = config.identity(self.program, searched, self.library, stamps)
            place = studies / (self.name or study_name(self.program, identity))
            evidence = gather_evidence(place, config.learn_from, studies)  # before anything is made
            folder = writable_folder(place)
            shared = means(self.team, self.language, folder, self.model)
            arena.terms = terms = replace(terms, means=shared)
            log = stack.enter_context(StudyLog(folder, identity, self.program, searched, self.command))
            if config.learn_from:
                keep_evidence(folder, evidence)
            real = None
            if config.real_runs and _sandboxed(hears):
                real = stack.enter_context(Arena(searched, replace(terms, lab="local"), workers=1))
                calibrate_all(real, self.workspace, hears)
            projection = stack.enter_context(Projection(self.workspace, folder, hears, enabled=self.tracking))
            hears.study_begun(config, searched, self.lab, log)
            search(
                self.program,
                arena,
                config,
                log,
                library=self.library,
                held_out=self.held_out,
                callback=Following(hears, projection.poke),
                real=real,
                language=shared.settings,
            )
            write_text(folder / "report.html", page(study(log.records)))
        return StudyResult.read(folder)

    def forecast(self, usd_per_slot_hour: float | None = None) -> Estimate:
        """What the study would cost, from what earlier ones in its workspace did.

        Args:
            usd_per_slot_hour: The price of the hardware.

        Raises:
            UsageError: A role has no model, or a model no price.
        """
        require(usd_per_slot_hour=usd_per_slot_hour)
        return forecast(self, usd_per_slot_hour)


@naming_packages()
def plan(
    document: Document,
    *,
    task: AnyTask | Sequence[AnyTask],
    budget: Duration,
    held_out_task: Sequence[AnyTask] = (),
    generations: int = 10,
    population: int = 8,
    lab: str | None = None,
    slots: int = 2,
    workers: int | None = None,
    seed: int = 0,
    sampler: str = "tpe",
    also: str | None = None,
    rewriter: str = NO_REWRITER,
    rewrite_share: float = 1 / 3,
    rewriter_model: str = "",
    feedback: str = NO_FEEDBACK,
    learn_from: str | Sequence[str] = (),
    fix: str | Sequence[str] = (),
    only: str | Sequence[str] = (),
    search_seeds: int | None = None,
    contenders: int = 8,
    race_seeds: int | None = None,
    test_seeds: int | None = None,
    controls: str | None = None,
    real_runs: int = 0,
    verify_seeds: int = 1,
    library: Document | None = None,
    name: str | None = None,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    tracking: bool = True,
    callback: Callback | None = None,
    command: str = "",
) -> Plan:
    """A study, complete and checked, of which nothing is made yet.

    Args:
        document: The document, or where it is kept.
        task: The task, or several.
        budget: Hardware time of each run.
        held_out_task: Tasks that the search does not touch, for the last test.
        generations: Batches of candidates.
        population: Candidates a batch.
        lab: `local` or `replay`; None trains where the task has a script.
        slots: Experiments at once.
        workers: Runs at once; None is a run a core in replay and one for real.
        seed: Decides every random choice.
        sampler: Optuna's sampler.
        also: Search for little of this, too: `agent-seconds` or `dollars`.
        rewriter: A language model that rewrites documents beside the sampler: `reflect`, `gepa`, `mipro`, `simba`.
        rewrite_share: The rewriter's share of each generation but the first, 0 to 1.
        rewriter_model: The rewriter's model, as LiteLLM names it; empty is the default one.
        feedback: What a model of all that was tried does around the sampler: `off`, `screen`, `write` or `both`.
        learn_from: Studies that the feedback learns from, or `all`.
        fix: Parts that stay as the document has them.
        only: The only parts that may change; empty for all.
        search_seeds: Runs of a candidate; None is 5 in replay and 2 for real.
        contenders: How many are raced.
        race_seeds: The most fresh seeds of the race, 0 for none; None is 24 in replay and 4 for real.
        test_seeds: Runs of the champion and its controls; None is 24 in replay and 4 for real.
        controls: What runs beside the champion: `none`, `fast` or `all`; None is fast in replay and all for real.
        real_runs: In replay: real training runs of the document and of the champion at the end.
        verify_seeds: Fresh seeds with which each submission of a real run is trained again, outside the budget.
        library: A document whose roles may be added; `none` for none, None for the shipped one.
        name: Of the study; None names it after the document, the tasks and the settings.
        max_usd: Dollars that language models may cost in all; None is no limit.
        max_tokens: Tokens that they may use in all; None is no limit.
        tracking: Whether MLflow shows the study.
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
    require(generations=generations, population=population, slots=slots, workers=workers, seed=seed)
    require(search_seeds=search_seeds, contenders=contenders, race_seeds=race_seeds, test_seeds=test_seeds)
    require(real_runs=real_runs, verify_seeds=verify_seeds, rewrite_share=rewrite_share)
    require(max_usd=max_usd, max_tokens=max_tokens, lab=lab, sampler=sampler, also=also, controls=controls)
    require(rewriter=rewriter, rewriter_model=rewriter_model, feedback=feedback, learn_from=learn_from)
    require(fix=fix, only=only, name=name, command=command, tracking=tracking)
    program, workspace = program_of(document), workspace_of(document)
    language = language_settings(workspace, max_usd, max_tokens)
    held_out = task_names(held_out_task, "held_out_task")
    tasks = tasks_of([*task_names(task), *held_out], workspace)
    kind = lab_of(lab, next(iter(tasks.values())))
    defaults = DEFAULTS.get(kind, DEFAULTS["local"])  # what a package's lab costs is not known
    config = StudyConfig(
        generations=generations,
        population=population,
        budget_s=seconds(budget),
        slots=slots,
        seed=seed,
        sampler=sampler,
        objectives=("research-output", also) if also else ("research-output",),
        search_seeds=defaults.search_seeds if search_seeds is None else search_seeds,
        verify_seeds=verify_seeds,
        contenders=contenders,
        race_seeds=defaults.race_seeds if race_seeds is None else race_seeds,
        test_seeds=defaults.test_seeds if test_seeds is None else test_seeds,
        controls=controls or defaults.controls,
        real_runs=real_runs,
        fix=names(fix),
        only=names(only),
        rewriter=rewriter,
        rewrite_share=rewrite_share,
        rewriter_model=rewriter_model or language.rewriter,
        feedback=feedback,
        learn_from=tuple(sorted({*names(learn_from)} - {NONE})),
    )
    check_config(config)
    config = _rewriting(config, program, language, hears)
    roles = _library(library)
    found = Plan(
        program=program,
        config=config,
        library=roles,
        team=everybody(require_org(program), roles, free_parts(config.fix, config.only)),
        tasks=tasks,
        held_out=tuple(list(tasks)[len(tasks) - len(held_out) :]) if held_out else (),
        lab=kind,
        workers=workers or default_workers(kind),
        workspace=workspace,
        name=checked_name(name, "study"),
        language=language,
        tracking=tracking,
        callback=hears,
        command=command,
    )
    check(found.team, language, found.model)
    if also == "dollars" and not speaks(found.team):
        raise UsageError(f"{argument('also', 'dollars')}: only language agents cost any, and the document has none")
    if real_runs and kind != "replay":
        raise UsageError(f"{argument('real_runs')} is for studies in replay: this one trains for real")
    check_budget(config.budget_s, tasks)
    return found


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


def _sandboxed(callback: Callback) -> bool:
    """Whether real runs can be added to a replay; says what to do where they cannot."""
    if not trial(launch.chosen()):
        return True
    what = f"install bubblewrap ({packages.install_line() or f'{own_command()} doctor --install'})"
    what = f"see {own_command()} doctor" if find() or not wanted() else what
    callback.noted(f"the real runs are left out, for no sandbox holds here: {what}; the same command then adds them")
    return False


def _library(given: Document | None) -> Program | None:
    """The document whose roles may be added; by default the shipped one, where it is installed."""
    if given == "none":
        return None
    found = given or next((root / LIBRARY for root in shipped("orgs") if (root / LIBRARY).is_file()), None)
    if found is None:
        return None
    library = program_of(found, "library")
    require_org(library)
    if not read(library).roles:
        raise UsageError(
            f"{found} has no roles to add: give it a section '## Roles', or use {argument('library', 'none')}"
        )
    return library
