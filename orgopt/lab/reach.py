"""What a command of the user's may see, and how it is started in the sandbox with no more than that."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from orgopt.lab import sandbox
from orgopt.lab.inside import isolate
from orgopt.lab.sandbox import Sandbox

_COMMAND = "import sys; sys.path.insert(0, sys.argv[1]); from inside.command import main; main()"
_PYTHON = (sys.executable, "-P", "-S", "-c", _COMMAND)  # the standard library is all that it needs
_NETWORK_FILES = tuple(f"/etc/{name}" for name in ("resolv.conf", "hosts", "nsswitch.conf", "ssl", "pki"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a command of the user's may see: folders and files by their absolute paths, and the network."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    network: bool = False


def start_command(kind: Sandbox, scratch: Path, reach: Reach) -> sandbox.Start:
    """How a command of the user's is started by `inside.command`, which reads on standard input what it is to do.

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
        env = sandbox.environment(temporary=str(scratch), path=os.environ.get("PATH", os.defpath))
        return sandbox.Start(command=(*_PYTHON, str(sandbox.INSIDE.parent)), env=env)
    sandbox.hand_over(results, replays=False)
    users = scratch / "passwd"  # programs ask who they are
    users.write_text(f"nobody:x:{isolate.NOBODY}:{isolate.NOBODY}:nobody:{isolate.TEMPORARY}:/bin/sh\n")
    python = sandbox.readable()
    seen = [*python, *(name for name in _NETWORK_FILES if reach.network and Path(name).exists())]
    own = {str(sandbox.INSIDE): f"{isolate.ROOT}/inside", str(users): "/etc/passwd"}
    wrap = sandbox.wrapped(
        {**{path: path for path in (*seen, *reach.read)}, **own},
        {**{path: path for path in reach.write}, str(results): isolate.RESULTS},
        network=reach.network,
    )
    env = sandbox.environment(temporary=isolate.TEMPORARY, path="/usr/local/bin:/usr/bin:/bin")
    return sandbox.Start(
        command=(*wrap, *sandbox.own_package(python), "--", *_PYTHON, isolate.ROOT),
        env=env,
    )


def visible(path: Path, reach: Reach) -> bool:
    """Whether a command that is started with some reach sees a path."""
    roots = ("/usr", *sandbox.ROOT_FOLDERS, *sandbox.readable(), *reach.read, *reach.write)
    return any(path.is_relative_to(root) for root in roots)
