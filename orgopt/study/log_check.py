"""Whether the logs of a folder are as they were written, and what becomes of one that is not.

Covers a study's, a contest's and a run's folder with all logs below it, or one log. What a log's lines say is looked at
where its name tells what they are: records of a study or a contest, events of a run.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orgopt.errors import OrgoptError, UsageError
from orgopt.ledger import read_ledger
from orgopt.storage.jsonl import DamagedError, log_lines, read_lines, repaired
from orgopt.storage.locks import hold
from orgopt.storage.seal import Chain
from orgopt.study.contest_log import LOG as CONTEST_LOG
from orgopt.study.records.names import LOG
from orgopt.study.records.reader import read_records

LOG_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedLog:
    """What is known of a log.

    Attributes:
        lines: How many it has, without a torn last one.
        sealed: Whether its lines have hashes; those of older versions have none, and another digit is not noticed.
        problem: What is wrong, from which line on, and what to do; empty where it is as it was written.
        aside: Where the damaged lines were put; None where nothing was.
    """

    path: Path
    lines: int
    sealed: bool
    problem: str = ""
    aside: Path | None = None

    @property
    def sound(self) -> bool:
        """Whether it can be read."""
        return not self.problem or self.aside is not None

    def to_dict(self) -> dict[str, Any]:
        """It as JSON values."""
        return {
            "path": str(self.path),
            "lines": self.lines,
            "sealed": self.sealed,
            "sound": self.sound,
            "problem": self.problem,
            "aside": None if self.aside is None else str(self.aside),
        }


def verify_logs(place: Path, *, repair: bool = False) -> list[VerifiedLog]:
    """Read every log of a folder, or one log, to its end.

    Args:
        place: The folder or the log.
        repair: Whether damaged lines are put aside, so that who made the log goes on from the last good one.

    Raises:
        UsageError: There is none.
        StoreError: Another process has the folder, or it cannot be written.
    """
    paths = [place] if place.suffix == LOG_SUFFIX else sorted(place.rglob(f"*{LOG_SUFFIX}"))
    if not paths:
        raise UsageError(f"no log (*{LOG_SUFFIX}) in {place}: name a study, a contest, or a run's folder")
    if not repair:
        return [_verified(path) for path in paths]
    folder = place if place.is_dir() else place.parent
    with hold(folder / "lock", lambda: f"{folder} is in use by another process: stop it first"):
        return [_verified(path, repair=True) for path in paths]


def _verified(path: Path, *, repair: bool = False) -> VerifiedLog:
    chain, aside = Chain(), None
    try:
        for line in log_lines(path):
            chain.check(line)
        _read(path)
    except DamagedError as error:
        if repair:
            aside = repaired(path, error.line - 1)
        return VerifiedLog(path=path, lines=chain.lines, sealed=chain.sealed, problem=str(error), aside=aside)
    except OrgoptError as error:  # of another version, or not to be read at all
        return VerifiedLog(path=path, lines=chain.lines, sealed=chain.sealed, problem=str(error))
    return VerifiedLog(path=path, lines=chain.lines, sealed=chain.sealed)


def _read(path: Path) -> None:
    """Read a log as who uses it does."""
    if path.name in {LOG, CONTEST_LOG}:
        read_records(path)
    elif path.name.startswith("ledger"):
        read_ledger(path)
    else:
        read_lines(path)
