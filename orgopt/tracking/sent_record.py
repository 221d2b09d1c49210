"""What was sent of a study, noted in its folder: `mlflow.jsonl`.

Before something is sent, its key is written down, and its id after. A key without an id is one of which it is not
known whether MLflow has it: whoever goes on looks there first, so that nothing is missing and nothing is there twice,
wherever the one before was killed.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from orgopt.basics.addresses import without_passwords
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.storage.locks import hold

NOTED = "mlflow.jsonl"
PATIENCE_S = 5.0
"""How long another process may be at it before this one gives up."""


class Noted:
    """The notes of a study for one store, which this process alone may change; use it as a context manager.

    Args:
        folder: The study's.
        store: The address of MLflow's store; the notes of another store say nothing.

    Raises:
        StoreError: Another process is sending the study, or the notes cannot be written.
    """

    def __init__(self, folder: Path, store: str) -> None:
        self._path, self._store = folder / NOTED, without_passwords(store)
        busy = f"another process is sending study {folder.name}"
        self._lock = hold(folder / "mlflow.lock", lambda: busy, patience_s=PATIENCE_S)
        try:
            records = list(read_lines(self._path))
            if records[:1] != [{"store": self._store}]:
                self._begin()
                records = []
            self._log = JsonLog(self._path)
        except BaseException:
            self._lock.release()
            raise
        self.ids: dict[str, str] = {one["key"]: one["id"] for one in records if {"key", "id"} <= set(one)}
        sending = (key for record in records for key in record.get("sending", ()))
        self.doubtful = {key for key in sending if key not in self.ids}

    def intend(self, keys: Iterable[str]) -> None:
        """Say what will be sent; it is on disk on return, before MLflow hears of it."""
        if new := [key for key in keys if key not in self.ids and key not in self.doubtful]:
            self._log.append({"sending": new})
            self.doubtful |= set(new)

    def put(self, key: str, id_: str) -> None:
        """Say that something was sent."""
        self._log.append({"key": key, "id": id_}, sync=False)
        self.ids[key] = id_
        self.doubtful.discard(key)

    def forget(self) -> None:
        """Begin anew, for a store that has nothing of the study."""
        self._log.close()
        self._begin()
        self._log = JsonLog(self._path)
        self.ids, self.doubtful = {}, set()

    def close(self) -> None:
        """Let others send."""
        self._log.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _begin(self) -> None:
        partial = self._path.with_suffix(".part")
        partial.unlink(missing_ok=True)
        log = JsonLog(partial)
        log.append({"store": self._store})
        log.close()
        partial.replace(self._path)
