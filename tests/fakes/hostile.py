"""Hostile versions of the toy task's script: what an experiment may try, by name."""

HONEST = """
import os, sys, time
import numpy as np

def leave(x=0.5, y=0.5):
    np.savez("weights.npz", point=np.array([x, y, 0.0]))
"""

# Each ends as its status says, and leaves nothing behind. CANARY (backwards), PORT, HOST_FILE and TOKEN are the test's.
FAULTS = {
    "hangs": ("timeout", "time.sleep(600)"),
    "spins and ignores SIGTERM": (
        "timeout",
        """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    pass
""",
    ),
    "leaves grandchildren in other sessions": (
        "ok",
        """
import subprocess
sleep = "import os, time; os.fork() or os.setsid(); os.fork(); time.sleep(600)"
for _ in range(3):
    subprocess.Popen([sys.executable, "-c", sleep, TOKEN], start_new_session=True)
time.sleep(0.3)
leave()
""",
    ),
    "hangs with grandchildren in other sessions": (
        "timeout",
        """
import subprocess
for _ in range(3):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", TOKEN], start_new_session=True)
time.sleep(600)
""",
    ),
    "allocates 64 GB": ("oom", "x = np.ones(8 * 2**30)"),
    "allocates without end": ("oom", "x = []\nwhile True: x.append(np.ones(2**20))"),
    "allocates in children": (
        "oom",
        """
for _ in range(8):
    if os.fork() == 0:
        x = np.ones(2**23)
        time.sleep(600)
time.sleep(600)
""",
    ),
    "allocates shared memory": (
        "disk",
        "for k in range(99):\n    with open(f'/dev/shm/{k}', 'wb') as x: x.write(bytes(2**24))",
    ),
    "forks without end": (
        "timeout",
        """
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.01)
""",
    ),
    "fills the disk": (
        "disk",
        """
for k in range(1000):
    with open(f"{k}", "wb") as file:
        file.write(bytes(2**24))
""",
    ),
    "makes a million files": ("disk", "for k in range(10**6): open(f'{k}', 'w').close()"),
    "writes a huge file": (
        "output_limit",
        "import tempfile\nwith open('big', 'wb') as file:\n    while True: file.write(bytes(2**22))",
    ),
    "prints 1 GB without a line end": ("output_limit", "for _ in range(2**10): os.write(1, b'x' * 2**20)"),
    "prints escapes and no UTF-8": (
        "crashed",
        r"os.write(2, b'\x1b]0;owned\x07\x1b[2J\xff\xfe\x00\n' * 1000); os.write(2, b'\x1b[31mlast \xff'); sys.exit(3)",
    ),
    "closes its output and goes on": ("timeout", "os.close(1); os.close(2); time.sleep(600)"),
    "kills its own init and everything": (
        "ok",
        """
import signal
for pid in (1, -1, os.getppid()):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
leave()
""",
    ),
    "deletes its temporary folder and its own": (
        "invalid_metric",
        """
import shutil, tempfile
leave()
for folder in (tempfile.gettempdir(), "/tmp", os.getcwd(), "/dev/shm"):
    shutil.rmtree(folder, ignore_errors=True)
""",
    ),
    "ends by a signal": ("crashed", "import ctypes\nctypes.string_at(0)"),
    "leaves a FIFO": ("invalid_metric", "os.mkfifo('weights.npz')"),
    "leaves a symbolic link": ("invalid_metric", "os.symlink('/etc/passwd', 'weights.npz')"),
    "leaves a link to its own": (
        "invalid_metric",
        "leave()\nos.rename('weights.npz', 'a')\nos.symlink('a', 'weights.npz')",
    ),
    "leaves a second name of a file": ("invalid_metric", "leave()\nos.link('weights.npz', 'b')"),
    "leaves a folder": ("invalid_metric", "os.mkdir('weights.npz')"),
    "leaves a device": ("invalid_metric", "os.symlink('/dev/zero', 'weights.npz')"),
    "leaves code": ("invalid_metric", "import pickle\npickle.dump({}, open('weights.npz', 'wb'))"),
    "leaves objects": ("invalid_metric", "np.savez('weights.npz', point=np.array([1, 2, object()], dtype=object))"),
    "leaves an archive that unpacks to 64 GB": (
        "invalid_metric",
        r"""
import io, zipfile
head = io.BytesIO()
np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (2**33,)})
with zipfile.ZipFile("weights.npz", "w", zipfile.ZIP_DEFLATED) as archive, archive.open("point.npy", "w", force_zip64=True) as file:
    file.write(head.getvalue())
    for _ in range(64):
        file.write(bytes(2**20))
""",
    ),
    "leaves NaN": ("invalid_metric", "leave(float('nan'))"),
    "leaves infinity": ("invalid_metric", "leave(float('inf'))"),
    "leaves minus infinity": ("invalid_metric", "leave(0.5, -float('inf'))"),
    "leaves 1e400": ("invalid_metric", "leave(1e400)"),
    "leaves no metric": ("invalid_metric", "np.savez('weights.npz', other=np.zeros(3))"),
    "prints two metrics": ("ok", "print('val_loss: -100')\nprint('val_loss: -200', flush=True)\nleave()"),
    "prints a metric and leaves none": ("invalid_metric", "print('val_loss: -100')"),
    "writes to every open file": (
        "ok",
        r"""
for fd in range(3, 1024):
    for message in (b'{"id": 1, "end": true, "status": "ok", "metrics": {"val_loss": -9, "heldout_loss": -9}}\n',):
        try:
            os.write(fd, message)
        except OSError:
            pass
leave()
""",
    ),
    "reports an endless curve": ("ok", "open('curve', 'w').write('1\\n' * 10**6)\nleave()"),
    "makes its curve a FIFO": ("ok", "os.mkfifo('curve')\nleave()"),
}

