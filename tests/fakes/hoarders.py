"""Scripts that hold more memory than they may, each in another way; how each ends, and what it says."""

BEGINS = """
import ctypes, mmap, os, socket, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
"""

LIMITED = {
    "memory files": (
        "crashed",
        """
for _ in range(16):
    fd = os.memfd_create("x")
    os.ftruncate(fd, 60 << 20)
    with mmap.mmap(fd, 60 << 20) as m:
        m.write(b"x" * (60 << 20))
sys.exit("held")
""",
        "Function not implemented",
    ),
    "segments of System V": (
        "crashed",
        """
made = [call.__name__ for call in (libc.shmget, libc.msgget, libc.semget) if call(0, 30, 0o1600) >= 0]
sys.exit(f"made {made}")
""",
        "made []",
    ),
    "pages in pipes": (
        "crashed",
        """
reads, writes = os.pipe()
m = mmap.mmap(-1, 1 << 21)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(ctypes.c_char.from_buffer(m)), 4096)
sys.exit(f"spliced {libc.vmsplice(writes, vector, 1, 0)}")
""",
        "spliced -1",
    ),
    "children that run programs": (
        "oom",
        """
for _ in range(16):
    subprocess.Popen([sys.executable, "-c", "x = b'x' * (40 << 20); import time; time.sleep(9)"])
time.sleep(9)
""",
        "",
    ),
    "children that write to what they inherited": (
        "oom",
        """
keep = bytearray(40 << 20)
for _ in range(16):
    if os.fork() == 0:
        for at in range(0, len(keep), 4096):
            keep[at] = 1
        time.sleep(9)
time.sleep(9)
""",
        "",
    ),
    "shared memory that nobody touches": (
        "oom",
        """
for _ in range(40):
    if os.fork() == 0:
        m = mmap.mmap(-1, 60 << 20)
        for at in range(0, len(m), 4096):
            m[at] = 1
        m.madvise(mmap.MADV_DONTNEED)
        time.sleep(9)
    time.sleep(0.03)  # two gigabytes a second: all at once, a fast machine has it before anybody looks
time.sleep(9)
""",
        "",
    ),
}

OF_NAMESPACES = {
    "files of /dev/shm": (
        "oom",
        """
for k in range(20):
    with open(f"/dev/shm/{k}", "wb") as file:
        file.write(bytes(40 << 20))
time.sleep(9)
""",
        "",
    ),
    "deleted files": (
        "oom",
        """
held = []
for _ in range(20):
    held.append(open("x", "wb"))
    os.unlink("x")
    held[-1].write(bytes(40 << 20))
    held[-1].flush()
time.sleep(9)
""",
        "",
    ),
    "what sockets buffer": (
        "oom",
        """
held = []
for _ in range(10):
    if os.fork() == 0:
        for _ in range(300):
            held += socket.socketpair()
            held[-1].setblocking(False)
            held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
            try:
                while True:
                    held[-1].send(bytes(1 << 15))
            except BlockingIOError:
                time.sleep(0.02)  # slowly, as above
        time.sleep(9)
time.sleep(9)
""",
        "",
    ),
}

# Children that read what they inherited, programs that start, and arrays in shared memory: 0.2 GB in all.
HONEST = """
from multiprocessing import shared_memory
import numpy as np
x = np.ones(18_000_000)
for _ in range(4):
    if os.fork() == 0:
        x.sum()
        time.sleep(0.6)
        os._exit(0)
for _ in range(5):
    subprocess.run(["/bin/true"], check=True)
part = shared_memory.SharedMemory(create=True, size=60_000_000)
part.buf[:] = bytes(60_000_000)
time.sleep(0.5)
part.close()
part.unlink()
sys.exit("was let")
"""
