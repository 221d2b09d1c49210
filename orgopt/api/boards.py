"""Boards: where one is kept, what a run would claim on it, and the loop of a verifier."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt.api.run_result import read_run_settings
from orgopt.api.runs import LEDGER
from orgopt.errors import LabError, StoreError, UsageError
from orgopt.invocation import argument
from orgopt.lab import default_lab, make_lab
from orgopt.lab.sandbox.launch import Sandbox
from orgopt.ledger import BASELINE, Ledger
from orgopt.scoring.evaluation import submissions
from orgopt.tasks.knob import Settings
from orgopt.tasks.task import Task
from orgopt.workspace import folder_name

if TYPE_CHECKING:
    from orgopt.board.client import Board
    from orgopt.board.records import ClaimRecord
    from orgopt.board.store import ClaimStore

IDLE_S = 2.0
"""How often a verifier looks for a claim when none waits."""
_FAULTS = 5
"""Claims in a row over which the lab may break: then it is not the claims."""


def database_of(task: Task, workspace: Path) -> str:
    """The URL of a task's board in a workspace."""
    return f"sqlite:///{workspace.absolute()}/mlruns/boards/{folder_name(task.name)}-{task.digest}.db"


def verifying(
    store: "ClaimStore",
    task: Task,
    kind: str | None,
    slots: int,
    *,
    once: bool = False,
    note: Callable[[str], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
) -> Iterator["ClaimRecord"]:
    """Decide the claims of a board as they come.

    Args:
        store: The board.
        task: Its task.
        kind: The lab; None is the task's own.
        slots: Runs at once.
        once: Whether to end when nothing waits.
        note: Is told when the lab broke.
        wait: Waits some seconds.

    Raises:
        UsageError: The task is not the board's, or its scripts would be held by nothing.
        LabError: The lab breaks again and again.
    """
    from orgopt.board.store import LeaseLostError
    from orgopt.board.verification import Verifier

    if task.digest != store.terms.digest:
        raise UsageError(f"the board is for {store.terms.task} {store.terms.digest}, and the task is {task.digest}")
    faults = 0
    while True:
        with closing(make_lab(task, kind or default_lab(task), slots, note)) as lab:
            if lab.stamp.get("sandbox") == Sandbox.PROCESS and (task.folder / "judge.py").is_file():
                raise UsageError(
                    f"{argument('sandbox', 'process')} hides nothing from scripts of strangers: a board of {task.name} "
                    "needs bubblewrap"
                )
            verifier = Verifier(store, task, lab, time.time)
            try:
                while True:
                    entry = verifier.next()
                    if entry is not None:
                        faults = 0
                        yield entry
                    elif once:
                        return
                    else:
                        wait(IDLE_S)
            except LeaseLostError as error:
                note(str(error))
            except LabError as error:
                faults += 1
                if faults >= _FAULTS:
                    raise
                note(f"{error}; a new lab goes on with the next claim")


def found_by(run: Path) -> tuple[Settings, str, float, str]:
    """What a run submitted last: its settings, its script where that was rewritten, its metric, its ledger's digest.

    Raises:
        UsageError: The folder is that of no run, or it submitted nothing.
        StoreError: Its ledger is damaged or cannot be read.
    """
    from orgopt.board.claims import digest_of

    settings, path = read_run_settings(run), run / LEDGER
    ledger = Ledger.load(path)
    ledger.close()
    told = submissions(ledger, settings.budget_s) if ledger.of("submission") else None
    if told is None or told.last == BASELINE:
        raise UsageError(f"{run} submitted nothing but the untouched script")
    metric = next(event.data["metric"] for event in ledger.of("outcome") if event.data["id"] == told.last)
    script = told.scripts.get(told.last, "")
    try:
        return {} if script else told.settings[told.last], script, metric, digest_of(path.read_bytes())
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None


def checked(board: "Board", number: int, task: Callable[[str], Task] | None, slots: int) -> dict[str, Any]:
    """A claim of a board elsewhere, what in it does not fit together, and its runs repeated here.

    Args:
        board: Where it is.
        number: Of the claim.
        task: Gives the board's task by its name, to repeat its runs; None repeats none.
        slots: Runs at once.

    Raises:
        UsageError: There is no such claim, or its task is another here.
        LabError: The board does not answer, or the lab breaks.
    """
    from orgopt.board.repeat import repeat, wrong

    claim, terms = board.claim(number), board.read()["board"]
    told: dict[str, Any] = claim.get("result") or {}
    problems = wrong(terms, claim) if told else []
    repeated: list[dict[str, Any]] = []
    if task is not None and told and not problems:
        here = task(terms["task"])
        if here.digest != terms["digest"]:
            raise UsageError(f"the board is for {terms['task']} {terms['digest']}, and the task here is {here.digest}")
        best = board.claim(claim["against"]) if claim["against"] != BASELINE else None
        with closing(make_lab(here, default_lab(here), slots)) as lab:
            again = repeat(claim, best, here, lab, len(told["rounds"]))
        repeated = [{**one._asdict(), "same": one.same} for one in again]
    return {**claim, "wrong": problems, "repeated": repeated}
