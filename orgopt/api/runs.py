"""Runs of the front door: one organization on a task, kept in a folder from which it goes on, or scored in memory."""

import json
import shlex
import shutil
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from orgopt.agents.approval import Approve
from orgopt.agents.session import FORGOTTEN, Language, Means, Memories, speaks
from orgopt.agents.thinking.spend import Spend
from orgopt.api.bounds import require
from orgopt.api.inputs import (
    AnyTask,
    Document,
    Duration,
    announce,
    one_task,
    program_of,
    source_of,
    stem_of,
    told,
    workspace_of,
)
from orgopt.api.labs import budgets_of, calibrated, lab_of, open_lab
from orgopt.api.language import answering, check, frozen, going_on, language_settings
from orgopt.api.run_folder import home_of, missing, new_folder, remove
from orgopt.api.run_result import INBOX, LEDGER, SETTINGS, VERDICT, RunResult, RunSettings, read_run_settings
from orgopt.basics.callback import Callback
from orgopt.document import load, require_org
from orgopt.errors import UsageError
from orgopt.invocation import own_command
from orgopt.lab.sandbox.choice import Sandbox, chosen, using
from orgopt.ledger import Event, Ledger, results_tsv, write_text
from orgopt.org import Org
from orgopt.plugin_faults import naming_packages
from orgopt.scoring.evaluation import VERIFY_SEEDS, Score
from orgopt.scoring.evaluation import evaluate as evaluate_in
from orgopt.storage.locks import holding
from orgopt.storage.seal import write_record
from orgopt.tasks.documents import require_fit
from orgopt.tasks.folder import load_task
from orgopt.team.cost_of_parts import report
from orgopt.team.no_result import mended
from orgopt.team.repository import Repository

ANSWERS = "answers.jsonl"


@naming_packages()
def run(
    document: Document,
    *,
    task: AnyTask,
    budget: Duration,
    lab: str | None = None,
    slots: int = 2,
    seed: int = 0,
    verify_seeds: int = VERIFY_SEEDS,
    sandbox: str | None = None,
    agents: str | None = None,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    approve: Approve | None = None,
    callback: Callback | None = None,
) -> RunResult:
    """Run the organization of a document as a team, and score what it found.

    The ledger and a results.tsv in autoresearch's columns are kept under mlruns/runs/ in the workspace. A run that is
    interrupted (KeyboardInterrupt) goes on with `resume`.

    Args:
        document: The document, or where it is kept.
        task: What it researches.
        budget: Hardware time of the run.
        lab: `local` trains on this machine, `replay` answers from the task's recording or world; None trains where
            the task has a script.
        slots: Experiments at once.
        seed: Decides every random choice.
        verify_seeds: Fresh seeds with which each submission is trained again, outside the budget; where that is done
            in pairs with the untouched script, the last has eight pairs or more.
        sandbox: What holds experiments of the local lab: `bubblewrap`, or `process`, which hides nothing from them;
            None is what `ORGOPT_SANDBOX` says.
        agents: A policy that stands in for all agents that think with a language model or a command, such as `tpe`;
            None leaves them as the document has them.
        max_usd: Dollars that language models may cost in all; None is no limit.
        max_tokens: Tokens that they may use in all; None is no limit.
        approve: Asked before a script that an agent rewrote runs: gives None to let it, or why not; None lets all run.
        callback: Told of what happens.

    Example:
        result = orgopt.run("orgs/trio.md", task="digits", budget="30s", lab="replay")
        print(result.score.research_output)

    Raises:
        DocumentError, UsageError, TaskError, SandboxError, LabError, StoreError: See `orgopt.errors`.
    """
    hears = told(callback)
    require(slots=slots, seed=seed, verify_seeds=verify_seeds, max_usd=max_usd, max_tokens=max_tokens)
    require(lab=lab, sandbox=sandbox, agents=agents)
    program, workspace = program_of(document, agents=agents), workspace_of(document)
    loaded = one_task(task, workspace)
    budget_s = budgets_of(budget, {loaded.name: loaded}, workspace)[loaded.name]
    if sandbox and sandbox not in set(Sandbox):
        raise UsageError(f"no sandbox '{sandbox}': choose {' or '.join(Sandbox)}")
    org = announce(program, hears)
    require_fit(org, loaded)
    if loaded.proposes == "documents":
        raise UsageError(
            f"a run on {loaded.name} is a study and not a team at work: compare and optimize score it, and "
            f"'python {loaded.folder / 'search.py'} FILE' shows one"
        )
    check(org, language_settings(workspace, max_usd, max_tokens))
    settings = RunSettings(
        program=source_of(document),
        task=loaded.address if not isinstance(task, str) or Path(task).is_dir() else task,
        budget_s=budget_s,
        lab=lab and lab_of(lab, loaded),
        slots=slots,
        seed=seed,
        verify_seeds=verify_seeds,
        sandbox=sandbox or chosen().value,
        max_usd=max_usd,
        max_tokens=max_tokens,
    )
    made = missing(workspace / "mlruns" / "runs")
    folder = new_folder(workspace, f"{stem_of(document, program)}-{loaded.name}-s{seed}")
    write_text(folder / "program.md", program.text)
    write_record(folder / SETTINGS, asdict(settings))
    return _run(
        settings, folder, workspace, Ledger(folder / LEDGER, inbox=folder / INBOX), hears, made, approve=approve
    )


