"""Reading a study's log: a record a line of JSON. What is damaged is one error: the file, the line, what is wrong.

Pydantic reads a line straight into its record, faster than `json` reads it into dictionaries. Types are strict: a
number in quotes is no number. Fields that no record has are ignored. What types do not show, such as another digit or a
line that is lost, the hashes of `orgopt.storage.jsonl` do.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from orgopt.errors import StoreError, UsageError
from orgopt.invocation import argument
from orgopt.storage import regular_files
from orgopt.storage.jsonl import damaged, log_lines, read_end, shortened
from orgopt.storage.seal import Chain, parsed
from orgopt.study.records.consistency import misfits
from orgopt.study.records.head import SCHEMA_VERSION, Identity
from orgopt.study.records.kinds import Record

R = TypeVar("R", bound=Record)
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")


def read_records(path: Path) -> list[Record]:
    """The records of a log, without a torn last line; a missing file has none.

    Raises:
        StoreError: A line is damaged, or says what cannot be with what stands before it.
        UsageError: The log is of another version of orgopt.
    """
    end = read_end(path)  # before the log, which may grow meanwhile
    lines = log_lines(path)
    found = parse_records(lines, str(path))
    if end and len(lines) < end.lines:
        raise shortened(str(path), len(lines), end)
    return found


def parse_records(lines: Sequence[bytes], source: str) -> list[Record]:
    """The records of some lines of JSON, the first of which begins a log.

    Raises:
        StoreError, UsageError: See `read_records`; `source` is what the message names.
    """
    return _added([], Chain(), lines, source)


class Growing:
    """The records of a log that somebody writes: each look reads no more than what is new.

    Args:
        path: The log, which may not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin()

    def _begin(self) -> None:
        self._records, self._chain, self._read = list[Record](), Chain(), 0

    def look(self) -> list[Record]:
        """All records so far, without a torn last line.

        Raises:
            StoreError, UsageError: See `read_records`.
        """
        try:
            if self.path.stat().st_size < self._read:  # it was repaired, or begun anew
                self._begin()
            text = regular_files.read_bytes(self.path, start=self._read)
        except FileNotFoundError:
            self._begin()
            return []
        except OSError as error:
            raise StoreError(f"cannot read {self.path}: {error.strerror}") from None
        whole = text[: text.rfind(b"\n") + 1]
        if whole:
            chain = self._chain.copy()
            self._records = _added(self._records, chain, whole.split(b"\n")[:-1], str(self.path))
            self._chain, self._read = chain, self._read + len(whole)
        return self._records


def _added(known: Sequence[Record], chain: Chain, lines: Sequence[bytes], source: str) -> list[Record]:
    """Records, and those of some lines that follow them."""
    found, before = list(known), len(known)
    validate, last = _adapter().validate_json, before + len(lines)
    for number, line in enumerate(lines, before + 1):
        if number == 1:
            _require_version(line, source)
        try:
            found.append(validate(line))
        except ValidationError as error:
            raise damaged(source, number, last, _why(error)) from None
        if why := chain.check(line):
            raise damaged(source, number, last, f"of this {found[-1].kind}: {why}")
    for number, why in misfits(found):
        raise damaged(source, number, last, why)
    return found


def written(record: Record) -> dict[str, Any]:
    """A record as its line has it."""
    return _adapter().dump_python(record, mode="json", by_alias=True)


def as_read(record: R) -> R:
    """A record as it will be read back, which is not quite what was made: its settings may hold tuples, say."""
    return _adapter().validate_json(json.dumps(written(record)))  # pyright: ignore[reportReturnType]


def identity_of(settings: Mapping[str, Any]) -> Identity:
    """Of the settings of a study or a contest, what is asked for by name."""
    return _identity().validate_json(json.dumps(settings), strict=True)


@cache
def _adapter() -> TypeAdapter[Record]:
    return TypeAdapter(Annotated[Record, Field(discriminator="kind")], config=_STRICT)  # made when first needed: 0.1 s


@cache
def _identity() -> TypeAdapter[Identity]:
    return TypeAdapter(Identity)


def _require_version(line: bytes, source: str) -> None:
    """Refuse the log of another version before its fields are looked at, which may be others."""
    said, _ = parsed(line)  # of one that is damaged nothing, which is said where the line is read
    version = said.get("schema_version")
    if isinstance(version, int) and version != SCHEMA_VERSION:
        newer = (
            "install that version or a newer one"
            if version > SCHEMA_VERSION
            else f"begin anew under another {argument('name')}"
        )
        raise UsageError(
            f"{source}:1: records of version {version}, made by orgopt {said.get('orgopt')}; this orgopt reads and "
            f"continues version {SCHEMA_VERSION}: {newer}"
        )


def _why(error: ValidationError) -> str:
    """What is wrong with a line, in words."""
    first = error.errors(include_url=False, include_input=False)[0]
    said, (kind, *place) = first["msg"], first["loc"] or ("",)
    if first["type"] == "json_invalid":
        return f"not a JSON line ({said.removeprefix('Invalid JSON: ').replace(' line 1', '')})"
    if first["type"].startswith("union_tag"):
        return f"no record that is known: its kind is {first.get('ctx', {}).get('tag', 'missing')}"
    if not place:
        return "not a record"
    said = said.removeprefix("Input ").replace("Field required", "is missing")
    return f"{'.'.join(map(str, place))} of this {kind} {said[0].lower()}{said[1:]}"
