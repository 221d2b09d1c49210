"""The sandbox of real experiments: how the warm process is started, and which files and network it can reach.

`bubblewrap`, the default, gives the warm process a read-only system, no home, no network and no rights, and each
experiment namespaces of its own inside (`inside`). `process` has sessions, limits and a scrubbed environment
alone, for machines without bubblewrap and scripts that one trusts; it is never chosen by itself.
"""

import json
import os
import site
import subprocess
import sys
import sysconfig
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from orgopt.errors import SandboxError, TaskError, UsageError
from orgopt.foreign import contents_digest, interpreter_folders, own_files
from orgopt.lab.devices.slots import Devices, warm_environment
from orgopt.lab.sandbox.bubblewrap import absence, find, remedy
from orgopt.lab.sandbox.inside import isolate
from orgopt.lab.sandbox.inside.start import ISOLATION_FAILED
from orgopt.task import Task

FILE_BYTES = 64 * 2**20  # no experiment may write a larger file
OUTPUT_BYTES = 64 * 2**20  # nor print more
CHOICE = "ORGOPT_SANDBOX"
"""Environment variable that names the sandbox where nothing else does."""

INSIDE = Path(__file__).parent / "inside"
_START = "import sys; sys.path.insert(0, sys.argv[1]); from inside.start import main; main(sys.argv[2])"
ROOT_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
_RECORDINGS = ("records.parquet", "records.parquet.sha256", "records.jsonl.part", "world.json", "world.npz")
_PASSED_ON = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ")  # of the environment; all else may hold a secret
_TMP_BYTES = 64 * 2**20
_NAMES_BYTES, _NAMES = 48_000, 1_000  # of files beside a script: Linux bounds a word of a command line at 128 KiB


class Sandbox(StrEnum):
    """What holds an experiment."""

    BUBBLEWRAP = "bubblewrap"
    PROCESS = "process"


def chosen() -> Sandbox:
    """The sandbox that was chosen for this process and what it starts; bubblewrap where nobody chose.

    Raises:
        UsageError: The environment names another.
    """
    name = os.environ.get(CHOICE, "") or Sandbox.BUBBLEWRAP
    if name not in set(Sandbox):
        raise UsageError(f"{CHOICE}={name}: choose {' or '.join(Sandbox)}")
    return Sandbox(name)


def choose(name: str) -> None:
    """Choose the sandbox of this process and of what it starts."""
    os.environ[CHOICE] = name


