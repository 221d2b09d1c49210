"""A study's folder: its append-only log, its candidates' documents and ledgers, and its best document.

mlruns/studies/<name>/
    study.jsonl            one record a line: `study`, `candidate`, `final`
    best.md                the best document so far
    candidates/g01-c05/    program.md, ledger.jsonl, results.tsv
"""

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from orgopt import __version__
from orgopt.document import Program
from orgopt.errors import StoreError, UsageError
from orgopt.ledger import JsonLog, Ledger, read_lines, results_tsv, write_text
from orgopt.task import Task

SCHEMA_VERSION = 1
Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyConfig:
    """What makes a study repeatable.

    Attributes:
        generations: How many batches of candidates.
        population: Candidates a batch; the first of all is the seed document.
        budget_s: Lab seconds of each run.
        slots: Experiments at once.
        seed: Decides every choice of the search, the teams and the experiments.
        sampler: Optuna's sampler, `tpe` or `random`.
        verify_seeds: Fresh seeds with which each submission is trained again.
        test_seeds: Runs of the seed document and of the champion on seeds that the search did not use.
    """

    generations: int
    population: int
    budget_s: float
    slots: int
    seed: int = 0
    sampler: str = "tpe"
    verify_seeds: int = 1
    test_seeds: int = 1

    def identity(
        self, program: Program, task: Task, library: Program | None, lab: Mapping[str, str] | None = None
    ) -> Record:
        """What must agree for a study to be continued; more generations and other tests may be asked for.

        The task comes with the baseline that holds on this machine, which sets the zero of every score. `lab` is
        the stamp of a lab that does not train: what was replayed is another study.
        """
        settings = {key: value for key, value in asdict(self).items() if key not in {"generations", "test_seeds"}}
        texts = {"program": program.text, "library": library.text if library else ""}
        digests = {key: hashlib.sha256(text.encode()).hexdigest()[:12] for key, text in texts.items()}
        names = {"task": task.name, "task_digest": task.digest, "baseline": task.baseline.heldout}
        replayed = {"lab": dict(lab)} if lab and lab["lab"] != "local" else {}  # studies of before go on
        return {**settings, **digests, **names, **replayed}


def study_name(program: Program, identity: Record) -> str:
    """The default name of a study: the same command continues it, another starts another."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:4]
    return f"{Path(program.source).stem}-{identity['task']}-{digest}"


class StudyLog:
    """The records of a study, and the lock that makes one process its coordinator.

    Raises:
        StoreError: The folder cannot be written, or another process has the study.
        UsageError: The folder holds a study with other settings.
    """

    def __init__(self, folder: Path, identity: Record, program: Program, task: Task) -> None:
        self.folder, self.path = folder, folder / "study.jsonl"
        self._lock = self._take_lock()
        self.records = list(read_lines(self.path))
        self._log = JsonLog(self.path)
        if not self.records:
            measures = {"baseline": asdict(task.baseline), "reference": asdict(task.reference), "title": task.title}
            names = {"metric": task.metric, "heldout": task.heldout, "unit": task.unit}
            self._add(
                {
                    "kind": "study",
                    "name": folder.name,
                    "schema_version": SCHEMA_VERSION,
                    "orgopt": __version__,
                    "identity": identity,
                    "task": {**measures, **names},
                    "program": program.text,
                    "source": program.source,
                }
            )
        elif (old := self.records[0]["identity"]) != identity:
            self.close()
            differ = [f"{key} {old.get(key)} → {identity[key]}" for key in identity if old.get(key) != identity[key]]
            raise UsageError(f"study {folder.name} has other settings ({', '.join(differ)}): choose another --name")

    def candidate(self, index: int) -> Record | None:
        """The record of a candidate that is done."""
        return next((r for r in self.records if r["kind"] == "candidate" and r["index"] == index), None)

    def test(self, index: int, k: int) -> Record | None:
        """The score of a candidate on a test seed."""
        key = ("test", index, k)
        return next((r["score"] for r in self.records if (r["kind"], r.get("index"), r.get("seed")) == key), None)

    def final(self, champion: int, candidates: int) -> Record | None:
        """The latest final record of a champion among so many candidates."""
        wanted = ("final", champion, candidates)
        found = (r for r in reversed(self.records) if (r["kind"], r.get("champion"), r.get("candidates")) == wanted)
        return next(found, None)

    def add_candidate(self, record: Record) -> None:
        """Keep a candidate's score; it is on disk on return."""
        self._add({"kind": "candidate", **record})

    def add_test(self, index: int, k: int, score: Record) -> None:
        """Keep a candidate's score on test seed k."""
        self._add({"kind": "test", "index": index, "seed": k, "score": score})

    def add_final(self, record: Record) -> None:
        """Keep the result of the tests."""
        self._add({"kind": "final", **record})

    def write_best(self, text: str) -> Path:
        """Write the best document."""
        return write_text(self.folder / "best.md", text)

    def ledger(self, name: str, program: str) -> Ledger:
        """A new ledger for a run of a document; what a stopped run left is replaced."""
        folder = self.folder / "candidates" / name
        path = folder / "ledger.jsonl"
        path.unlink(missing_ok=True)
        ledger = Ledger(path)
        write_text(folder / "program.md", program)
        return ledger

    def export(self, name: str, ledger: Ledger, metric: str) -> None:
        """Write a run's results.tsv beside its ledger."""
        write_text(self.folder / "candidates" / name / "results.tsv", results_tsv(ledger, metric))

    def close(self) -> None:
        """Release the study."""
        self._log.close()
        os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _add(self, record: Record) -> None:
        record = {**record, "at": round(time.time(), 3)}
        self._log.append(record)
        self.records.append(json.loads(json.dumps(record)))  # as it will be read back

    def _take_lock(self) -> int:
        path = self.folder / "lock"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(f"cannot write {self.folder}: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = path.read_text().strip() or "another process"
            os.close(lock)
            raise StoreError(f"study {self.folder.name} is in use by {holder}") from None
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()}".encode())
        return lock
