"""The memory of an experiment: what all its processes hold together, wherever they hold it."""

import os
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Lines of /proc/PID/maps: memory that processes share without a file, touched lately or not; and files of /dev/shm.
_LINE = rb"^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) (\S+ \d+) +(?:%s)"
_SHARED = re.compile(_LINE % rb"/dev/zero \(deleted\)|/memfd:|/SYSV", re.MULTILINE)
_SHARED_OF_HOST = re.compile(_LINE % rb"/dev/zero \(deleted\)|/memfd:|/SYSV|/dev/shm/", re.MULTILINE)
_MOST_S = 0.25  # between two looks for what hides
_MESSAGES = 2
"""A socket takes another message as long as it has less than its limit, to which a message may come near."""


class Gauge:
    """Measures what the processes of an experiment hold beyond what they share with others.

    What every process has is counted at each look. What hides, and which of it is shared, takes longer to find: that
    is looked for where a fiftieth of the time is enough for it, four times a second at least, and when memory grows.

    Args:
        work: The experiment's folder.
        limits: `memory_bytes` that it may hold, below which the answer may be too high, and `socket_bytes` that a local
            socket may buffer.
        namespaces: Whether the folder's file system, in memory, is the experiment's own, with /dev/shm in it.
    """

    def __init__(self, work: Path, limits: Mapping[str, Any], *, namespaces: bool) -> None:
        self._work, self._namespaces = work, namespaces
        self._limit, self._socket = int(limits["memory_bytes"]), _MESSAGES * int(limits["socket_bytes"])
        self._lines = _SHARED if namespaces else _SHARED_OF_HOST
        self._due = 0.0
        self._known = 0  # what every process had when the rest was looked for
        self._rest = 0  # bytes that hide, less those that are counted twice

    def read(self, pids: Sequence[int], *, again: bool = False) -> int:
        """Bytes of memory; `again` takes nothing from the last look."""
        began = time.monotonic()
        each = sum(map(_anonymous, pids))
        files = _used(self._work) + self._socket * _sockets(pids) if self._namespaces else 0
        if again or began >= self._due or each > self._known + self._limit // 16:
            hidden = self._hidden(pids)
            # Linux walks every page to tell shares: that is asked for only where it can decide.
            above = each + files + hidden > self._limit
            self._rest = hidden - (each - sum(map(_own, pids)) if above else 0)
            self._known, now = each, time.monotonic()
            self._due = now + min(_MOST_S, 50 * (now - began))
        return max(0, each + files + self._rest)

    def _hidden(self, pids: Sequence[int]) -> int:
        """Bytes of memory that processes share without a file: all that is mapped, touched or not."""
        found: dict[bytes, int] = {}
        for pid in pids:
            for name, size in _shared(pid, self._lines):
                found[name] = max(found.get(name, 0), size)
        return sum(found.values())


def _used(work: Path) -> int:
    """Bytes of files in memory: those that were deleted and are still open, too."""
    found = os.statvfs(work)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def _sockets(pids: Sequence[int]) -> int:
    """How many local sockets there are in the network that processes have for themselves."""
    for pid in pids[:1]:
        try:
            return Path(f"/proc/{pid}/net/unix").read_bytes().count(b"\n") - 1
        except OSError:
            pass
    return 0


def _anonymous(pid: int) -> int:
    """Bytes of a process that are of no file, those that it was forked with among them; 0 when it has ended."""
    return sum(_kilobytes(f"/proc/{pid}/status", (b"RssAnon", b"VmSwap", b"VmPTE"))) * 1024


def _own(pid: int) -> int:
    """The same, each page that several processes share by its share; all, where the process does not let one look."""
    own = _kilobytes(f"/proc/{pid}/smaps_rollup", (b"Pss_Anon", b"SwapPss"))
    if not own:
        return _anonymous(pid)
    return sum((*own, *_kilobytes(f"/proc/{pid}/status", (b"VmPTE",)))) * 1024


def _kilobytes(path: str, names: tuple[bytes, ...]) -> list[int]:
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError:
        return []
    pairs = (line.split(b":", 1) for line in lines if b":" in line)
    return [int(value.split()[0]) for name, value in pairs if name in names]


def _shared(pid: int, lines: re.Pattern[bytes]) -> list[tuple[bytes, int]]:
    """The memory that a process has for sharing: a name for each piece, and how far the process maps it."""
    try:
        found = lines.findall(Path(f"/proc/{pid}/maps").read_bytes())
    except OSError:
        return []
    return [(name, int(offset, 16) + int(last, 16) - int(first, 16)) for first, last, offset, name in found]
