"""The workspace: the folder that results go to and settings come from, by one rule. What these say is `settings`'."""

import errno
import hashlib
import os
import re
from pathlib import Path

from orgopt.errors import StoreError
from orgopt.settings import SETTINGS

RULE = (
    f"The workspace is the folder of the nearest {SETTINGS}, from where you stand upward, else from the document "
    "upward; without one, it is where you stand, or, in a script's own checkout, a folder of ~/.local/state/orgopt. "
    "Results go to its mlruns/, and settings come from that file."
)
_CHECKOUT = re.compile(r"""^\s*kind\s*=\s*["']script["']""", re.MULTILINE)


def find_workspace(document: str | Path | None = None) -> Path:
    """The workspace, by `RULE`.

    Args:
        document: The file or folder that a command is about, if there is one.
    """
    here = Path.cwd()
    places = [here, *here.parents]
    if document is not None:
        resolved = Path(document).resolve()
        places += [resolved, *resolved.parents]
    found = next((folder for folder in places if os.path.lexists(folder / SETTINGS)), None)
    return found or _beside(here)


def _beside(here: Path) -> Path:
    """Where results go without settings: where one stands, unless that is in a checkout, which is its author's."""
    checkout = next((folder for folder in (here, *here.parents) if _is_checkout(folder)), None)
    if checkout is None:
        return here
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    digest = hashlib.sha256(str(checkout).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return state / "orgopt" / f"{folder_name(checkout.name)}-{digest}"


def _is_checkout(folder: Path) -> bool:
    """Whether a folder is that of a script which knows nothing of orgopt, as tasks are made of."""
    if not os.path.lexists(folder / "task.toml"):
        return all((folder / name).is_file() for name in ("train.py", "prepare.py"))
    try:
        return bool(_CHECKOUT.search((folder / "task.toml").read_bytes()[: 1 << 16].decode("utf-8", "replace")))
    except OSError:
        return False


def folder_name(text: str, most: int = 100) -> str:
    """A text as the name of a folder that commands can be given: no option, no path, not too long for a file system."""
    safe = re.sub(r"[^\w.-]+", "-", text).lstrip("-.") or "unnamed"
    return safe.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")


def require_writable(folder: Path) -> None:
    """Refuse a folder that could not be made or written, and make nothing.

    Raises:
        StoreError: It says which path is in the way.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        raise StoreError(f"cannot write {folder}: {there} is no folder")
    if not os.access(there, os.W_OK):
        frozen = os.statvfs(there).f_flag & os.ST_RDONLY
        why = os.strerror(errno.EROFS if frozen else errno.EACCES)
        raise StoreError(f"cannot write {folder}: {there}: {why}")


def writable_folder(folder: Path) -> Path:
    """A folder that exists and can be written, so that a command fails before it costs anything.

    Raises:
        StoreError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise StoreError(f"cannot write {folder}: it is read-only")
    return folder
