"""The one file that an experiment leaves, taken as data however hostile what stands in its place is."""

import os
import stat
from pathlib import Path

_MOST_FOLDERS = 2_000


def collect(work: Path, name: str, kept: int, max_bytes: int, target: str = "") -> str:
    """Copy a file that an experiment left out of its reach, as `target`; returns why that cannot be, or nothing.

    Neither follows a link nor waits for the other end of a pipe, and takes regular files with one name alone.
    """
    try:
        source = os.open(work / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return f"it left no {name}: {error.strerror}"
    try:
        found = os.fstat(source)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            return f"{name} is not a file of its own"
        if found.st_size > max_bytes:
            return f"{name} has {found.st_size} bytes, of which {max_bytes} are allowed"
        copy = os.open(target or name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=kept)
        try:
            _copy(source, copy, max_bytes)
        finally:
            os.close(copy)
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    finally:
        os.close(source)
    return ""


def place(work: Path, name: str) -> str:
    """Where a file of this name lies: at the path itself, or the only one of a name without a folder, below `work`."""
    if "/" in name or (work / name).exists():
        return name
    found: list[str] = []
    for seen, (folder, folders, files) in enumerate(os.walk(work)):
        folders[:] = [one for one in folders if not one.startswith(".")]
        path = Path(folder, name)
        if name in files and not path.is_symlink():
            found.append(str(path.relative_to(work)))
        if seen == _MOST_FOLDERS:
            break
    return found[0] if len(found) == 1 else name


def _copy(source: int, target: int, max_bytes: int) -> None:
    left = max_bytes
    while left and (chunk := os.read(source, min(left, 1 << 20))):
        left -= len(chunk)
        while chunk:
            chunk = chunk[os.write(target, chunk) :]
