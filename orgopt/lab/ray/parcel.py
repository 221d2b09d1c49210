"""Task folders on their way to other machines: packed once, stored there by what is in them.

What travels are the files of the folder without what is hidden, installed or written by runs of it, and recordings.
The store is read by later labs, so that it is checked before it is used, and made anew where it differs.
"""

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orgopt.errors import LabError
from orgopt.foreign import own_files
from orgopt.storage.locks import new_lock

MOST_BYTES = 2 * 2**30
"""Of the files of a task; what is larger is data that belongs on a file system that all nodes see."""
RECORDINGS = ("records.parquet", "records.parquet.sha256", "world.json", "world.npz")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same files are the same bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A task's folder, packed.

    Attributes:
        name: The folder's own name, which tasks are called by.
        digest: SHA-256 over its files.
        archive: A zip of them.
    """

    name: str
    digest: str
    archive: bytes


def pack(folder: Path) -> Parcel:
    """Pack a task's folder.

    Raises:
        LabError: It is too large, or cannot be read.
    """
    names = [*own_files(folder), *(Path(name) for name in RECORDINGS if (folder / name).is_file())]
    names = sorted(dict.fromkeys(names))
    size = sum((folder / name).stat().st_size for name in names)
    if size > MOST_BYTES:
        raise LabError(
            f"{folder} has {size / 2**30:.1f} GiB of files, and a task that goes to other machines at most "
            f"{MOST_BYTES // 2**30}: keep its data outside, on a file system that all nodes see"
        )
    written = io.BytesIO()
    try:
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                info = zipfile.ZipInfo(str(name), _EPOCH)
                info.external_attr = (folder / name).stat().st_mode << 16
                archive.writestr(info, (folder / name).read_bytes(), zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise LabError(f"cannot read {folder}: {error.strerror}") from None
    return Parcel(name=folder.name, digest=_digest(folder, names), archive=written.getvalue())


def unpack(parcel: Parcel, store: Path | None = None) -> Path:
    """The folder of a parcel on this machine, unpacked unless it is there as it should be.

    Args:
        parcel: What came.
        store: Where folders are kept; None is the user's cache.

    Raises:
        LabError: It cannot be written.
    """
    store = store or _cache()
    key = hashlib.sha256(f"{parcel.name}\0{parcel.digest}".encode()).hexdigest()[:32]
    place = store / key
    try:
        store.mkdir(parents=True, exist_ok=True)
        with new_lock(store / f"{key}.lock"):
            folder = place / parcel.name
            with zipfile.ZipFile(io.BytesIO(parcel.archive)) as archive:
                names = [Path(name) for name in archive.namelist()]
            if _digest(folder, names) != parcel.digest:
                shutil.rmtree(place, ignore_errors=True)
                _write(parcel, place)
    except OSError as error:
        raise LabError(f"cannot keep the task {parcel.name} in {store}: {error.strerror}") from None
    return folder


def _digest(folder: Path, names: Iterable[Path]) -> str:
    """SHA-256 over files, every byte of them: their names, sizes and contents; one that is not there counts as such."""
    found = hashlib.sha256()
    for name in names:
        path = folder / name
        found.update(f"{name}\0{path.stat().st_size if path.is_file() else -1}\0".encode("utf-8", "surrogateescape"))
        if path.is_file():
            with path.open("rb") as file:
                found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()


def _write(parcel: Parcel, place: Path) -> None:
    fresh = Path(tempfile.mkdtemp(dir=place.parent))
    with zipfile.ZipFile(io.BytesIO(parcel.archive)) as archive:
        for info in archive.infolist():
            path = Path(archive.extract(info, fresh / parcel.name))
            path.chmod((info.external_attr >> 16) & 0o777)
    (fresh / parcel.name).mkdir(exist_ok=True)
    fresh.rename(place)


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "orgopt" / "tasks"
