"""What the doctor attempts, as an experiment would: the list of probes with their scripts, and their task."""

from typing import NamedTuple

from orgopt.lab.base import Status

_LIMIT_S = 10.0  # much more than they take, so that a busy machine does not look like a weak one

FILES = {
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

BEGIN = """
import os, sys, time
def attempt(*steps):
    for step in steps:
        try:
            step()
            return True
        except (OSError, AttributeError):  # not allowed, or not there
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
# Where nothing holds, nobody's folder may be covered and nobody be stopped: a mount of its own, and PTRACE_SEIZE.
os.mkdir("own")
mounted = libc.mount(b"x", b"own", b"tmpfs", 0, None)
mounted or libc.umount2(b"own", 2)
done = [n for n, failed in (("unshare", libc.unshare(0x10000000)), ("mount", mounted),
        ("trace", libc.ptrace(0x4206, os.getppid() or 1, 0, 0))) if not failed]
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
        "memory that hides",
        """
import ctypes
libc = ctypes.CDLL(None)
def memfd(): os.close(os.memfd_create("x"))
def segment():
    made = libc.shmget(0, 4096, 0o1600)
    if made < 0: raise OSError
    libc.shmctl(made, 0, None)
done = [step.__name__ for step in (memfd, segment) if attempt(step)]
sys.exit("made " + ", ".join(done) if done else "held")
""",
    ),
    Probe(
        "ways to the neighbours",
        """
import ctypes, socket
libc = ctypes.CDLL(None)
def vsock(): socket.socket(socket.AF_VSOCK).close()
def netlink(): socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()
def inotify():
    if libc.inotify_init() < 0: raise OSError
done = [step.__name__ for step in (vsock, netlink, inotify) if attempt(step)]
sys.exit("could use " + ", ".join(done) if done else "held")
""",
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
    Probe(
        "file size",
        "with open('x', 'wb') as file:\n    file.truncate(2**30)\nsys.exit('made a file of 1 GB')",
        Status.OUTPUT_LIMIT,
    ),
    Probe("output", "while True: os.write(1, bytes(2**20))", Status.OUTPUT_LIMIT),
)
