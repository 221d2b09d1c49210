"""Recordings, written and loaded: real experiments of a task in a Parquet file with where they come from.

Covers the file and its reader; making a recording is `recorder.py`. A row is one experiment: a column
for each knob, `seed`, `status`, `curve`, `seconds`, `wall_s`, `metric`, `heldout` and `error`.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orgopt.errors import StoreError, TaskError
from orgopt.lab.base import Status
from orgopt.lab.worlds.recording_files import digest_path, recording_digest, records_path, task_version
from orgopt.storage import regular_files
from orgopt.tasks.task import Knob, Task, Value

_pa, _pq = cast("Any", pa), cast("Any", pq)  # they have no types
_ArrowError: type[Exception] = _pa.ArrowException
Table: TypeAlias = Any
"""A table of pyarrow."""
_Kind: TypeAlias = Any

SCHEMA_VERSION = 1
METADATA_KEY = b"orgopt"
FIXED_COLUMNS: Mapping[str, _Kind] = {
    "seed": _pa.int64(),
    "status": _pa.string(),
    "curve": _pa.list_(_pa.float32()),
    "seconds": _pa.float64(),
    "wall_s": _pa.float64(),
    "metric": _pa.float64(),
    "heldout": _pa.float64(),
    "error": _pa.string(),
}
_NAMED_ROWS = 5  # a message names no more rows than a person reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Recorded experiments; n rows, knobs in the order of the task's.

    Attributes:
        units: Positions of the settings, (n, n_knobs), each from 0 to 1 by `Knob.unit`.
        seeds: Training seeds, (n,).
        status: How each ended, (n,), values of `Status`.
        curves: Learning curves as far as they came, n arrays of float32; empty when none was reported.
        seconds: What each takes on a core of its own, (n,): its CPU seconds, or the task's limit after a time-out.
        wall_s: What each took where it was recorded, (n,).
        metric, heldout: The metrics, (n,); NaN unless the status is ok.
        provenance: Task, seed, digests, and for each part of the recording the machine, versions, date and command.
    """

    units: np.ndarray
    seeds: np.ndarray
    status: np.ndarray
    curves: tuple[np.ndarray, ...]
    seconds: np.ndarray
    wall_s: np.ndarray
    metric: np.ndarray
    heldout: np.ndarray
    provenance: Mapping[str, Any]

    def __len__(self) -> int:
        return len(self.seeds)


