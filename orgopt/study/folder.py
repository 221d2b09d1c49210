"""A study's folder while it is written: its append-only log, its documents and ledgers, and its best document.

The log is read by `orgopt.study.records.reader`.

mlruns/studies/<name>/
    study.jsonl               one record a line: `study`, `candidate`, `rewrite`, `evaluation`, `generation`, `entrant`,
                              `final`
    study.jsonl.end           how many lines that has, so that losing the last ones is noticed
    rewrites.jsonl            answers of the rewriter's language model, by what was asked; spend.jsonl what they cost
    pause                     there while it is asked to wait before its next run
    stopped                   the error that it was stopped by, until it goes on
    lock, holder              held by the one process that writes here, and who that is
    best.md                   the best document so far
    best-memory/TASK/         what the best document's roles with lasting memory begin with, a Markdown file a role
    candidates/g01-c05/       program.md; for each task ledger-TASK.jsonl and results-TASK.tsv of its first seed
        run-TASK-K/           of language agents: a run that `orgopt run --resume` repeats for free
        memory/TASK/          what its roles with lasting memory leave to its children
    test/… race/… real/…      ledgers of other runs that were kept, an entrant a folder
"""

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import numpy as np

from orgopt.basics.slug import slug
from orgopt.document import Program
from orgopt.errors import OrgoptError, StoreError, UsageError
from orgopt.invocation import argument
from orgopt.lab.worlds.learning_curves import predictiveness
from orgopt.ledger import Event, Ledger, read_ledger, results_tsv, write_text
from orgopt.scoring.score import Score
from orgopt.storage import regular_files
from orgopt.storage.jsonl import JsonLog
from orgopt.storage.locks import PATIENCE_S, hold, is_held
from orgopt.study.config import differences
from orgopt.study.records.head import ContestRecord, StudyRecord, TaskRecord
from orgopt.study.records.kinds import EvaluationRecord, Record
from orgopt.study.records.names import LOG, SEARCH, STOPPED
from orgopt.study.records.reader import as_read, identity_of, read_records, written
from orgopt.tasks.task import Task
from orgopt.version import __version__

if TYPE_CHECKING:
    from filelock import FileLock

MODEL = "feedback.npz"
"""The numbers of the latest feedback model."""
PAUSE = "pause"
"""A file in the folder while a study or a contest is asked to wait before its next run."""
R = TypeVar("R", bound=Record)
_Key = tuple[str, str, str, int]


class Folder:
    """A folder with an append-only log of records, and the lock that makes one process its writer.

    Args:
        folder: Made if it is not there.
        log: The name of the log's file.
        noun: What it is, for messages.

    Raises:
        StoreError: The folder cannot be written, or another process has it.
    """

    def __init__(self, folder: Path, log: str, noun: str) -> None:
        self.folder, self.path, self.noun = folder, folder / log, noun
        self._lock = self._take_lock()
        try:
            for left in (PAUSE, STOPPED):
                (folder / left).unlink(missing_ok=True)  # of a process that is gone
            self.records: list[Record] = read_records(self.path)
            self._log = JsonLog(self.path, counted=True)
        except BaseException:
            self._lock.release()
            raise

    def add(self, record: R) -> R:
        """Keep a record; it is on disk on return, and returned as it will be read back.

        Raises:
            StoreError: The disk is full; what was kept before stands.
        """
        record = as_read(replace(record, at=round(time.time(), 3)))
        self._log.append(written(record))
        self.records.append(record)
        return record

    def of(self, kind: type[R]) -> list[R]:
        """The records of a kind."""
        return [record for record in self.records if isinstance(record, kind)]

    def require(self, settings: Mapping[str, Any]) -> None:
        """Refuse to go on with other settings than those of the first record.

        Raises:
            UsageError: It says what differs.
        """
        head = self.records[0]
        if not isinstance(head, StudyRecord | ContestRecord) or head.kind != self.noun:
            raise UsageError(f"{self.path} is the log of a {head.kind}, and not of a {self.noun}")
        if head.identity.other_seeds:
            raise UsageError(
                f"{self.noun} {self.folder.name} was made with other seeds, by orgopt {head.orgopt}: it can be "
                f"read, and not continued: choose another {argument('name')}"
            )
        if changed := differences(head.settings, settings):
            what = ", ".join(changed)
            raise UsageError(
                f"{self.noun} {self.folder.name} has other settings ({what}): choose another {argument('name')}"
            )

    def close(self) -> None:
        """Release the folder."""
        self._log.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OrgoptError):
            with suppress(OSError):  # the disk may be what is full
                regular_files.write_bytes(self.folder / STOPPED, str(error).encode("utf-8", "replace"))
        self.close()

    def _take_lock(self) -> "FileLock":
        holder = self.folder / "holder"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write {self.folder}: {error.strerror}") from None
        lock = hold(
            self.folder / "lock",
            lambda: f"{self.noun} {self.folder.name} is in use by {_named(holder)}",
            patience_s=PATIENCE_S,
        )
        try:
            regular_files.write_bytes(holder, f"process {os.getpid()}".encode())
        except OSError as error:
            lock.release()
            raise StoreError(f"cannot write {holder}: {error.strerror}") from None
        return lock


