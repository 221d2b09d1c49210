"""What a command of the user's may see, and how it is started in the sandbox with no more than that."""

import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from orgopt.lab.sandbox import bubblewrap_line as wrap
from orgopt.lab.sandbox import files, launch
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.command.roots import roots_of
from orgopt.lab.sandbox.inside import isolate

_COMMAND = "import sys; sys.path.insert(0, sys.argv[1]); from inside.start_cli import main; main()"
_PYTHON = (sys.executable, "-P", "-S", "-c", _COMMAND)  # the standard library is all that it needs
_NETWORK_FILES = tuple(f"/etc/{name}" for name in ("resolv.conf", "hosts", "nsswitch.conf", "ssl", "pki"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a command of the user's may see: folders and files by their absolute paths, and the network."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    network: bool = False


def completed(program: str, reach: Reach) -> Reach:
    """A reach, with what a program needs beside itself; that of one which is not there is as it was."""
    found = shutil.which(str(Path(program).expanduser()))
    roots = roots_of(Path(found).absolute()) if found else ()
    more = tuple(root for root in roots if not visible(Path(root), reach))
    return replace(reach, read=(*reach.read, *more))


def start_command(kind: Sandbox, scratch: Path, reach: Reach) -> launch.Start:
    """How a command of the user's is started by `inside.start_cli`, which reads on standard input what it is to do.

    Args:
        kind: What holds it.
        scratch: A folder of ours; what the command leaves is put into its `results`.
        reach: What it may see besides the system and this Python.

    Raises:
        SandboxError: There is no bubblewrap here.
    """
    results = scratch / "results"
    results.mkdir()
    if kind is Sandbox.PROCESS:
        env = launch.environment(temporary=str(scratch), path=os.environ.get("PATH", os.defpath))
        return launch.Start(command=(*_PYTHON, str(launch.INSIDE.parent)), env=env)
    wrap.hand_over(results, replays=False)
    users = scratch / "passwd"  # programs ask who they are
    users.write_text(f"nobody:x:{isolate.NOBODY}:{isolate.NOBODY}:nobody:{isolate.TEMPORARY}:/bin/sh\n")
    python = files.readable()
    seen = [*python, *(name for name in _NETWORK_FILES if reach.network and Path(name).exists())]
    own = {str(launch.INSIDE): f"{isolate.ROOT}/inside", str(users): "/etc/passwd"}
    line = wrap.wrapped(
        {**{path: path for path in (*seen, *reach.read)}, **own},
        {**{path: path for path in reach.write}, str(results): isolate.RESULTS},
        network=reach.network,
    )
    env = launch.environment(temporary=isolate.TEMPORARY, path="/usr/local/bin:/usr/bin:/bin")
    return launch.Start(
        command=(*line, *files.own_package((*python, *reach.read)), "--", *_PYTHON, isolate.ROOT),
        env=env,
    )


def visible(path: Path, reach: Reach) -> bool:
    """Whether a command that is started with some reach sees a path."""
    roots = ("/usr", *wrap.ROOT_FOLDERS, *files.readable(), *reach.read, *reach.write)
    return any(path.is_relative_to(root) for root in roots)
