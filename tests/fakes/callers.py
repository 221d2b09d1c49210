"""Scripts that call what the filter of system calls refuses, and what else leads out: each says what it could do."""

CALLS = r"""
import ctypes, mmap, os, platform, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
done = []
def attempt(name, x86_number, arm_number, *arguments):
    number = x86_number if x86 else arm_number
    if number is not None and libc.syscall(number, *arguments) != -1:
        done.append(name)
own, page = os.getpid(), ctypes.create_string_buffer(4096)
vector = (ctypes.c_size_t * 2)(ctypes.addressof(page), 8)
attempt("inotify", 294, 26, 0)
attempt("old inotify", 253, None)
attempt("fanotify", 300, 262, 0, 0)
attempt("personality", 135, 92, 0x0040000)
attempt("mq_open", 240, 180, b"x", 0o102, 0o600, 0)
attempt("modify_ldt", 154, None, 0, page, 4096)
attempt("io_uring", 425, 425, 8, page)
attempt("userfaultfd", 323, 282, 1)
attempt("process_vm_readv", 310, 270, own, vector, 1, vector, 1, 0)
attempt("ptrace", 101, 117, 0x4206, 1, 0, 0)
attempt("add_key", 248, 217, b"user", b"x", b"x", 1, -3)
attempt("keyctl", 250, 219, 0, -3, 1)
attempt("perf_event_open", 298, 241, page, 0, -1, -1, 0)
attempt("bpf", 321, 280, 5, page, 48)
attempt("kcmp", 312, 272, own, own, 0, 0, 0)
attempt("pidfd_getfd", 438, 438, os.pidfd_open(own), 0, 0)
attempt("name_to_handle_at", 303, 264, -100, b"/", page, page, 0)
attempt("statmount", 457, 457, page, page, 4096, 0)
attempt("listmount", 458, 458, page, page, 8, 0)
attempt("clone into namespaces", 56, 220, 0x10000000 | 17, 0, 0, 0, 0)
attempt("clone3", 435, 435, page, 88)
attempt("a call of tomorrow", 500, 500)
attempt("cachestat", 451, 451, 1, page, page, 0)
attempt("sethostname", 170, 161, b"x", 1)
attempt("clock_settime", 227, 112, 0, page)
attempt("process_madvise", 440, 440, os.pidfd_open(own), vector, 1, 4, 0)
for family in range(46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(family, kind):
                if family not in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
                    done.append(f"family {family}")
        except OSError:
            pass
import fcntl
file = os.open("own", os.O_RDWR | os.O_CREAT)
for name, target, command, value in (
    ("lease", file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
    ("lease of a shared file", os.open(os.__file__, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK),
    ("dnotify", os.open(".", os.O_RDONLY), fcntl.F_NOTIFY, fcntl.DN_CREATE),
):
    try:
        fcntl.fcntl(target, command, value)
        done.append(name)
    except OSError:
        pass
print()
sys.exit(f"did {done}")
"""

LOOKS_AROUND = r"""
import glob, os, sys
found = []
def reads(path):
    try:
        with open(path, "rb") as file:
            return file.read(1)
    except OSError:
        return b""
def writes(path, text):
    try:
        with open(path, "w") as file:
            file.write(text)
        found.append("wrote " + path)
    except OSError:
        pass
# Ancestors and siblings have no place in /proc; what is left open leads nowhere.
found += [path for path in glob.glob("/proc/[0-9]*") if int(path[6:]) != os.getpid()]
found += [f"open {fd}" for fd in os.listdir("/proc/self/fd") if int(fd) > 2 and os.path.exists(f"/proc/self/fd/{fd}")]
for path in ("/proc/kcore", "/proc/kallsyms", "/proc/kmsg", "/proc/sysrq-trigger", "/dev/mem",
             "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/vsock", "/dev/vhost-vsock", "/sys/kernel", "/sys/fs/cgroup"):
    if os.path.isdir(path) and os.listdir(path) or path.startswith("/dev") and os.path.exists(path):
        found.append(path)
if reads("/proc/kcore") or reads("/proc/kmsg"):
    found.append("the kernel's memory")
for path, text in (("/proc/sys/kernel/core_pattern", "|/x"), ("/proc/sys/kernel/modprobe", "/x"),
                   ("/proc/sys/vm/overcommit_memory", "1"), ("/proc/sys/user/max_user_namespaces", "0"),
                   ("/proc/sys/net/core/somaxconn", "9"), ("/proc/sysrq-trigger", "h"), ("/proc/self/uid_map", "0 0 1"),
                   ("/proc/self/oom_score_adj", "-1000"), ("/proc/self/loginuid", "0")):
    writes(path, text)
print()
sys.exit(f"found {found}")
"""

