"""Runs of plain Optuna in virtual time, kept for all studies and contests of a workspace.

mlruns/plain/DIGEST.json    a record with its hash: what decides the run, and its score

Such a run is a function of its task, lab, budget, slots, seed and sampler, and of the versions of what computes it; and
with Gaussian processes it takes half a minute. A file that is damaged counts for nothing. Two processes that do the
same run write the same.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt import seeds
from orgopt.errors import StoreError
from orgopt.lab.base import Lab
from orgopt.scoring.score import Score
from orgopt.storage.json_values import json_values
from orgopt.storage.seal import read_record, write_record
from orgopt.tasks.task import Task

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = 1
"""Raised when plain runs or their scores are made in another way."""
_PACKAGES = ("optuna", "numpy", "scipy", "torch")


def plain_folder(workspace: Path) -> Path:
    """Where a workspace keeps them."""
    return workspace / "mlruns" / "plain"


def terms_of(kind: str, task: Task, lab: Lab, settings: Mapping[str, float]) -> dict[str, Any] | None:
    """What decides a run; None where it may be another each time, or nothing says what decides it.

    Args:
        kind: The sampler.
        task: With the baseline that holds here.
        lab: Where; real training is another each time.
        settings: Budget, seed and the like.
    """
    if not lab.virtual or (task.world and not task.world.split(":")[0].endswith(".py")):
        return None  # the digest of a task knows nothing of the package that its world is from
    figures = {"baseline": asdict(task.baseline), "reference": task.reference and asdict(task.reference)}
    times = {"limit_s": task.limit_s, "timed": task.timed}
    lab_stamp = {"lab": dict(lab.stamp), "slots": lab.slots, "data": lab.data_digest}
    told = {"sampler": kind, "task": task.digest, "name": task.name, **figures, **times, **lab_stamp, **settings}
    return json.loads(json.dumps({**told, **_made_by()}))  # as it is read back


def find(folder: Path, terms: Mapping[str, Any]) -> Score | None:
    """The score of a run that was done before; None where there is none, or it cannot be believed."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        record = read_record(_path(folder, terms))
        if record["terms"] == terms:
            return _adapter().validate_json(json.dumps(record["score"]))
    return None


def keep(folder: Path, terms: Mapping[str, Any], score: Score) -> None:
    """Keep a run's score; where the folder cannot be written, nothing is kept."""
    path = _path(folder, terms)
    own = path.with_suffix(f".{os.getpid()}")  # another process may do the same run at this moment
    with suppress(OSError, StoreError):
        folder.mkdir(parents=True, exist_ok=True)
        write_record(own, {"terms": dict(terms), "score": json_values(score)})
        own.replace(path)


def stale(folder: Path) -> list[Path]:
    """The files of a folder that no run will read again: damaged, half written, or of other versions."""
    return [path for path in sorted(folder.glob("*")) if path.is_file() and not _current(path)]


def _current(path: Path) -> bool:
    with suppress(OSError, ValueError, KeyError, TypeError):
        terms = read_record(path)["terms"]
        return path == _path(path.parent, terms) and _made_by().items() <= terms.items()
    return False


def _made_by() -> dict[str, Any]:
    """The versions of what computes a run."""
    return {"format": FORMAT, "streams": seeds.VERSION, **{name: _version(name) for name in _PACKAGES}}


def _version(package: str) -> str:
    """A package's version; empty where it is not installed, as torch need not be."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@cache
def _adapter() -> "TypeAdapter[Score]":
    from pydantic import TypeAdapter

    return TypeAdapter(Score)  # made when first needed: pydantic takes .1 s to import


def _path(folder: Path, terms: Mapping[str, Any]) -> Path:
    digest = hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()
    return folder / f"{digest[:32]}.json"