class StudyLog(Folder):
    """The records of a study.

    Args:
        folder: Of the study.
        settings: What must agree for the study to be continued, see `StudyConfig.identity`.
        program: The seed document.
        tasks: The tasks that are searched.
        command: The command that makes the same study, for whoever reads it.

    Raises:
        StoreError: The folder cannot be written, or another process has the study.
        UsageError: The folder holds a study with other settings.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], program: Program, tasks: Mapping[str, Task], command: str = ""
    ) -> None:
        super().__init__(folder, LOG, "study")
        try:
            if self.records:
                self.require(settings)
            else:
                self._begin(settings, program, tasks, command)
        except BaseException:
            self.close()
            raise
        self._scores: dict[_Key, Score] = {}
        self._memories: dict[tuple[str, str], Mapping[str, str]] = {}
        for record in self.of(EvaluationRecord):
            self._note(record)

    @property
    def head(self) -> StudyRecord:
        """The first record."""
        return self.of(StudyRecord)[0]

    def score(self, phase: str, entrant: str, task: str, k: int) -> Score | None:
        """The score of a run that is done."""
        return self._scores.get((phase, entrant, task, k))

    def memory(self, entrant: str, task: str) -> Mapping[str, str]:
        """What the roles of a candidate remember after its first run on a task; empty where nothing was kept."""
        return self._memories.get((entrant, task), {})

    def add_evaluation(self, record: EvaluationRecord) -> None:
        """Keep a run; it is on disk on return."""
        self._note(self.add(record))

    def _note(self, record: EvaluationRecord) -> None:
        self._scores[record.phase, record.entrant, record.task, record.k] = record.score
        if record.memory:
            self._memories[record.entrant, record.task] = record.memory

    def write_best(self, text: str) -> Path:
        """Write the best document."""
        return write_text(self.folder / "best.md", text)

    def write_model(self, arrays: Mapping[str, np.ndarray]) -> Path:
        """Write the numbers of the feedback model.

        Raises:
            StoreError: They cannot be written.
        """
        path = self.folder / MODEL
        try:
            with path.open("wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None
        return path

    def keep_run(self, phase: str, entrant: str, task: str, k: int, events: Iterable[Event], metric: str) -> None:
        """Write the ledger and results.tsv of a run."""
        folder = self.run_folder(phase, entrant)
        path = folder / _ledger_name(task, k)
        path.unlink(missing_ok=True)
        ledger = Ledger(path)
        try:
            for event in events:
                ledger.add(event.kind, event.t, **event.data)
        finally:
            ledger.close()
        write_text(folder / f"results-{task}{_last(k)}.tsv", results_tsv(ledger, metric))

    def kept_run(self, phase: str, entrant: str, task: str, k: int) -> Ledger | None:
        """The ledger of a run on the k-th seed; None where it was not kept."""
        path = self.run_folder(phase, entrant) / _ledger_name(task, k)
        events = read_ledger(path)
        return Ledger(events=events) if events else None

    def keep_program(self, phase: str, entrant: str, text: str) -> None:
        """Write the document of an entrant."""
        folder = self.run_folder(phase, entrant)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write {folder}: {error.strerror}") from None
        write_text(folder / "program.md", text)

    def run_folder(self, phase: str, entrant: str) -> Path:
        """Where the files of an entrant's runs lie."""
        return self.folder / ("candidates" if phase == SEARCH else phase) / slug(entrant)

    def _begin(self, settings: Mapping[str, Any], program: Program, tasks: Mapping[str, Task], command: str) -> None:
        described = {name: replace(describe_task(task), curves=predictiveness(task)) for name, task in tasks.items()}
        self.add(
            StudyRecord(
                name=self.folder.name,
                orgopt=__version__,
                identity=identity_of(settings),
                settings=settings,
                tasks=described,
                program=program.text,
                source=program.source,
                command=command,
            )
        )


def is_written(folder: Path) -> bool:
    """Whether a process is at work on the study or the contest of a folder."""
    return is_held(folder / "lock")


def describe_task(task: Task) -> TaskRecord:
    """What a reader of a log must know of a task."""
    return TaskRecord(
        baseline=task.baseline,
        reference=task.reference,
        title=task.title,
        metric=task.metric,
        heldout=task.heldout,
        unit=task.unit,
    )


def _named(holder: Path) -> str:
    """Who holds a folder, as far as that is known."""
    with suppress(OSError):
        return regular_files.read_text(holder).strip() or "another process"
    return "another process"


def _last(k: int) -> str:
    return f"-{k}" if k else ""


def _ledger_name(task: str, k: int) -> str:
    return f"ledger-{task}{_last(k)}.jsonl"
