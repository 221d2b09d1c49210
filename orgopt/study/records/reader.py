"""Reading and writing records, a line of JSON each. What is damaged is one error: the file, the line, what is wrong.

Pydantic reads a line straight into its record, faster than `json` reads it into dictionaries. Types are strict: a
number in quotes is no number. Fields that no record has are ignored. What types do not show, such as another digit, the
checksum at the end of a line does; lines of older versions have none.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from orgopt.called import argument
from orgopt.errors import StoreError, UsageError
from orgopt.study.records.consistency import misfits
from orgopt.study.records.head import SCHEMA_VERSION, Identity
from orgopt.study.records.kinds import Record

R = TypeVar("R", bound=Record)
_STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="ignore")
_SEAL = "crc"
_MARK = f', "{_SEAL}": "'.encode()
_SEALED = len(_MARK) + 10
"""The length of the end of a line that has a checksum."""
_REMEDY = "restore the file, or delete this line and all after it: the command that made it does again what is missing"


def read_records(path: Path) -> list[Record]:
    """The records of a log, without a torn last line; a missing file has none.

    Raises:
        StoreError: A line is damaged, or says what cannot be with what stands before it.
        UsageError: The log is of another version of orgopt.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return parse_records(lines[:-1], str(path))  # what follows the last line end is torn or empty


def parse_records(lines: Iterable[bytes | str], source: str) -> list[Record]:
    """The records of some lines of JSON, the first of which begins a log.

    Raises:
        StoreError, UsageError: See `read_records`; `source` is what the message names.
    """
    found: list[Record] = []
    validate = _adapter().validate_json
    for number, line in enumerate(lines, 1):
        if number == 1:
            _require_version(line, source)
        try:
            found.append(validate(line))
        except ValidationError as error:
            raise _damaged(source, number, _why(error)) from None
        if _changed(line):
            raise _damaged(source, number, f"this {found[-1].kind} is not as it was written: its checksum is another")
    for number, why in misfits(found):
        raise _damaged(source, number, why)
    return found


def written(record: Record) -> dict[str, Any]:
    """A record as its line has it."""
    return _adapter().dump_python(record, mode="json", by_alias=True)


def sealed(record: Record) -> dict[str, Any]:
    """What a line of a log has of a record: the record, and the checksum of its text."""
    data = written(record)
    return {**data, _SEAL: _checksum(json.dumps(data, ensure_ascii=False).encode())}


def _checksum(text: bytes) -> str:
    return f"{zlib.crc32(text):08x}"


def _changed(line: bytes | str) -> bool:
    """Whether a line has a checksum that is not its own."""
    raw = line.encode() if isinstance(line, str) else line
    text, mark, rest = raw[:-_SEALED], raw[-_SEALED:-10], raw[-10:-2]
    return mark == _MARK and _checksum(text + b"}") != rest.decode("ascii", "replace")


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


def _require_version(line: bytes | str, source: str) -> None:
    """Refuse the log of another version before its fields are looked at, which may be others."""
    try:
        head: object = json.loads(line)
    except ValueError:
        return  # damaged, which is said where the line is read
    if not isinstance(head, dict):
        return
    said = cast("dict[str, object]", head)
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


def _damaged(source: str, number: int, why: str) -> StoreError:
    return StoreError(f"{source}:{number}: {why}; the log is damaged: {_REMEDY}")


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
