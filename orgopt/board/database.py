"""Tables of a board's database, and how it is opened: SQLite in a file, or PostgreSQL by its URL."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Engine, Float, Integer, MetaData, String, Table, Text, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from orgopt.basics.addresses import without_passwords
from orgopt.errors import StoreError, UsageError

WAIT_S = 30
"""How long a transaction waits for another."""

metadata = MetaData()

boards = Table(
    "board",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("terms", Text, nullable=False),
    Column("tests", Integer, nullable=False),
    Column("best", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
)
claims = Table(
    "claims",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", String(64), unique=True, nullable=False),
    Column("change", String(64), index=True, nullable=False),
    Column("key", String(64), index=True, nullable=False),
    Column("address", String(32), index=True, nullable=False),
    Column("text", Text, nullable=False),
    Column("signature", String(128), nullable=False),
    Column("settings", Text, nullable=False),
    Column("script", Text, nullable=False),
    Column("received", Float(53), nullable=False),
    Column("turn", Integer, nullable=False),
    Column("status", String(16), index=True, nullable=False),
    Column("why", Text, nullable=False),
    Column("credits", Integer),
    Column("test", Integer, unique=True),
    Column("against", Integer),
    Column("token", String(32)),
    Column("until", Float(53)),
    Column("attempts", Integer, nullable=False),
    Column("decided", Float(53)),
    Column("result", Text, nullable=False),
)
rounds = Table(
    "rounds",
    metadata,
    Column("test", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),
)
contributors = Table(
    "contributors",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("held", Integer, nullable=False),
    Column("blocked_until", Float(53), nullable=False),
)


def open_engine(url: str) -> Engine:
    """A database with the tables of a board, made where there are none.

    Raises:
        UsageError: The URL is none that is understood, or needs a package that is not installed.
        StoreError: The database cannot be reached or made.
    """
    shown = without_passwords(url)
    try:
        parts = make_url(url)
        if parts.get_backend_name() == "postgresql" and parts.drivername == "postgresql":
            parts = parts.set(drivername="postgresql+psycopg")
        if parts.get_backend_name() not in {"sqlite", "postgresql"}:
            raise UsageError(f"a board is kept in sqlite:///FILE or postgresql://HOST/NAME, not in {shown}")
        sqlite = parts.get_backend_name() == "sqlite"
        if sqlite:
            _make_private(Path(parts.database or ""))
        waits = {"timeout": WAIT_S} if sqlite else {}
        engine = create_engine(parts, connect_args=waits, pool_pre_ping=not sqlite)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise UsageError(f"{shown} cannot be used: {error}; pip install 'orgopt[shared]' brings PostgreSQL's") from None
    if sqlite:
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
    try:
        metadata.create_all(engine)
    except OperationalError as error:
        raise StoreError(f"cannot open {shown}: {without_passwords(str(error.orig)).strip()}") from None
    return engine


def _make_private(path: Path) -> None:
    """Make a database's file readable by its owner alone: who knows its secret knows all seeds."""
    if not path.name:
        raise UsageError("a board is kept in a file: sqlite:///FILE")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(f"cannot open {path}: {error.strerror}") from None


def _set_up(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun below, so that none begins as a reader and then waits
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
