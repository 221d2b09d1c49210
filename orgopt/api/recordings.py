"""Recordings of the front door: real experiments of a task, run once and kept, to be replayed."""

import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt.api.bounds import require
from orgopt.api.inputs import AnyTask, one_task, told
from orgopt.api.labs import open_lab
from orgopt.basics.callback import Callback
from orgopt.errors import TaskError, UsageError
from orgopt.invocation import argument
from orgopt.lab.worlds.active_learning import sought
from orgopt.lab.worlds.open import open_recorded
from orgopt.lab.worlds.recorder import Recording, recording_lab_task
from orgopt.lab.worlds.recording import Records, load_records
from orgopt.tasks.task import Task
from orgopt.workspace import find_workspace, writable_folder

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingResult:
    """A recording that is complete.

    Attributes:
        task: What was recorded.
        path: The Parquet file.
        records: What it holds.
        quality: How well its world predicts runs that it was not fitted to; None where none could be fitted.
    """

    task: Task
    path: Path
    records: Records
    quality: dict[str, Any] | None

    @property
    def counts(self) -> dict[str, int]:
        """How many experiments ended in each status, the most frequent first."""
        return dict(Counter(map(str, self.records.status)).most_common())

    def to_dict(self) -> dict[str, Any]:
        """The recording as JSON values."""
        held = {"task": self.task.name, "path": str(self.path), "runs": len(self.records), "status": self.counts}
        size = {"cpu_s": float(self.records.seconds.sum()), "bytes": self.path.stat().st_size}
        return {**held, "world": self.quality, **size}

    def to_pandas(self) -> "pd.DataFrame":
        """The experiments as a table, a row each."""
        import pandas as pd

        return pd.read_parquet(self.path)

    def __repr__(self) -> str:
        return f"RecordingResult({self.task.name}: {len(self.records)} runs in {self.path})"


def record(
    task: AnyTask,
    *,
    runs: int | None = None,
    seek: int | None = None,
    slots: int = 2,
    out: str | Path | None = None,
    seed: int = 0,
    callback: Callback | None = None,
) -> RecordingResult:
    """Record real experiments of a task, so that it can be replayed in virtual time.

    Settings are spread over the knobs, a quarter of them near the baseline; one in twenty has five seeds. The same
    call continues a recording that was interrupted (KeyboardInterrupt), and extends one with fewer runs.

    Args:
        task: The task.
        runs: How many experiments the recording has in all.
        seek: Instead: so many more, where searches of its world end and near the reference.
        slots: Experiments at once.
        out: The folder; None is the task's own.
        seed: Decides settings and seeds.
        callback: Told of what happens.

    Raises:
        UsageError: Neither or both of `runs` and `seek` are given, or there are more runs already.
        TaskError, SandboxError, LabError, StoreError: See `orgopt.errors`; what was measured is kept.
    """
    if (runs is None) == (seek is None):
        raise UsageError(
            f"give {argument('runs')} for a recording, or {argument('seek')} to go on where its world is wrong"
        )
    hears = told(callback)
    require(runs=runs, seek=seek, slots=slots, seed=seed, out=out)
    loaded = one_task(task, find_workspace())
    if not loaded.script:
        raise UsageError(f"{loaded.name} is a world: there is no training to record, and it can be replayed as it is")
    place = writable_folder(Path(out) if out else loaded.folder)
    with (
        open_lab(recording_lab_task(loaded), "local", slots, hears) as lab,
        Recording(loaded, place, seed=seed, data_digest=lab.data_digest) as recording,
    ):
        planned = sought(open_recorded(loaded, place, hears.noted), seek, first_row=recording.written) if seek else []
        runs = recording.written + len(planned) if runs is None else runs
        if recording.done > runs:
            raise UsageError(
                f"{place} has {recording.done} runs already: ask for more, or choose another {argument('out')}"
            )
        hears.recording_begun(loaded, runs, recording.done)
        size = ["--seek", str(seek)] if seek else ["--runs", str(runs)]
        words = ["orgopt", "record", loaded.name, *size, "--slots", str(slots), "--seed", str(seed)]
        for outcome in recording.add(lab, planned or recording.missing(runs), shlex.join(words)):
            hears.recorded(outcome)
        path = recording.path
    records = load_records(path, loaded)
    hears.fitting()
    return RecordingResult(task=loaded, path=path, records=records, quality=_quality(loaded, place, hears))


def _quality(task: Task, place: Path, callback: Callback) -> dict[str, Any] | None:
    """How good the world of a recording is; a recording stands without one."""
    try:
        return open_recorded(task, place, lambda _: None).meta["quality"]
    except TaskError as error:
        callback.noted(str(error))
        return None
