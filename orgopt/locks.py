"""Locks of files: one process at a time, and the system lets go when it ends, killed or not."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from orgopt.errors import StoreError

if TYPE_CHECKING:
    from filelock import FileLock


def new_lock(path: Path, poll_s: float = 0.05) -> "FileLock":
    """The lock of a file, not held yet; who waits for it looks every `poll_s` seconds."""
    from filelock import FileLock  # takes longer to import than the CLI, and readers need none

    return FileLock(path, poll_interval=poll_s)


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