@naming_packages()
def resume(
    folder: str | Path,
    *,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    approve: Approve | None = None,
    callback: Callback | None = None,
) -> RunResult:
    """Go on with a run that was stopped, in its folder under mlruns/runs/; all its settings are read from there.

    Args:
        folder: The run's.
        max_usd: Another limit than the run began with; what was spent before counts.
        max_tokens: Likewise.
        approve: See `run`; what was said before stands, and is not asked again.
        callback: Told of what happens.

    Raises:
        UsageError: The folder is not that of a run.
    """
    require(folder=folder, max_usd=max_usd, max_tokens=max_tokens)
    hears, folder = told(callback), Path(folder)
    settings = read_run_settings(folder)
    ledger, unanswered = mended(folder / LEDGER, folder / ANSWERS)
    ledger.inbox = folder / INBOX
    given = {"max_usd": max_usd, "max_tokens": max_tokens}
    settings = replace(settings, **{name: value for name, value in given.items() if value is not None})
    forget = FORGOTTEN if unanswered else ()
    return _run(settings, folder, home_of(folder), ledger, hears, None, forget, approve=approve)


@naming_packages()
def evaluate(
    document: Document,
    *,
    task: AnyTask,
    budget: Duration,
    lab: str | None = None,
    slots: int = 2,
    seed: int = 0,
    verify_seeds: int = VERIFY_SEEDS,
    agents: str | None = None,
    callback: Callback | None = None,
) -> Score:
    """Run the organization of a document, and score it, without keeping any file; the arguments are those of `run`.

    Raises:
        DocumentError, UsageError, TaskError, SandboxError, LabError: See `orgopt.errors`.
    """
    hears = told(callback)
    require(slots=slots, seed=seed, verify_seeds=verify_seeds, lab=lab)
    program, workspace = program_of(document, agents=agents), workspace_of(document)
    loaded = one_task(task, workspace)
    budget_s = budgets_of(budget, {loaded.name: loaded}, workspace)[loaded.name]
    org, settings = announce(program, hears), language_settings(workspace, None, None)
    check(org, settings)
    if speaks(org):
        settings = answering(org, settings, Spend())
    with open_lab(loaded, lab, slots, hears) as opened:
        known = calibrated(loaded, opened, workspace, hears, budget_s)
        return evaluate_in(
            program,
            known,
            opened,
            budget_s=budget_s,
            seed=seed,
            verify_seeds=verify_seeds,
            watch=lambda event: hears.event(None, event),
            means=Means(settings=settings),
        )


def _run(
    settings: RunSettings,
    folder: Path,
    workspace: Path,
    ledger: Ledger,
    callback: Callback,
    made: list[Path] | None,
    forget: Collection[str] = (),
    *,
    approve: Approve | None = None,
) -> RunResult:
    """Run on a ledger to its end; what was made for a new run in which nothing happened is removed."""
    program = load(str(folder / "program.md"))
    org, task = require_org(program), load_task(settings.task, workspace)
    code = Repository(folder / "code.git", task) if speaks(org) and task.script else None
    try:
        with (
            holding(folder / SETTINGS, f"run {folder.name} is in use by another process"),
            using(settings.sandbox),
            _opened(org, settings, folder, workspace, resumed=made is None, forget=forget, approve=approve) as language,
            open_lab(task, settings.lab, settings.slots, callback) as lab,
        ):
            task = calibrated(task, lab, workspace, callback, settings.budget_s)
            callback.run_begun(task, settings.budget_s, folder)
            with going_on(f"Go on, once that is mended, with: {own_command()} run --resume {shlex.quote(str(folder))}"):
                score = evaluate_in(
                    program,
                    task,
                    lab,
                    budget_s=settings.budget_s,
                    seed=settings.seed,
                    ledger=ledger,
                    verify_seeds=settings.verify_seeds,
                    watch=_both(callback, code),
                    language=language,
                )
    finally:
        ledger.close()
        if ledger.events or made is None:
            write_text(folder / "results.tsv", results_tsv(ledger, task.metric))
        else:  # it was refused before anything was begun
            remove(folder, made)
    if code and code.problem:
        callback.noted(f"code.git was not written to its end: {code.problem}")
    named = replace(program, source=settings.program)  # the folder has a copy
    found = report(org, ledger)
    result = RunResult(settings=settings, folder=folder, program=named, task=task, score=score, report=found)
    write_text(folder / VERDICT, json.dumps(result.ending.to_dict(), ensure_ascii=False, indent=2) + "\n")
    return result


def _both(callback: Callback, code: Repository | None) -> Callable[[Event], None]:
    def watch(event: Event) -> None:
        callback.event(None, event)
        if code:
            code.take(event)

    return watch


@contextmanager
def _opened(
    org: Org,
    settings: RunSettings,
    folder: Path,
    workspace: Path,
    *,
    resumed: bool,
    forget: Collection[str],
    approve: Approve | None,
) -> Generator[Language | None]:
    """What the run's language agents think with; None without any. A lasting memory is of the document's name."""
    if not speaks(org):
        yield None
        return
    found = frozen(org, language_settings(workspace, settings.max_usd, settings.max_tokens), folder)
    lasting, own = workspace / "mlruns" / "memory" / Path(settings.program).stem, folder / "memory"
    if lasting.is_dir() and not own.exists() and not settings.of_study:
        shutil.copytree(lasting, own)  # what it began with: a run that goes on reads the same again
    own.mkdir(exist_ok=True)
    after = folder / "memory-after"
    memories = Memories(own, after if settings.remembers else None)
    with Language(
        org, found, folder=folder, memories=memories, forget=forget, resumed=resumed, approve=approve
    ) as language:
        yield language
    if after.is_dir() and not settings.of_study:
        shutil.copytree(after, lasting, dirs_exist_ok=True)
