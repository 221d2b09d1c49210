"""Reading and writing files that are files: a pipe, a device or a folder in their place is an error, and no wait.

Covers opening alone; what is in a file its reader knows. Errors are OSErrors, whose `strerror` says what is there.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

_KINDS = (
    (stat.S_ISDIR, errno.EISDIR, "it is a folder, and no file"),
    (stat.S_ISFIFO, errno.EINVAL, "it is a pipe, and no file"),
    (stat.S_ISSOCK, errno.EINVAL, "it is a socket, and no file"),
    (stat.S_ISCHR, errno.EINVAL, "it is a device, and no file"),
    (stat.S_ISBLK, errno.EINVAL, "it is a device, and no file"),
)


def read_bytes(path: Path, most: int = -1, *, start: int = 0) -> bytes:
    """What a file has from a byte on, or the first `most` bytes of that.

    Raises:
        OSError: It is not there, is no file, or cannot be read.
    """
    with _opened(path, os.O_RDONLY, "rb") as file:
        if start:
            file.seek(start)
        return file.read(most)


def read_text(path: Path) -> str:
    """A file as text.

    Raises:
        OSError: See `read_bytes`; also where it is no UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise OSError(errno.EILSEQ, f"its byte {error.start + 1} is no UTF-8", str(path)) from None


def append_to(path: Path) -> BinaryIO:
    """A file that is only appended to, made if it is not there, without a buffer.

    Raises:
        OSError: It is no file, or cannot be written.
    """
    return _opened(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, "ab")


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, or what somebody reads from: a pipe without a reader is an error.

    Raises:
        OSError: It cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is a pipe or socket that nobody reads from", str(path)) from None
        raise
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _opened(path: Path, flags: int, mode: str) -> BinaryIO:
    try:
        _require(path.stat().st_mode, path)  # before it is opened, which may do something to a device
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    try:
        _require(os.fstat(descriptor).st_mode, path)  # another may have taken its place
        return os.fdopen(descriptor, mode, buffering=0)  # pyright: ignore[reportReturnType]  of these modes
    except BaseException:
        os.close(descriptor)
        raise


def _require(mode: int, path: Path) -> None:
    for holds, number, why in _KINDS:
        if holds(mode):
            raise OSError(number, why, str(path))
