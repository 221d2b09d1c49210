"""The files of a recording, without their rows: where they lie, and whether they are those that were written.

Reading rows takes pyarrow, which most runs need not load: a world that is fitted already answers without them.
"""

import hashlib
from pathlib import Path

from orgopt.errors import TaskError
from orgopt.foreign import files_digest
from orgopt.storage import regular_files
from orgopt.tasks.task import Task


def records_path(task: Task) -> Path:
    """Where the recording of a task lies unless it was put elsewhere."""
    return task.folder / "records.parquet"


def digest_path(path: Path) -> Path:
    """The file beside a recording that says its digest."""
    return path.with_name(f"{path.name}.sha256")


def recording_digest(path: Path) -> str:
    """SHA-256 of a recording, which is the one that stands beside it, as `sha256sum` writes it, where one does.

    Raises:
        TaskError: It is another, or the recording cannot be read.
    """
    beside = digest_path(path)
    try:
        found = hashlib.sha256(regular_files.read_bytes(path)).hexdigest()
        told = regular_files.read_bytes(beside, 64).decode("ascii", "replace") if beside.exists() else found
    except OSError as error:
        raise TaskError(f"cannot read {error.filename or path}: {error.strerror}") from None
    if told != found:
        raise TaskError(
            f"{path} is damaged: its SHA-256 is {found[:12]}…, and that of what was recorded {told[:12]}…: restore it "
            f"or record it again; where you changed it yourself, remove {beside.name}"
        )
    return found


def task_version(task: Task) -> dict[str, str]:
    """What decides the outcome of an experiment beside its knobs and seed: digests of the files by name.

    The figures and texts of task.toml are no part of it, so that a recording outlives measuring them again.
    """
    if task.files_digest:  # any file of a checkout may decide it, as may how its seeds are set
        source = hashlib.sha256(task.source.encode()).hexdigest()
        return {task.script: source[:16], "files": files_digest(task.folder, without=("task.toml",))[:16]}
    names = ("prepare.py", task.script)
    return {name: hashlib.sha256((task.folder / name).read_bytes()).hexdigest()[:16] for name in names}
