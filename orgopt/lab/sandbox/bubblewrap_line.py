"""The command line of bubblewrap: a read-only system, no home, no network, no rights."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from orgopt.errors import SandboxError
from orgopt.lab.sandbox.files import linked_files
from orgopt.lab.sandbox.find_bubblewrap import absence, find, remedy
from orgopt.lab.sandbox.inside import isolate
from orgopt.tasks.task import Task

ROOT_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_TMP_BYTES = 64 * 2**20


def bubblewrap(task: Task | None = None, *, replays: bool = True) -> str:
    """The path of bubblewrap; the arguments are for the message (`orgopt.lab.sandbox.find_bubblewrap.remedy`).

    Raises:
        SandboxError: It is not installed, or this is not Linux.
    """
    found = find()
    if found is None:
        who = "experiments" if replays else "command agents"
        raise SandboxError(f"{who} run in a sandbox, and {absence()}:{remedy(task, replays=replays)}")
    return found.path


def wrapped(
    readable_at: Mapping[str, str],
    writable_at: Mapping[str, str],
    *,
    masked: Iterable[str] = (),
    network: bool = False,
    devices: Iterable[str] = (),
) -> list[str]:
    """The command line of bubblewrap, up to what it is to run.

    Args:
        readable_at: Folders and files that can be read inside, and where they are there.
        writable_at: Those that can be written too.
        masked: Files inside that are there, and empty.
        network: Whether the network is that of this machine.
        devices: Device files that can be used.
    """
    line = [bubblewrap(), "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"]
    line += [] if network else ["--unshare-net"]
    line += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    if os.getuid() == 0:
        # The warm process becomes nobody before it does anything else: root outside would still be root to limits.
        line += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SYS_ADMIN"]
    else:
        line += ["--unshare-user", "--uid", str(isolate.NOBODY), "--gid", str(isolate.NOBODY)]
    # A temporary folder comes before what is bound below it.
    line += ["--perms", "1777", "--size", str(_TMP_BYTES), "--tmpfs", "/tmp"]
    line += ["--ro-bind", "/usr", "/usr"]
    made = {Path("/"), Path("/usr")}
    for name in ROOT_FOLDERS:
        path = Path(name)
        if path.is_symlink():
            line += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            line += ["--ro-bind", name, name]
    system = {name: name for name in (*_SYSTEM_FILES, *linked_files()) if Path(name).exists()}
    for kind, places in (("--ro-bind", {**system, **readable_at}), ("--bind", writable_at)):
        for source, target in places.items():
            line += [*_parents(target, made), kind, source, target]
            made.add(Path(target))
    for place in (isolate.WORK, isolate.TEMPORARY):
        line += _parents(f"{place}/below", made)
    for path in masked:
        line += ["--ro-bind", "/dev/null", path]
    line += ["--dir", "/proc"] if os.getuid() == 0 else ["--proc", "/proc"]
    # After the new /dev, which has no devices but the usual, and forbids others that are bound without this option.
    nodes = [word for path in devices for word in ("--dev-bind", path, path)]
    return [*line, "--dev", "/dev", *nodes, "--remount-ro", "/", "--chdir", "/"]


def _parents(target: str, made: set[Path]) -> list[str]:
    """Makes the folders above a place, which bubblewrap would make for root alone; notes which are made."""
    line: list[str] = []
    for parent in reversed(Path(target).parents):
        if parent not in made and parent != Path("/tmp"):
            line += ["--perms", "0755", "--dir", str(parent)]
            made.add(parent)
    return line


def hand_over(results: Path, task: Task | None = None, *, replays: bool = True) -> None:
    """Give a folder to nobody where root starts the sandbox, in which root becomes nobody.

    Raises:
        SandboxError: There is no nobody here, as in a container of an ordinary user's.
    """
    if os.getuid() == 0:
        try:
            os.chown(results, isolate.NOBODY, isolate.NOBODY)
        except OSError as error:
            why = f"root cannot become nobody here: {error.strerror}"
            raise SandboxError(
                f"the sandbox does not hold on this machine ({why}):{remedy(task, replays=replays)}"
            ) from None
