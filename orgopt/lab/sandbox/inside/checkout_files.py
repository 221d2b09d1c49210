"""What a script of a checkout finds beside itself: the checkout's own files, and a home that it may write to.

Everything is laid by the experiment's own process, in its own folder and within its own limits. Folders are real, so
that a script can write into them; small files are copies, so that it can change them, and large ones are links to the
checkout, which is read-only.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

HOME = ".home"
_COPIED_BYTES = 1 << 16
_ALL_COPIES_BYTES = 1 << 24


def lay(checkout: Path, names: Iterable[str], work: Path) -> None:
    """Lay the files of a checkout, by their names in it, into the folder of an experiment; what is there stays."""
    left = _ALL_COPIES_BYTES
    for name in names:
        source, target = checkout / name, work / name
        if os.path.lexists(target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        size = source.stat().st_size if source.is_file() else left + 1
        if size <= min(left, _COPIED_BYTES):
            left -= size
            shutil.copyfile(source, target)  # not its mode: it may be changed
        else:
            target.symlink_to(source)


def settle(read: Iterable[str], home: str, work: Path) -> None:
    """Give this process a home of its own, in which what it may read of another home is linked where it was."""
    own = work / HOME
    own.mkdir(exist_ok=True)
    for path in read:
        if Path(path).is_relative_to(home) and path != home:
            link = own / Path(path).relative_to(home)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(link):
                link.symlink_to(path)
    os.environ["HOME"] = str(own)
