"""Making a recording: which experiments, and a log that survives a kill.

Settings are decided by the task's knobs, the seed and their number alone, so that a stopped recording
continues and a longer one begins with the shorter. Reading recordings is `recording.py`.
"""

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Self

import numpy as np

from orgopt.errors import LabError, UsageError
from orgopt.invocation import argument
from orgopt.lab.base import Experiment, Lab, Outcome, Status
from orgopt.lab.worlds.recording import (
    Table,
    appended,
    differences,
    read_table,
    rows_table,
    write_table,
)
from orgopt.lab.worlds.recording_files import records_path, task_version
from orgopt.seeds import Stream, derive, generator
from orgopt.storage.jsonl import JsonLog, damaged, read_lines
from orgopt.storage.locks import hold
from orgopt.tasks.task import Knob, Settings, Task

LIMIT_FACTOR = 2.0
"""How much longer than its limit an experiment may take while it is recorded: cores may be shared then."""

_BLOCK = 20  # settings, of which one has all SEEDS and the others have one
SEEDS = 5
NEAR_EVERY = 4  # one setting in so many lies near the baseline, where searches spend their time
_NEAR_SD = 0.15  # of a moved knob's position
_NEAR_SHARE = (0.1, 0.6)  # of the knobs that move
_AHEAD = 2  # experiments queued beyond the slots, so that none is idle


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An experiment of a recording: which row it becomes, its settings (every knob named) and its seed."""

    row: int
    settings: Settings
    seed: int


def plan(task: Task, runs: int, seed: int) -> list[Planned]:
    """The first experiments of a recording: a scrambled Sobol sequence over the knobs, and the baseline's surroundings.

    Every fourth setting moves some of the baseline's knobs a little; one setting in twenty has five seeds, the
    first of them the baseline.
    """
    blocks = -(-runs // (_BLOCK + SEEDS - 1))
    settings = _settings(task, blocks * _BLOCK, seed)
    planned: list[Planned] = []
    for number, one in enumerate(settings):
        block, position = divmod(number, _BLOCK)
        replicated = position == block % 2  # in turns near the baseline and anywhere
        for k in range(SEEDS if replicated else 1):
            planned.append(Planned(row=len(planned), settings=one, seed=derive(Stream.RECORD, seed, number, k)))
    return planned[:runs]


class Recording:
    """A recording at a place: what is done, and the lock that makes one process its writer.

    Args:
        task: What is recorded.
        folder: Where `records.parquet` is, or will be; until then, rows are in `records.jsonl.part`.
        seed: Decides settings and training seeds.
        data_digest: The task's data on this machine.

    Raises:
        StoreError: The folder cannot be written, or another process records there.
        TaskError: What is there is no recording.
        UsageError: What is there was recorded otherwise.
    """

    def __init__(self, task: Task, folder: Path, *, seed: int, data_digest: str) -> None:
        self.task, self.seed = task, seed
        self.path = folder / records_path(task).name
        self._log_path = folder / "records.jsonl.part"
        self.origin = {"task": task.name, "files": task_version(task), "data_digest": data_digest, "seed": seed}
        self._parts: list[dict[str, Any]] = []
        self._table: Table | None = None
        self._rows: dict[int, dict[str, Any]] = {}
        self._lock_path = folder / "records.lock"
        self._lock = hold(self._lock_path, lambda: f"another process records at {folder}")
        self._log = JsonLog(self._log_path)
        try:
            if self.path.exists():
                self._table, provenance = read_table(self.path)
                self._refuse_other(self.path, provenance)
                self._parts += provenance["parts"]
            self._read_log()
        except BaseException:
            self._release(remove=not self._log_path.stat().st_size)
            raise

    @property
    def done(self) -> int:
        """How many rows there are."""
        return self._complete + len(self._rows)

    @property
    def written(self) -> int:
        """How many rows the file has; those of a stopped command are in the log alone."""
        return self._complete

    def missing(self, runs: int) -> list[Planned]:
        """The experiments still to do."""
        planned = plan(self.task, runs, self.seed)
        return [one for one in planned if one.row >= self._complete and one.row not in self._rows]

    def run(self, lab: Lab, runs: int, command: str) -> Iterator[Outcome]:
        """Do the missing experiments, each kept when it is yielded, then write the file.

        Raises:
            LabError: The lab broke; what was measured is kept.
            StoreError: The disk is full; likewise.
        """
        yield from self.add(lab, self.missing(runs), command)

    def add(self, lab: Lab, planned: list[Planned], command: str) -> Iterator[Outcome]:
        """Do some experiments that are not done yet, as `run` does."""
        missing = [one for one in planned if one.row >= self._complete and one.row not in self._rows]
        if missing:
            part = {"from_row": self.done, "command": command, **_machine()}
            self._parts.append(part)
            self._log.append({"kind": "part", **self.origin, "part": part})
        lab.reset()
        waiting, running = iter(missing), dict[int, Planned]()
        while True:
            while len(running) < lab.slots + _AHEAD and (one := next(waiting, None)):
                running[one.row] = one
                lab.submit(Experiment(id=one.row, settings=one.settings, seed=one.seed))
            if not running:
                break
            for event in lab.wait(lab.now() + self.task.limit_s):
                if isinstance(event, Outcome):
                    if event.status is Status.INFRA:  # says nothing of its setting
                        raise LabError(f"{event.error}; what was measured is kept, the same command goes on")
                    row = _row(running.pop(event.id), event, self.task)
                    self._log.append({"kind": "row", **row})
                    self._rows[row["row"]] = row
                    yield event
        self._write()

    def close(self) -> None:
        """Let others record here; a log without rows is removed."""
        self._release(remove=not self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def _complete(self) -> int:
        return self._table.num_rows if self._table is not None else 0

    def _release(self, *, remove: bool) -> None:
        self._log.close()
        if remove:
            self._log_path.unlink(missing_ok=True)
        self._lock_path.unlink(missing_ok=True)  # while it is held: the folder is a task's
        self._lock.release()

    def _read_log(self) -> None:
        records = read_lines(self._log_path)
        for number, record in enumerate(records, 1):
            try:
                self._take(record)
            except (KeyError, TypeError) as error:
                why = f"no row of a recording ({error})"
                raise damaged(str(self._log_path), number, len(records), why) from None

    def _take(self, record: dict[str, Any]) -> None:
        if record["kind"] == "part":
            self._refuse_other(self._log_path, record)
            if record["part"] not in self._parts:
                self._parts.append(record["part"])
        elif record["row"] >= self._complete:  # a kill between writing the file and removing the log leaves both
            self._rows[record["row"]] = record

    def _refuse_other(self, path: Path, provenance: dict[str, Any]) -> None:
        if changed := differences(provenance, self.origin):
            raise UsageError(
                f"{path} was recorded otherwise ({'; '.join(changed)}): remove it, or choose another {argument('out')}"
            )

    def _write(self) -> None:
        if not self._rows:
            return
        table = rows_table(self.task, [self._rows[row] for row in sorted(self._rows)])
        if self._table is not None:
            table = appended(self._table, table)
        write_table(self.path, table, {**self.origin, "parts": self._parts})
        self._table, self._rows = table, {}


def recording_lab_task(task: Task) -> Task:
    """The task as a lab gets it for a recording: with more wall time, since CPU seconds decide a time-out."""
    return replace(task, limit_s=LIMIT_FACTOR * task.limit_s)


def _settings(task: Task, n: int, seed: int) -> list[dict[str, Any]]:
    from scipy.stats import qmc  # late: it takes half a second

    power = max(1, int(np.ceil(np.log2(max(2, n)))))
    anywhere = qmc.Sobol(len(task.knobs), scramble=True, rng=seed).random_base2(power)
    settings: list[dict[str, Any]] = []
    for number in range(n):
        if number % NEAR_EVERY:
            units = anywhere[number - number // NEAR_EVERY - 1]
            settings.append({knob.name: knob.at(float(unit)) for knob, unit in zip(task.knobs, units, strict=True)})
        else:
            rng = generator(Stream.NEAR, seed, number)
            settings.append(_near(task, rng) if number else task.complete({}))
    return [task.complete(one) for one in settings]


def _near(task: Task, rng: np.random.Generator) -> dict[str, Any]:
    """The baseline with some knobs moved a little; a choice without an order is drawn anew."""
    moved = rng.random(len(task.knobs)) < rng.uniform(*_NEAR_SHARE)
    moved[rng.integers(len(task.knobs))] = True
    units = rng.random(len(task.knobs))
    steps = rng.normal(0.0, _NEAR_SD, len(task.knobs))

    def value(number: int, knob: Knob) -> Any:
        if not moved[number]:
            return knob.default
        if not knob.ordered:
            return knob.at(float(units[number]))
        unit = abs(knob.unit(knob.default) + float(steps[number]))  # reflected at both ends
        return knob.at(min(unit, 2.0 - unit))

    return {knob.name: value(number, knob) for number, knob in enumerate(task.knobs)}


def _row(planned: Planned, outcome: Outcome, task: Task) -> dict[str, Any]:
    """An outcome as it is kept: judged by its CPU seconds, which do not depend on what else the machine did."""
    wall_s = outcome.ended - outcome.started
    seconds = outcome.cpu_s or wall_s
    late = outcome.status is Status.TIMEOUT or seconds > task.limit_s
    status = Status.TIMEOUT if late else outcome.status
    ok = status is Status.OK
    return {
        "row": planned.row,
        "settings": dict(planned.settings),
        "seed": planned.seed,
        "status": status.value,
        "curve": list(outcome.curve),
        "seconds": round(task.limit_s if late else seconds, 4),
        "wall_s": round(wall_s, 4),
        "metric": outcome.metric if ok else None,
        "heldout": outcome.heldout if ok else None,
        "error": outcome.error[:120],
    }


def _machine() -> dict[str, Any]:
    """What the seconds and the last digits of a recording depend on."""
    versions = {name: _version(name) for name in ("orgopt", "torch", "numpy", "scikit-learn")}
    machine = {"cpu": _cpu_model(), "cores": os.cpu_count(), "platform": platform.platform()}
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {"date": date, "python": platform.python_version(), **versions, **machine}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu_model() -> str:
    """The processor's name; its architecture where the system does not say more."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
