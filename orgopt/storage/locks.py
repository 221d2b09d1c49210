"""Locks of files: one process at a time, and the system lets go when it ends, killed or not."""

import fcntl
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from orgopt.errors import StoreError

if TYPE_CHECKING:
    from filelock import FileLock

PATIENCE_S = 0.5
"""How long who wants to write waits for a lock, since a reader may be looking at it."""


def new_lock(path: Path, poll_s: float = 0.05) -> "FileLock":
    """The lock of a file, not held yet; who waits for it looks every `poll_s` seconds."""
    from filelock import FileLock  # takes longer to import than the CLI, and readers need none

    return FileLock(path, poll_interval=poll_s)


def is_held(path: Path) -> bool:
    """Whether another process holds the lock of a file, as far as one can tell by trying for an instant."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # never held, or none of ours
        return False
    return False


@contextmanager
def holding(path: Path, busy: str) -> Generator[None]:
    """Hold a file that is there as a lock, its text as it is.

    Raises:
        StoreError: Another process holds it.
    """
    with path.open("rb") as file:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreError(busy) from None
                time.sleep(0.05)
            except OSError:  # a file system without locks
                break
        yield


def hold(path: Path, busy: Callable[[], str], *, patience_s: float = 0.0) -> "FileLock":
    """Hold a file as a lock until its `release`; there may be nothing of value in it.

    Args:
        path: The file, made if need be.
        busy: What to say where another process holds it.
        patience_s: How long that may take before it is said.

    Raises:
        StoreError: Another process holds it, or it cannot be written.
    """
    lock = new_lock(path)
    try:
        lock.acquire(timeout=patience_s)
    except TimeoutError:
        raise StoreError(busy()) from None
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return lock
