"""A workspace's own database of MLflow: made whole or not at all, and quick to write."""

import contextlib
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

SQLITE = "sqlite:///"


def create_database(path: Path) -> None:
    """Make a new database whole or not at all: MLflow cannot repair one whose making was interrupted.

    MLflow takes seconds to make one. An empty one is kept for the next time in the user's cache.
    """
    if not path.exists():
        # A name of its own each time: MLflow remembers the connections of a name that is gone.
        partial = path.with_name(f"{path.name}.{uuid4().hex}.part")
        try:
            _copy_empty(partial, path.parent / "mlruns")
            with contextlib.suppress(FileExistsError):  # another process was first
                path.hardlink_to(partial)
        finally:
            partial.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")  # three to four times faster, and it persists


def _copy_empty(path: Path, artifacts: Path) -> None:
    """An empty database, from the cache if it is there."""
    from mlflow.version import VERSION

    cached = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "orgopt" / f"mlflow-{VERSION}.db"
    if cached.is_file():
        shutil.copyfile(cached, path)
        now = int(time.time() * 1000)
        change = "UPDATE experiments SET artifact_location = ?, creation_time = ?, last_update_time = ?"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(change, (f"{artifacts.as_uri()}/0", now, now))
        return
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store = SqlAlchemyStore(f"{SQLITE}{path}", artifacts.as_uri())
    store.engine.dispose()
    with contextlib.suppress(OSError):  # a home that cannot be written
        cached.parent.mkdir(parents=True, exist_ok=True)
        fresh = cached.with_name(f"{cached.name}.{uuid4().hex}")
        shutil.copyfile(path, fresh)
        fresh.replace(cached)


def relax() -> None:
    """Let SQLite leave it to the system when it writes: MLflow holds nothing that the study's log does not."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def relax(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=NORMAL")

    event.listen(Engine, "connect", relax)