@contextmanager
def using(name: str) -> Generator[None]:
    """Choose a sandbox for a while."""
    before = os.environ.get(CHOICE)
    choose(name)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CHOICE]
        else:
            choose(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How to start a warm process."""

    command: tuple[str, ...]
    env: Mapping[str, str]


def bubblewrap(task: Task | None = None, *, replays: bool = True) -> str:
    """The path of bubblewrap; the arguments are for the message (`orgopt.lab.sandbox.bubblewrap.remedy`).

    Raises:
        SandboxError: It is not installed, or this is not Linux.
    """
    found = find()
    if found is None:
        who = "experiments" if replays else "command agents"
        raise SandboxError(f"{who} run in a sandbox, and {absence()}:{remedy(task, replays=replays)}")
    return found.path


def start(sandbox: Sandbox, task: Task, scratch: Path, devices: Devices | None = None, *, keeps: bool = False) -> Start:
    """How the warm process of a task is started; `scratch` holds what experiments leave, `keeps` what they print too.

    Each experiment sees the `devices` of its slot alone, and without a sandbox is told of no others.

    Raises:
        SandboxError: The sandbox does not run on this machine.
        TaskError: The task hides what is not there.
    """
    results = scratch / "results"
    results.mkdir(exist_ok=True)
    isolated = sandbox is Sandbox.BUBBLEWRAP
    config = _config(task, isolated=isolated) | {"keeps": keeps, "groups": devices.groups if devices else []}
    if not isolated:
        config |= {"results": str(results), "folder": str(task.folder), "paths": _user_site(task)}
        env = environment(temporary=str(scratch), path=os.environ.get("PATH", os.defpath))
        if task.self_reported:
            shared(task)  # says what is missing
            env["HOME"] = str(Path.home())
        env |= warm_environment() if devices else {}
        return Start(command=(task.python or sys.executable, *_arguments(str(INSIDE.parent), config)), env=env)
    bubblewrap(task)
    hand_over(results, task)
    folder = f"{isolate.ROOT}/task"
    data = shared(task)
    config |= {"results": isolate.RESULTS, "folder": folder, "paths": _user_site(task)}
    config |= {"read": sorted(data.values()), "home": isolate.HOME}
    python = readable(task.python)
    visible = {path: path for path in (*python, *driver(devices))} | data
    wrap = wrapped(
        {**visible, str(INSIDE): f"{isolate.ROOT}/inside", str(task.folder): folder},
        {str(results): isolate.RESULTS},
        masked=[f"{folder}/{name}" for name in _RECORDINGS if (task.folder / name).exists()],
        devices=devices.nodes if devices else (),
    )
    wrap += own_package(python)
    env = environment(temporary=isolate.TEMPORARY, path="/usr/bin:/bin")
    if task.self_reported:
        env["HOME"] = isolate.HOME  # where its script looks for the data that it may read
    env |= warm_environment() if devices else {}
    arguments = _arguments(isolate.ROOT, config)
    return Start(command=(*wrap, "--", task.python or sys.executable, *arguments), env=env)


def driver(devices: Devices | None) -> list[str]:
    """What of a driver lies outside of the system's folders: its libraries, and what Linux says of the hardware."""
    return [] if devices is None else _outermost([*devices.libraries, "/sys"])


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


def shared(task: Task) -> dict[str, str]:
    """What the user's settings let a task's experiments read beside its folder, and where it lies inside.

    What is below the home is below another home there, which has nothing else.

    Raises:
        TaskError: Something is not there, is too much, or is not allowed though the task's files name it.
    """
    named = f"[tasks.{task.name}] in {task.settings}"
    for folder in task.data:
        own = _expanded(folder)
        if not any(own.is_relative_to(_expanded(path)) for path in (*task.limits.read, str(task.folder))):
            raise TaskError(
                f"{task.name} keeps data in {folder}, which its experiments may not read: write\n"
                f'[tasks.{json.dumps(task.name)}]\nread = ["{folder}"]\ninto {task.settings}'
            )
    found: dict[str, str] = {}
    for given in task.limits.read:
        path, home = _expanded(given), Path.home()
        if not path.exists():
            raise TaskError(
                f"{named} lets experiments read {given}, and there is none: "
                f"is the data prepared (python prepare.py in {task.folder})?"
            )
        inside = f"{isolate.HOME}/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
        if Path(inside).is_relative_to("/tmp"):
            raise TaskError(f"{named} lets experiments read {given}; /tmp is each experiment's own: put it elsewhere")
        found[os.path.realpath(path)] = inside
    return found


def printed_data_digest(task: Task) -> str:
    """The digest of the data of a script that prints its metric, as far as it is outside of the task's folder."""
    return contents_digest(map(_expanded, task.limits.read))


def _expanded(path: str) -> Path:
    return Path(os.path.normpath(Path(path).expanduser()))


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
    system = {name: name for name in (*_SYSTEM_FILES, *_linked_files()) if Path(name).exists()}
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


def environment(*, temporary: str, path: str) -> dict[str, str]:
    """The environment of the warm process, and of bubblewrap, whose own can be read inside as /proc/1/environ."""
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    env |= {"PATH": path, "HOME": temporary, "TMPDIR": temporary, "USER": "nobody", "LOGNAME": "nobody"}
    return {**env, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def readable(python: str = "") -> list[str]:
    """The folders of this Python, or of another, that lie outside the system's, none within another."""
    if python:
        return _outermost(interpreter_folders(python))
    paths = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    paths |= {
        path for name, path in sysconfig.get_paths().items() if name in {"stdlib", "platstdlib", "purelib", "platlib"}
    }
    # What else is on the path, such as a checkout, is not for experiments.
    paths |= {str(Path(sys.executable).parent), *_package_folders()}
    return _outermost(paths)


def _outermost(paths: Iterable[str]) -> list[str]:
    """Folders outside the system's, as they are named and as they are, without those within others."""
    paths = list(paths)
    real = sorted({os.path.realpath(path) for path in paths} | {os.path.normpath(path) for path in paths})
    found: list[str] = []
    for path in real:
        if Path(path).is_dir() and not any(Path(path).is_relative_to(known) for known in ("/usr", *found)):
            found.append(path)
    return found


def failure(
    sandbox: Sandbox, code: int | None, message: str, task: Task | None = None, *, replays: bool = True
) -> SandboxError | None:
    """What a warm process that ended at its start says about the sandbox; None when it ended for another reason."""
    found = find()
    names = ("bwrap: ", f"{found.path}: ") if found else ("bwrap: ",)  # the linker has its path
    if sandbox is Sandbox.BUBBLEWRAP and (message.startswith(names) or code == ISOLATION_FAILED):
        return SandboxError(f"the sandbox does not hold on this machine ({message}):{remedy(task, replays=replays)}")
    return None


def begin(
    sandbox: Sandbox, start: Start, errors: IO[bytes], *, keeps: Sequence[int] = (), **words: Any
) -> "subprocess.Popen[bytes]":
    """Start what was prepared, with pipes to it and the descriptors that it keeps; `words` are as of `failure`.

    Raises:
        SandboxError: What there is of bubblewrap is no program.
    """
    try:
        return subprocess.Popen(
            start.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C reaches us alone, and we end it
            env=dict(start.env),
            cwd="/",
            pass_fds=keeps,
        )
    except OSError as error:
        message = f"{start.command[0]}: {error.strerror}"
        raise failure(sandbox, None, message, **words) or error from None


def _config(task: Task, *, isolated: bool) -> dict[str, Any]:
    limits = {
        "memory_bytes": int(task.limits.memory_gb * 1e9),
        "disk_bytes": int(task.limits.disk_gb * 1e9),
        "processes": task.limits.processes,
        # A checkpoint of a checkout is nobody's to read: its disk is bound, and its files by that.
        "file_bytes": int(task.limits.disk_gb * 1e9) if task.self_reported else FILE_BYTES,
        "output_bytes": OUTPUT_BYTES,
        "wall_s": task.limit_s,
        "socket_bytes": socket_bytes(),
        "covers_tmp": covers_tmp(task.python),
        "devices": bool(task.limits.gpus),
    }
    return {
        "script": task.script,
        "preload": list(task.preload),
        "prime": list(task.limits.prime),
        "result": task.limits.result,
        "prints": task.printed,
        "run": list(task.run),
        "reads": {"pattern": task.pattern, "file": task.metric_file, "key": task.metric_key},
        "data_digest": printed_data_digest(task) if task.self_reported else "",
        "beside": _beside(task) if task.self_reported else [],
        "read": [],
        "home": "",
        "hidden": hidden(task) if isolated else [],
        "namespaces": isolated,
        "limits": limits,
    }


def hidden(task: Task, *, needed: bool = True) -> list[str]:
    """Where the files lie, inside, that a task hides.

    Raises:
        TaskError: One is nowhere, so that nobody could say that it is hidden, and it is `needed`.
    """
    found: list[str] = []
    for name in task.limits.hide:
        try:
            found += _places(task, name)
        except TaskError:
            if needed:
                raise
    return found


def _beside(task: Task) -> list[str]:
    """The names of a checkout's files; those of its top alone where all are too many for a command line."""
    names = [str(name) for name in own_files(task.folder) if str(name) not in _RECORDINGS]
    if len(names) > _NAMES or sum(map(len, names)) + 4 * len(names) > _NAMES_BYTES:
        names = sorted({name.split("/", 1)[0] for name in names})
    return names[:_NAMES]


def covers_tmp(python: str = "") -> bool:
    """Whether /tmp can be covered inside: this Python, or another, does not lie there."""
    return not any(Path(path).is_relative_to("/tmp") for path in readable(python))


def socket_bytes() -> int:
    """What Linux lets a local socket buffer, unless its program asks for more, which experiments cannot."""
    try:
        return int(Path("/proc/sys/net/core/wmem_default").read_text())
    except (OSError, ValueError):
        return 212_992


def _places(task: Task, name: str) -> list[str]:
    """Where a hidden file lies inside: in the task's folder, or among the installed packages.

    Raises:
        TaskError: It is nowhere, so that nobody could say that it is hidden.
    """
    if (task.folder / name).exists():
        return [f"{isolate.ROOT}/task/{name}"]
    found = sorted({os.path.realpath(Path(root, name)) for root in _package_folders() if Path(root, name).exists()})
    if not found:
        raise TaskError(f"{task.folder}/task.toml: [sandbox] hide: there is no {name} in the folder or any package")
    return found


def _linked_files() -> Iterator[str]:
    """The files that Python's own library links to: Debian's lie in /etc, and tasks may read all of that library."""
    for path in Path(sysconfig.get_path("stdlib")).iterdir():
        if path.is_symlink() and path.is_file():
            yield str(path.resolve())


def _package_folders() -> list[str]:
    """The folders of installed packages; a .pth file may lead to some outside this Python."""
    folders = [path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}]
    return [*folders, *_user_site()]


def _arguments(root: str, config: Mapping[str, Any]) -> list[str]:
    return ["-P", "-c", _START, root, json.dumps(config)]


def _parents(target: str, made: set[Path]) -> list[str]:
    """Makes the folders above a place, which bubblewrap would make for root alone; notes which are made."""
    line: list[str] = []
    for parent in reversed(Path(target).parents):
        if parent not in made and parent != Path("/tmp"):
            line += ["--perms", "0755", "--dir", str(parent)]
            made.add(parent)
    return line


def _user_site(task: Task | None = None) -> list[str]:
    """The user's own packages of this Python; a task with another has those of that."""
    if task is not None and task.python:
        return []
    path = site.getusersitepackages() if site.ENABLE_USER_SITE else ""
    return [path] if path and Path(path).is_dir() else []


def own_package(binds: Iterable[str]) -> list[str]:
    """Hides an installed orgopt, which has the recordings of the shipped tasks."""
    package = Path(__file__).resolve().parents[2]
    return ["--tmpfs", str(package)] if any(package.is_relative_to(path) for path in ("/usr", *binds)) else []
