"""Runs as the front door gives them: what was asked for, what came of it, and the words for it."""

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt.document import Program
from orgopt.errors import UsageError
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.ledger import read_ledger
from orgopt.report.run_page import RunView
from orgopt.scoring.evaluation import Score
from orgopt.storage import regular_files
from orgopt.storage.json_values import json_values
from orgopt.storage.seal import read_record
from orgopt.study.verdict.ending_form import Ending
from orgopt.study.verdict.html import to_html
from orgopt.study.verdict.run import ending
from orgopt.tasks.task import Task
from orgopt.team.cost_of_parts import Report

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SETTINGS, INBOX, VERDICT, LEDGER = "run.json", "told.jsonl", "verdict.json", "ledger.jsonl"
"""Files of a run: what it was asked to do, what a person tells its team meanwhile, what came of it, and its ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run that has ended.

    Attributes:
        settings: What it was asked to do.
        folder: Its ledger, results.tsv and document.
        program: The document.
        task: The task, with the baseline that holds here.
        score: What the team achieved.
        report: What each role, link and the stand-ups cost and brought.
    """

    settings: RunSettings
    folder: Path
    program: Program
    task: Task
    score: Score
    report: Report

    @property
    def ending(self) -> Ending:
        """The result in plain words."""
        return ending(self.program, self.task, self.score, self.report, self.settings.budget_s)

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON values."""
        given = {**json_values(self.settings), "task": self.task.name, "folder": str(self.folder)}
        found = {
            "score": self.score.to_dict(),
            "validation_progress": self.score.progress,
            "report": self.report.to_dict(),
            "ending": self.ending.to_dict(),
        }
        return {**given, **found}

    def __repr__(self) -> str:
        return f"RunResult({self.folder.name}: {self.ending.title})"

    def _repr_html_(self) -> str:
        return to_html(self.ending)


def is_run(folder: Path) -> bool:
    """Whether a folder is that of a run."""
    return (folder / SETTINGS).is_file()


def read_run_settings(folder: Path) -> RunSettings:
    """What the run of a folder was asked to do.

    Raises:
        UsageError: It is not the folder of a run, or its settings cannot be believed.
    """
    path = folder / SETTINGS
    try:
        return _adapter().validate_json(json.dumps(read_record(path)), strict=True)
    except FileNotFoundError:
        raise UsageError(f"{folder} is not the folder of a run: it has no {SETTINGS}") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else ": ".join(map(str.strip, str(error).split("\n")[:3]))
        raise UsageError(f"{path} cannot be read ({why}): restore it, or begin another run") from None


def run_view(folder: Path) -> RunView:
    """A run as its folder has it, whether it goes on or is over.

    Raises:
        UsageError: It is not the folder of a run, or its settings cannot be believed.
        StoreError: Its ledger is damaged.
    """
    try:
        ending = Ending.from_dict(json.loads(regular_files.read_text(folder / VERDICT)))
    except (OSError, ValueError, AttributeError, TypeError):  # it is not over, or was made by an older orgopt
        ending = None
    try:
        program = regular_files.read_text(folder / "program.md")
    except OSError:
        program = ""
    settings, events = asdict(read_run_settings(folder)), read_ledger(folder / LEDGER)
    return RunView(name=folder.name, settings=settings, program=program, events=events, ending=ending)


@cache
def _adapter() -> "TypeAdapter[RunSettings]":
    from pydantic import TypeAdapter

    return TypeAdapter(RunSettings)  # made when first needed: pydantic takes .1 s to import