def differences(provenance: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """What the origin of a recording has otherwise than wanted, as `key: recorded … , here …`."""
    flat, want = _flat(provenance), _flat(wanted)
    return [f"{key}: recorded {flat.get(key)}, here {want[key]}" for key in want if flat.get(key) != want[key]]


def load_records(path: Path, task: Task) -> Records:
    """Read a recording of a task.

    Raises:
        TaskError: There is none, it is damaged, or it is of another task or version of it.
    """
    table, provenance = _table_of(task, path)
    try:
        return _records(table, task, provenance)
    except (_ArrowError, ValueError, TypeError) as error:
        raise TaskError(f"{path}: {error}") from None


def _table_of(task: Task, path: Path, columns: Sequence[str] | None = None) -> tuple[Table, dict[str, Any]]:
    table, provenance = read_table(path, columns)
    if changed := differences(provenance, {"task": task.name, "files": task_version(task)}):
        raise TaskError(f"{path} is of another version of {task.name} ({'; '.join(changed)}): record it again")
    return table, provenance


def read_table(path: Path, columns: Sequence[str] | None = None) -> tuple[Table, dict[str, Any]]:
    """The rows of a recording, or only some columns of them, and its provenance, unchecked but for the kind of file.

    Raises:
        TaskError: It is missing, damaged or no recording.
    """
    if not path.is_file():
        raise TaskError(f"no recording at {path}: make one with 'orgopt record TASK --runs N'")
    recording_digest(path)
    try:
        table = _pq.ParquetFile(path).read(columns)
    except (_ArrowError, OSError) as error:
        reason = (str(error).splitlines() or [""])[0][:200]
        raise TaskError(f"{path} is damaged or no Parquet file ({reason}): record it again") from None
    try:
        provenance = json.loads((table.schema.metadata or dict[bytes, bytes]())[METADATA_KEY])
        version = provenance["schema_version"]
    except (KeyError, ValueError, TypeError):
        raise TaskError(f"{path} does not say where it comes from: it is no recording of orgopt") from None
    if version != SCHEMA_VERSION:
        raise TaskError(f"{path} has schema version {version}, this orgopt reads {SCHEMA_VERSION}")
    return table, provenance


def rows_table(task: Task, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Rows as columns; a row has the fixed columns and its `settings`."""
    columns = {knob.name: _column(knob, [row["settings"][knob.name] for row in rows]) for knob in task.knobs}
    columns |= {name: _pa.array([row[name] for row in rows], kind) for name, kind in FIXED_COLUMNS.items()}
    return _pa.table(columns)


def appended(table: Table, more: Table) -> Table:
    """A table with rows of another below its own."""
    return _pa.concat_tables([table.select(more.column_names).cast(more.schema), more])


def write_table(path: Path, table: Table, provenance: Mapping[str, Any]) -> None:
    """Write a recording; whatever was at its place stays until it is complete.

    Raises:
        StoreError: It cannot be written.
    """
    partial = path.with_name(path.name + ".part")
    text = json.dumps({"schema_version": SCHEMA_VERSION, **provenance}, ensure_ascii=False)
    try:
        _pq.write_table(table.replace_schema_metadata({METADATA_KEY: text}), partial, compression="zstd")
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        found, beside = hashlib.sha256(partial.read_bytes()).hexdigest(), digest_path(path)
        beside.unlink(missing_ok=True)  # while one is new and the other old, nothing is said
        partial.replace(path)
        regular_files.write_bytes(beside, f"{found}  {path.name}\n".encode())
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror or error}") from None


def _records(table: Table, task: Task, provenance: Mapping[str, Any]) -> Records:
    missing = [name for name in (*(knob.name for knob in task.knobs), *FIXED_COLUMNS) if name not in table.column_names]
    if missing:
        raise ValueError(f"columns are missing: {', '.join(missing)}")
    data = {name: table.column(name).cast(kind) for name, kind in FIXED_COLUMNS.items()}
    for name in ("seed", "status", "curve", "seconds", "wall_s"):
        if data[name].null_count:
            raise ValueError(f"column {name} has empty rows")
    status = np.array(data["status"].to_pylist(), dtype=str)
    if unknown := set(status) - {str(one) for one in Status}:
        raise ValueError(f"unknown status {', '.join(sorted(unknown))}")
    # Lists, since for what becomes an array at once pyarrow loads pandas, which takes half a second.
    numbers = {
        name: np.array(data[name].to_pylist(), dtype=float) for name in ("seconds", "wall_s", "metric", "heldout")
    }
    ok = status == Status.OK
    for name in ("seconds", "wall_s"):
        _all(np.isfinite(numbers[name]) & (numbers[name] >= 0), f"{name} is not a time")
    for name in ("metric", "heldout"):
        _all(np.isfinite(numbers[name]) == ok, f"{name} does not agree with status")
    curves = tuple(np.array(points, dtype=np.float32) for points in data["curve"].to_pylist())
    _all(np.array([bool(np.isfinite(curve).all()) for curve in curves]), "curve is not finite")
    return Records(
        units=np.column_stack([_units(knob, table.column(knob.name).to_pylist()) for knob in task.knobs]),
        seeds=np.array(data["seed"].to_pylist(), dtype=np.int64),
        status=status,
        curves=curves,
        provenance=provenance,
        **numbers,
    )


def _units(knob: Knob, values: Sequence[Any]) -> np.ndarray:
    """The positions of a knob's values, (n,)."""
    allowed = np.array([knob.allows(value) for value in values], dtype=bool)
    bad = next((value for value, fine in zip(values, allowed, strict=True) if not fine), None)
    _all(allowed, f"{knob.name} = {bad!r} is not in {knob.range}")
    return np.array([knob.unit(value) for value in values], dtype=float)


def _all(fine: np.ndarray, message: str) -> None:
    rows = np.flatnonzero(~fine)
    if len(rows):
        more = ", …" if len(rows) > _NAMED_ROWS else ""
        raise ValueError(f"{message} in row {', '.join(map(str, rows[:_NAMED_ROWS]))}{more}")


def _column(knob: Knob, values: Sequence[Value]) -> Any:
    """The values of a knob; true and false are whole numbers in a column."""
    return _pa.array([int(value) if isinstance(value, bool) else value for value in values], _kind(knob))


def _kind(knob: Knob) -> _Kind:
    if any(isinstance(choice, str) for choice in knob.choices):
        return _pa.string()
    whole = knob.integer or (knob.choices and all(isinstance(choice, int) for choice in knob.choices))
    return _pa.int64() if whole else _pa.float64()


def _flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            flat |= _flat(cast("Mapping[str, Any]", value), f"{prefix}{key} ")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def run_seconds(task: Task) -> float:
    """Seconds of a typical experiment of a task, by its recording; 0 when there is none.

    Raises:
        TaskError: See `load_records`; columns that are not asked for may be damaged.
    """
    path = records_path(task)
    if not path.is_file():
        return 0.0
    table, _ = _table_of(task, path, ["seconds"])
    if not table.num_rows or "seconds" not in table.column_names:
        raise TaskError(f"{path} has no seconds of experiments: record it again")
    return float(np.median(np.array(table.column("seconds").to_pylist(), dtype=float)))
