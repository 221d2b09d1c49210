"""Opening the world of a task's recording: fitted once, kept beside it, and fitted again when the recording changes."""

import hashlib
import json
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from orgopt.errors import TaskError
from orgopt.lab.worlds.recorded import SCHEMA_VERSION, Fitted, Recorded, knob_ranges
from orgopt.lab.worlds.recording import load_records, records_path, task_version
from orgopt.task import Task


def open_recorded(task: Task, folder: Path | None = None) -> Recorded:
    """The world of a task's recording, in the task's own folder or another, fitted now if it is not yet.

    Raises:
        TaskError: There is no recording, or it is damaged or of another version of the task.
    """
    path = (folder or task.folder) / records_path(task).name
    if not path.is_file():
        raise TaskError(
            f"{task.name} has no recording to replay ({path}): make one with 'orgopt record {task.name} --runs 2000'"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    world = load_fitted(task, path.parent)
    if world and world.meta["recording"] == digest and world.meta["files"] == task_version(task):
        return world
    records = load_records(path, task)  # before torch is imported: it may be the wrong one
    from orgopt.lab.worlds.fit import fit

    world = fit(task, records, digest)
    with suppress(OSError):  # where the task cannot be written it is fitted each time
        save(world, path.parent)
    return world


def load_fitted(task: Task, folder: Path) -> Recorded | None:
    """The world that lies in a folder; None where there is none that fits the task's knobs."""
    try:
        # A file of our own: numpy leaves the one it opens open when it is damaged.
        with (folder / "world.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            meta = json.loads(str(arrays["meta"]))
            if meta["schema_version"] != SCHEMA_VERSION or meta["knobs"] != knob_ranges(task):
                return None
            return Recorded(task, Fitted(**{one.name: arrays[one.name] for one in fields(Fitted)}), meta)
    except (OSError, KeyError, ValueError, BadZipFile):
        return None


def save(world: Recorded, folder: Path) -> None:
    """Write a world and its quality beside its recording.

    Raises:
        OSError: The folder cannot be written.
    """
    arrays = {one.name: getattr(world.fitted, one.name) for one in fields(Fitted)}
    partial = folder / "world.part.npz"
    np.savez_compressed(partial, meta=np.array(json.dumps(world.meta)), **arrays)
    partial.replace(folder / "world.npz")
    (folder / "world.json").write_text(json.dumps(world.meta, indent=2) + "\n", "utf-8")
