"""Probes: what an experiment could do on this machine, each by really attempting it inside the sandbox.

A probe is an experiment of a task of its own, run by the local lab as any other. It says what it managed to do; what it
may leave behind is looked for from outside.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox import Sandbox, readable
from orgopt.task import Task, load_task

_LIMIT_S = 2.0
_PATIENCE_S = 30.0

_FILES = {
    "task.toml": f"""
title = "What an experiment could do here"
brief = "No research: each script attempts something."
script = "train.py"
metric = "metric"
heldout = "heldout"
unit = ""
preload = []
[limits]
wall_s = {_LIMIT_S}
memory_gb = 0.25
disk_gb = 0.05
processes = 32
[time]
think_s = 0
meeting_s = 0
meeting_per_head_s = 0
[baseline]
metric = 1.0
heldout = 1.0
sd = 0.0
seeds = 1
[reference]
metric = 0.0
heldout = 0.0
sd = 0.0
seeds = 1
[measured]
data_digest = ""
""",
    "train.py": "X = 0  # knob: int 0..1, group x\n",
    "prepare.py": """
from pathlib import Path

def data_digest():
    return ""

def evaluate(folder):
    return {"metric": float(Path(folder, "weights.npz").read_text()), "heldout": 0.0}
""",
}

_BEGIN = """
import os, sys, time
def attempt(*steps):
    for step in steps:
        try:
            step()
            return True
        except OSError:
            pass
    return False
"""


class Probe(NamedTuple):
    """Something to attempt.

    Attributes:
        name: What it is about.
        script: Ends with a message: `held`, or what it could do. A limit that ends it holds too.
        ends: How it ends where it holds by being ended.
    """

    name: str
    script: str
    ends: Status | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of a probe: whether the sandbox held, and how one knows."""

    name: str
    held: bool
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return asdict(self)


PROBES = (
    Probe(
        "network",
        """
import socket
def tcp():
    with socket.create_connection(("127.0.0.1", PORT), 0.3): pass
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s: s.connect(("127.0.0.1", PORT)); s.send(b"x")
def abstract():
    with socket.socket(socket.AF_UNIX) as s: s.connect("\\0" + TOKEN)
done = [step.__name__ for step in (tcp, udp, abstract) if attempt(step)]
sys.exit("reached this machine by " + ", ".join(done) if done else "held")
""",
    ),
    Probe(
        "files outside",
        """
def read(): open(FILE).close()
def home(): [os.lstat(path) for path in HOME[:1]] or os.lstat("")
def write():
    with open(FILE, "a") as file: file.write("")
def system():
    with open("/usr/orgopt-probe", "x") as file: os.unlink(file.name)
done = [step.__name__ for step in (read, home, write, system) if attempt(step)]
sys.exit("could " + ", ".join(done) if done else "held")
""",
    ),
    Probe(
        "secrets in environments",
        """
import glob
found = 0
for path in glob.glob("/proc/[0-9]*/environ"):
    try:
        found += TOKEN[::-1] in open(path, errors="replace").read()
    except OSError: pass
sys.exit(f"read the secret of {found} processes" if found else "held")
""",
    ),
    Probe(
        "other processes",
        """
others = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
sys.exit(f"sees {len(others)} other processes" if others else "held")
""",
    ),
    Probe(
        "new rights",
        """
import ctypes
libc = ctypes.CDLL(None)
done = [n for n, failed in (("unshare", libc.unshare(0x10000000)), ("mount", libc.mount(b"x", b"/tmp", b"tmpfs", 0, None)),
        ("trace", libc.ptrace(16, os.getppid() or 1, 0, 0))) if not failed]
sys.exit("could " + ", ".join(done) if done else "held")
""",
    ),
    Probe(
        "survivors",
        """
import subprocess
code = "import os, time; os.fork() or os.setsid(); os.fork(); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", code, TOKEN], start_new_session=True)
time.sleep(0.3)
sys.exit("held")
""",
    ),
    Probe("time", "import signal\nsignal.signal(15, signal.SIG_IGN)\nwhile True: pass\n", Status.TIMEOUT),
    Probe(
        "memory",
        """
held = []
for _ in range(8):
    if os.fork() == 0:
        held.append(bytearray(64 * 2**20))
        time.sleep(5)
time.sleep(5)
""",
        Status.OOM,
    ),
    Probe(
        "processes",
        """
for n in range(64):
    try:
        if os.fork() == 0: time.sleep(5)
    except OSError:
        sys.exit("held")
sys.exit("made 64 processes, 32 are allowed")
""",
    ),
    Probe(
        "disk",
        """
for n in range(4):
    with open(str(n), "wb") as file:
        for _ in range(32): file.write(bytes(2**20))
sys.exit("wrote 128 MB, 50 are allowed")
""",
        Status.DISK,
    ),
    Probe("file size", "with open('x', 'wb') as file:\n    file.truncate(2**30)\nsys.exit('made a file of 1 GB')", Status.OUTPUT_LIMIT),
    Probe("output", "while True: os.write(1, bytes(2**20))", Status.OUTPUT_LIMIT),
)


