"""Isolation of one experiment by Linux: namespaces, mounts, capabilities and limits of its own.

Covers what the warm process does to itself and to its children inside bubblewrap; starting bubblewrap is
`orgopt.lab.sandbox.launch`. What is done here can only be tightened later, not undone.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import seccomp

NOBODY = 65534
ROOT = "/orgopt-lab"
WORK, TEMPORARY, RESULTS = f"{ROOT}/work", f"{ROOT}/tmp", f"{ROOT}/results"
"""Where an experiment works, what it has for /tmp, and where what it left is kept out of its sight."""
HOME = f"{ROOT}/home"
"""The home of a script that looks for data there: what the user's settings let it read, and nothing else."""

_NEW_USER, _NEW_PID, _NEW_NET, _NEW_IPC, _NEW_MOUNTS = 0x10000000, 0x20000000, 0x40000000, 0x08000000, 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_CHILD_SUBREAPER = 1, 4, 24, 38, 36
_CAPABILITY_VERSION = 0x20080522
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_OPEN_FILES = 1024  # what Linux gives a login by default, and the most that `select` can look at
_INODES = 16384  # of its file system: empty files take memory of the kernel's, which no size counts


def become_nobody(groups: Iterable[int] = ()) -> None:
    """Give up root and its capabilities for good; a fresh /proc is mounted before, which needs them.

    It stays in `groups`, to which device files belong.

    bubblewrap's own /proc has parts covered when root asks for it, and Linux then refuses another inside.
    """
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    # Groups first and the user last: whoever is nobody already may change neither.
    os.setgroups(list(groups))
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def enter(limits: Mapping[str, Any], hidden: Iterable[str]) -> None:
    """Put this process's children in namespaces of their own, and mount what they may see.

    They have no other process, one sized file system for their work, temporary files and /dev/shm, and no network but
    where `limits` says `network`.

    Raises:
        OSError: Linux refuses a part of it.
    """
    network = 0 if limits.get("network") else _NEW_NET
    _own_namespaces(_NEW_USER | _NEW_MOUNTS | _NEW_PID | _NEW_IPC | network)
    size = f"size={limits['disk_bytes']},nr_inodes={_INODES},mode=0700"
    _mount("tmpfs", WORK, "tmpfs", _MS_NOSUID | _MS_NODEV, size)
    # All three share its size, so that it bounds them together. Its own `work` comes last: it covers the other two.
    places = {"tmp": TEMPORARY, "shm": "/dev/shm", "work": WORK}
    for name, place in places.items():
        Path(WORK, name).mkdir(mode=0o700)
        if name == "tmp" and limits["covers_tmp"]:
            _mount(f"{WORK}/{name}", "/tmp", None, _MS_BIND)
        _mount(f"{WORK}/{name}", place, None, _MS_BIND)
    for path in (RESULTS, *hidden):
        hide(path)


def raise_loopback() -> None:
    """Let the processes of this network speak to each other, over 127.0.0.1 alone.

    Raises:
        OSError: Linux refuses it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP))


def cover(hidden: Iterable[str]) -> None:
    """Cover files for this process and what it starts; who is meant to see them takes the cover off with `uncover`.

    Raises:
        OSError: Linux refuses a part of it.
    """
    _own_namespaces(_NEW_USER | _NEW_MOUNTS)
    for path in hidden:
        hide(path)


def uncover(hidden: Iterable[str]) -> None:
    """Take off what `cover` did, for this process and what it starts alone.

    Raises:
        OSError: Linux refuses it, as it does below the namespaces of `enter`.
    """
    paths = list(hidden)
    if paths:
        _check(_libc().unshare(_NEW_MOUNTS), "unshare")
    for path in paths:
        _check(_libc().umount2(path.encode(), 0), f"umount {path}")


def _own_namespaces(kinds: int) -> None:
    """Move this process, which must have one thread, into new namespaces as the user that it is."""
    close_to_others(closed=False)  # or /proc/self belongs to root
    uid, gid = os.getuid(), os.getgid()
    _check(_libc().unshare(kinds), "unshare")
    # Linux takes no map of groups from who could still leave a group, and with it what the group is refused.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    # Else what is mounted and covered here would be so for whom this was forked from, too.
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)


def give_up_rights() -> None:
    """Give up the capabilities that this process has in its namespaces."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _check(_libc().capset(header, (ctypes.c_uint32 * 6)()), "capset")


