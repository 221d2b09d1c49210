"""The files of a checkout that its experiments can read, and digests of files that may be large."""

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

WHOLE_BYTES = 1 << 20
"""Of files up to this size every byte counts; of larger ones the size and samples."""
_SAMPLE = 1 << 16
_SAMPLES = 4

_LEFT_BEHIND = {"__pycache__", "node_modules", "logs", "log", "runs", "wandb", "mlruns", "results", "outputs"}
_WRITTEN = {"results.tsv", "results.csv", "results.jsonl", "nohup.out", "mlflow.db"}
_RECORDED = {"records.parquet", "records.parquet.sha256", "records.jsonl.part"}
_FITTED = {"world.json", "world.npz"}  # beside a recording
_WRITTEN_ENDS = (".pyc", ".log", ".swp", "~")


def own_files(folder: Path) -> Iterator[Path]:
    """The files of a checkout, sorted, relative to it; without what is hidden, installed, or written by runs of it.

    Left out are names that begin with a dot, virtual environments, and logs and results by their usual names: what
    an experiment is given and what a baseline depends on are the same files.
    """
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name.lower() not in _LEFT_BEHIND
            and not (here / name / "pyvenv.cfg").is_file()
        )
        made = _WRITTEN | _RECORDED | (_FITTED if _RECORDED & set(names) else _RECORDED)
        for name in sorted(names):
            written = name.lower() in made or name.lower().endswith(_WRITTEN_ENDS)
            if not name.startswith(".") and not written and (here / name).is_file():
                yield (here / name).relative_to(folder)


def files_digest(folder: Path, without: Collection[str] = ()) -> str:
    """SHA-256 over the files of a checkout, but those named: their names, sizes and contents."""
    digest = hashlib.sha256()
    for name in own_files(folder):
        if str(name) not in without:
            digest.update(_line(name, folder / name))
    return digest.hexdigest()


def contents_digest(folders: Iterable[Path]) -> str:
    """SHA-256 over the files below some folders: their names, sizes and contents."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_file():
                digest.update(_line(path.relative_to(folder), path))
    return digest.hexdigest()


def _line(name: Path, path: Path) -> bytes:
    """What counts of a file; no times, which copies do not keep."""
    found = hashlib.sha256(f"{name}\0".encode("utf-8", "surrogateescape"))
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            found.update(f"{size}\0".encode())
            for start, length in [(0, size)] if size <= WHOLE_BYTES else _samples(size):
                file.seek(start)
                found.update(file.read(length))
    except OSError as error:  # an experiment may not read it either
        found.update(f"{error.strerror}".encode())
    return found.digest()


def _samples(size: int) -> list[tuple[int, int]]:
    """Places of a large file, its beginning and its end among them."""
    return [((size - _SAMPLE) * k // (_SAMPLES - 1), _SAMPLE) for k in range(_SAMPLES)]
