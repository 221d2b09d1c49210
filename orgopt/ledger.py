"""The ledger: the append-only record of one organization's run on one task, as JSON lines.

Kinds of events, each with its lab time `t` in seconds: `start`, `thinking`, `thought`, `proposal`, `stop`, `outcome`,
`message`, `meeting`, `submission`, `end`. Also reads and writes any log of JSON lines.
"""

import errno
import json
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

from orgopt.errors import StoreError

BASELINE = 0
"""The id of the baseline, which every agent knows from the start; experiments count from 1."""

_LEAST_DECIMAL = 1e-3
RESULTS_HEADER = "commit\t{metric}\tmemory_gb\tstatus\tdescription"


class Event(NamedTuple):
    """One line of a ledger."""

    kind: str
    t: float
    data: dict[str, Any]


class JsonLog:
    """A file of JSON lines that is only ever appended to.

    A line is on disk when `append` returns; a torn last line, left by a kill or a full disk, is dropped on opening.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _drop_torn_line(path)
            self._file = path.open("ab", buffering=0)  # a line that found no space must not be tried again
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None

    def append(self, record: dict[str, Any], *, sync: bool = True) -> None:
        """Write one record.

        Raises:
            StoreError: The disk is full or the file is gone; what was written before stands.
        """
        try:
            line = (json.dumps(record, ensure_ascii=False) + "\n").encode()
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from None

    def close(self) -> None:
        self._file.close()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a log, without a torn last line; a missing file has none.

    Raises:
        StoreError: A line before the last is not JSON.
    """
    if not path.exists():
        return
    lines = path.read_text("utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines[:-1], 1):  # what follows the last line end is torn or empty
        try:
            yield json.loads(line)
        except ValueError:
            raise StoreError(f"{path}:{number}: not a JSON line: the log is damaged") from None


class Ledger:
    """The events of one run, in memory and, with a path, on disk.

    Args:
        path: The file that takes new events; none keeps them in memory.
        events: What was recorded before: the run repeats it event by event, and then goes on.
    """

    def __init__(self, path: Path | None = None, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = list(events)
        self._repeated = 0
        self._log = JsonLog(path) if path else None

    @classmethod
    def load(cls, path: Path) -> Self:
        """A ledger that was begun, to be continued in its file.

        Raises:
            StoreError: It is damaged.
        """
        records = list(read_lines(path))
        try:
            return cls(path, [Event(record.pop("kind"), record.pop("t"), record) for record in records])
        except KeyError as error:
            raise StoreError(f"{path}: an event without {error}: not a ledger") from None

    @property
    def repeating(self) -> bool:
        """Whether recorded events are still to be repeated."""
        return self._repeated < len(self.events)

    def ahead(self) -> Iterator[Event]:
        """The recorded events that are still to be repeated."""
        return islice(self.events, self._repeated, None)

    def add(self, kind: str, t: float, **data: Any) -> Event:
        """Append an event, or repeat a recorded one.

        Raises:
            StoreError: The event is not the one that was recorded at this place.
        """
        event = Event(kind, round(t, 4), data)
        if self._repeated < len(self.events):
            if self.events[self._repeated] != event:
                raise StoreError(_differs(self._repeated + 1, self.events[self._repeated], event))
        else:
            self.events.append(event)
            if self._log:
                # Not each line is forced onto the disk: a kill loses none, and a power cut only what a run can repeat.
                self._log.append({"kind": kind, "t": event.t, **data}, sync=kind == "end")
        self._repeated += 1
        return event

    def of(self, kind: str) -> list[Event]:
        """The events of a kind."""
        return [event for event in self.events if event.kind == kind]

    def close(self) -> None:
        if self._log:
            self._log.close()


def write_text(path: Path, text: str) -> Path:
    """Write a file, its line ends as they are.

    Raises:
        StoreError: It cannot be written.
    """
    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return path


def results_tsv(ledger: Ledger, metric: str) -> str:
    """The run as autoresearch's results.tsv: commit, metric, memory_gb, status, description.

    `commit` is the digest of the script that ran; a result is kept when the team submitted it.
    """
    proposals = {event.data["id"]: event.data for event in ledger.of("proposal")}
    kept = {event.data["id"] for event in ledger.of("submission")}
    lines = [RESULTS_HEADER.format(metric=metric)]
    lines += [f"{e.data['commit']}\t{_value(e.data['baseline'])}\t0.0\tkeep\tbaseline" for e in ledger.of("start")]
    for event in ledger.of("outcome"):
        data = event.data
        ok = data["status"] == "ok"
        status = "keep" if data["id"] in kept else "discard" if ok else "crash"
        if data["status"] == "unfinished":
            continue
        value = data["metric"] if ok else 0.0
        proposal = proposals[data["id"]]
        text = f"{proposal['agent']}: {proposal['note']}".replace("\t", " ").replace("\n", " ")
        lines.append(f"{proposal['commit']}\t{_value(value)}\t{data['memory_gb']:.1f}\t{status}\t{text}")
    return "\n".join(lines) + "\n"


def _value(value: float) -> str:
    """A metric with six decimals, as autoresearch has them; a small one with its digits."""
    return f"{value:.6f}" if not value or abs(value) >= _LEAST_DECIMAL else f"{value:.6g}"


def _differs(line: int, recorded: Event, event: Event) -> str:
    names = {**recorded.data, **event.data}
    differing = [name for name in names if recorded.data.get(name) != event.data.get(name)]
    what = ", ".join(differing) if recorded.kind == event.kind and differing else f"a {event.kind}"
    return (
        f"event {line} of the ledger, a {recorded.kind} at {recorded.t:g} s, is not what this run does there ({what}): "
        "a run resumes with the document, task, seed and version of orgopt that it was begun with"
    )


def _drop_torn_line(path: Path) -> None:
    if path.exists() and path.stat().st_size:
        with path.open("rb+") as file:
            raw = file.read()
            if not raw.endswith(b"\n"):
                file.truncate(raw.rfind(b"\n") + 1)