def hide(path: str) -> None:
    """Cover a file with nothing, a folder with an empty one."""
    if Path(path).is_dir():
        _mount("tmpfs", path, "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, "size=4096,mode=0755")
    elif Path(path).exists():
        _mount("/dev/null", path, None, _MS_BIND)


def seal(limits: Mapping[str, Any]) -> None:
    """Leave this process, the first of its namespaces, no right that it could use against them.

    Args:
        limits: `foreign` for a command of the user's, which may use more of Linux than an experiment; `silent` for code
            that sees held-out data.

    Raises:
        OSError: Linux refuses a part of it.
    """
    # In this order: mounting needs a capability, and so does dropping them; the filter needs `no_new_privs`, and
    # refuses what asks for the signal.
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    for capability in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        _prctl(_PR_CAPBSET_DROP, capability)
    give_up_rights()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    seccomp.install("command" if limits.get("foreign") else "answer" if limits.get("silent") else "experiment")


def seal_memory(limits: Mapping[str, Any]) -> None:
    """Keep an experiment without namespaces from memory that nobody could measure, where Linux lets one."""
    if sys.platform == "linux" and not limits.get("foreign"):
        with contextlib.suppress(OSError):
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
            seccomp.install("memory")


def limit(limits: Mapping[str, Any], *, processes: bool) -> None:
    """Bound this process and what it starts.

    Args:
        limits: `memory_bytes` beyond what is mapped now, `file_bytes`, `processes`, and `wall_s`, which one thread's
            CPU seconds may not exceed. With `starts` addresses are not bound, with `foreign` or `devices` neither these
            nor CPU seconds: language runtimes and drivers reserve far more addresses than they use, and have threads;
            a supervisor measures memory and wall time.
        processes: Whether `processes` counts those of this experiment alone, so that it can be a limit.
    """
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write fails instead
    bounds = {
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
    }
    if not (limits.get("foreign") or limits.get("devices")):
        if not limits.get("starts"):
            bounds[resource.RLIMIT_AS] = _mapped() + limits["memory_bytes"]
        # A thread has no more CPU than wall time: this ends what a lost supervisor left, two seconds after it had to.
        bounds[resource.RLIMIT_CPU] = int(limits["wall_s"]) + 2
    if processes:
        bounds[resource.RLIMIT_NPROC] = limits["processes"]
    for kind, wanted in bounds.items():
        hard = resource.getrlimit(kind)[1]
        bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS knows no bound of addresses
            resource.setrlimit(kind, (bound, bound))


def adopt() -> None:
    """Become the parent of every descendant whose own parent ends, however often it forked."""
    if sys.platform == "linux":
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def close_to_others(*, closed: bool = True) -> None:
    """Keep processes of the same user from reading or tracing this one, and what it forks; or let them again."""
    if sys.platform == "linux":
        _prctl(_PR_SET_DUMPABLE, int(not closed))


def die_with_parent(parent: int) -> None:
    """Ask Linux to kill this process when its parent ends; elsewhere the end of standard input must do."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before it could be asked
            os._exit(1)


def _mapped() -> int:
    """Bytes of addresses that this process has."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    _check(_libc().prctl(option, value, 0, 0, 0), f"prctl {option}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    given = [text.encode() if text is not None else None for text in (source, target, kind)]
    failed = _libc().mount(*given, ctypes.c_ulong(flags), data.encode() if data else None)
    _check(failed, f"mount {target}")


def _check(failed: int, what: str) -> None:
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
