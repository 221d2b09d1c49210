"""Task folders on their way to other machines: packed once, stored there by what is in them.

What travels is what an experiment is given: the files of the folder without what is hidden, installed or written by
runs of it. The store is read by later labs, so that it is checked before it is used, and made anew where it differs.
"""

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from orgopt.errors import LabError
from orgopt.foreign import own_files
from orgopt.foreign.files import files_digest
from orgopt.locks import new_lock

MOST_BYTES = 2 * 2**30
"""Of the files of a task; what is larger is data that belongs on a file system that all nodes see."""
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
    names = list(own_files(folder))
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
    return Parcel(name=folder.name, digest=files_digest(folder), archive=written.getvalue())


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
            if not folder.is_dir() or files_digest(folder) != parcel.digest:
                shutil.rmtree(place, ignore_errors=True)
                _write(parcel, place)
    except OSError as error:
        raise LabError(f"cannot keep the task {parcel.name} in {store}: {error.strerror}") from None
    return folder


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
