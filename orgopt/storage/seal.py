"""Hashes over lines of JSON, by which a line that was changed, doubled, lost or put elsewhere is noticed.

The hash of a line is the first 16 hex digits of the SHA-256 of it and all lines before it, without their hashes, each
with its line end. It is the last member of the line. Lines of older versions have a checksum of their own (`crc`) or
nothing, and are taken as they are. Covers lines, and files of one; logs are `orgopt.storage.jsonl`'s.
"""

import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any, cast

from orgopt.errors import StoreError
from orgopt.storage import regular_files

_SEALED, _SEAL_BYTES = re.compile(rb', "hash": "([0-9a-f]{16})"}'), 29
_CHECKED, _CHECK_BYTES = re.compile(rb', "crc": "([0-9a-f]{8})"}'), 20
_BROKEN = "it was changed, or lines before it are missing, doubled or in another order: its hash is another"


class Chain:
    """The hash over lines that were read or written, one after the other."""

    def __init__(self) -> None:
        self._sum, self.lines, self.sealed = hashlib.sha256(), 0, False

    @property
    def hash(self) -> str:
        """Over all lines so far."""
        return self._sum.hexdigest()[:16]

    def add(self, text: bytes) -> str:
        """Go on to the next line, without its hash; returns that."""
        self._sum.update(text + b"\n")
        self.lines += 1
        return self.hash

    def check(self, line: bytes) -> str:
        """Go on to the next line, which may have no hash; returns what is wrong with it, or nothing."""
        text, told = unsealed(line)
        found = self.add(text)
        if told:
            self.sealed = True
            return "" if told == found else _BROKEN
        if self.sealed:
            return "it has no hash, and the lines before it have"
        checked = _CHECKED.fullmatch(line[-_CHECK_BYTES:])
        if checked and checked[1].decode() != f"{zlib.crc32(line[:-_CHECK_BYTES] + b'}'):08x}":
            return "it is not as it was written: its checksum is another"
        return ""

    def copy(self) -> "Chain":
        """Another that goes on from here."""
        other = Chain()
        other._sum, other.lines, other.sealed = self._sum.copy(), self.lines, self.sealed
        return other


def sealed(text: bytes, found: str) -> bytes:
    """A line with its hash."""
    return b'%b, "hash": "%b"}' % (text[:-1], found.encode())


def unsealed(line: bytes) -> tuple[bytes, str]:
    """A line without its hash, and the hash; it is empty where there is none."""
    told = _SEALED.fullmatch(line[-_SEAL_BYTES:])
    return (line[:-_SEAL_BYTES] + b"}", told[1].decode()) if told else (line, "")


def parsed(line: bytes) -> tuple[dict[str, Any], str]:
    """The record of a line, and what is wrong with it."""
    try:
        record: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        why = "brackets in brackets without end" if isinstance(error, RecursionError) else str(error)
        return {}, f"not a JSON line ({why})"
    if not isinstance(record, dict):
        return {}, f"not a record, but {_named(record)}"
    return cast("dict[str, Any]", record), ""


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write a file of one record, with its hash; what was there stays until it is complete.

    Raises:
        StoreError: It cannot be written.
    """
    text, partial = json.dumps(record, ensure_ascii=False).encode(), path.with_name(f"{path.name}.part")
    try:
        regular_files.write_bytes(partial, sealed(text, Chain().add(text)) + b"\n")
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None


def read_record(path: Path) -> dict[str, Any]:
    """The record of a file that has one; those of older versions have no hash.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    line = regular_files.read_bytes(path).removesuffix(b"\n")
    record, why = parsed(unsealed(line)[0])
    if why := why or Chain().check(line):
        raise ValueError(why)
    return record


def _named(value: object) -> str:
    kinds = ((type(None), "null"), (bool, "true or false"), (list, "a list"), (str, "a text"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "a number")
