"""Opening the world of a task's recording: fitted once, kept beside it, and fitted again when the recording changes."""

import io
import json
import os
import shlex
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from orgopt.errors import TaskError
from orgopt.lab.worlds.fitted_world import SCHEMA_VERSION, Fitted, Recorded, knob_ranges
from orgopt.lab.worlds.recording_files import recording_digest, records_path, task_version
from orgopt.storage import regular_files
from orgopt.tasks.task import Task


def _typed(task: Task) -> str:
    """A task as it can be typed anywhere: its name where that is shipped or of this workspace, else its folder."""
    folder = task.folder.resolve()
    return task.name if folder.parent.name == "fitness" else shlex.quote(str(folder))


def open_recorded(task: Task, folder: Path | None = None, note: Callable[[str], None] | None = None) -> Recorded:
    """The world of a task's recording, in the task's own folder or another, fitted now if it is not yet.

    Args:
        task: What was recorded.
        folder: Where its recording and its world lie; None is the task's own.
        note: Told in a line what is fitted and why, before that begins; None is a warning of Python's where it is
            fitted again.

    Raises:
        TaskError: There is no recording, or it is damaged or of another version of the task.
    """
    path = (folder or task.folder) / records_path(task).name
    if not path.is_file():
        raise TaskError(
            f"{task.name} has no recording to replay ({path}): make one with 'orgopt record {_typed(task)} --runs 2000'"
        )
    digest = recording_digest(path)
    world, why = load_fitted(task, path.parent)
    if world and world.meta.get("recording") != digest:
        why = "the recording is another since"
    elif world and world.meta.get("files") != task_version(task):
        why = "the task's files are others since"
    elif world:
        return world
    from orgopt.lab.worlds.recording import load_records  # late, with pyarrow

    records = load_records(path, task)  # before torch is imported: it may be the wrong one
    first = not os.path.lexists(path.with_name("world.npz"))
    (note or (_silent if first else _warn))(f"{task.name}: fitting the world of {len(records):,} runs, once: {why}")
    from orgopt.lab.worlds.fit import fit

    world = fit(task, records, digest)
    with suppress(OSError):  # where the task cannot be written it is fitted each time
        save(world, path.parent)
    return world


def _silent(line: str) -> None:
    """Say nothing."""


def _warn(line: str) -> None:
    warnings.warn(line, UserWarning, stacklevel=3)


def load_fitted(task: Task, folder: Path) -> tuple[Recorded | None, str]:
    """The world that lies in a folder, or why there is none that fits the task's knobs."""
    path = folder / "world.npz"
    try:
        # Read whole: numpy leaves the file that it opens open when it is damaged.
        with np.load(io.BytesIO(regular_files.read_bytes(path)), allow_pickle=False) as arrays:
            meta = json.loads(str(arrays["meta"]))
            if meta["schema_version"] != SCHEMA_VERSION or meta["knobs"] != knob_ranges(task):
                return None, f"{path.name} is of other knobs or another version of orgopt"
            return Recorded(task, Fitted(**{one.name: arrays[one.name] for one in fields(Fitted)}), meta), ""
    except FileNotFoundError:
        return None, f"there is no {path.name} yet"
    except _DAMAGED as error:
        return None, f"{path.name} is damaged ({type(error).__name__})"


_DAMAGED = (OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError, BadZipFile, zlib.error)
"""What reading an archive of arrays raises where a byte of it is another."""


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