REAL_LIBRARIES = r"""
import sqlite3, sys, subprocess, tempfile, threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import Pool, Process, Queue, shared_memory
import numpy as np

def square(x):
    return x * x

def add(path, n):
    for k in range(n):
        with sqlite3.connect(path, timeout=30) as db:
            db.execute("insert into t values (?)", (k,))

def put(queue):
    queue.put(np.arange(3).sum())

if __name__ == "__main__":
    with sqlite3.connect("a.db") as db:
        db.execute("pragma journal_mode=wal")
        db.execute("create table t (x)")
    writers = [Process(target=add, args=("a.db", 5)) for _ in range(3)]
    [one.start() for one in writers]
    [one.join() for one in writers]
    assert sqlite3.connect("a.db").execute("select count(*) from t").fetchone() == (15,)
    with Pool(2) as pool:
        assert pool.map(square, range(5)) == [0, 1, 4, 9, 16]
    with ProcessPoolExecutor(2) as pool, ThreadPoolExecutor(2) as threads:
        assert [*pool.map(square, [3])] == [*threads.map(square, [3])] == [9]
    queue = Queue()
    Process(target=put, args=(queue,)).start()
    assert queue.get(timeout=20) == 3
    part = shared_memory.SharedMemory(create=True, size=1 << 20)
    part.close()
    part.unlink()
    import fcntl
    with open("lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        fcntl.lockf(file, fcntl.LOCK_EX)
    assert subprocess.run(["/bin/echo", "x"], capture_output=True, check=True).stdout == b"x\n"
    sys.exit("all works")
"""

MORE_LIBRARIES = r"""
import sys
import joblib, numpy as np, torch, torch.multiprocessing as mp
from filelock import FileLock
from joblib import Memory, Parallel, delayed
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score
from torch.utils.data import DataLoader, TensorDataset

def square(x):
    return x * x

def fill(tensor):
    tensor += 1

if __name__ == "__main__":
    with FileLock("a.lock", timeout=5):
        pass
    assert Parallel(n_jobs=2)(delayed(square)(k) for k in range(4)) == [0, 1, 4, 9]
    big = np.ones(2_000_000)  # which joblib hands over as a file of memory
    assert Parallel(n_jobs=2, max_nbytes=1e6)(delayed(np.sum)(big) for _ in range(2)) == [2e6, 2e6]
    assert Memory("cache", verbose=0).cache(square)(3) == 9
    x, y = np.random.default_rng(0).normal(size=(200, 4)), np.arange(200) % 2
    assert len(cross_val_score(RandomForestClassifier(10, n_jobs=2), x, y, n_jobs=2, cv=2)) == 2
    data = TensorDataset(torch.arange(64.0))
    assert sum(len(batch[0]) for batch in DataLoader(data, batch_size=8, num_workers=2)) == 64
    shared = torch.zeros(10).share_memory_()
    worker = mp.get_context("fork").Process(target=fill, args=(shared,))
    worker.start()
    worker.join()
    assert shared.sum() == 10
    model = torch.nn.Linear(4, 2)
    torch.save(model.state_dict(), "a.pt")
    model.load_state_dict(torch.load("a.pt", weights_only=True))
    import pandas as pd
    pd.DataFrame({"a": [1]}).to_parquet("a.parquet")
    assert len(pd.read_parquet("a.parquet")) == 1
    sys.exit("all works")
"""
