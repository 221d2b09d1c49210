"""Contests of the front door: documents against each other on the same hardware."""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt.api.added_entrants import earlier
from orgopt.api.bounds import RAY, require
from orgopt.api.inputs import (
    AnyTask,
    Document,
    Duration,
    announce,
    checked_name,
    one_by_one,
    program_of,
    require_entrants,
    task_names,
    tasks_of,
    told,
)
from orgopt.api.labs import budgets_of, calibrate_all, check_budgets, lab_of, relative, workers_of
from orgopt.api.language import check, going_on, language_settings, means
from orgopt.api.steering import TimeIsUp, ending_after, seconds_left, wait_while_paused
from orgopt.api.toml_notify import Notices, notify_command
from orgopt.basics.callback import Callback, Following
from orgopt.document import Program, parse, read
from orgopt.errors import UsageError
from orgopt.evolve.contest import Contest, Entrants, default_name, enter, identity_of
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig
from orgopt.evolve.trials.kept_language_runs import PLAIN_PREFIX
from orgopt.evolve.trials.kept_plain import plain_folder
from orgopt.invocation import argument
from orgopt.org import Org
from orgopt.plugin_faults import naming_packages
from orgopt.study.contest_log import ContestLog, digest_of
from orgopt.study.contest_view import ContestView, contest_ending
from orgopt.study.default_seeds import contest_seeds
from orgopt.study.ranking import Ranking
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.verdict.ending_form import Ending
from orgopt.study.verdict.html import to_html
from orgopt.tasks.task import Task
from orgopt.workspace import find_workspace, require_writable, writable_folder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A contest that has ended.

    Attributes:
        folder: Where every run is kept.
        ranking: The entrants, best first, and what the seeds can tell.
        ending: The result in plain words.
        tasks: The tasks, with the baselines that hold here.
        budget_s: Lab seconds of each run; of tasks whose budgets differ, of the shortest.
        budgets_s: Those on each task.
    """

    folder: Path
    ranking: Ranking
    ending: Ending
    tasks: dict[str, Task]
    budget_s: float
    budgets_s: dict[str, float]

    @property
    def self_reported(self) -> list[str]:
        """The tasks whose metric is what their own script prints."""
        return [name for name, task in self.tasks.items() if task.self_reported]

    def to_dict(self) -> dict[str, Any]:
        """The contest as JSON values."""
        places: dict[str, Any] = {"contest": self.folder.name, "folder": str(self.folder), "budget_s": self.budget_s}
        places["budgets_s"] = self.budgets_s
        said = {"self_reported": self.self_reported, "ending": self.ending.to_dict()}
        return {**places, **self.ranking.to_dict(), **said}

    def to_pandas(self) -> "pd.DataFrame":
        """The entrants as a table, best first."""
        import pandas as pd

        rows = [
            {
                "entrant": one.entrant,
                "score": one.output.mean,
                "low": one.output.low,
                "high": one.output.high,
                "progress": one.parts.progress,
                "q_final": one.parts.q_final,
                "q_mean": one.parts.q_mean,
                "verdict": one.verdict,
                "behind": one.behind.mean if one.behind else 0.0,
                **{f"score_{task}": value for task, value in one.by_task.items()},
                **{f"heldout_{task}": value for task, value in one.heldout.items()},
            }
            for one in self.ranking.placings
        ]
        return pd.DataFrame(rows).set_index("entrant")

    def __repr__(self) -> str:
        return f"Comparison({self.folder.name}: {self.ending.title})"

    def _repr_html_(self) -> str:
        return to_html(self.ending)


@naming_packages()
def compare(
    *documents: Document | Sequence[Document],
    task: AnyTask | Sequence[AnyTask] = (),
    budget: Duration | None = None,
    add: Document | Sequence[Document] = (),
    lab: str | None = None,
    slots: int = 2,
    seeds: int | None = None,
    workers: int | str | None = None,
    seed: int = 0,
    verify_seeds: int = 1,
    name: str | None = None,
    agents: str | None = None,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    until: str | None = None,
    max_hours: float | None = None,
    callback: Callback | None = None,
    command: str = "",
) -> Comparison:
    """Run documents against each other on the same hardware, and say which is better, or that none is.

    Every run is kept under mlruns/contests/ in the workspace: the same call continues a contest that was interrupted
    (KeyboardInterrupt), and more seeds add to it.

    Args:
        documents: Two or more, one by one or as a list, or plain Optuna on the task itself, such as `optuna:tpe`.
        task: The task, or several.
        budget: Hardware time of each run.
        add: Who is added to the contest `name`, instead of documents: only their runs are done, on the same seeds, and
            the result is that of all. Task, budget, lab and seeds are the contest's where they are not given; slots,
            `seed` and `verify_seeds` always are.
        lab: `local` or `replay`; None trains where the task has a script.
        slots: Experiments at once.
        seeds: Runs of each on each task, compared in pairs seed by seed; None is 24 in replay and 5 for real.
        workers: Runs at once; None is a run a core in replay and one for real, `ray` a run a core of the Ray cluster.
        seed: Decides every random choice.
        verify_seeds: Fresh seeds with which each submission of a real run is trained again, outside the budget.
        name: Of the contest; None names it after the documents, the tasks and the settings. With `add`, of the one that
            is added to, which has to be said.
        agents: A policy that stands in for all agents that think with a language model or a command, such as `tpe`;
            None leaves them as the document has them.
        max_usd: Dollars that language models may cost in all; None is no limit.
        max_tokens: Tokens that they may use in all; None is no limit.
        until: When it stops, if it is not done by then: `18:00`, or a date and time.
        max_hours: After how many hours it does; the same call continues it.
        callback: Told of what happens.
        command: What one types to continue it, for its advice; empty where there is no such command.

    Example:
        found = orgopt.compare("orgs/trio.md", "orgs/solo.md", "optuna:tpe", task="digits", budget="60s", lab="replay")
        print(found.ending.title)
        print(orgopt.compare(add="orgs/ring.md", name=found.folder.name).ending.title)

    Raises:
        UsageError: There are fewer than two entrants, one is named twice, or there is no such task, sampler or contest,
            or one is added to a contest whose terms are no longer the same.
        DocumentError, TaskError, SandboxError, LabError, StoreError: See `orgopt.errors`.
    """
    hears = told(callback)
    more = [add] if isinstance(add, str | Path | Program) else list(add)
    before = earlier(_workspace(more) / "mlruns" / "contests", name) if more else None
    if before:
        if documents:
            raise UsageError(f"name documents, or add some to a contest ({argument('add')}), and not both")
        documents, task = (*before.entrants, *more), task or before.tasks
        budget = before.budget if budget is None else budget
        lab, seeds, name = lab or before.lab, seeds or before.seeds, None
        slots, seed, verify_seeds = map(before.setting, ("slots", "seed", "verify_seeds"))
    if budget is None:
        raise UsageError(f"say how long a run takes ({argument('budget', '60s')})")
    require(slots=slots, seeds=seeds, workers=None if workers == RAY else workers, seed=seed, verify_seeds=verify_seeds)
    require(until=until, max_hours=max_hours)
    left = seconds_left(until, max_hours)
    require(max_usd=max_usd, max_tokens=max_tokens, lab=lab, agents=agents, name=name, command=command)
    documents = one_by_one(documents)
    entrants, orgs = enter(documents), dict[str, Org]()
    for entrant in [name for name, text in entrants.items() if not text.startswith(PLAIN_PREFIX)]:
        program = program_of(parse(entrants[entrant], entrant), agents=agents)
        orgs[entrant] = announce(program, hears)
        entrants[entrant] = program.text
    if before:
        before.check_new(entrants)
    workspace, everyone = _workspace(documents), _everyone(entrants)
    language = language_settings(workspace, max_usd, max_tokens)
    check(everyone, language)
    tasks = tasks_of(task_names(task), workspace)
    require_entrants(entrants, orgs, tasks.values())
    budgets_s = budgets_of(budget, tasks, workspace)
    check_budgets(budgets_s, tasks, workspace)
    budget_s = min(budgets_s.values())
    checked_name(name, "contest")
    kind = lab_of(lab, *tasks.values())
    seeds = seeds or contest_seeds(kind)
    at_once, cluster = workers_of(workers, kind)
    terms = ArenaConfig(
        lab=kind,
        slots=slots,
        budget_s=budget_s,
        verify_seeds=verify_seeds,
        budgets_s=relative(budgets_s),
        plain="" if cluster else str(plain_folder(workspace)),
    )
    notify_command(workspace)  # refused now, and not when it is to be called
    contests = workspace / "mlruns" / "contests"
    require_writable(contests)  # before anything costs time
    with _arena(tasks, terms, (at_once, cluster), workspace, hears) as arena, ExitStack() as stack:
        identity = identity_of(entrants, arena, seed)
        if before:
            before.check(identity)
        folder = writable_folder(contests / (name or default_name(entrants, tasks, digest_of(identity))))
        arena.terms = replace(terms, means=means(everyone, language, folder))
        log = stack.enter_context(ContestLog(folder, identity, entrants, arena.tasks, command))
        if not log.scores and (taken := log.take_over(contests)):
            hears.noted(f"{taken} runs are taken from contests under the same terms")
        notices = Notices(workspace, folder.name, hears)
        stack.enter_context(notices.of_failures())
        contest = Contest(entrants, arena, seed=seed, log=log)
        hears.contest_begun(contest, seeds, folder)
        with going_on("What was measured is kept, and this run is not: the same command goes on."):
            ranking = _ranked(contest, seeds, hears, left, folder)
        view = ContestView(head=log.head, runs=log.of(EvaluationRecord))
        said = contest_ending(view, ranking, command, arena.workers)
        notices.tell("verdict", said.title)
        return Comparison(
            folder=folder,
            ranking=ranking,
            ending=said,
            tasks=dict(arena.tasks),
            budget_s=budget_s,
            budgets_s=budgets_s,
        )


def _ranked(contest: Contest, seeds: int, callback: Callback, left: float | None, folder: Path) -> Ranking:
    """Run a contest; where its time is up before, the seeds that all entrants have had count."""
    hears = Following(callback, compared=lambda: wait_while_paused(folder, callback))
    try:
        with ending_after(left):
            return contest.run(seeds, ended=hears.compared)
    except TimeIsUp:
        complete = next((k for k in range(seeds) if contest.left(k + 1)), seeds)
        if not complete:
            raise
        callback.noted(f"time is up after {complete} of {seeds} seeds; the same command goes on")
        return contest.run(complete)


@contextmanager
def _arena(
    tasks: dict[str, Task], terms: ArenaConfig, workers: tuple[int, bool], workspace: Path, callback: Callback
) -> Generator[Arena]:
    with Arena(tasks, terms, workers=workers[0], cluster=workers[1]) as arena:
        calibrate_all(arena, workspace, callback)
        yield arena


def _workspace(documents: Sequence[Document]) -> Path:
    """The workspace of a contest: by its first document."""
    for one in documents:
        if isinstance(one, Program):
            return find_workspace(one.source)
        if not str(one).startswith(PLAIN_PREFIX):
            return find_workspace(one)
    return find_workspace()


def _everyone(entrants: Entrants) -> Org:
    """The roles of all documents, whose language agents share one account."""
    texts = [text for text in entrants.values() if not text.startswith(PLAIN_PREFIX)]
    return Org(roles=tuple(role for text in texts for role in read(parse(text)).org.roles))
