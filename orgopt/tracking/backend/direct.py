"""Runs straight into a workspace's own database, in a hundredth of the time that MLflow takes.

Only where the database has the form that this module knows, which is that of the MLflow that orgopt is built for;
`Store` goes through MLflow everywhere else. A run is there with all that is in it, or not at all.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from orgopt.errors import StoreError
from orgopt.tracking.backend.entry import CONTEXT, RUN_NAME, SOURCE_TYPE, Entry, Point, Source

SCHEMAS = frozenset({"dc11669786a5"})
"""The forms of MLflow's database that are known: those of 3.17."""
BUSY_S = 20  # how long another writer may take, as MLflow has it

_RUN = (
    "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, "
    "end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
    "VALUES (?, ?, 'UNKNOWN', '', '', 'unknown', 'RUNNING', ?, NULL, '', 'active', ?, ?)"
)
_LATEST = (
    "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?) "
    "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, "
    "step = excluded.step, is_nan = 0 "
    "WHERE (excluded.step, excluded.timestamp, excluded.value) > (step, timestamp, value)"
)
_DATASET = (
    "INSERT INTO datasets (dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_INPUT = (
    "INSERT OR IGNORE INTO inputs (input_uuid, source_type, source_id, destination_type, destination_id, step) "
    "VALUES (?, 'DATASET', ?, 'RUN', ?, 0)"
)


class Direct:
    """A workspace's database.

    Args:
        path: Of the database.

    Raises:
        StoreError: It has not the form that is known.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        self._database.execute("PRAGMA synchronous=NORMAL")  # MLflow holds nothing that the study's log does not
        found = self._database.execute("SELECT version_num FROM alembic_version").fetchall()
        if len(found) != 1 or found[0][0] not in SCHEMAS:
            self._database.close()
            raise StoreError(f"{path} is a database of another MLflow")

    def place(self, run_id: str) -> str:
        """The address of a run's artifacts."""
        row = self._database.execute("SELECT artifact_uri FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
        return row[0] if row else ""

    def fresh(self, experiment: str) -> tuple[str, str]:
        """A new id for a run, and the address where its artifacts belong; nothing is written yet."""
        row = self._database.execute(
            "SELECT artifact_location FROM experiments WHERE experiment_id = ?", (int(experiment),)
        ).fetchone()
        run_id = uuid4().hex
        return run_id, f"{row[0]}/{run_id}/artifacts"

    def write(self, run_id: str, entry: Entry, tags: Mapping[str, str], new: tuple[str, str] | None) -> None:
        """Add to a run, which is made first if it is new.

        Args:
            run_id: Its id.
            entry: What is in it.
            tags: Its tags.
            new: The experiment and the address of the artifacts of a run that is to be made.

        Raises:
            StoreError: The run is not there, or was deleted.
        """
        at, execute = int(entry.at * 1000), self._database.execute
        execute("BEGIN IMMEDIATE")
        try:
            if new:
                experiment, place = new
                execute(_RUN, (run_id, entry.name, int(entry.began * 1000), place, int(experiment)))
                tags = {RUN_NAME: entry.name, **tags}
            else:
                self._require_active(run_id)
                if RUN_NAME in tags:
                    execute("UPDATE runs SET name = ? WHERE run_uuid = ?", (tags[RUN_NAME], run_id))
            self._rows(run_id, at, entry.shown, entry.params, tags)
            for source in entry.sources:
                self._input(run_id, source)
            if entry.ended:
                execute("UPDATE runs SET status = 'FINISHED', end_time = ? WHERE run_uuid = ?", (at, run_id))
            execute("COMMIT")
        except BaseException:
            execute("ROLLBACK")
            raise

    def close(self) -> None:
        self._database.close()

    def _rows(
        self, run_id: str, at: int, points: Sequence[Point], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> None:
        many = self._database.executemany
        values = [(one.name, one.value, at, one.step, run_id) for one in points]
        for table, rows in (("tags", tags), ("params", params)):
            statement = f"INSERT OR REPLACE INTO {table} (key, value, run_uuid) VALUES (?, ?, ?)"
            many(statement, [(*row, run_id) for row in rows.items()])
        many("INSERT OR IGNORE INTO metrics (key, value, timestamp, step, run_uuid) VALUES (?, ?, ?, ?, ?)", values)
        many(_LATEST, sorted(values, key=lambda row: row[3]))

    def _input(self, run_id: str, source: Source) -> None:
        """Say that a run was made with some data."""
        execute, (experiment,) = self._database.execute, self._experiment_of(run_id)
        known = (experiment, source.name, source.digest)
        where = "experiment_id = ? AND name = ? AND digest = ?"
        row = execute(f"SELECT dataset_uuid FROM datasets WHERE {where}", known).fetchone()
        dataset = row[0] if row else uuid4().hex
        if not row:
            execute(_DATASET, (dataset, *known, SOURCE_TYPE, source.address))
        number = uuid4().hex
        if execute(_INPUT, (number, dataset, run_id)).rowcount:
            execute("INSERT INTO input_tags (input_uuid, name, value) VALUES (?, ?, ?)", (number, CONTEXT, source.kind))

    def _experiment_of(self, run_id: str) -> tuple[int]:
        return self._database.execute("SELECT experiment_id FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()

    def _require_active(self, run_id: str) -> None:
        row = self._database.execute("SELECT lifecycle_stage FROM runs WHERE run_uuid = ?", (run_id,)).fetchone()
        if row is None or row[0] != "active":
            raise StoreError(f"run {run_id} was deleted in MLflow: restore it there")