READS = """
import glob, subprocess
read = []
def look(path):
    try:
        with open(path, "rb") as file:
            read.append(file.read(10**6))
    except OSError:
        pass
for path in (HOST_FILE, "/proc/1/environ", "/proc/self/environ", "/etc/shadow", "/root/.bashrc", os.path.expanduser("~/x")):
    look(path)
for pattern in ("/proc/[0-9]*/environ", "/proc/[0-9]*/cmdline", "/proc/[0-9]*/root" + HOST_FILE, "/proc/[0-9]*/cwd/*"):
    for path in glob.glob(pattern):
        look(path)
read.append(repr(dict(os.environ)).encode())
for folder in ("/", "/root", "/home", "/mnt", "/orgopt-lab", "/orgopt-lab/results", "/orgopt-lab/task", "/tmp"):
    try:
        read.append(repr(os.listdir(folder)).encode())
    except OSError:
        pass
sys.exit(f"read {sum(CANARY[::-1].encode() in text for text in read)} of {len(read) > 3}")
"""

WRITES = """
done = 0
targets = [HOST_FILE, "/usr/bin/orgopt-was-here", "/orgopt-lab/task/prepare.py", "/orgopt-lab/inside/warm.py", "/etc/x", "/x",
           "/orgopt-lab/results/x", "/proc/sys/kernel/hostname", "/dev/x", sys.prefix + "/x", np.__file__]
for target in targets:
    try:
        with open(target, "a") as file:
            file.write("owned")
        done += not target.startswith("/dev/")
    except OSError:
        pass
for target in ("/proc/1/mem", "/proc/self/../1/oom_score_adj"):
    try:
        open(target, "r+b").close()
    except OSError:
        pass
sys.exit(f"wrote {done}")
"""

CONNECTS = r"""
import socket
reached = []
def attempt(name, family, kind, address):
    try:
        with socket.socket(family, kind) as s:
            s.settimeout(0.2)
            s.connect(address)
            s.send(b"owned")
            reached.append(name)
    except OSError:
        pass
for host in ("127.0.0.1", "169.254.169.254", "8.8.8.8", HOST_ADDRESS):
    attempt("tcp " + host, socket.AF_INET, socket.SOCK_STREAM, (host, PORT))
    attempt("udp " + host, socket.AF_INET, socket.SOCK_DGRAM, (host, PORT))
attempt("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", PORT))
attempt("abstract", socket.AF_UNIX, socket.SOCK_STREAM, "\0" + TOKEN)
attempt("abstract datagram", socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + TOKEN)
try:
    socket.getaddrinfo("example.com", 80)
    reached.append("dns")
except OSError:
    pass
sys.exit("reached " + (", ".join(reached) or "nothing"))
"""

ESCAPES = r"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
done = []
def attempt(name, result):
    if result != -1:
        done.append(name)
attempt("unshare", libc.unshare(0x10000000))
attempt("mount", libc.mount(b"none", b".", b"tmpfs", 0, None))  # its own folder, should nothing hold it
attempt("umount", libc.umount2(b"/orgopt-lab/results", 2))
attempt("ptrace", libc.ptrace(16, 1, 0, 0))
attempt("chroot", libc.chroot(b"/tmp"))
attempt("setuid", libc.setuid(0))
attempt("undo pdeathsig", libc.prctl(1, 0, 0, 0, 0))
attempt("keyctl", libc.syscall(250, 0, -3, 0))
attempt("hostname", libc.sethostname(b"x", 1))
status = open("/proc/self/status").read()
caps = [line for line in status.splitlines() if line.startswith("Cap") and int(line.split()[1], 16)]
pids = [name for name in os.listdir("/proc") if name.isdigit()]
sys.exit(f"did {done} with {caps} among {len(pids)} as {os.getuid()}")
"""
