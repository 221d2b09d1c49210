"""A study that is planned: complete and checked, told what it would cost, and carried out."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.agents.approval import Approve
from orgopt.agents.toml_models import LanguageSettings
from orgopt.api.bounds import require
from orgopt.api.forecasts import forecast
from orgopt.api.labs import calibrate_all
from orgopt.api.language import going_on, means
from orgopt.api.model_skills import ModelSkill, on_tasks, skills_of_logs
from orgopt.api.results import logs
from orgopt.api.steering import TimeIsUp, ending_after, seconds_left, wait_while_paused
from orgopt.api.study_result import StudyResult
from orgopt.api.toml_notify import Notices
from orgopt.basics.callback import Callback, Following
from orgopt.document import Program
from orgopt.evolve.cost_forecast.estimate import Estimate
from orgopt.evolve.search import optimize as search
from orgopt.evolve.surrogate.examples import gather_evidence, keep_evidence
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig
from orgopt.evolve.trials.kept_plain import plain_folder
from orgopt.invocation import own_command
from orgopt.ledger import write_text
from orgopt.org import Org
from orgopt.plugin_faults import naming_packages
from orgopt.report import page
from orgopt.study.config import REWRITER_KIND, StudyConfig, study_name
from orgopt.study.folder import StudyLog
from orgopt.study.records.kinds import GenerationRecord
from orgopt.study.verdict.study import ending
from orgopt.study.view import study
from orgopt.tasks.task import Task
from orgopt.tracking.background import Projection
from orgopt.workspace import require_writable, writable_folder


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
        cluster: Whether on the Ray cluster.
        depth: Levels of studies that may lie below it.
        workspace: Where the study is kept.
        name: Of the study; None names it after its settings.
        language: How models are reached, and what they may cost.
        tracking: Whether MLflow shows the study.
        callback: Told of what happens.
        command: What one types to continue it.
        until: When it stops, if it is not done by then; see `steering.seconds_left`.
        max_hours: After how many hours it does.
        approve: Asked before a script that an agent rewrote runs; None lets all run.
    """

    program: Program
    config: StudyConfig
    library: Program | None
    team: Org
    tasks: dict[str, Task]
    held_out: tuple[str, ...]
    lab: str
    workers: int
    cluster: bool
    workspace: Path
    depth: int
    name: str | None
    language: LanguageSettings
    tracking: bool
    callback: Callback
    command: str
    until: str | None = None
    max_hours: float | None = None
    approve: Approve | None = None

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
        """Do the study, or what is left of it; where its time is up before, the result is not `finished`.

        Raises:
            DocumentError, UsageError, SandboxError, LabError, ModelError, StoreError: See `orgopt.errors`; what was
                measured before is kept.
        """
        begun: list[Path] = []
        try:
            with ending_after(seconds_left(self.until, self.max_hours)):
                return self._carried_out(begun)
        except TimeIsUp:
            if not begun:  # nothing is there to be read
                raise
            self.callback.noted("time is up; the same command goes on")
            return StudyResult.read(begun[0])

    def _carried_out(self, begun: list[Path]) -> StudyResult:
        """Do it, and note its folder once it has begun."""
        config, hears = self.config, self.callback
        studies = self.workspace / "mlruns" / "studies"
        require_writable(studies)  # before anything costs time
        terms = ArenaConfig(
            lab=self.lab,
            slots=config.slots,
            budget_s=config.budget_s,
            verify_seeds=config.verify_seeds,
            budgets_s=config.budgets_s,
            depth=self.depth,
            plain="" if self.cluster else str(plain_folder(self.workspace)),
        )
        with ExitStack() as stack:
            arena = stack.enter_context(Arena(self.tasks, terms, workers=self.workers, cluster=self.cluster))
            calibrate_all(arena, self.workspace, hears)
            searched = {name: arena.tasks[name] for name in self.searched}
            stamps = {name: arena.lab(name).stamp for name in searched}
            identity = config.identity(self.program, searched, self.library, stamps)
            place = studies / (self.name or study_name(self.program, identity))
            evidence = gather_evidence(place, config.learn_from, studies)  # before anything is made
            folder = writable_folder(place)
            shared = means(self.team, self.language, folder, self.model, self.approve)
            arena.terms = terms = replace(terms, means=shared)
            log = stack.enter_context(StudyLog(folder, identity, self.program, searched, self.command))
            if config.learn_from:
                keep_evidence(folder, evidence)
            real = None
            if config.real_runs and _sandboxed(hears):
                real = stack.enter_context(Arena(searched, replace(terms, lab="local"), workers=1))
                calibrate_all(real, self.workspace, hears)
            begun.append(folder)
            notices = Notices(self.workspace, folder.name, hears)
            stack.enter_context(notices.of_failures())
            projection = stack.enter_context(Projection(self.workspace, folder, hears, enabled=self.tracking))
            hears.study_begun(config, searched, self.lab, log)
            stack.enter_context(going_on("What was measured is kept, and this run is not: the same command goes on."))
            search(
                self.program,
                arena,
                config,
                log,
                library=self.library,
                held_out=self.held_out,
                callback=_steered(hears, projection, notices, log),
                real=real,
                language=shared.settings,
                skills=self._skills(folder),
            )
            view = study(log.records)
            write_text(folder / "report.html", page(view))
            notices.tell("verdict", ending(view).title)
        return StudyResult.read(folder)

    def _skills(self, folder: Path) -> list[ModelSkill]:
        """What language models did in the workspace's other studies, where roles may have one of several."""
        models = {role.model for role in self.team.roles if role.headcount and role.agent == LANGUAGE_AGENT}
        if len(models) < 2:
            return []
        return on_tasks(skills_of_logs(log for log in logs(self.workspace) if log.parent != folder), self.searched)

    def forecast(self, usd_per_slot_hour: float | None = None) -> Estimate:
        """What the study would cost, from what earlier ones in its workspace did.

        Args:
            usd_per_slot_hour: The price of the hardware.

        Raises:
            UsageError: A role has no model, or a model no price.
        """
        require(usd_per_slot_hour=usd_per_slot_hour)
        return forecast(self, usd_per_slot_hour)


def _steered(hears: Callback, projection: Projection, notices: Notices, log: StudyLog) -> Callback:
    """A callback that sends, tells and waits beside what it is told."""
    told = len(log.of(GenerationRecord))

    def saved() -> None:
        nonlocal told
        projection.poke()
        if (complete := len(log.of(GenerationRecord))) > told:
            told = complete
            notices.tell("generation", f"generation {complete}: {ending(study(log.records)).title}")

    return Following(hears, saved=saved, evaluated=lambda: wait_while_paused(log.folder, hears))


def _sandboxed(callback: Callback) -> bool:
    """Whether real runs can be added to a replay; says what to do where they cannot."""
    from orgopt.lab.doctor.probes import trial  # late, as what really trains: most studies are replayed
    from orgopt.lab.sandbox import choice, packages
    from orgopt.lab.sandbox.find_bubblewrap import find, wanted

    if not trial(choice.chosen()):
        return True
    what = f"install bubblewrap ({packages.install_line() or f'{own_command()} doctor --install'})"
    what = f"see {own_command()} doctor" if find() or not wanted() else what
    callback.noted(f"the real runs are left out, for no sandbox holds here: {what}; the same command then adds them")
    return False