def examine(kind: Sandbox) -> Iterator[Finding]:
    """Attempt everything in a sandbox, one finding after another.

    Raises:
        SandboxError: It does not start here.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orgopt-probe-")))
        secret = folder / "secret"
        secret.write_text("")
        token = f"orgopt-probe-{os.getpid()}-{time.monotonic_ns()}"
        names = {"PORT": stack.enter_context(_listener(token)), "TOKEN": token, "FILE": str(secret)}
        names["HOME"] = _home()
        os.environ["ORGOPT_PROBE_SECRET"] = token[::-1]  # backwards, so that a script is not taken for it
        stack.callback(os.environ.pop, "ORGOPT_PROBE_SECRET", None)
        stack.enter_context(_neighbour())
        lab = stack.enter_context(LocalLab(_task(folder), 1, kind))
        lab.reset()
        for number, probe in enumerate(PROBES, 1):
            yield _finding(probe, _run(lab, number, probe, names), token)


def _task(folder: Path) -> Task:
    place = folder / "probe"
    place.mkdir()
    for name, text in _FILES.items():
        (place / name).write_text(text)
    return load_task(str(place))


def _run(lab: LocalLab, number: int, probe: Probe, names: Mapping[str, Any]) -> Outcome:
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    lab.submit(Experiment(id=number, settings={}, seed=number, script=_BEGIN + given + probe.script))
    deadline = lab.now() + _PATIENCE_S
    while lab.now() < deadline:
        for event in lab.wait(deadline):
            if isinstance(event, Outcome):
                return event
    return Outcome(id=number, status=Status.INFRA, started=0.0, ended=0.0, error="it never ended")


def _finding(probe: Probe, outcome: Outcome, token: str) -> Finding:
    if survivors := _survivors(token):
        return Finding(name=probe.name, held=False, detail=f"{survivors} processes outlived it")
    if probe.ends is not None:
        held = outcome.status is probe.ends
        detail = f"ended as {outcome.status}" if held else outcome.error or f"ended as {outcome.status}"
        return Finding(name=probe.name, held=held, detail=detail)
    held = outcome.error == "held"
    return Finding(name=probe.name, held=held, detail="attempted in vain" if held else outcome.error or outcome.status)


def _survivors(token: str) -> int:
    """How many processes of this machine a probe has left, a moment given for the kernel to end them."""
    deadline = time.monotonic() + 1.0
    while (count := sum(map(_carries(token), Path("/proc").glob("[0-9]*/cmdline")))) and time.monotonic() < deadline:
        time.sleep(0.02)
    return count


def _carries(token: str) -> Any:
    def carries(path: Path) -> bool:
        try:
            return token.encode() in path.read_bytes().split(b"\0")
        except OSError:
            return False

    return carries


def _home() -> list[str]:
    """What lies in the home folder, but for this Python."""
    python = readable()
    entries = [str(path) for path in sorted(Path.home().iterdir())]
    return [entry for entry in entries if not any(Path(path).is_relative_to(entry) for path in python)]


@contextmanager
def _neighbour() -> Iterator[None]:
    """Another process of this user, with this environment."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _listener(token: str) -> Iterator[int]:
    """Sockets of this machine that an experiment must not reach; gives the port."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket(socket.AF_UNIX) as own:
        tcp.bind(("127.0.0.1", 0))
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
        tcp.listen()
        if os.uname().sysname == "Linux":
            own.bind(f"\0{token}")
            own.listen()
        yield port
