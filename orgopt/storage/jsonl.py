"""Logs of JSON lines, which are only ever appended to and notice when they are changed.

Each line ends with a hash over itself and all lines before it (`orgopt.storage.seal`), checked whenever a log is read.
Where losing the last lines must be noticed too, `LOG.end` beside a log says how many there are.
"""

import errno
import json
import os
import shlex
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from orgopt.errors import StoreError
from orgopt.storage import regular_files
from orgopt.storage.seal import Chain, parsed, sealed, unsealed

_END_BYTES = 32


class JsonLog:
    """A log that is written.

    A line is on disk when `append` returns; a torn last line, left by a kill or a full disk, is dropped on opening.

    Args:
        path: Made if it is not there.
        counted: Whether `LOG.end` is kept.

    Raises:
        StoreError: It cannot be written, or is damaged.
    """

    def __init__(self, path: Path, *, counted: bool = False) -> None:
        self.path, self._counted, self._chain = path, counted, Chain()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Without a buffer: a line that found no space must not be tried again.
            self._file = regular_files.append_to(path)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None
        try:
            lines = whole_lines(path)
            for number, line in enumerate(lines, 1):
                if why := self._chain.check(line):
                    raise damaged(str(path), number, len(lines), why)
            self._file.truncate(sum(map(len, lines)) + len(lines))
        except BaseException as error:
            self._file.close()
            if isinstance(error, OSError):
                raise StoreError(f"cannot write {path}: {error.strerror}") from None
            raise

    def append(self, record: dict[str, Any], *, sync: bool = True) -> None:
        """Write one record, which has something.

        Raises:
            StoreError: The disk is full or the file is gone; what was written before stands.
        """
        text, after = json.dumps(record, ensure_ascii=False).encode(), self._chain.copy()
        line = sealed(text, after.add(text)) + b"\n"
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise StoreError(f"cannot write {self.path}: {error.strerror}") from None
        self._chain = after
        # After the line: a kill between the two leaves an end that is behind. Were it ahead, a line would seem lost.
        if self._counted:
            write_end(self.path, self._chain)

    def close(self) -> None:
        self._file.close()


class End(NamedTuple):
    """How many lines a log had, and the hash over them."""

    lines: int
    hash: str


def end_path(path: Path) -> Path:
    """Where the end of a log is noted."""
    return path.with_name(f"{path.name}.end")


def write_end(path: Path, chain: Chain) -> None:
    """Note where a log ends; one that cannot be written stays behind, and is no worse than none."""
    text = f"{chain.lines} {chain.hash}".ljust(_END_BYTES - 1) + "\n"  # always as long: written in one go, in its place
    with suppress(OSError):
        descriptor = os.open(end_path(path), os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
        try:
            os.pwrite(descriptor, text.encode(), 0)
        finally:
            os.close(descriptor)


def read_end(path: Path) -> End | None:
    """Where a log ended when it was last written; None where that is not known. To be read before the log."""
    with suppress(OSError, ValueError):
        number, found = regular_files.read_bytes(end_path(path), _END_BYTES).decode("ascii").split()
        return End(int(number), found)
    return None


def whole_lines(path: Path) -> list[bytes]:
    """The lines of a log, without a torn last one.

    Raises:
        OSError: It cannot be read.
    """
    return regular_files.read_bytes(path).split(b"\n")[:-1]  # what follows the last line end is torn or empty


class Log(NamedTuple):
    """The records of a log, without their hashes, and whether it has any: those of older versions have none."""

    records: list[dict[str, Any]]
    sealed: bool


def read_log(path: Path) -> Log:
    """A log without a torn last line; a missing file has no records.

    Raises:
        StoreError: A line is damaged, or the log cannot be read.
    """
    lines, chain, records = log_lines(path), Chain(), list[dict[str, Any]]()
    for number, line in enumerate(lines, 1):
        record, why = parsed(unsealed(line)[0])
        if why := why or chain.check(line):
            raise damaged(str(path), number, len(lines), why)
        records.append(record)
    return Log(records, chain.sealed)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The records of a log, see `read_log`."""
    return read_log(path).records


def repaired(path: Path, keep: int) -> Path:
    """Keep the first lines of a log alone; returns where the log as it was lies now.

    Raises:
        StoreError: It cannot be written.
    """
    numbers = (f".damaged-{number}" if number > 1 else ".damaged" for number in count(1))
    aside = next(one for one in (path.with_name(f"{path.name}{ending}") for ending in numbers) if not one.exists())
    try:
        regular_files.write_bytes(aside, regular_files.read_bytes(path))
    except OSError as error:
        raise StoreError(f"cannot write {aside}: {error.strerror}") from None
    shorten(path, keep)
    return aside


def shorten(path: Path, keep: int) -> None:
    """Keep the first lines of a log alone.

    Raises:
        StoreError: It cannot be written.
    """
    partial, chain = path.with_name(f"{path.name}.part"), Chain()
    try:
        lines = whole_lines(path)[:keep]
        regular_files.write_bytes(partial, b"".join(line + b"\n" for line in lines))
        counted = end_path(path).exists()
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    for line in lines:
        chain.check(line)
    if counted:
        write_end(path, chain)


def log_lines(path: Path) -> list[bytes]:
    """The lines of a log; a missing file has none.

    Raises:
        StoreError: It cannot be read.
    """
    try:
        return whole_lines(path)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"cannot read {path}: {error.strerror}") from None


class DamagedError(StoreError):
    """A log cannot be believed from a line on; the lines before it can."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def damaged(source: str, number: int, lines: int, why: str) -> DamagedError:
    """The error of a line, with what to do."""
    rest = f"line {number}" if number == lines else f"lines {number} to {lines}"
    kept = f"keep the {number - 1} before" if number > 1 else "begin anew"
    return DamagedError(
        f"{source}:{number}: {why}; the log is damaged from this line on: restore the file, or put {rest} aside and "
        f"{kept} with '{_repair(source)}': the command that made it does again what is missing",
        number,
    )


def shortened(source: str, lines: int, end: End) -> DamagedError:
    """The error of a log that has lost its last lines."""
    return DamagedError(
        f"{source}:{lines + 1}: the log ends here, and had {end.lines} lines: restore the file, or go on with what is "
        f"there by '{_repair(source)}': the command that made it does again what is missing",
        lines + 1,
    )


def _repair(source: str) -> str:
    return f"orgopt log verify --repair {shlex.quote(source)}"
